"""Run a model on many rows: in native code where that is installed and able to, else row by row."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import attrs

from mgcore import Value
from mgcore.errors import MgcoreError
from mgnn import backends
from mgnn.data import Table, table
from mgnn.eager import outputs_of
from mgnn.errors import BackendError, ShapeError, TrainingSettingError
from mgnn.settings import count_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["keep_predictor", "predict"]

_ATTRIBUTE = "_predictor"  # of a model: what was compiled of it
# A sum in another order differs in the last digits; what differs by more is another function.
_TOLERANCE = 1e-6


def predict(model: Any, X: Any, *, backend: str = "auto", batch_size: int = 65536) -> Any:
    """Return what `model` gives for each row of X, as numbers.

    Args:
        model: a `Module`, or anything callable on one row of X that has ``parameters()``.
        X: n rows of finite numbers: lists, a NumPy array or a pandas frame.
        backend: "eager" (the engine, row by row), "compiled" (native code), or "auto": compiled
            where it is installed and able to. What was compiled is kept with the model, and
            compiled again when the model has come to compute something else.
        batch_size: so many rows are in native code's memory at a time.

    Returns:
        An array (n,), or (n, k) for a model that gives a list of k; lists where there is no NumPy.

    Raises:
        ShapeError, DataError: naming row and column, if X does not fit.
        BackendError: if the backend asked for is not there or cannot run this model.
        MgcoreError: where the engine is set to raise, for a row that has no finite value.

    """
    size, rows = count_of("batch_size", batch_size), table(X, "X")
    if backend not in {"auto", "eager", "compiled"}:
        raise TrainingSettingError(f"backend is {backend!r}; it is 'auto', 'eager' or 'compiled'")
    first = rows.rows[0] if "rows" in vars(rows) else rows.array[0].tolist()
    try:
        made = model(first)
    except ShapeError as error:
        raise ShapeError(
            f"X has {rows.columns} column{'s' * (rows.columns != 1)}, which the model does not "
            f"take: {error}"
        ) from error
    single = isinstance(made, Value)
    expected = [out.data for out in ([made] if single else made)]
    run = None if backend == "eager" else _runner(model, rows, expected, required=backend != "auto")
    if run is None:
        return _as_array(
            [[out.data for out in outputs_of(model, row)] for row in rows.rows], single
        )
    return _in_batches(model, rows, run, size, single)


def _in_batches(
    model: Any, rows: Table, run: Callable[[Floats], Floats], size: int, single: bool
) -> Floats:
    import numpy as np

    parts = [run(rows.array[i : i + size]) for i in range(0, len(rows), size)]
    found = np.concatenate(parts) if len(parts) > 1 else parts[0]
    for i in np.flatnonzero(~np.isfinite(found).all(axis=1)).tolist():
        # The engine says what is not defined there, or agrees.
        found[i] = [out.data for out in outputs_of(model, rows.array[i].tolist())]
    return found[:, 0] if single else found


def _as_array(outputs: list[list[float]], single: bool) -> Any:
    try:
        import numpy as np
    except ImportError:
        return [row[0] for row in outputs] if single else outputs
    array = np.array(outputs, dtype=np.float64)
    return array[:, 0] if single else array


@attrs.frozen(eq=False)
class _Compiled:
    """What was compiled of a model, for so many columns and these parameters."""

    columns: int
    parameters: list[Value]
    run: Callable[[Floats, Floats], Floats]

    def __reduce__(self) -> Any:
        """Leave machine code out of copies and files of whatever model it is kept with."""
        return type(None), ()

    def fits(self, columns: int, parameters: list[Value]) -> bool:
        """Tell whether it is of a model with this many columns and the same parameters."""
        return self.columns == columns and [*map(id, self.parameters)] == [*map(id, parameters)]


def _runner(
    model: Any, rows: Table, expected: list[float], *, required: bool
) -> Callable[[Floats], Floats] | None:
    """Return the model in native code, once it gives for the first row what the engine gives."""
    try:
        known = getattr(model, "__dict__", {}).get(_ATTRIBUTE)
        if isinstance(known, _Compiled) and known.fits(rows.columns, model.parameters()):
            run = _bound(known)
            if _agree(run(rows.array[:1])[0].tolist(), expected):
                return run
        made = _compiled(model, rows)
        run = _bound(made)
        if not _agree(run(rows.array[:1])[0].tolist(), expected):
            raise BackendError("native code gives other numbers than the engine for row 0 of X")
    except (MgcoreError, ImportError) as error:
        if not required:
            return None
        raise BackendError(f"the model cannot be run compiled: {error}") from error
    _keep(model, made)
    return run


def keep_predictor(model: Any, columns: int, run: Callable[[Floats, Floats], Floats]) -> None:
    """Let `predict` find what a backend made of the model while it trained."""
    _keep(model, _Compiled(columns, list(model.parameters()), run))


def _keep(model: Any, compiled: _Compiled) -> None:
    if hasattr(model, "__dict__"):
        vars(model)[_ATTRIBUTE] = compiled


def _compiled(model: Any, rows: Table) -> _Compiled:
    backend = backends.find("compiled")
    predictor = getattr(backend, "predictor", None)
    if predictor is None:
        raise BackendError("the backend 'compiled' trains, but it does not predict")
    return _Compiled(rows.columns, list(model.parameters()), predictor(model, rows))


def _bound(compiled: _Compiled) -> Callable[[Floats], Floats]:
    """Return the run with the parameters as they are now."""
    import numpy as np

    numbers = np.array([p.data for p in compiled.parameters], dtype=np.float64)
    return lambda X: compiled.run(X, numbers)


def _agree(found: list[float], expected: list[float]) -> bool:
    scale = max((abs(x) for x in expected if math.isfinite(x)), default=0.0)
    return len(found) == len(expected) and all(
        a == b or (a != a and b != b) or abs(a - b) <= _TOLERANCE * scale
        for a, b in zip(found, expected, strict=True)
    )
