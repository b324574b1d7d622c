"""What a net is trained on: features, a target, and the task that the target sets."""

import difflib
import re
import shlex
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from mgcli.columns import Column, column_of, known_cells, values_of
from mgcli.errors import CliError
from mgcli.notation import PLAIN
from mgcli.tables import Format, RawTable, read_table
from mgnn.features import MOST_LEVELS
from mgnn.labels import canonical
from mgnn.tablemodel import Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Data", "Reading", "UnfitDataError", "from_csv", "from_table", "near", "read_any"]

MIN_ROWS = 10
FEW = 0.02  # share of the rows that classes of one row may have together, to be left out
MANY_CLASSES = 20  # whole numbers with more different values are quantities
ID_NAME = re.compile(
    r"(?i)(.*[ _.-])?(id|ids|key|index|idx|uuid|guid|rownames?|row[ _]?(no|nr|number)|rn)"
    r"|.*[a-z]Id|.*ID"
)
UNNAMED = re.compile(r"Unnamed: \d+")


class UnfitDataError(CliError):
    """Report data that nothing can be learnt from, or a column that is not there."""


@attrs.frozen(eq=False)
class Data:
    """Hold a data set for training.

    Attributes:
        name: for folders and titles.
        source: where it came from, for messages.
        columns: the features' cells, n each: float64 arrays with NaN, lists of texts or datetimes
            with None.
        features: what each of them holds, in the same order.
        target: n class numbers (int64, from 0), or n float64 values.
        target_name: its column.
        task: classification or regression.
        classes: the names of the classes; empty for regression.
        notes: what the reader should know.
        na: texts that stand for what is missing, beyond the usual ones.
        keep_na: texts that usually do, and stand for themselves.

    """

    name: str
    source: str
    columns: dict[str, Any]
    features: tuple[Column, ...]
    target: "NDArray[Any]"
    target_name: str
    task: Task
    classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    na: tuple[str, ...] = ()
    keep_na: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.target)

    def rows(self, which: "NDArray[np.int64]") -> dict[str, Any]:
        """Return the features' cells in some rows."""
        return {
            name: [cells[i] for i in which.tolist()] if isinstance(cells, list) else cells[which]
            for name, cells in self.columns.items()
        }


@attrs.frozen
class Reading:
    """Hold the user's choices about how a file is read.

    Args:
        target: the column to predict; "target" if not given.
        task: decided from the target if not given.
        drop: columns to leave out.
        as_text: columns of numbers that are names of categories.
        format: how the file is written.

    """

    target: str | None = None
    task: Task | None = None
    drop: Collection[str] = ()
    as_text: Collection[str] = ()
    format: Format = attrs.field(factory=Format)


def read_any(path: Path | None, form: Format) -> RawTable:
    """Read a table: CSV, gzipped or not, Parquet or Feather; None for standard input.

    Raises:
        TableError: naming file, line, column and value of what is malformed.
        OSError: if the file cannot be read.

    """
    from mgcli.typed import is_typed, read_typed

    kind = is_typed(path) if path is not None else None
    if path is None or kind is None:
        return read_table(path, form)
    return read_typed(path, kind, form)


def from_csv(path: Path | None, reading: Reading) -> Data:
    """Read a file for training; see `read_any` and `from_table`."""
    table = read_any(path, reading.format)
    name = "stdin" if path is None else path.name.split(".")[0] or path.name
    return from_table(table, reading, name)


def from_table(table: RawTable, reading: Reading, name: str) -> Data:
    """Decide what is to be learnt from a table, and say what was done.

    Raises:
        TableError: naming file, line, column and value of a cell that does not fit.
        UnfitDataError: if there is no such column, or nothing can be learnt from the data.

    """
    target_name = _target_of(table, reading)
    for option, names in (("--drop", reading.drop), ("--text", reading.as_text)):
        for column in names:
            _check_column(column, table, option)
    if target_name in reading.drop:
        raise UnfitDataError(f"--drop {target_name}: this column is the target")
    notes = [*table.notes]
    table = _with_target(table, target_name, notes)
    goal = column_of(table, target_name, as_text=target_name in reading.as_text)
    task = reading.task or _task_of(table, goal)
    if task == "classification":
        table = _without_single(table, goal, notes)
        target, classes = _classes_of(table, goal, notes)
    else:
        target, classes = _quantity_of(table, goal, notes), ()
    if len(table.lines) < MIN_ROWS:
        raise UnfitDataError(
            f"{table.source} holds {len(table.lines)} rows; at least {MIN_ROWS} are needed to "
            "train on some and to hold some out"
        )
    features = list(_features_of(table, reading, target_name, notes))
    remedy = "leave it empty if it is not known; --text {column} reads the column as categories"
    return Data(
        name=name,
        source=table.source,
        columns={column.name: values_of(table, column, remedy) for column in features},
        features=tuple(features),
        target=target,
        target_name=target_name,
        task=task,
        classes=classes,
        notes=tuple(notes),
        na=reading.format.na,
        keep_na=reading.format.keep_na,
    )


def near(name: str, known: Iterable[str], count: int = 3) -> str:
    """Return "; did you mean ...?", or a list of what there is."""
    names = list(known)
    folded = {n.casefold(): n for n in names}
    found = difflib.get_close_matches(name.casefold(), folded, n=count)
    if found:
        return f"; did you mean {' or '.join(repr(folded[n]) for n in found)}?"
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return f"; there are {', '.join(map(repr, names[:8]))}{more}"


# The target.


def _target_of(table: RawTable, reading: Reading) -> str:
    if reading.target is not None:
        return _check_column(reading.target, table, "--target")
    if "target" in table.columns:
        return "target"
    raise UnfitDataError(
        f"which column of {table.source} is to be predicted? Give --target NAME"
        f"{near('target', table.columns)}"
    )


def _check_column(name: str, table: RawTable, option: str) -> str:
    if name not in table.columns:
        raise UnfitDataError(
            f"{option} {name}: {table.source} has no column {name!r}{near(name, table.columns)}"
        )
    return name


def _with_target(table: RawTable, name: str, notes: list[str]) -> RawTable:
    """Leave out the rows without a target."""
    cells = table.columns[name]
    there = [row for row, cell in enumerate(cells) if not table.is_missing(cell)]
    if not there:
        raise UnfitDataError(f"the target {name!r} is empty in every row of {table.source}")
    gone = len(cells) - len(there)
    if not gone:
        return table
    first = next(row for row, cell in enumerate(cells) if table.is_missing(cell))
    marker = f" ({cells[first]!r})" if cells[first] else ""
    rows = f"{gone} rows have" if gone > 1 else "one row has"
    keep = f"; --keep-na {_quoted(cells[first])} if that is a class" if cells[first] else ""
    notes.append(
        f"{rows} no target {name!r}{marker}, first {table.unit} {table.lines[first]}: left "
        f"out{keep}"
    )
    return _rows_of(table, there)


def _quoted(word: str) -> str:
    return shlex.quote(word)


def _task_of(table: RawTable, goal: Column) -> Task:
    """Decide: text and few different whole numbers are classes, other numbers a quantity."""
    if goal.kind != "number":
        return "classification"
    if goal.notation != PLAIN:  # nobody numbers classes with separators or units
        return "regression"
    values = {goal.notation.number(cell) for cell in known_cells(table, goal.name)}
    whole = all(v is not None and v.is_integer() for v in values)
    few = len(values) <= max(2, min(MANY_CLASSES, len(table.lines) // 5))
    return "classification" if whole and few else "regression"


def _quantity_of(table: RawTable, goal: Column, notes: list[str]) -> Any:
    if goal.kind == "date":
        raise UnfitDataError(
            f"the target {goal.name!r} holds dates, such as {table.columns[goal.name][0]!r}; a "
            "quantity is a number: count the days from some day on"
        )
    notes += goal.notes
    remedy = "give --task classification if the target names classes"
    values = values_of(table, attrs.evolve(goal, kind="number"), remedy)
    if values.min() == values.max():
        raise UnfitDataError(_constant(table, goal.name))
    return values


def _constant(table: RawTable, name: str) -> str:
    return (
        f"the target {name!r} is constant: {table.columns[name][0]!r} in every row of "
        f"{table.source}; there is nothing to tell apart"
    )


def _classes_of(table: RawTable, goal: Column, notes: list[str]) -> tuple[Any, tuple[str, ...]]:
    import numpy as np

    cells = table.columns[goal.name]
    spellings: dict[str, Counter[str]] = {}
    for cell, count in Counter(cells).items():
        spellings.setdefault(canonical(cell), Counter())[cell] += count
    if len(spellings) == 1:
        raise UnfitDataError(_constant(table, goal.name))
    keys = sorted(spellings, key=_class_order(spellings))
    names = {key: spellings[key].most_common(1)[0][0] for key in keys}
    for key in keys:
        if len(spellings[key]) > 1:
            written = " and ".join(map(repr, list(spellings[key])[:4]))
            notes.append(f"{written} are taken as one class, {names[key]!r}")
    number_of = {spelling: i for i, key in enumerate(keys) for spelling in spellings[key]}
    target = np.array([number_of[cell] for cell in cells], dtype=np.int64)
    _check_single(table, goal, {names[key]: sum(spellings[key].values()) for key in keys})
    return target, tuple(names[key] for key in keys)


def _without_single(table: RawTable, goal: Column, notes: list[str]) -> RawTable:
    """Leave out classes of one row, where they are few beside all rows."""
    keys = [canonical(cell) for cell in table.columns[goal.name]]
    counts = Counter(keys)
    single = {key for key, count in counts.items() if count == 1}
    if not single or len(single) > FEW * len(keys) or len(counts) - len(single) < 2:
        return table
    kept = [row for row, key in enumerate(keys) if key not in single]
    names = ", ".join(map(repr, sorted(single)[:5])) + ", ..." * (len(single) > 5)
    notes.append(f"classes of one row, which cannot be learnt, left out: {names}")
    return _rows_of(table, kept)


def _rows_of(table: RawTable, rows: list[int]) -> RawTable:
    return attrs.evolve(
        table,
        columns={n: [cells[row] for row in rows] for n, cells in table.columns.items()},
        lines=[table.lines[row] for row in rows],
    )


def _class_order(keys: Iterable[str]) -> Any:
    """Return the key by which classes are sorted: by number where all are, else as texts."""
    if all(PLAIN.number(key) is not None for key in keys):
        return lambda key: (PLAIN.number(key), key)
    return lambda key: key


def _check_single(table: RawTable, goal: Column, counts: Mapping[str, int]) -> None:
    single = [name for name, count in counts.items() if count == 1]
    if not single:
        return
    place = table.place(table.columns[goal.name].index(single[0]), goal.name)
    more = f" (and {len(single) - 1} more such classes)" if len(single) > 1 else ""
    quantity = "; if the target is a quantity, give --task regression" * (goal.kind == "number")
    shown = repr(single[0] if len(single[0]) <= 60 else single[0][:57] + "...")
    raise UnfitDataError(
        f"{place}: the class {shown} has this one row{more}, but needs 2, one to learn "
        f"from and one to be tested on; add rows or remove it{quantity}"
    )


# The features.


def _features_of(
    table: RawTable, reading: Reading, target: str, notes: list[str]
) -> Iterable[Column]:
    """Return the columns that something can be learnt from, and note what is left out."""
    kept: list[Column] = []
    useless: list[str] = []
    for name in table.columns:
        if name == target or name in reading.drop:
            continue
        chosen = name in reading.as_text
        column = column_of(table, name, as_text=chosen)
        reason, remark = _judged(table, column, chosen)
        if reason:
            useless.append(f"{name!r} {reason}")
            continue
        notes += [*column.notes, *([remark] if remark else [])]
        kept.append(column)
    if useless:
        words = "; ".join(useless[:10]) + (f"; and {len(useless) - 10} more" * (len(useless) > 10))
        notes.append(f"left out: {words}")
    if not kept:
        left = f" that could be used (left out: {'; '.join(useless)})" if useless else ""
        raise UnfitDataError(f"{table.source} has no column beside the target {target!r}{left}")
    return kept


def _judged(table: RawTable, column: Column, chosen: bool) -> tuple[str, str]:
    """Return why a column is left out, or what is to be remarked about it; or two empty texts."""
    known = known_cells(table, column.name)
    cells, rows = table.columns[column.name], len(table.lines)
    complete = not any(map(table.is_missing, set(cells)))
    if not known:
        return "is empty", ""
    if len(known) == 1 and complete:
        return f"is constant ({known[0]!r:.60} in every row)", ""
    unique = len(known) == rows
    if UNNAMED.fullmatch(column.name) and unique:
        return "has no name and is different in every row, as an index is", ""
    if column.kind == "number" and not chosen:
        return _judged_number(column, known, unique)
    if column.kind != "text":
        return "", ""
    if len(known) <= MOST_LEVELS:
        return "", ""
    if unique and not chosen:
        return f"is a different text in every row, such as {known[0]!r:.60}", ""
    often = sum(count > 1 for cell, count in Counter(cells).items() if not table.is_missing(cell))
    if not often:
        return "is a different text in every row where it is known", ""
    return "", (
        f"column {column.name!r} has {len(known)} different texts in {rows} rows; the "
        f"{min(often, MOST_LEVELS)} most frequent get an input each, the others share one; "
        f"--drop {_quoted(column.name)} leaves it out"
    )


def _judged_number(column: Column, known: Sequence[str], unique: bool) -> tuple[str, str]:
    named = ID_NAME.fullmatch(column.name) is not None
    whole = all(cell.lstrip("+-").isdigit() for cell in known)
    if not whole:
        return "", ""
    counted = unique and {int(cell) for cell in known} in (
        set(range(len(known))),
        set(range(1, len(known) + 1)),
    )
    if counted or (named and unique):
        return "is a whole number different in every row, as an id is", ""
    if named:
        return "", (
            f"column {column.name!r} looks like an id; --drop {_quoted(column.name)} leaves it "
            f"out, --text {_quoted(column.name)} takes it as categories"
        )
    return "", ""
