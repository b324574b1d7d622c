"""When two texts name the same class or category: only where a person would say so."""

import re

__all__ = ["canonical"]

# 1, 1.0, +1 and 01.0 differ for a program; for a person the first three are one number, and 01 is
# a code. Exponents are left alone: 12E4 and 120E3 are names of models as often as numbers.
_DECIMAL = re.compile(r"([+-]?)(0|[1-9][0-9]*|)(?:\.([0-9]*))?")
_SAME = {"true": "true", "false": "false"}


def canonical(text: str) -> str:
    """Return one spelling for all that a person would call the same number or truth value.

    >>> [canonical(t) for t in ("1.0", "+1", "-0", "007", "1e3", "TRUE", "Yes")]
    ['1', '1', '0', '007', '1e3', 'true', 'Yes']

    """
    match = _DECIMAL.fullmatch(text)
    if match is None:
        return _SAME.get(text.lower(), text)
    sign, whole, fraction = match.groups()
    if not whole and not fraction:  # a sign or a point alone
        return text
    digits = (fraction or "").rstrip("0")
    number = f"{whole or '0'}.{digits}" if digits else whole or "0"
    return f"-{number}" if sign == "-" and number != "0" else number
