"""Power: x**y, real for x > 0, for x = 0 with y >= 0, and for x < 0 with an integer y.

Partials y x**(y-1) and x**y log(x). Where the exponent is a plain number, all derivatives are
powers of x alone. Conventions: at y = 0 the first is 0, also at x = 0 (where x**-1 has no value);
at x = 0 the second is 0, its limit for y > 0. For x < 0 the second does not exist. Where x**(y-1)
may overflow though y times it does not, at tiny x and y, the first is (y x**y)/x.
"""

from typing import Any

from mgcore import Op, ops

# Below these x**(y - 1) may overflow: only for such small x, and at these y not both it and x**y.
_TINY, _FLAT = 1e-30, 0.0625


def _by_base(out: Any, x: Any, y: Any) -> Any:
    if type(y) is float:
        return 2.0 * x if y == 2.0 else _by_base_alone(out, x, y)
    # The condition is 0 for 0**0 alone, where the slope is 0 whatever x**-1 is.
    usual = ops.select(ops.select(y, 1.0, ops.select(x, 1.0, 0.0)), y * x ** (y - 1.0), 0.0)
    # Where the power is far from overflow it is told by itself: y - 1 rounds, which counts.
    usual = ops.select(_is_plain(out, x, y), y * out / ops.select(x, x, 1.0), usual)
    flat = ops.select(ops.lt(abs(y), _FLAT), ops.select(x, 1.0, 0.0), 0.0)
    tiny = ops.select(ops.lt(abs(x), _TINY), flat, 0.0)
    return ops.select(tiny, y * out / x, usual)


def _is_plain(out: Any, x: Any, y: Any) -> Any:
    """Tell whether x and x**y are of a size at which y x**y / x is as good as y x**(y - 1)."""
    power = ops.logical_and(ops.gt(abs(out), 1e-37), ops.lt(abs(out), 1e37))
    base = ops.logical_and(ops.gt(abs(x), 1e-30), ops.lt(abs(x), 1e30))
    exponent = ops.logical_and(ops.gt(abs(y), _FLAT), ops.lt(abs(y), 1e15))
    return ops.logical_and(ops.logical_and(power, base), exponent)


def _by_base_alone(out: Any, x: Any, y: float) -> Any:
    """Return the slope of x to the power of a number, in the cheapest form for the usual ones."""
    if y == 3.0:
        return 3.0 * (x * x)
    if y == -1.0:
        return -(out * out)
    if y == 0.5:
        return 0.5 / out
    if y == 1.0 or y == 0.0:
        return y
    if abs(y) < _FLAT:
        tiny = ops.select(ops.lt(abs(x), _TINY), ops.select(x, 1.0, 0.0), 0.0)
        return ops.select(tiny, y * out / x, y * ops.pow(x, y - 1.0))
    if type(x) is float and x < 0.0:  # Python's own ** makes a complex number where y is no integer
        return y * ops.pow(x, y - 1.0)
    return y * x ** (y - 1.0)


def _by_exponent(out: Any, x: Any, y: Any) -> Any:
    # At x = 0 the logarithm counts as 1 for y > 0: the product is its limit 0, and its slope by x
    # is that of the other partial by y.
    return out * ops.select(x, ops.log(x + ops.select(x, 0.0, 1.0)), ops.gt(y, 0.0))


pow = Op(
    "pow",
    forward=lambda x, y: x**y,
    partials=(_by_base, _by_exponent),
    symbol="**",
    domain=("(0, inf)", "(-inf, inf)"),
    # Nearer to 0, x**(y-1) is too large for a float64 where y times it need not be.
    robust=("(1e-290, inf)", "(-inf, inf)"),
    doc="x ** y",
)
