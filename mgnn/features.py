"""From the columns of a table to the numbers a net sees: impute, standardise, encode, expand dates.

A feature is what was learnt from one column of the training rows, as plain data. ``encode`` turns
n cells of that column into n rows of net inputs, named by ``inputs``.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import attrs

from mgnn.errors import DataError
from mgnn.labels import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

__all__ = ["PARTS", "Date", "Feature", "Number", "Text", "encode_all", "fit_feature", "inputs_of"]

MISSING = "(missing)"  # a category of its own
OTHER = "(other)"  # categories too rare for an input of their own
MOST_LEVELS = 50  # of a text column, with an input each
WORTH_TELLING = 0.02  # share of missing numbers from which their absence is an input of its own

PARTS = ("year", "month", "day of year", "weekday", "hour")  # of a date


@attrs.frozen
class Number:
    """Standardise a column of numbers.

    Attributes:
        name: of the column.
        median: stands for what is missing.
        mean: of the training rows.
        scale: their standard deviation, or 1 where that is 0.
        missing: whether a second input tells that the number is missing.
        notation: how the file wrote its numbers; see `mgcli.notation`.

    """

    kind: ClassVar[str] = "number"
    name: str
    median: float
    mean: float
    scale: float
    missing: bool = False
    notation: str = ""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Name the inputs of the net."""
        return (self.name, f"{self.name} {MISSING}") if self.missing else (self.name,)

    def encode(self, cells: Any) -> Floats:
        """Return inputs, shape (n, 1 or 2), for n numbers; NaN or None where missing."""
        import numpy as np

        numbers = _numbers(cells, self.name)
        gaps = np.isnan(numbers)
        filled = np.where(gaps, self.median, numbers)
        # Divided first: the difference of two huge numbers may overflow.
        made = filled / self.scale - self.mean / self.scale
        return np.column_stack([made, gaps]) if self.missing else made[:, None]


@attrs.frozen
class Text:
    """Give each category of a text column an input that is 1 where it stands, else 0.

    Attributes:
        name: of the column.
        levels: the categories, as the training file first wrote them.
        other: whether there is an input for all further texts; without it they give zeros.
        missing: whether there is an input for cells that are missing.

    """

    kind: ClassVar[str] = "text"
    name: str
    levels: tuple[str, ...]
    other: bool = False
    missing: bool = False

    @property
    def inputs(self) -> tuple[str, ...]:
        """Name the inputs of the net."""
        more = [OTHER] * self.other + [MISSING] * self.missing
        return tuple(f"{self.name} {level}" for level in (*self.levels, *more))

    def encode(self, cells: Any) -> Floats:
        """Return inputs, shape (n, len(inputs)), for n texts; None where missing."""
        import numpy as np

        place: dict[str | None, int] = {canonical(t): i for i, t in enumerate(self.levels)}
        known = len(self.levels)
        other = known if self.other else -1
        place[None] = known + self.other if self.missing else -1
        texts = _texts(cells)
        where = {t: place.get(t if t is None else canonical(t), other) for t in set(texts)}
        columns = np.fromiter((where[t] for t in texts), dtype=np.int64, count=len(texts))
        made = np.zeros((len(texts), len(self.inputs)))
        rows = np.flatnonzero(columns >= 0)
        made[rows, columns[rows]] = 1.0
        return made

    def unknown(self, cells: Sequence[str | None]) -> list[str]:
        """Return the texts that were not there in training, each once, in their order."""
        known = {canonical(level) for level in self.levels}
        if self.other:
            return []
        return [t for t in dict.fromkeys(cells) if t is not None and canonical(t) not in known]


@attrs.frozen
class Date:
    """Expand a date into the parts of it that varied in training, each standardised.

    Attributes:
        name: of the column.
        format: how the file writes dates: "iso", or a format of ``strptime``.
        parts: names of `PARTS`, with a `Number` each.

    """

    kind: ClassVar[str] = "date"
    name: str
    format: str
    parts: tuple[tuple[str, Number], ...]

    @property
    def inputs(self) -> tuple[str, ...]:
        """Name the inputs of the net."""
        return tuple(f"{self.name} {part}" for part, _ in self.parts)

    def encode(self, cells: Any) -> Floats:
        """Return inputs, shape (n, parts), for n dates: datetimes or texts; None where missing."""
        import numpy as np

        if not self.parts:
            return np.zeros((len(cells), 0))
        parts = _parts([_date(cell, self.format, self.name) for cell in cells])
        return np.hstack([n.encode(parts[part]) for part, n in self.parts])


Feature: TypeAlias = Number | Text | Date


def encode_all(features: Sequence[Feature], columns: Mapping[str, Any]) -> Floats:
    """Return the net's inputs for n rows, shape (n, inputs), float64.

    Raises:
        DataError: naming a column that is not there, or does not hold what it held in training.

    """
    import numpy as np

    missing = [feature.name for feature in features if feature.name not in columns]
    if missing:
        raise DataError(
            f"there is no column {', '.join(map(repr, missing[:5]))}; the model needs it"
        )
    blocks = [feature.encode(columns[feature.name]) for feature in features]
    return np.ascontiguousarray(np.hstack(blocks), dtype=np.float64)


def inputs_of(features: Sequence[Feature]) -> tuple[str, ...]:
    """Name all inputs of the net."""
    return tuple(name for feature in features for name in feature.inputs)


def fit_feature(
    name: str, kind: str, cells: Any, *, notation: str = "", levels: int = MOST_LEVELS
) -> Feature:
    """Learn a feature from the cells of the training rows.

    Args:
        name: of the column.
        kind: "number", "text" or "date".
        cells: numbers with NaN, or texts or datetimes with None, where missing.
        notation: how the file writes its numbers or dates.
        levels: at most so many categories get an input; the rarer ones share one.

    """
    if kind == "number":
        return _fit_number(name, _numbers(cells, name), notation)
    if kind == "text":
        return _fit_text(name, _texts(cells), levels)
    varied = [(part, x) for part, x in _parts(cells).items() if len(set(x[x == x].tolist())) > 1]
    numbers = [(part, _fit_number(part, x, "")) for part, x in varied]
    fitted = tuple((part, attrs.evolve(number, missing=False)) for part, number in numbers)
    return Date(name, notation or "iso", fitted)


def _fit_number(name: str, numbers: Floats, notation: str) -> Number:
    import numpy as np

    gaps = np.isnan(numbers)
    if gaps.all():
        return Number(name, 0.0, 0.0, 1.0, notation=notation)
    median = float(np.median(numbers[~gaps]))
    filled = np.where(gaps, median, numbers)
    # In units of the largest one, so that no square overflows or vanishes.
    unit = float(abs(filled).max()) or 1.0
    mean, scale = float((filled / unit).mean()) * unit, float((filled / unit).std()) * unit
    if not scale > 1e-14 * unit:
        scale = unit if unit != abs(median) else 1.0
    return Number(name, median, mean, scale, bool(gaps.mean() > WORTH_TELLING), notation)


def _fit_text(name: str, texts: list[str | None], most: int) -> Text:
    counts: dict[str, int] = {}
    spelling: dict[str, str] = {}
    for text in texts:
        if text is not None:
            key = canonical(text)
            counts[key] = counts.get(key, 0) + 1
            spelling.setdefault(key, text)
    keys = sorted(counts)
    if len(keys) > most:
        often = sorted((k for k in keys if counts[k] > 1), key=lambda k: -counts[k])[:most]
        keys = sorted(often)
    other = len(keys) < len(counts)
    return Text(name, tuple(spelling[k] for k in keys), other, None in texts)


def _numbers(cells: Any, name: str) -> Floats:
    import numpy as np

    try:
        numbers = np.asarray(cells, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"column {name!r} holds what is no number ({error}); it held numbers in training"
        ) from error
    if np.isinf(numbers).any():
        raise DataError(f"column {name!r} holds an infinite number; fill it in or leave it missing")
    return numbers.reshape(-1)


def _texts(cells: Any) -> list[str | None]:
    cells = cells.tolist() if hasattr(cells, "tolist") else cells
    return [None if t is None or t != t else t if type(t) is str else str(t) for t in cells]


def _date(cell: Any, form: str, name: str) -> datetime | None:
    if cell is None or cell != cell:  # NaT and NaN differ from themselves
        return None
    if isinstance(cell, datetime):
        return cell
    try:
        text = str(cell)
        return datetime.fromisoformat(text) if form == "iso" else datetime.strptime(text, form)
    except ValueError as error:
        raise DataError(f"column {name!r}: {cell!r} is no date as in training ({form})") from error


def _parts(dates: Sequence[datetime | None]) -> dict[str, Floats]:
    """Return the `PARTS` of n dates, NaN where they are missing; Monday is weekday 0."""
    import numpy as np

    times = np.array(dates, dtype="datetime64[us]")
    years, months = times.astype("datetime64[Y]"), times.astype("datetime64[M]")
    days, hours = times.astype("datetime64[D]"), times.astype("datetime64[h]")
    made = {
        "year": years.astype(np.int64) + 1970,
        "month": (months - years).astype(np.int64) + 1,
        "day of year": (days - years).astype(np.int64) + 1,
        "weekday": (days.astype(np.int64) + 3) % 7,  # 1970 began on a Thursday
        "hour": (hours - days).astype(np.int64),
    }
    gone = np.isnat(times)
    return {part: np.where(gone, np.nan, number) for part, number in made.items()}
