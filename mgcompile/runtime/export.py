"""Write a kernel as source code of another language."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mgcompile.backends.c.source import Exported, written
from mgcompile.errors import ExportError
from mgcompile.runtime.serialize import write_whole

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.runtime.compiled_programs import Built
    from mgcompile.runtime.kernel import Signature

__all__ = ["export_c"]


def export_c(
    built: Built, signature: Signature, params: NDArray[np.floating], path: str | Path
) -> None:
    """Write the programs of a kernel to a C file and a header beside it.

    Raises:
        ExportError: for a name that is none of a C file, or an op whose rule runs in Python alone.
        OSError: if a file cannot be written.
    """
    target = Path(path)
    if target.suffix != ".c":
        message = (
            f"cannot export to {target.name!r}: a kernel is written as C source, to a name that "
            "ends in .c; for object code compile that with cc -c"
        )
        raise ExportError(message)
    if not target.stem.isprintable() or any(mark in target.stem for mark in '"\\'):
        message = f"{target.name!r} cannot stand in an #include; give a plain name, as model.c"
        raise ExportError(message)
    outputs = range(built.n_outputs) if built.takes_data else ()
    single = built.n_outputs == 1 and built.program.n_params > 0
    source = written(
        Exported(
            forward=built.program,
            gradients=tuple(built.derived("inputs", output) for output in outputs),
            loss=built.derived("loss") if single else None,
            inputs=signature.inputs,
            params=signature.params,
            numbers=np.asarray(params, np.float64),
        ),
        target.stem,
    )
    write_whole(target.with_suffix(".h"), source.header.encode())
    write_whole(target, source.code.encode())
