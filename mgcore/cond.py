"""Choose which of two functions is called at all; `ops.select` computes both and takes one."""

import math
from collections.abc import Callable
from typing import Any

from mgcore import ops
from mgcore.value import Value

__all__ = ["cond"]


def cond(test: Any, f: Callable[[], Any], g: Callable[[], Any]) -> Any:
    """Return ``f()`` where `test` is not 0 (NaN counts as not 0), else ``g()``.

    Args:
        test: a number or a Value; derivatives do not flow through it.
        f: called with nothing, returns a number or a Value.
        g: called instead where `test` is 0.

    Returns:
        What the function gave that was called; the other one is not. Where `test` is a Value, the
        result remembers it: a kernel compiled from the recorded graph gives NaN, as value and as
        slopes, for data that would have taken the other way, which was never recorded. Any other
        type that takes over ops, such as the compiler's symbols, gets both by `ops.select`.

    >>> x = Value(-1.0)
    >>> cond(ops.gt(x, 0.0), lambda: ops.sqrt(x), lambda: 3.0 * x).data
    -3.0

    """
    if isinstance(test, Value):
        # A factor, so that the slopes are NaN too where the other way would have been taken.
        if test.number != 0.0:
            return f() * ops.select(test, 1.0, math.nan)
        return g() * ops.select(test, math.nan, 1.0)
    if hasattr(type(test), "__mgcore_apply__"):
        return ops.select(test, f(), g())
    return f() if test != 0.0 else g()
