"""Turn columns of text into numbers and categories, naming the cell that does not fit."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias

from mgcli.tables import RawTable, TableError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MISSING", "Kind", "frame_of", "is_missing", "kinds_of"]

Kind: TypeAlias = Literal["number", "text", "empty"]
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?"})  # in lower case


def is_missing(cell: str) -> bool:
    """Tell whether a cell stands for a value that is not known."""
    return cell.lower() in MISSING


def kinds_of(table: RawTable, *, as_text: Collection[str] = ()) -> dict[str, Kind]:
    """Decide for each column whether it holds numbers or text.

    A column is numbers if more than half of what is there are numbers; the rest are then errors,
    which `frame_of` names.

    Args:
        table: the cells.
        as_text: columns that are text whatever they hold.

    """
    return {
        name: "text" if name in as_text else _kind(cells) for name, cells in table.columns.items()
    }


def _kind(cells: list[str]) -> Kind:
    import pandas as pd

    known = [cell for cell in cells if not is_missing(cell)]
    if not known:
        return "empty"
    numbers = pd.to_numeric(pd.Series(known, dtype=object), errors="coerce").notna().sum()
    return "number" if 2 * int(numbers) > len(known) else "text"


def frame_of(table: RawTable, kinds: Mapping[str, Kind], remedy: str) -> "pd.DataFrame":
    """Convert the columns named in `kinds`: float64, or objects with None where missing.

    Args:
        table: the cells.
        kinds: what each column wanted holds.
        remedy: what else to do about a cell that is no number; may name the {column}.

    Raises:
        TableError: naming file, line, column and value of a cell that is no finite number.

    """
    import pandas as pd

    columns = {
        name: _numbers(table, name, remedy) if kind != "text" else _texts(table.columns[name])
        for name, kind in kinds.items()
    }
    return pd.DataFrame(columns)


def _texts(cells: list[str]) -> "pd.Series[str]":
    import pandas as pd

    return pd.Series([None if is_missing(cell) else cell for cell in cells], dtype=object)


def _numbers(table: RawTable, name: str, remedy: str) -> "pd.Series[float]":
    import numpy as np
    import pandas as pd

    cells = pd.Series(table.columns[name], dtype=object)
    missing = cells.map(is_missing).to_numpy(dtype=bool)
    numbers = pd.to_numeric(cells.mask(missing), errors="coerce").astype(np.float64)
    bad = np.flatnonzero(~missing & ~np.isfinite(numbers.to_numpy()))
    if len(bad):
        raise TableError(_no_number(table, name, [int(row) for row in bad], remedy))
    return numbers


def _no_number(table: RawTable, name: str, rows: list[int], remedy: str) -> str:
    value = table.columns[name][rows[0]]
    more = f" (and {len(rows) - 1} more like it)" if len(rows) > 1 else ""
    hint = f"mend it, or {remedy.format(column=name)}"
    if value.count(",") == 1 and value.replace(",", "").replace(".", "").lstrip("-").isdigit():
        hint = "write 1234.5, with a point and no commas"
    return f"{table.place(rows[0], name)}: {value!r} is no finite number{more}; {hint}"
