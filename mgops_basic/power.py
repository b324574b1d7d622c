"""Powers with a constant exponent, each an op of one operand: power(3) is x**3 on the whole line.

``x ** 3`` records `pow` with the number 3 as a constant, whose rules know constants: it has the
same values and derivatives. An op of one operand is what an activation or a table needs. Partial
n x**(n - 1), and 0 for n = 0.
"""

import re
from functools import cache

from mgcore import Op, ops

__all__ = ["power"]


@cache
def power(exponent: float) -> Op:
    """Return the op x**exponent, the same one every time; it is not registered.

    Args:
        exponent: a finite number. A whole one has the whole line for its domain, without 0 where it
            is negative; any other the positive numbers.

    >>> power(3)(-2.0)
    -8.0
    >>> power(-0.5).name
    'power_minus_0_5'

    """
    n = float(exponent)
    text = str(int(n) if n.is_integer() else n).replace("-", "minus_")
    below = "(-inf, inf)" if n >= 0.0 else "(-inf, 0) | (0, inf)"
    return Op(
        f"power_{re.sub(r'[^a-z0-9_]', '_', text)}",
        forward=lambda x: ops.pow(x, n),
        partials=(lambda out, x: n * ops.pow(x, n - 1.0) if n else 0.0,),
        domain=below if n.is_integer() else "(0, inf)",
        doc=f"x ** {exponent}",
    )
