"""Kernels in files."""

from __future__ import annotations

import os
import pickle
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mgcompile.errors import KernelFileError

if TYPE_CHECKING:
    from mgcompile.runtime.kernel import Kernel

__all__ = ["load", "write_file", "write_whole"]

_MARK = b"mgcompile kernel 4\n"


def write_file(kernel: Kernel, path: str | Path) -> None:
    """Write a kernel to a file in one step, so that no reader sees half of it.

    Raises:
        OSError: if the file cannot be written.
    """
    write_whole(path, _MARK + pickle.dumps(kernel))


def write_whole(path: str | Path, content: bytes) -> None:
    """Write a file in one step: whole, or not at all.

    Raises:
        OSError: if the file cannot be written.
    """
    target = Path(path)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=target.name, suffix=".partial")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def load(path: str | Path) -> Kernel:
    """Read a kernel that `Kernel.save` wrote; it is compiled again, or taken from the cache.

    Args:
        path: Of the file. It is a pickle: load only files that you trust.

    Raises:
        KernelFileError: if the file is something else, damaged, or of another version.
        OSError: if it cannot be read.
    """
    content = Path(path).read_bytes()
    if not content.startswith(_MARK):
        message = f"{path} holds no kernel of this version; write one with kernel.save(path)"
        raise KernelFileError(message)
    try:
        kernel = pickle.loads(content[len(_MARK) :])  # noqa: S301 - the caller trusts the file
    except Exception as error:
        message = f"the kernel in {path} cannot be read: {type(error).__name__}: {error}"
        raise KernelFileError(message) from error
    return kernel  # type: ignore[no-any-return] # the mark says so
