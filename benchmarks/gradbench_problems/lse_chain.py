"""The same as lse, with the largest x found by a chain of maximum, two numbers at a time."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from gradbench_problems import lse

if TYPE_CHECKING:
    from gradbench_problems.systems import Instance

SIZES = {"tiny": (7,), "small": (2_500,), "medium": (10_000,)}
NAMES, instance, loss, casadi = lse.NAMES, lse.instance, lse.loss, lse.casadi


def mgcore(instance: Instance) -> Any:
    import mgcompile
    from mgcore import ops

    def chained(xs: Any) -> Any:
        largest = functools.reduce(ops.maximum, xs)
        return largest + ops.log(ops.sum(*[ops.exp(x - largest) for x in xs]))

    (x,) = instance.params
    kernel = mgcompile.trace(chained, (x.tolist(),))
    return lambda: kernel(x), lambda: kernel.value_and_grad(x)
