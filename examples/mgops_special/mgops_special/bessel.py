"""Bessel functions of the first kind, J_n, of integer order (DLMF 10.2.2).

Partial (J_{n-1} - J_{n+1}) / 2 (DLMF 10.6.1): it needs neighbouring orders, which are ops made on
demand, and unlike J_{n-1} - n J_n / x it is well defined at x = 0.
"""

import functools

from scipy.special import jv

from mgcore import Op


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
        partials = (lambda out, x: -bessel_j(1)(x),)
    else:
        partials = (lambda out, x: 0.5 * (bessel_j(order - 1)(x) - bessel_j(order + 1)(x)),)
    return Op(
        f"bessel_j{order}",
        forward=lambda x: jv(order, x),
        partials=partials,
        symbol=f"J{order}",
        doc=f"J_{order}(x), the Bessel function of the first kind",
    )


bessel_j0 = bessel_j(0)
bessel_j1 = bessel_j(1)
