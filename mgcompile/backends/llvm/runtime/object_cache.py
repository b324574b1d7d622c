"""Keep compiled objects on disk: checked when read, written whole or not at all, never required.

An object depends on nothing but its IR text (which holds single constants, but no tables of
constants or indices), the processor and LLVM; these are its key.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

from mgcompile.backends.llvm.runtime.jit import host, object_code

__all__ = ["compiled"]

_BYTES = hashlib.sha256().digest_size


def compiled(text: str, folder: str | None) -> bytes:
    """Return the object code of IR text, from the cache when it is there and undamaged.

    Args:
        text: a module of IR.
        folder: where objects are kept; None keeps none. It need not exist nor be writable.
    """
    if folder is None:
        return object_code(text)
    key = hashlib.sha256(f"{host().key}\n{text}".encode()).hexdigest()
    path = Path(folder) / f"{key}.object"
    code = _read(path, key)
    if code is None:
        code = object_code(text)
        _write(path, key, code)
    return code


def _digest(key: str, code: bytes) -> bytes:
    return hashlib.sha256(key.encode() + code).digest()


def _read(path: Path, key: str) -> bytes | None:
    """Return what a file holds, or None when it is missing or not what was written for the key."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, code = content[:_BYTES], content[_BYTES:]
    return code if _digest(key, code) == digest else None


def _write(path: Path, key: str, code: bytes) -> None:
    """Write a file under its name in one step; leave nothing behind when that fails."""
    with contextlib.suppress(OSError):  # full, read-only: the cache is a convenience
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".partial")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_digest(key, code) + code)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
