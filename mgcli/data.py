"""What a net is trained on: features, a target, and the task that the target sets."""

import difflib
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import attrs

from mgcli.errors import CliError
from mgcli.frames import Kind, frame_of, is_missing, kinds_of
from mgcli.tables import RawTable, read_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Data", "Reading", "Task", "UnfitDataError", "from_csv", "near"]

Task: TypeAlias = Literal["classification", "regression"]

MIN_ROWS = 10
MANY_CLASSES = 20  # whole numbers with more different values are quantities
IDENTIFIER = 20  # a text column with more different texts than this, and one for every second row


class UnfitDataError(CliError):
    """Report data that nothing can be learnt from, or a column that is not there."""


@attrs.frozen(eq=False)
class Data:
    """Hold a data set for training.

    Attributes:
        name: for folders and titles.
        source: where it came from, for messages.
        frame: the features, n rows: float64 columns, and object columns of text with None.
        kinds: "number" or "text" for each feature, in the order of the frame's columns.
        target: n class numbers (int64, from 0), or n float64 values.
        target_name: its column.
        task: classification or regression.
        classes: the names of the classes; empty for regression.
        notes: what the reader should know.

    """

    name: str
    source: str
    frame: "pd.DataFrame"
    kinds: dict[str, Kind]
    target: Any
    target_name: str
    task: Task
    classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@attrs.frozen
class Reading:
    """Hold the user's choices about how a CSV file is read.

    Args:
        target: the column to predict; "target" if not given.
        task: decided from the target if not given.
        drop: columns to leave out.
        as_text: columns of numbers that are names of categories.
        delimiter: see `read_table`.
        encoding: see `read_table`.

    """

    target: str | None = None
    task: Task | None = None
    drop: Collection[str] = ()
    as_text: Collection[str] = ()
    delimiter: str | None = None
    encoding: str | None = None


def from_csv(path: Path, reading: Reading) -> Data:
    """Read a CSV file for training.

    Raises:
        TableError: naming file, line, column and value of what is malformed.
        UnfitDataError: if there is no such column, or nothing can be learnt from the data.
        OSError: if the file cannot be read.

    """
    table = read_table(path, delimiter=reading.delimiter, encoding=reading.encoding)
    target_name = _target_of(table, reading)
    for option, names in (("--drop", reading.drop), ("--text", reading.as_text)):
        for name in names:
            _check_column(name, table, option)
    if target_name in reading.drop:
        raise UnfitDataError(f"--drop {target_name}: this column is the target")
    kinds = kinds_of(table, as_text=reading.as_text)
    features = {n: k for n, k in kinds.items() if n != target_name and n not in reading.drop}
    if not features:
        raise UnfitDataError(f"{table.source} has no column beside the target {target_name!r}")
    _check_target(table, target_name)
    _check_features(table, features)
    remedy = "leave it empty if it is not known; --text {column} reads the column as categories"
    frame = frame_of(table, features, remedy)
    task = reading.task or _task_of(table, target_name, kinds[target_name])
    if task == "classification":
        target, classes = _classes_of(table, target_name)
    else:
        target, classes = _quantity_of(table, target_name), ()
    if len(table.lines) < MIN_ROWS:
        raise UnfitDataError(
            f"{table.source} holds {len(table.lines)} rows; at least {MIN_ROWS} are needed to "
            "train on some and to hold some out"
        )
    return Data(
        path.stem,
        table.source,
        frame,
        features,
        target,
        target_name,
        task,
        classes,
        tuple(_identifiers(table, features)),
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


def _check_target(table: RawTable, name: str) -> None:
    cells = table.columns[name]
    missing = [row for row, cell in enumerate(cells) if is_missing(cell)]
    if len(missing) == len(cells):
        raise UnfitDataError(f"the target {name!r} is empty in every row of {table.source}")
    if missing:
        rows = f"{len(missing)} rows" if len(missing) > 1 else "one row"
        raise UnfitDataError(
            f"{table.place(missing[0], name)}: the target is missing here ({rows} in all); fill it "
            "in, or remove the rows"
        )
    if len(set(cells)) == 1:
        raise UnfitDataError(
            f"the target {name!r} is constant: {cells[0]!r} in every row of {table.source}; there "
            "is nothing to tell apart"
        )


def _check_features(table: RawTable, features: Iterable[str]) -> None:
    useless: dict[str, str] = {}
    for name in features:
        known = {cell for cell in table.columns[name] if not is_missing(cell)}
        complete = not any(map(is_missing, table.columns[name]))
        if not known:
            useless[name] = f"{name!r} is empty"
        elif len(known) == 1 and complete:
            useless[name] = f"{name!r} is constant ({known.pop()!r} in every row)"
    if useless:
        options = " ".join(f"--drop {_quoted(name)}" for name in useless)
        raise UnfitDataError(
            f"{table.source}: column {', column '.join(useless.values())}; nothing can be learnt "
            f"from that: give {options}"
        )


def _quoted(word: str) -> str:
    import shlex

    return shlex.quote(word)


def _task_of(table: RawTable, name: str, kind: Kind) -> Task:
    """Decide: text and few different whole numbers are classes, other numbers a quantity."""
    if kind == "text":
        return "classification"
    values = {_as_float(cell) for cell in table.columns[name]}
    whole = all(v is not None and v.is_integer() for v in values)
    few = len(values) <= max(2, min(MANY_CLASSES, len(table.lines) // 5))
    return "classification" if whole and few else "regression"


def _as_float(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _quantity_of(table: RawTable, name: str) -> Any:
    remedy = "give --task classification if the target names classes"
    return frame_of(table, {name: "number"}, remedy)[name].to_numpy()


def _classes_of(table: RawTable, name: str) -> tuple[Any, tuple[str, ...]]:
    import numpy as np

    cells = table.columns[name]
    numbers = [_as_float(cell) for cell in cells]
    if all(x is not None and x.is_integer() for x in numbers):  # 1 and 1.0 are one class
        cells = [str(int(x)) for x in numbers if x is not None]
        classes = sorted(set(cells), key=int)
    else:
        classes = sorted(set(cells))
    number_of = {c: k for k, c in enumerate(classes)}
    target = np.array([number_of[cell] for cell in cells], dtype=np.int64)
    counts = Counter(cells)
    single = [c for c in classes if counts[c] == 1]
    if single:
        place = table.place(cells.index(single[0]), name)
        more = f" (and {len(single) - 1} more such classes)" if len(single) > 1 else ""
        quantity = "; if the target is a quantity, give --task regression" * (None not in numbers)
        raise UnfitDataError(
            f"{place}: the class {single[0]!r} has this one row{more}, but needs 2, one to learn "
            f"from and one to be tested on; add rows or remove it{quantity}"
        )
    return target, tuple(classes)


def _identifiers(table: RawTable, features: dict[str, Kind]) -> Iterable[str]:
    for name, kind in features.items():
        different = len(set(table.columns[name]))
        if kind == "text" and different > IDENTIFIER and 2 * different > len(table.lines):
            yield (
                f"column {name!r} has {different} different texts in {len(table.lines)} rows, as a "
                f"name or a date has; --drop {_quoted(name)} leaves it out"
            )
