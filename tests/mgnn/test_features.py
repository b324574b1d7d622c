from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from mgnn.errors import DataError
from mgnn.features import Text, encode_all, fit_feature
from mgnn.labels import canonical


def test_numbers_are_imputed_and_standardised() -> None:
    fitted = fit_feature("n", "number", np.array([1.0, np.nan, 3.0, 8.0]))
    numbers = np.array([1.0, 3.0, 3.0, 8.0])
    expected = (numbers - numbers.mean()) / numbers.std()
    found = fitted.encode([1.0, None, 3.0, 8.0])
    assert fitted.inputs == ("n", "n (missing)")
    assert np.allclose(found[:, 0], expected)
    assert found[:, 1].tolist() == [0, 1, 0, 0]
    with pytest.raises(DataError, match="column 'n' holds what is no number"):
        fitted.encode(["a"])
    with pytest.raises(DataError, match="infinite"):
        fitted.encode([np.inf])


def test_texts_are_encoded_and_new_ones_give_zeros() -> None:
    fitted = fit_feature("t", "text", ["x", None, "y", "x"])
    assert fitted.inputs == ("t x", "t y", "t (missing)")
    assert fitted.encode(["x", None, "y", "z"]).tolist() == [
        [1, 0, 0],
        [0, 0, 1],
        [0, 1, 0],
        [0] * 3,
    ]
    assert isinstance(fitted, Text)
    assert fitted.unknown(["x", "z", None, "z"]) == ["z"]


def test_rare_texts_share_an_input() -> None:
    texts = ["a"] * 5 + ["b"] * 4 + ["c"] * 3 + [f"rare {i}" for i in range(6)]
    fitted = fit_feature("t", "text", texts, levels=2)
    assert fitted.inputs == ("t a", "t b", "t (other)")
    assert fitted.encode(["c", "a", "never seen", None]).tolist() == [
        [0, 0, 1],
        [1, 0, 0],
        [0, 0, 1],
        [0] * 3,
    ]


def test_thirty_thousand_names_make_no_thirty_thousand_inputs() -> None:
    names = [f"name {i}" for i in range(30_000)]
    assert fit_feature("t", "text", names).inputs == ("t (other)",)


def test_spellings_of_one_number_are_one_category() -> None:
    fitted = fit_feature("t", "text", ["1.0", "2", "1"])
    assert fitted.encode(["1", "1.00", "2.0", "01"]).tolist() == [[1, 0], [1, 0], [0, 1], [0, 0]]


def test_dates_are_expanded_into_what_varies() -> None:
    dates = [datetime(2020, 1, 6, 5), datetime(2020, 3, 3, 5), None, datetime(2020, 12, 31, 5)]
    fitted = fit_feature("d", "date", dates, notation="iso")
    assert fitted.inputs == ("d month", "d day of year", "d weekday")
    parts = np.array([[1, 6, 0], [3, 63, 1], [3, 63, 1], [12, 366, 3]], dtype=float)  # the median
    expected = (parts - parts.mean(axis=0)) / parts.std(axis=0)
    assert np.allclose(fitted.encode(dates)[:, :3], expected)
    texts = ["2020-01-06 05:00", "2020-03-03", None, "2020-12-31"]
    assert np.allclose(fitted.encode(texts), fitted.encode(dates))
    stamps = pd.Series(pd.to_datetime([*dates[:2], None, dates[3]]))
    assert np.allclose(fitted.encode(stamps), fitted.encode(dates))
    with pytest.raises(DataError, match="'soon' is no date"):
        fitted.encode(["soon"])


def test_the_parts_of_dates_are_those_of_the_calendar() -> None:
    rng = np.random.default_rng(5)
    stamps = pd.Series(pd.to_datetime(rng.integers(-(2**31), 2**33, 500), unit="s", utc=False))
    stamps[7] = pd.NaT
    dates = [None if pd.isna(t) else t.to_pydatetime() for t in stamps]
    fitted = fit_feature("d", "date", dates, notation="iso")
    calendar = (stamps.dt.year, stamps.dt.month, stamps.dt.day_of_year, stamps.dt.day_of_week,
                stamps.dt.hour)  # fmt: skip
    for i, expected in enumerate(calendar):
        found = fitted.encode(dates)[:, i]
        filled = expected.fillna(expected.median())
        assert np.allclose(found, (filled - filled.mean()) / filled.std(ddof=0))


def test_a_missing_column_is_named() -> None:
    fitted = fit_feature("n", "number", np.array([1.0, 2.0]))
    with pytest.raises(DataError, match="there is no column 'n'"):
        encode_all([fitted], {"m": [1.0]})


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("1.0", "1"), ("+1", "1"), ("-0.0", "0"), ("1.50", "1.5"), (".5", "0.5"), ("5.", "5"),
        ("TRUE", "true"), ("007", "007"), ("1_1", "1_1"), ("12E4", "12E4"), (".", "."), ("-", "-"),
        ("", ""), ("10000000000000001", "10000000000000001"), ("١", "١"), ("yes", "yes"),
    ],
)  # fmt: skip
def test_one_spelling_stands_for_what_a_person_calls_the_same(text: str, same: str) -> None:
    assert canonical(text) == same
