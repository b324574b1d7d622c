"""Numbers as people write them, at the speed of a whole column."""

import numpy as np
import pytest

from mgcli.notation import PLAIN, Notation, detect, numbers_of
from mgcli.tables import MISSING

RNG = np.random.default_rng(4)
# Either sign, three digits after the point, whole ones too; up to nine digits before it.
VALUES = [round(float(x), 3) for x in RNG.normal(0.0, 10.0 ** RNG.integers(0, 8, 200))] + [
    7.0,
    -0.5,
]


def written(value: float, notation: Notation) -> str:
    """Write a number as str.format does, with other signs."""
    text = f"{abs(value):,.3f}" if notation.thousands else f"{abs(value):.3f}"
    swapped = {",": notation.thousands, ".": notation.decimal}
    text = "".join(swapped.get(sign, sign) for sign in text)
    unit = notation.unit
    text = f"{text} {unit}" if unit == "%" else f"{unit}{text}"
    return f"-{text}" if value < 0 else text


@pytest.mark.parametrize(
    "notation",
    [
        PLAIN,
        Notation(","),
        Notation(".", ","),
        Notation(",", "."),
        Notation(",", " "),
        Notation(".", "'"),
        Notation(".", ",", "$"),
        Notation(",", ".", "%"),
    ],
    ids=str,
)
def test_every_notation_is_read_exactly_and_found(notation: Notation) -> None:
    cells = [written(value, notation) for value in VALUES]
    gaps = {3: "", 50: "NA", 51: "n/A", 90: "?"}
    for row, marker in gaps.items():
        cells.insert(row, marker)
    expected = list(VALUES)
    for row in gaps:
        expected.insert(row, np.nan)
    numbers, bad = numbers_of(cells, MISSING, notation)
    np.testing.assert_array_equal(numbers, expected)
    assert not bad
    known = [cell for cell in cells if cell.lower() not in MISSING]
    found, share, _ = detect(known)
    assert share == 1.0
    assert [found.number(cell) for cell in known] == VALUES


@pytest.mark.parametrize(
    ("cell", "notation"),
    [
        ("1.5", Notation(",")),
        ("1,2,3", Notation(",")),
        ("1_000", PLAIN),
        ("infinity", PLAIN),
        ("nane", PLAIN),
        ("1e999", PLAIN),
        ("12,34.5", Notation(".", ",")),
        ("1,2345", Notation(".", ",")),
        ("$5", PLAIN),
        ("5", Notation(".", "", "$")),
        ("$5$", Notation(".", "", "$")),
        ("\u0663", PLAIN),
        ("--5", Notation(",")),
        ("2-", PLAIN),  # a mark
    ],
)
def test_what_is_no_number_is_found_among_numbers(cell: str, notation: Notation) -> None:
    cells = [written(value, notation) for value in VALUES[:5]] + [cell]
    _, bad = numbers_of(cells, MISSING, notation)
    assert bad == [5]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("(1,200)", -1200.0),
        ("\u22123", -3.0),
        ("1\u00a0234", 1234.0),
        ("+7", 7.0),
        ("1e3", 1000.0),
        ("1,234.50-", -1234.5),
    ],
)
def test_rare_spellings_are_read_too(cell: str, value: float) -> None:
    notation = Notation(".", " " if "\u00a0" in cell else ",")
    assert numbers_of([cell, "5"], MISSING, notation)[0].tolist() == [value, 5.0]


def test_a_marker_of_the_users_own_may_be_a_number() -> None:
    numbers, bad = numbers_of(["-999", "1", "1E3"], frozenset({"-999", "1e3"}), PLAIN)
    assert np.isnan(numbers).tolist() == [True, False, True]
    assert not bad
