"""Hurwitz's zeta function: 1/q**s + 1/(q+1)**s + ..., s > 1, q > 0 (DLMF 25.11.1).

zeta(s, 1) is Riemann's. Ten terms, and the rest by Euler and Maclaurin's formula (DLMF 25.11.28); a
composite. Partial by q: -s zeta(s + 1, q). By s there is no rule: it is NaN; keep s a number.
"""

from typing import Any

from mgcore import Op, no_derivative, ops

_FIRST = 10
# Bernoulli's numbers B2, B4, ... over (2k)!
_RATIOS = (
    *(1.0 / 12.0, -1.0 / 720.0, 1.0 / 30240.0, -1.0 / 1209600.0, 1.0 / 47900160.0),
    *(-691.0 / 1307674368000.0, 1.0 / 74724249600.0, -3617.0 / 10670622842880000.0),
    *(43867.0 / 5109094217170944000.0, -174611.0 / 802857662698291200000.0),
)


def _power(q: Any, k: int, s: Any) -> Any:
    """Return (q + k)**-s; what the sum loses counts s times."""
    total = q + float(k)
    power = ops.pow(total, -s)
    lost = ops.select(ops.lt(q, 1e15), q - (total - float(k)), 0.0)
    return power - power * (s * (lost / total))


def _forward(s: Any, q: Any) -> Any:
    end = q + float(_FIRST)
    rest, product = 0.5, 1.0
    for k, ratio in enumerate(_RATIOS):
        for j in range(max(0, 2 * k - 1), 2 * k + 1):
            # Beyond 50 the terms after the first ten do not count.
            product = product * ops.minimum((s + float(j)) / end, 50.0)
        rest = rest + ratio * product
    power = _power(q, _FIRST, s)
    # Its product with a large number is more than 0, though it may be 0 itself.
    first = ops.select(ops.lt(end, 1e50), end * power, ops.pow(end, 1.0 - s))
    total = first / (s - 1.0) + power * rest
    for k in range(_FIRST - 1, 0, -1):
        total = total + _power(q, k, s)
    return total + ops.pow(q, -s)


def _by_q(_out: Any, s: Any, q: Any) -> Any:
    above = s + 1.0
    lost = s - (above - 1.0)  # counts with the slope of the logarithm, about -log(q) - 1/s
    slope = -s * ops.zeta(above, q)
    return slope - slope * (lost * (ops.log(q) + 1.0 / s))


zeta = Op(
    "zeta",
    forward=_forward,
    partials=(no_derivative, _by_q),
    domain=("(1, inf)", "(0, inf)"),
    doc="1/q**s + 1/(q + 1)**s + ...",
)
