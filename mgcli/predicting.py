"""Predict a table piece by piece, and remember what is to be said of it at the end."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from mgcli.columns import Column, known_cells, values_of
from mgcli.dates import dates_of, detect_dates
from mgcli.errors import CliError
from mgcli.notation import PLAIN, Notation, detect, numbers_of
from mgcli.tables import RawTable
from mgnn.features import Date, Feature, Text, encode_all
from mgnn.forward import forward
from mgnn.labels import canonical
from mgnn.tablemodel import TableModel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Findings", "Predictor", "missing_columns"]

REMEDY = "leave it empty if it is not known (the model learnt this column otherwise)"


class Predictor:
    """Predict pieces of a table.

    Args:
        model: what predicts.
        probabilities: whether each class's is given too.
        keep: whether the table's columns are repeated.

    Attributes:
        findings: what was found out of the rows predicted so far.

    """

    def __init__(self, model: TableModel, *, probabilities: bool, keep: bool) -> None:
        self.model = model
        self.probabilities = probabilities
        self.keep = keep
        self.findings = Findings()
        self._columns: dict[str, Column] = {}
        self._notes: list[str] = []
        self._score = _Running(model)

    def pieces(
        self, tables: "Iterable[RawTable | Mapping[str, Any]]"
    ) -> Iterator[dict[str, Sequence[Any]]]:
        """Yield the columns to be written, for one piece of the table after the other.

        Raises:
            TableError, CliError: naming what does not fit the model.

        """
        for table in tables:
            yield self.piece(table)

    def piece(self, table: "RawTable | Mapping[str, Any]") -> dict[str, Sequence[Any]]:
        """Return the columns to be written for one piece of the table; see `pieces`."""
        typed = self._features(table) if isinstance(table, RawTable) else table
        outputs = forward(self.model.net, encode_all(self.model.features, typed))
        given = table.columns if isinstance(table, RawTable) else table
        self.findings.count += len(outputs)
        if isinstance(table, RawTable) and self.model.target in table.columns:
            self._score.add(table, outputs, self.findings)
        return self._columns_of(given, outputs)

    def successor(self) -> "Predictor":
        """Return one that reads as this has begun to read, and has found out nothing yet."""
        made = Predictor(self.model, probabilities=self.probabilities, keep=self.keep)
        made._columns, made._score = self._columns, self._score
        return made

    def remarks(self) -> Iterator[str]:
        """Yield what is to be said of the whole table."""
        yield from self._notes
        for feature in self.model.features:
            if self._columns and feature.name not in self.findings.known:
                yield (
                    f"column {feature.name!r} is empty in every row; what training put for missing "
                    "is used"
                )
        for new in self.findings.new.values():
            yield new.words()
        yield from self._score.words(self.findings)

    def _columns_of(
        self, given: Mapping[str, Any], outputs: "NDArray[np.float64]"
    ) -> dict[str, Sequence[Any]]:
        model = self.model
        columns: dict[str, Any] = {}
        if self.keep:
            columns = {n: c.tolist() if hasattr(c, "tolist") else c for n, c in given.items()}
        if model.task == "regression":
            columns[_free_name("prediction", columns)] = model.quantities(outputs).tolist()
            return columns
        numbers = model.class_numbers(outputs).tolist()
        columns[_free_name("prediction", columns)] = [model.classes[k] for k in numbers]
        if self.probabilities:
            shares = model.probabilities(outputs)
            for k, name in enumerate(model.classes):
                columns[_free_name(f"probability_{name}", columns)] = shares[:, k].tolist()
        return columns

    def _features(self, table: RawTable) -> dict[str, Any]:
        if not self._columns:
            self._begin(table)
        made = {}
        for feature in self.model.features:
            cells = table.columns[feature.name]
            if feature.name not in self.findings.known and not all(
                map(table.is_missing, set(cells))
            ):
                self.findings.known.add(feature.name)
            made[feature.name] = values_of(table, self._columns[feature.name], REMEDY)
            if isinstance(feature, Text):
                self._look_for_new(table, feature, made[feature.name])
        return made

    def _begin(self, table: RawTable) -> None:
        """Find out how this table writes what the model needs."""
        names = [feature.name for feature in self.model.features]
        missing = [name for name in names if name not in table.columns]
        if missing:
            raise CliError(missing_columns(table.source, missing, list(table.columns)))
        self._notes += table.notes
        extra = [n for n in table.columns if n not in names and n != self.model.target]
        if extra:
            columns = "columns" if len(extra) > 1 else "column"
            more = f" and {len(extra) - 10} more" if len(extra) > 10 else ""
            self._notes.append(
                f"{columns} {', '.join(map(repr, extra[:10]))}{more} not used by the model"
            )
        for feature in self.model.features:
            self._columns[feature.name] = column = _column_for(table, feature)
            self._notes += column.notes

    def _look_for_new(self, table: RawTable, feature: Text, texts: "list[str | None]") -> None:
        unknown = set(feature.unknown(texts))
        if not unknown:
            return
        rows = [row for row, text in enumerate(texts) if text in unknown]
        new = self.findings.new
        if feature.name not in new:
            first = texts[rows[0]] or ""
            new[feature.name] = _NewTexts(table.place(rows[0], feature.name), first)
        new[feature.name].texts.update(texts[row] or "" for row in rows)


def _column_for(table: RawTable, feature: Feature) -> Column:
    if isinstance(feature, Text):
        return Column(feature.name, "text")
    known, form = known_cells(table, feature.name), table.format
    if isinstance(feature, Date):
        _, bad = dates_of(known, form.missing, feature.format)
        found = detect_dates(known) if bad else None
        return Column(feature.name, "date", format=found[0] if found else feature.format)
    trained = Notation.of_code(feature.notation)
    given = form.decimal is not None or form.thousands is not None
    notation, share, _ = detect(
        known,
        decimal=form.decimal,
        thousands=form.thousands,
        first=PLAIN if given else trained,
        comma_likely=form.delimiter == ";",
    )
    if share <= 0.5:
        return Column(feature.name, "number", PLAIN if given else trained)
    notes: tuple[str, ...] = ()
    if notation not in (trained, PLAIN):
        words = notation.words(known)
        notes = (f"column {feature.name!r} is written with {words} here, not as in training",)
    return Column(feature.name, "number", notation, notes=notes)


@attrs.define
class _NewTexts:
    """Count the texts of a column that were not there in training."""

    place: str
    first: str
    texts: Counter[str] = attrs.field(factory=Counter)

    def words(self) -> str:
        count = sum(self.texts.values())
        rows = "one row is" if count == 1 else f"{count} rows are"
        others = len(self.texts) - 1
        more = f" (and {others} other new text{'s' * (others > 1)})" if others else ""
        return (
            f"{self.place}: {self.first!r:.80} was not there in training{more}; "
            f"{rows} predicted without this column"
        )


@attrs.define
class Findings:
    """Hold what is found out of rows while they are predicted.

    Attributes:
        count: how many there are.
        known: the features that are not missing in all of them.
        new: of the features that hold texts unknown to the model, these texts.
        judged: rows whose target is known.
        right: of these, how many have the right class.
        strange: of these, how many have a class that the model does not know.
        pairs: of these, true and predicted quantities, as arrays.

    """

    count: int = 0
    known: set[str] = attrs.field(factory=set)
    new: "dict[str, _NewTexts]" = attrs.field(factory=dict)
    judged: int = 0
    right: int = 0
    strange: int = 0
    pairs: list[tuple[Any, Any]] = attrs.field(factory=list)

    def add(self, later: "Findings") -> None:
        """Add what was found out of later rows."""
        self.count += later.count
        self.known |= later.known
        for name, new in later.new.items():
            if name in self.new:
                self.new[name].texts.update(new.texts)
            else:
                self.new[name] = new
        self.judged += later.judged
        self.right += later.right
        self.strange += later.strange
        self.pairs += later.pairs


class _Running:
    """Judge the predictions where the table holds the target too."""

    def __init__(self, model: TableModel) -> None:
        self.model = model
        self._classes = {canonical(name): k for k, name in enumerate(model.classes)}
        self._notation: Notation | None = None

    def add(self, table: RawTable, outputs: "NDArray[np.float64]", found: Findings) -> None:
        """Take the rows of a piece whose target is known."""
        import numpy as np

        cells = table.columns[self.model.target]
        if self.model.task == "classification":
            known = {cell: self._class_of(cell, table) for cell in set(cells)}
            truth = np.array([known[cell] for cell in cells])
            there = truth > -2
            found.judged += int(there.sum())
            found.strange += int((truth == -1).sum())
            found.right += int((self.model.class_numbers(outputs) == truth)[there].sum())
            return
        if self._notation is None:
            self._notation = detect(known_cells(table, self.model.target))[0]
        numbers, bad = numbers_of(cells, table.format.missing, self._notation)
        numbers[bad] = np.nan
        there = np.isfinite(numbers)
        found.judged += int(there.sum())
        predicted = outputs[there, 0]
        found.pairs.append(((numbers[there] - self.model.mean) / self.model.scale, predicted))

    def _class_of(self, cell: str, table: RawTable) -> int:
        """Return the class's number, -1 for one that the model does not know, -2 for missing."""
        found = self._classes.get(canonical(cell))
        if found is not None:
            return found
        return -2 if table.is_missing(cell) else -1

    def words(self, found: Findings) -> Iterator[str]:
        """Say how good the predictions are."""
        import numpy as np

        if found.judged < 2:
            return
        name = self.model.target
        if self.model.task == "classification":
            strange = f" ({found.strange} rows hold classes that the model does not know)"
            yield (
                f"{name!r} is in the table too; {found.right / found.judged:.1%} of the "
                f"predictions are right{strange * bool(found.strange)}"
            )
            return
        truth = np.concatenate([pair[0] for pair in found.pairs])
        predicted = np.concatenate([pair[1] for pair in found.pairs])
        spread = float(((truth - truth.mean()) ** 2).sum())
        if spread:
            score = 1.0 - float(((truth - predicted) ** 2).sum()) / spread
            yield f"{name!r} is in the table too; R2 of the predictions is {score:.3f}"


def missing_columns(source: str, missing: list[str], there: list[str]) -> str:
    """Return the message that names the columns that a model needs and a table lacks."""
    from mgcli.data import near

    names = ", ".join(map(repr, missing[:5]))
    more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
    hints = [near(name, there, 1) for name in missing[:50]]
    hint = next((h for h in hints if "did you mean" in h), hints[0])
    columns = "columns" if len(missing) > 1 else "column"
    return f"{source} has no {columns} {names}{more}, which the model needs{hint}"


def _free_name(name: str, taken: Mapping[str, Any]) -> str:
    while name in taken:
        name += "_"
    return name
