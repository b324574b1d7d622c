"""Bessel functions of the first kind, J_n, of integer order (DLMF 10.2.2).

Partial (J_{n-1} - J_{n+1}) / 2 (DLMF 10.6.1): it needs neighbouring orders, which are ops made on
demand, and unlike J_{n-1} - n J_n / x it is well defined at x = 0. Beyond |x| = 1e9 the rounding of
x leaves little of the phase, so the domain ends there.
"""

import functools
from collections.abc import Callable
from typing import Any

from scipy.special import j0, j1, jv

from mgcore import Op, hookimpl, ops


def _j1(x: Any) -> Any:
    # SciPy's j1 loses digits of x where x is subnormal; there J1(x) = x / 2 to the last digit.
    return ops.select(ops.lt(x * x, 1e-20), 0.5 * x, j1(x))


@functools.cache
def bessel_j(order: int) -> Op:
    """Return the op J_order; the same op every time.

    Args:
        order: an integer of at least 0.

    Raises:
        ValueError: if `order` is negative.

    """
    if order < 0:
        raise ValueError(f"the order of a Bessel function here is at least 0, not {order}")
    if order == 0:
        forward = j0
        partials = (lambda out, x: -bessel_j(1)(x),)
    else:
        forward = _j1 if order == 1 else functools.partial(jv, order)
        partials = (lambda out, x: 0.5 * (bessel_j(order - 1)(x) - bessel_j(order + 1)(x)),)
    return Op(
        f"bessel_j{order}",
        forward=forward,
        partials=partials,
        domain=("[-1e9, 1e9]",),
        symbol=f"J{order}",
        doc=f"J_{order}(x), the Bessel function of the first kind",
    )


bessel_j0 = bessel_j(0)
bessel_j1 = bessel_j(1)


@hookimpl
def mgcore_register_ops() -> tuple[Op, Op]:
    """Bring both ops."""
    return bessel_j0, bessel_j1


@hookimpl
def mgcore_op_reference(op: Op) -> Callable[..., Any] | None:
    """Tell the conformance kit what they should compute."""
    from mpmath import besselj  # for tests alone

    orders = {bessel_j0: 0, bessel_j1: 1}
    return functools.partial(besselj, orders[op]) if op in orders else None
