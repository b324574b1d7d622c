"""Write numbers so that none says more than is true: exact ones whole, rounded ones marked."""

import math

ROUNDED = "≈"
_MINUS = "\u2212"
_SMALLEST_PLAIN = 1e-3
_LARGEST_PLAIN = 1e4
_DECIMALS_FROM = 1e3  # from here on three decimals, so that the text fits its box
_WIDEST = 10
_DIGITS = 4  # of what was measured
_SMALLEST_MEASURED = 1e-4
_NOISE = 1e-9  # percent that the machine's rounding may add


def typographic(text: str) -> str:
    """Return a number's text with true minus signs, in the exponent too."""
    return text.replace("-", _MINUS)


def full(x: float) -> str:
    """Write a number with every digit that matters, as a reader would.

    Args:
        x: any float, unitless.

    Returns:
        Python's shortest text, without ``.0``: ``2``, ``0.1``, ``−1e−300``, ``−0.0``, ``nan``.
    """
    if is_odd(x):
        return typographic(repr(x))
    return typographic(repr(x).removesuffix(".0"))


def is_odd(x: float) -> bool:
    """Tell whether a number needs a mark of its own: nan, infinite, or a negative zero."""
    return not math.isfinite(x) or (x == 0.0 and math.copysign(1.0, x) < 0.0)


def number(x: float) -> str:
    """Write a number for a box, in at most eleven characters.

    Args:
        x: any float, unitless.

    Returns:
        The text, such as ``−8.0000``, ``≈0.3333``, ``1.25e−07`` or ``inf``; a rounded number begins
        with ``≈``.
    """
    if is_odd(x):
        return full(x)
    size = abs(x)
    if x == 0.0 or _SMALLEST_PLAIN <= size < _LARGEST_PLAIN:
        text = f"{x:.4f}"
        if float(text) != x and size >= _DECIMALS_FROM:
            text = f"{x:.3f}"
    elif x.is_integer() and size < 10**_WIDEST:
        text = f"{x:.0f}"
    else:
        text = f"{x:.2e}"
    return _marked(text, x)


def short(x: float) -> str:
    """Write a constant as a person would: ``2`` rather than ``2.0000``.

    Args:
        x: any float, unitless.

    Returns:
        The text, of at most eleven characters; a rounded number begins with ``≈``.
    """
    whole = full(x)
    return whole if len(whole) <= _WIDEST else _marked(f"{x:.4g}", x)


def measured(x: float) -> str:
    """Write what was measured, such as an error, for running text.

    Args:
        x: any float, in any unit.

    Returns:
        Four digits that matter, in groups of thousands: ``0.125``, ``≈0.9774``, ``≈14,740``; of
        very small and very large numbers with an exponent. A rounded number begins with ``≈``.
    """
    if is_odd(x) or x == 0.0:
        return full(x)
    rounded = float(f"{x:.{_DIGITS - 1}e}")
    if not _SMALLEST_MEASURED <= abs(rounded) < 10**_WIDEST:
        return _marked(f"{x:.{_DIGITS - 1}e}", x)
    text = f"{rounded:,.0f}" if rounded.is_integer() else full(rounded)
    return ("" if rounded == x else ROUNDED) + typographic(text)


def percent(share: float, decimals: int = 1) -> str:
    """Write a share, such as 0.125, as ``12.5%``; a rounded one begins with ``≈``."""
    text = f"{100.0 * share:.{decimals}f}"
    exact = abs(float(text) - 100.0 * share) < _NOISE
    return ("" if exact else ROUNDED) + typographic(text) + "%"


def _marked(text: str, x: float) -> str:
    return ("" if float(text) == x else ROUNDED) + typographic(text)
