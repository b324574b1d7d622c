"""Widths of text, held against the metrics of the font that pictures are drawn in."""

from pathlib import Path

import matplotlib as mpl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.ft2font import FT2Font

from mgview.text import width

FONTS = Path(mpl.get_data_path()) / "fonts" / "ttf"
FACES = {bold: FT2Font(str(FONTS / f"DejaVuSans{'-Bold' * bold}.ttf")) for bold in (False, True)}


def true_width(text: str, size: float, *, bold: bool) -> float:
    face = FACES[bold]
    face.set_size(100, 72)
    return sum(face.load_char(ord(c)).linearHoriAdvance for c in text) / 65536 / 100 * size


@pytest.mark.parametrize("bold", [False, True])
@given(
    text=st.text(st.sampled_from("".join(map(chr, range(32, 127))) + "×·…−÷√∂≥αΣж"), max_size=30)
)
def test_text_is_never_wider_than_estimated(text: str, bold: bool) -> None:
    assert width(text, 12, bold=bold) >= true_width(text, 12, bold=bold) - 1e-9


@pytest.mark.parametrize(
    "text", ["layers.0.neurons.3.w1", "16 × tanh(dot(4 operands) + ·)", "a", "leaky_relu"]
)
def test_ordinary_text_is_estimated_within_a_quarter(text: str) -> None:
    assert width(text, 12, bold=True) <= 1.25 * true_width(text, 12, bold=True) + 2


def test_wide_scripts_take_a_full_square_and_accents_nothing() -> None:
    assert width("重み", 10) == pytest.approx(20.0)
    assert width("e\u0301", 10) == width("e", 10)
