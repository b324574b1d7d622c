"""How a column writes its numbers: with a point or a comma, in groups, with a unit."""

import math
import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["PLAIN", "Notation", "detect", "numbers_of"]

_PLAIN = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_PLAIN_SIGNS = frozenset("0123456789.+-eE")
_UNITS = "$€£¥₹%‰"
_SPACES = "\u00a0\u202f\u2009"  # what local notation puts between groups of digits


@attrs.frozen
class Notation:
    """Tell how numbers are written.

    Attributes:
        decimal: what stands before the fraction.
        thousands: what stands between groups of three digits, if anything.
        unit: the sign of a currency or of percent that stands at each number, if any does.

    """

    decimal: str = "."
    thousands: str = ""
    unit: str = ""

    def words(self, cells: Iterable[str]) -> str:
        """Describe for a note what of the notation stands in these cells."""
        parts = [f"decimal {self.decimal!r}"] * (self.decimal != ".")
        if self.thousands and any(self.thousands in cell for cell in cells):
            parts.append(f"thousands {self.thousands!r}")
        parts += [f"the unit {self.unit!r}"] * bool(self.unit)
        return " and ".join(parts) or "minus signs that are not ASCII"

    @staticmethod
    def is_plain(text: str) -> bool:
        """Tell whether `text` is a number as programs write it."""
        return _PLAIN.fullmatch(text) is not None

    def code(self) -> str:
        """Return the notation as a short text, for a file."""
        return f"{self.decimal}{self.thousands or '_'}{self.unit}"

    @staticmethod
    def of_code(code: str) -> "Notation":
        """Return the notation that `code` gave; the plain one for anything else."""
        if len(code) < 2:
            return PLAIN
        return Notation(code[0], code[1].replace("_", ""), code[2:])

    def number(self, text: str) -> float | None:
        """Return the number that `text` writes, infinite if it is too large; None if none."""
        if self.decimal == "." and not self.unit and _PLAIN.fullmatch(text):
            return float(text)
        usual, table = _usual(self)
        if usual.fullmatch(text):
            return float(text.translate(table))
        sign, digits, unit = _taken_apart(text)
        if unit != self.unit:
            return None
        if self.thousands and self.thousands in digits:
            whole, point, fraction = digits.partition(self.decimal)
            groups = whole.split(self.thousands)
            grouped = 1 <= len(groups[0]) <= 3 and all(len(g) == 3 for g in groups[1:])
            if not grouped or not all(g.isascii() and g.isdigit() for g in groups):
                return None
            digits = "".join(groups) + point + fraction
        if self.decimal != ".":
            if "." in digits:
                return None
            digits = digits.replace(self.decimal, ".", 1)
        return sign * float(digits) if _PLAIN.fullmatch(digits) and digits[0] not in "+-" else None


PLAIN = Notation()
_GROUPED = (
    Notation(".", ","),
    Notation(",", "."),
    Notation(".", " "),
    Notation(",", " "),
    Notation(".", "'"),
    Notation(",", "'"),
)


@cache
def _usual(notation: Notation) -> tuple[re.Pattern[str], dict[int, str | None]]:
    """Return what most numbers of a notation look like, and how they become plain ones."""
    point, group, unit = map(re.escape, (notation.decimal, notation.thousands, notation.unit))
    grouped = f"[0-9]{{1,3}}(?:{group}[0-9]{{3}})+|" if group else ""
    number = f"(?:{grouped}[0-9]+)(?:{point}[0-9]*)?"
    written = f"-?{unit} ?{number}|-?{number} ?{unit}" if unit else f"-?{number}"
    table: dict[int, str | None] = {ord(sign): None for sign in f" {notation.thousands}{unit[-1:]}"}
    return re.compile(written), {**table, ord(notation.decimal): "."}


def _taken_apart(text: str) -> tuple[float, str, str]:
    """Return sign, digits and unit of a text such as -$5, ($1,200), 12 %, 3,50- or U+2212 3,5."""
    for space in _SPACES:
        text = text.replace(space, " ")
    text = text.replace("\u2212", "-").replace("\u2019", "'").strip()
    sign = 1.0
    if text.startswith("(") and text.endswith(")"):  # as accountants write a loss
        sign, text = -1.0, text[1:-1].strip()
    unit = ""
    for _ in range(2):  # the sign stands before the unit or after it
        if text[:1] in ("-", "+"):
            sign, text = (-sign if text[0] == "-" else sign), text[1:].strip()
            break
        if not unit and text[:1] and text[0] in _UNITS:
            unit, text = text[0], text[1:].strip()
    else:
        text = text if text[:1] not in ("-", "+") else "?"
    if not unit and text[:1] and text[0] in _UNITS:
        unit, text = text[0], text[1:].strip()
    if not unit and text and text[-1] in _UNITS:
        unit, text = text[-1], text[:-1].strip()
    if text[-1:] == "-" and sign > 0.0 and text[:-1].strip("0123456789"):  # 5,00-; not a mark 2-
        sign, text = -1.0, text[:-1].strip()
    return sign, text, unit


def detect(
    cells: Iterable[str],
    *,
    decimal: str | None = None,
    thousands: str | None = None,
    first: Notation = PLAIN,
    comma_likely: bool = False,
) -> tuple[Notation, float, bool]:
    """Find the notation in which most cells are numbers.

    Args:
        cells: what is known of a column, best each once.
        decimal: as the user says.
        thousands: as the user says.
        first: what is taken where several fit.
        comma_likely: whether 1,234 is rather a fraction than a thousand.

    Returns:
        The notation, the share of cells that are numbers in it, and whether another one gives other
        numbers for all of them.

    """
    texts = list(cells)
    if not texts:
        return first, 0.0, False
    tried = [n for n in _candidates(texts, first, comma_likely) if _allowed(n, decimal, thousands)]
    tried = _different(tried, texts)
    if not tried:
        tried = [Notation(decimal or ".", thousands or "")]
    shares = [sum(n.number(t) is not None for t in texts) / len(texts) for n in tried]
    best = tried[shares.index(max(shares))]
    doubtful = False
    if max(shares) == 1.0 and best not in (PLAIN, first) and decimal is thousands is None:
        meant = [best.number(t) for t in texts]
        others = [n for n, share in zip(tried, shares, strict=True) if share == 1.0 and n != best]
        doubtful = any([n.number(t) for t in texts] != meant for n in others)
    return best, max(shares), doubtful


def _candidates(texts: Sequence[str], first: Notation, comma_likely: bool) -> list[Notation]:
    if all(map(_PLAIN.fullmatch, texts)):
        return list(dict.fromkeys([first, PLAIN])) if first.decimal == "." else [first, PLAIN]
    signs = _signs(texts)
    units = {_taken_apart(text)[2] for text in texts} if signs.intersection(_UNITS) else {""}
    unit = units.pop() if len(units) == 1 else ""
    grouped = sorted(_GROUPED, key=lambda n: n.decimal == "." if comma_likely else False)
    made = [PLAIN, *grouped] if not unit else [Notation(".", "", unit)]
    if unit:
        made += [attrs.evolve(n, unit=unit) for n in grouped]
    return list(dict.fromkeys([first, *made]))


def _signs(texts: Sequence[str]) -> set[str]:
    """Return the characters of all texts, those for one thing as one."""
    signs = set("".join(texts))
    return signs | {" "} if signs.intersection(_SPACES) else signs


def _different(notations: Sequence[Notation], texts: Sequence[str]) -> list[Notation]:
    """Leave out notations that differ only in signs that no text holds."""
    signs = _signs([text.replace("\u2019", "'") for text in texts])
    told = [
        (n.decimal in signs and n.decimal, n.thousands in signs and n.thousands, n.unit)
        for n in notations
    ]
    return [n for i, n in enumerate(notations) if told[i] not in told[:i]]


def _allowed(notation: Notation, decimal: str | None, thousands: str | None) -> bool:
    if decimal is not None and notation.decimal != decimal:
        return False
    return thousands is None or notation.thousands == thousands


def numbers_of(
    cells: Sequence[str], missing: frozenset[str], notation: Notation
) -> "tuple[NDArray[np.float64], list[int]]":
    """Return n numbers, NaN where missing, and the rows whose cells are no finite number."""
    import numpy as np

    quick = _usual_numbers(cells, missing, notation)
    if quick is not None:
        return quick, []
    known: dict[str, float] = {}
    for cell in dict.fromkeys(cells):
        if cell.lower() in missing:
            known[cell] = math.nan
        else:
            number = notation.number(cell)
            known[cell] = math.inf if number is None else number
    numbers = np.array([known[cell] for cell in cells], dtype=np.float64)
    return numbers, np.flatnonzero(np.isinf(numbers)).tolist()


def _usual_numbers(
    cells: Sequence[str], missing: frozenset[str], notation: Notation
) -> "NDArray[np.float64] | None":
    """Return the numbers at full speed; None if a cell is written otherwise than is usual."""
    import numpy as np

    gaps = {cell for cell in set(cells) if cell.lower() in missing}
    written = [cell for cell in cells if cell not in gaps] if gaps else cells
    if notation.decimal != "." or notation.unit or not _PLAIN_SIGNS.issuperset("".join(written)):
        usual, table = _usual(notation)
        if not all(map(usual.fullmatch, written)):
            return None
        written = "\n".join(written).translate(table).split("\n")
    try:
        found = np.array(list(map(float, written)), dtype=np.float64)
    except ValueError:
        return None
    if np.isinf(found).any():
        return None
    if not gaps:
        return found
    numbers = np.full(len(cells), np.nan)
    numbers[[cell not in gaps for cell in cells]] = found
    return numbers
