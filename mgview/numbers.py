"""Write numbers short enough for a box, and long enough to be told apart."""

import math

_SMALLEST_PLAIN = 1e-3
_LARGEST_PLAIN = 1e4


def number(x: float) -> str:
    """Write a number in at most ten characters: four decimals, or powers of ten.

    Args:
        x: any float, unitless.

    Returns:
        The text, such as ``-8.0000``, ``1.25e-07`` or ``inf``.
    """
    if x == 0.0 or math.isinf(x) or math.isnan(x):
        return f"{abs(x) if x == 0.0 else x:.4f}"
    return f"{x:.4f}" if _SMALLEST_PLAIN <= abs(x) < _LARGEST_PLAIN else f"{x:.2e}"


def short(x: float) -> str:
    """Write a constant as a person would: ``2`` rather than ``2.0000``.

    Args:
        x: any float, unitless.

    Returns:
        The text, of at most ten characters.
    """
    return f"{x:.4g}"
