"""A folder of files that nobody else can have written, as OpenSSH asks it of its keys.

What is read from it is run, so a file counts only if it and the folder belong to the user (or to
root) and no other may write them, and if it is a plain file: no link, pipe or device. All is done
relative to the opened folder, which nobody can exchange in between. Where the system has no such
owners and modes (Windows), its own protection of the user's folders has to do.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import time
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["PrivateFolder", "UntrustedFolderError", "open_private"]

_OWNED = hasattr(os, "geteuid") and {os.open, os.unlink} <= os.supports_dir_fd
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_BINARY = getattr(os, "O_BINARY", 0)
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_PARTIAL = ".partial"

LARGEST = 1 << 28
"""Of a file, in bytes: none of ours is near it."""

ABANDONED = 3600.0
"""Seconds after which the rest of a write that was broken off is swept away."""

_AGE = 3600.0
"""Seconds after which reading a file marks it as used anew; sooner it would write at every read."""


class UntrustedFolderError(OSError):
    """The folder is one that others can write into."""


@attrs.frozen(slots=True)
class PrivateFolder:
    """An opened folder.

    Attributes:
        path: where it is.
        handle: of the folder, None where the system opens none.
    """

    path: Path
    handle: int | None

    def read(self, name: str) -> bytes | None:
        """Return what a file holds; None if there is none, or one that is not to be trusted."""
        flags = os.O_RDONLY | _NO_LINKS | _BINARY | getattr(os, "O_NONBLOCK", 0)
        try:
            file = self._open(name, flags)
        except OSError:
            return None
        try:
            status = os.fstat(file)
            if not stat.S_ISREG(status.st_mode) or not _is_ours(status):
                return None
            if status.st_size > LARGEST:
                return None
            with os.fdopen(file, "rb", closefd=False) as whole:
                content = whole.read(status.st_size)
            if time.time() - status.st_mtime > _AGE:
                with contextlib.suppress(OSError):
                    os.utime(file if os.utime in os.supports_fd else self.path / name)
            return content
        except OSError:
            return None
        finally:
            os.close(file)

    def write(self, name: str, content: bytes) -> None:
        """Write a file in one step; leave nothing behind when that fails.

        Raises:
            OSError: as the system has it: a full disk, a folder that cannot be written.
        """
        partial = f"{name}.{secrets.token_hex(8)}{_PARTIAL}"
        file = self._open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINKS | _BINARY)
        try:
            with os.fdopen(file, "wb") as whole:
                if _OWNED:
                    os.fchmod(file, 0o600)  # whatever the umask left of it
                whole.write(content)
            self._replace(partial, name)
        except BaseException:
            with contextlib.suppress(OSError):
                self._remove(partial)
            raise

    def shrink(self, limit: int) -> None:
        """Remove what broken-off writes left, and the files not used for longest above a size.

        Args:
            limit: in bytes; when the files have more, they are brought below nine tenths of it.
        """
        files, now = [], time.time()
        for name, status in self._files():
            if name.endswith(_PARTIAL):
                if now - status.st_mtime > ABANDONED:
                    self._forget(name)
                continue
            files.append((status.st_mtime, name, status.st_size))
        total = sum(size for _, _, size in files)
        if total <= limit:
            return
        for _, name, size in sorted(files):
            self._forget(name)
            total -= size
            if total <= 0.9 * limit:
                break

    def _files(self) -> Iterator[tuple[str, os.stat_result]]:
        with os.scandir(self.path if self.handle is None else self.handle) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):  # another process was faster
                    status = entry.stat(follow_symlinks=False)
                    if stat.S_ISREG(status.st_mode):
                        yield entry.name, status

    def _forget(self, name: str) -> None:
        with contextlib.suppress(OSError):
            self._remove(name)

    def _open(self, name: str, flags: int) -> int:
        if self.handle is None:
            return os.open(self.path / name, flags, 0o600)
        return os.open(name, flags, 0o600, dir_fd=self.handle)

    def _replace(self, old: str, new: str) -> None:
        if self.handle is None:
            (self.path / old).replace(self.path / new)
        else:
            os.rename(old, new, src_dir_fd=self.handle, dst_dir_fd=self.handle)

    def _remove(self, name: str) -> None:
        if self.handle is None:
            (self.path / name).unlink()
        else:
            os.unlink(name, dir_fd=self.handle)


def _is_ours(status: os.stat_result) -> bool:
    if not _OWNED:
        return True
    return status.st_uid in (0, os.geteuid()) and not status.st_mode & _OTHERS_WRITE


@contextlib.contextmanager
def open_private(path: Path, *, create: bool = False) -> Iterator[PrivateFolder]:
    """Open a folder in which nobody else can have put anything.

    Args:
        path: of the folder.
        create: whether to make it, and the folders above it, for the user alone.

    Raises:
        UntrustedFolderError: if others may write into it, or it is another user's, or a link.
        OSError: if there is none or it cannot be made.
    """
    if create:
        _make(path)
    if not _OWNED:
        if not path.is_dir():
            raise NotADirectoryError(str(path))
        yield PrivateFolder(path, None)
        return
    if path.is_symlink():
        message = f"{path} is a link"
        raise UntrustedFolderError(message)
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | _NO_LINKS)
    try:
        status = os.fstat(handle)
        if not _is_ours(status):
            mode = stat.S_IMODE(status.st_mode)
            message = f"{path} belongs to user {status.st_uid} and has the mode {mode:04o}"
            raise UntrustedFolderError(message)
        yield PrivateFolder(path, handle)
    finally:
        os.close(handle)


def _make(path: Path) -> None:
    """Make a folder and those above it, each for the user alone whatever the umask."""
    missing = []
    while not path.exists():
        missing.append(path)
        path = path.parent
    for folder in reversed(missing):
        try:
            folder.mkdir(0o700)
        except FileExistsError:  # another process was faster
            continue
        folder.chmod(0o700)
