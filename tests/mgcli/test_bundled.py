import numpy as np
import pytest

from mgcli.bundled import NAMES, bundled, not_found


@pytest.mark.parametrize("name", NAMES)
def test_every_bundled_set_is_complete(name: str) -> None:
    data = bundled(name)
    assert len(data) == len(data.target) >= 100
    assert list(data.columns) == [column.name for column in data.features]
    for numbers in data.columns.values():
        assert len(numbers) == len(data)
        assert np.isfinite(numbers).all()
        assert numbers.min() < numbers.max()
    if data.task == "classification":
        assert set(data.target) == set(range(len(data.classes)))


def test_sizes_are_those_of_scikit_learns_documentation() -> None:
    shapes = {n: (len(bundled(n)), len(bundled(n).columns)) for n in NAMES}
    assert shapes["iris"] == (150, 4)
    assert shapes["wine"] == (178, 13)
    assert shapes["breast_cancer"] == (569, 30)
    assert bundled("breast_cancer").classes == ("malignant", "benign")
    assert bundled("diabetes").task == "regression"
    assert shapes["diabetes"] == (442, 10)
    assert shapes["digits"] == (1797, 61)  # of 64 pixels, three are the same in every row


def test_constant_pixels_are_left_out_and_named() -> None:
    data = bundled("digits")
    assert "pixel_0_0" not in data.columns
    assert "pixel_0_0" in data.notes[0]


def test_a_misspelt_name_is_answered_with_near_matches() -> None:
    assert "did you mean 'breast_cancer'" in str(not_found("brest_cancer"))
    assert "bundled are breast_cancer, diabetes" in str(not_found("zzz"))
