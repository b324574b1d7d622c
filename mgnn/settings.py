"""Take numbers as users have them: Python's, NumPy's, or any that is registered as a number."""

from math import isfinite
from numbers import Integral, Real
from typing import Any

from mgnn.errors import TrainingSettingError

__all__ = ["count_of", "not_negative", "real_of", "seed_of"]


def count_of(name: str, count: Any, error: type[Exception] = TrainingSettingError) -> int:
    """Return `count` as an int.

    Raises:
        TrainingSettingError: or `error`, if it is no whole number of at least 1.

    """
    if not isinstance(count, Integral) or isinstance(count, bool) or count < 1:
        raise error(f"{name} is {count!r}; it must be a whole number of at least 1")
    return int(count)


def seed_of(seed: Any) -> int | None:
    """Return `seed` as an int, or None.

    Raises:
        TrainingSettingError: if it is neither None nor a whole number.

    """
    if seed is None:
        return None
    if not isinstance(seed, Integral) or isinstance(seed, bool):
        raise TrainingSettingError(f"seed is {seed!r}; it must be a whole number or None")
    return int(seed)


def real_of(value: Any) -> Any:
    """Return a real number as a float; anything else, for whoever checks it, as it is."""
    if isinstance(value, Real) and not isinstance(value, bool):
        return float(value)
    return value


def not_negative(name: str, value: Any, error: type[Exception] = TrainingSettingError) -> float:
    """Return a finite real number of at least 0 as a float.

    Raises:
        TrainingSettingError: or `error`, for anything else.

    """
    if (
        not isinstance(value, Real)
        or isinstance(value, bool)
        or not isfinite(value)
        or float(value) < 0.0
    ):
        raise error(f"{name} is {value!r}; it must be a finite number of at least 0")
    return float(value)
