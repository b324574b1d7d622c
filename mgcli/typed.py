"""Read the files of data frames, Parquet and Feather, as tables of text."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mgcli.tables import Format, RawTable, TableError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["is_typed", "read_typed"]

MAGIC = {b"PAR1": "parquet", b"ARROW1": "feather", b"FEA1": "feather"}


def is_typed(path: Path) -> str | None:
    """Return "parquet" or "feather" by how the file begins; None for anything else."""
    with path.open("rb") as stream:
        start = stream.read(6)
    return next((kind for magic, kind in MAGIC.items() if start.startswith(magic)), None)


def read_typed(path: Path, kind: str, form: Format) -> RawTable:
    """Read a whole file.

    Args:
        path: the file.
        kind: "parquet" or "feather".
        form: what the user says of missing markers.

    Raises:
        TableError: if pandas or pyarrow is not installed, or the file is damaged.

    """
    try:
        import pandas as pd
        import pyarrow  # noqa: F401 - pandas looks for it late, and says less
    except ImportError as error:
        raise TableError(
            f"{path} is a {kind} file, which needs pandas and pyarrow ({error}); pip install "
            '"mgcore[parquet]", or save the table as CSV'
        ) from error
    try:
        frame = pd.read_parquet(path) if kind == "parquet" else pd.read_feather(path)
    except Exception as error:  # pyarrow's own errors, and whatever damage makes it raise
        raise TableError(f"{path} is no readable {kind} file: {error}") from error
    return _table(str(path), frame, form)


def _table(source: str, frame: "pd.DataFrame", form: Format) -> RawTable:
    notes = []
    if frame.index.name is not None or frame.index.nlevels > 1:
        notes.append("the frame's index is taken as columns")
        frame = frame.reset_index()
    names = [str(name) for name in frame.columns]
    if len(set(names)) != len(names):
        raise TableError(f"{source} has columns of the same name: {', '.join(sorted(names)[:9])}")
    if not len(frame) or not names:
        raise TableError(f"{source} holds column names but no rows")
    columns: dict[str, list[str]] = {}
    kinds: dict[str, str] = {}
    for i, name in enumerate(names):
        series = frame.iloc[:, i]
        columns[name] = [_text(cell) for cell in series.tolist()]
        if str(series.dtype) in ("category", "bool", "boolean"):
            kinds[name] = "text"
    lines = list(range(1, len(frame) + 1))
    return RawTable(source, columns, lines, form, tuple(notes), kinds, "row")


def _text(cell: Any) -> str:
    """Write a cell as CSV would: missing as nothing, dates as ISO does, numbers exactly."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, bytes | list | tuple | dict) or hasattr(cell, "shape"):
        return repr(cell)
    try:
        gone = bool(cell != cell)
    except (TypeError, ValueError):  # pandas.NA has no truth value
        return ""
    if gone:
        return ""
    return cell.isoformat() if hasattr(cell, "isoformat") else str(cell)
