"""Write a kernel for other programs: as C source, or as object code of a named processor."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mgcompile.backends.c.source import Exported, header_of, written
from mgcompile.errors import ExportError
from mgcompile.runtime.serialize import write_whole

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.runtime.compiled_programs import Built
    from mgcompile.runtime.kernel import Signature

__all__ = ["export"]


def export(
    built: Built,
    signature: Signature,
    params: NDArray[np.floating],
    path: str | Path,
    target: str | None,
) -> None:
    """Write the programs of a kernel to a C or an object file, and a header beside it.

    Raises:
        ExportError: for a name that is none of such a file, an unknown processor level, or an op
            whose rule runs in Python alone.
        OSError: if a file cannot be written.
    """
    file = Path(path)
    if file.suffix not in (".c", ".o"):
        message = (
            f"cannot export to {file.name!r}: a kernel is written as C source, to a name that ends "
            "in .c, or as object code, to one that ends in .o"
        )
        raise ExportError(message)
    if not file.stem.isprintable() or any(mark in file.stem for mark in '"\\'):
        message = (
            f"{file.name!r} cannot stand in an #include; give a plain name, as model{file.suffix}"
        )
        raise ExportError(message)
    if file.suffix == ".c" and target is not None:
        message = (
            f"target is {target!r}, but C source is for every processor; leave target out, or "
            f"export object code: {file.stem}.o"
        )
        raise ExportError(message)
    exported = _programs(built, signature, params)
    if file.suffix == ".c":
        source = written(exported, file.stem)
        header, content = source.header, source.code.encode()
    else:
        from mgcompile.backends.llvm.objects.levels import level_of
        from mgcompile.backends.llvm.objects.object_file import object_file

        header = header_of(exported, file.stem)
        content = object_file(exported, file.stem, level_of(target))
    write_whole(file.with_suffix(".h"), header.encode())
    write_whole(file, content)


def _programs(built: Built, signature: Signature, params: NDArray[np.floating]) -> Exported:
    outputs = range(built.n_outputs) if built.takes_data else ()
    single = built.n_outputs == 1 and built.program.n_params > 0
    return Exported(
        forward=built.program,
        gradients=tuple(built.derived("inputs", output) for output in outputs),
        loss=built.derived("loss") if single else None,
        inputs=signature.inputs,
        params=signature.params,
        numbers=np.asarray(params, np.float64),
    )
