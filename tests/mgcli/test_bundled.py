import pytest

from mgcli.bundled import NAMES, bundled, not_found


@pytest.mark.parametrize("name", NAMES)
def test_every_bundled_set_is_complete(name: str) -> None:
    data = bundled(name)
    assert len(data.frame) == len(data.target) >= 100
    assert list(data.frame.columns) == list(data.kinds)
    assert not data.frame.isna().any().any()
    assert (data.frame.nunique() > 1).all()
    if data.task == "classification":
        assert set(data.target) == set(range(len(data.classes)))


def test_sizes_are_those_of_scikit_learns_documentation() -> None:
    assert bundled("iris").frame.shape == (150, 4)
    assert bundled("wine").frame.shape == (178, 13)
    assert bundled("breast_cancer").frame.shape == (569, 30)
    assert bundled("breast_cancer").classes == ("malignant", "benign")
    assert bundled("diabetes").task == "regression"
    assert bundled("diabetes").frame.shape == (442, 10)
    assert len(bundled("digits").frame) == 1797


def test_constant_pixels_are_left_out_and_named() -> None:
    data = bundled("digits")
    assert "pixel_0_0" not in data.frame
    assert "pixel_0_0" in data.notes[0]


def test_a_misspelt_name_is_answered_with_near_matches() -> None:
    assert "did you mean 'breast_cancer'" in str(not_found("brest_cancer"))
    assert "bundled are breast_cancer, diabetes" in str(not_found("zzz"))
