"""Product of any number of operands: x1 x2 ...; of none it is 1.

The partial with respect to an operand is the product of all others, from those before it and those
after it, so that a 0 among them does no harm.
"""

from itertools import accumulate
from operator import mul
from typing import Any

from mgcore import Op


def _forward(*xs: Any) -> Any:
    total: Any = 1.0
    for x in xs:
        total = total * x
    return total


def _partials(_out: Any, *xs: Any) -> tuple[Any, ...]:
    before = accumulate(xs[:-1], mul, initial=1.0)
    after = list(accumulate(xs[:0:-1], mul, initial=1.0))
    return tuple(map(mul, before, reversed(after)))


prod = Op("prod", _forward, _partials, symbol="prod", doc="x1 * x2 * ...")
