"""sin(pi x)/(pi x), and 1 at 0, as NumPy has it. A composite: its forward rule is generic.

The turn is brought between 0 and 1/2, which rounds nothing; the sine of that over pi is a power
series (DLMF 4.19.1). Partial (cos(pi x) - sinc(x))/x, below 1/2 by its series (DLMF 10.53), since
that cancels.
"""

import math
from typing import Any

from mgcore import Op, ops

_TERMS = 13
_SINE = tuple(
    (-1.0) ** k * math.pi ** (2 * k) / math.factorial(2 * k + 1) for k in range(11, 0, -1)
)
_SERIES = tuple(
    (-1.0) ** k * 2.0 * k * math.pi ** (2 * k) / math.factorial(2 * k + 1)
    for k in range(_TERMS, 0, -1)
)


def _turned(x: Any) -> Any:
    """Return x less the even number nearest to it: a half turn is 1."""
    return x - 2.0 * ops.round(0.5 * x)


def _forward(x: Any) -> Any:
    size = abs(x)
    turn = _turned(size)
    part = ops.minimum(abs(turn), 1.0 - abs(turn))
    square = part * part
    sine = ops.copysign(part + part * (square * ops.polyval(square, *_SINE)), turn)
    return ops.select(size, sine / ops.select(size, size, 1.0), 1.0)


def _partial(out: Any, x: Any) -> Any:
    near = ops.lt(abs(x), 0.5)
    small = ops.select(near, x, 0.0)
    far = (ops.cos(math.pi * _turned(x)) - out) / ops.select(near, 1.0, x)
    return ops.select(near, small * ops.polyval(small * small, *_SERIES), far)


sinc = Op("sinc", forward=_forward, partials=(_partial,), doc="sin(pi * x) / (pi * x)")
