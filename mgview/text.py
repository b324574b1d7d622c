"""Text in pictures: how wide it will be, without a font at hand, and what cannot be seen."""

import re
from unicodedata import combining, east_asian_width

_NARROW = frozenset("'ijlI/\\| ,.:;-f!()[]tr·")
_WIDE = frozenset("UwmW%@M…#+<=>HN^~OQ&DG×−÷≥≤")
_BOLD = 1.13  # bold letters against plain ones
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_SHARE = {"narrow": 0.44, "usual": 0.705, "wide": 1.0, "other": 1.05}


def width(text: str, size: float, *, bold: bool = False) -> float:
    """Estimate the width of a line of text.

    Args:
        text: one line.
        size: font size, pixels.
        bold: whether it is set in bold.

    Returns:
        The width in pixels, rather too large than too small.
    """
    shares = sum(map(_share, text))
    return shares * size * (_BOLD if bold else 1.0)


def _share(letter: str) -> float:
    """Return the width of a letter in units of the font size."""
    if letter in _NARROW:
        return _SHARE["narrow"]
    if combining(letter):
        return 0.0
    if letter in _WIDE or east_asian_width(letter) in "WF":
        return _SHARE["wide"]
    return _SHARE["usual"] if letter.isascii() else _SHARE["other"]


def visible(label: str) -> str:
    """Return a label in which every character can stand in XML and be seen.

    Args:
        label: any text; may hold control characters, NUL, halves of surrogate pairs.

    Returns:
        The text, with ``\ufffd`` for each of those.
    """
    return _UNSEEN.sub("\ufffd", label)
