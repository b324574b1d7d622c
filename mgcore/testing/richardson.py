"""Numerical derivatives of functions of floats, each with an estimate of its error.

Central differences with ever smaller steps, extrapolated to step 0 (Ridders, Advances in
Engineering Software 4, 1982): where the extrapolations agree best is the result.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from mgcore.testing.bounded import UNIT
from mgcore.testing.precise import Estimate

__all__ = ["derivative"]

_SHRINK = 1.6
_STEPS = 14
_TINY = 1e-3
_ROUGH = (1e-12, 1e-8, 1e-5, 1e-3)
_APART = 7.3
# The agreement of two extrapolations is an estimate, not a bound; this much is added to it.
_CAUTION = 30.0


def derivative(
    f: Callable[..., float],
    xs: Sequence[float],
    i: int,
    same_piece: Callable[[Sequence[float], Sequence[float]], bool],
    noise: float = 0.0,
) -> Estimate | None:
    """Estimate df/dx_i at `xs`.

    Args:
        f: a function of floats.
        xs: where.
        i: the operand to differentiate by.
        same_piece: whether f is smooth between two points; steps shrink until it is.
        noise: how far f itself may be off, beyond the rounding of its result.

    Returns:
        The derivative and a bound of its error; None where no step works.

    """
    size = abs(xs[i])
    h = _fitting(f, xs, i, same_piece, 0.02 * min(max(size, 0.5), 1.0))
    if h is None:
        return None
    noise += _jitter(f, xs, i, same_piece)
    near = (_extrapolated(f, xs, i, start, noise) for start in (h, h / _APART))
    found = _agreed(*near)
    for small in dict.fromkeys(abs(x) for x in xs if 0.0 < abs(x) < _TINY):
        # Tiny operands may be all the scale there is, as in atan2 near 0: steps of theirs tell more
        # or less than the others, but not something else.
        beside = _extrapolated(f, xs, i, 0.02 * small, noise)
        if found is None or (beside is not None and _agreed(found, beside) is None):
            return None
    wide = _fitting(f, xs, i, same_piece, 0.05 * size) if size > 1.0 else None
    if found is None or wide is None:
        return found
    # Where a function changes over the size of its operand, wide steps lose fewer digits; where it
    # turns many times within one, they are deceived, and the narrow ones tell.
    return _agreed(found, _extrapolated(f, xs, i, wide, noise)) or found


def _jitter(
    f: Callable[..., float],
    xs: Sequence[float],
    i: int,
    same_piece: Callable[[Sequence[float], Sequence[float]], bool],
) -> float:
    """Return how far f is from smooth over small steps, by differences that a smooth one has not.

    More than the rounding of its result where it is made of terms that are larger than that, whose
    stairs show over steps that move the largest term.
    """
    worst = 0.0
    for share in _ROUGH:
        h = min(share * abs(xs[i]), _ROUGH[-1]) or 1e-15
        if same_piece(_moved(xs, i, 3 * h), _moved(xs, i, -3 * h)):
            worst = max(worst, _roughness(f, xs, i, h))
    return worst


def _roughness(f: Callable[..., float], xs: Sequence[float], i: int, h: float) -> float:
    try:
        row = [f(*_moved(xs, i, k * h)) for k in range(-3, 4)]
    except (ArithmeticError, ValueError):
        return 0.0
    for _ in range(4):
        row = [after - before for before, after in pairwise(row)]
    return max((abs(bend) / 4.0 for bend in row if math.isfinite(bend)), default=0.0)


def _agreed(first: Estimate | None, second: Estimate | None) -> Estimate | None:
    """Return the sharper of two estimates; None unless they agree."""
    if first is None or second is None:
        return None
    if abs(first.value - second.value) > first.error + second.error:
        return None
    return min(first, second, key=lambda found: found.error)


def _extrapolated(
    f: Callable[..., float], xs: Sequence[float], i: int, h: float, own_noise: float
) -> Estimate | None:
    best, error = math.nan, math.inf
    before: list[float] = []
    for k in range(_STEPS):
        up, down = _moved(xs, i, h), _moved(xs, i, -h)
        width = up[i] - down[i]
        if width == 0.0:
            break
        above, below = f(*up), f(*down)
        noise = (16 * UNIT * (abs(above) + abs(below)) + own_noise) / width
        row = [(above - below) / width]
        factor = 1.0
        for j, old in enumerate(before):
            factor *= _SHRINK**2
            row.append((factor * row[j] - old) / (factor - 1))
            spread = max(abs(row[j + 1] - row[j]), abs(row[j + 1] - old)) + noise
            if spread < error:
                best, error = row[j + 1], spread
        if k > 2 and abs(row[-1] - before[-1]) > 4 * error:
            break
        before = row
        h /= _SHRINK
    if not (math.isfinite(best) and math.isfinite(error)):
        return None
    found = Estimate(best, _CAUTION * error)
    return found if _explains_small_steps(f, xs, i, found, own_noise) else None


def _explains_small_steps(
    f: Callable[..., float], xs: Sequence[float], i: int, found: Estimate, own_noise: float
) -> bool:
    """Tell whether f moves as the slope says; an oscillation finer than all steps does not."""
    here = f(*xs)
    for ulps in (1, 16, 256):
        moved = _moved(xs, i, ulps * math.ulp(xs[i]))
        width = abs(moved[i] - xs[i])
        there = f(*moved)
        noise = 64 * UNIT * (abs(here) + abs(there)) + 4 * own_noise
        if abs(there - here) > 4 * width * (abs(found.value) + found.error) + noise + 1e-300:
            return False
    return True


def _fitting(
    f: Callable[..., float],
    xs: Sequence[float],
    i: int,
    same_piece: Callable[[Sequence[float], Sequence[float]], bool],
    h: float,
) -> float | None:
    """Return `h`, or what is left of it after halving until f is smooth over the step."""
    for _ in range(60):
        if xs[i] + h == xs[i]:
            break
        up, down = _moved(xs, i, h), _moved(xs, i, -h)
        try:
            if same_piece(up, down) and math.isfinite(f(*up)) and math.isfinite(f(*down)):
                return h
        except ArithmeticError:  # outside of what floats can hold
            pass
        h /= 2
    return None


def _moved(xs: Sequence[float], i: int, h: float) -> list[float]:
    return [x + h if k == i else x for k, x in enumerate(xs)]
