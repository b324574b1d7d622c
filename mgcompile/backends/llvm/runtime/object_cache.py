"""Keep compiled objects on disk: checked when read, written whole or not at all, never required.

What is read is run: only a folder and files count that nobody else can write. The folder's size is
bounded; the objects not used for longest go first.

An object depends on nothing but its IR text (which holds single constants, but no tables of
constants or indices), the processor, LLVM and the options of code generation; these are its key.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from mgcompile.backends.llvm.runtime.jit import host, object_code
from mgcompile.errors import CacheWarning
from mgcompile.support.later_warnings import warn
from mgcompile.support.private_folder import UntrustedFolderError, open_private

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["compiled", "keep", "key_of"]

_BYTES = hashlib.sha256().digest_size

LIMIT = 1 << 28
"""Bytes of objects that are kept; about ten thousand."""

_SHRINK_EVERY = 64
"""Writes to one look at the whole folder, on average."""


def compiled(text: str, folder: str | None) -> bytes:
    """Return the object code of IR text, from the cache when it is there and undamaged.

    Args:
        text: a module of IR.
        folder: where objects are kept; None keeps none. It need not exist nor be writable.
    """
    if folder is None:
        return object_code(text)
    key = key_of(text)
    path = _path(folder, key)
    code = _read(path, key)
    if code is None:
        code = object_code(text)
        _write(path, key, code)
    return code


def key_of(text: str) -> str:
    """Return the key of IR text's object code: other text or another processor has another."""
    return hashlib.sha256(f"{host().key}\n{text}".encode()).hexdigest()


def keep(objects: Mapping[str, bytes], folder: str) -> None:
    """Keep object code that was compiled elsewhere, as if it had been compiled here.

    Args:
        objects: object code by the key of its text, of a processor with the same `Host.key`.
        folder: where objects are kept.
    """
    for key, code in objects.items():
        path = _path(folder, key)
        if _read(path, key) is None:
            _write(path, key, code)


def _path(folder: str, key: str) -> Path:
    return Path(folder) / f"{key}.object"


def _digest(key: str, code: bytes) -> bytes:
    return hashlib.sha256(key.encode() + code).digest()


def _read(path: Path, key: str) -> bytes | None:
    """Return what a file holds, or None when it is missing or not what was written for the key."""
    try:
        with open_private(path.parent) as folder:
            content = folder.read(path.name)
    except UntrustedFolderError as error:
        _warn(error)
        return None
    except OSError:
        return None
    if content is None:
        return None
    digest, code = content[:_BYTES], content[_BYTES:]
    return code if _digest(key, code) == digest else None


def _write(path: Path, key: str, code: bytes) -> None:
    """Write a file under its name in one step; leave nothing behind when that fails."""
    # Full, read-only, not to be trusted: the cache is a convenience.
    with contextlib.suppress(OSError), open_private(path.parent, create=True) as folder:
        folder.write(path.name, _digest(key, code) + code)
        # Every process looks at the whole folder now and then, the busiest most often.
        if secrets.randbelow(_SHRINK_EVERY) == 0:
            folder.shrink(LIMIT)


def _warn(error: UntrustedFolderError) -> None:
    message = (
        f"compiled objects are neither read from their folder nor kept there, since others could "
        f"put machine code of their own into it: {error}. Give it to yourself alone (chmod 700) "
        "and remove what is in it, or name another with MGCORE_CACHE"
    )
    warn(message, CacheWarning, stacklevel=2)
