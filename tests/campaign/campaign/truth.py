"""Values, gradients and second derivatives of a graph by formulas written here, none of mgcore's.

Forward mode to second order along chosen directions, in 80-bit floats. Beside the true numbers
(column 0) the same run carries columns in which every result is disturbed by about one rounding of
float64, and others of float32: how far they scatter is what rounding may do to this graph, whatever
the order of operations, and the tolerance comes from it.

Conventions: relu' and abs' at 0 are 0, maximum and minimum give a half each at a tie, a factor of
exactly 0 makes a contribution 0, a branch that select does not take contributes nothing. NaN stands
for what is not defined (and is then not compared).
"""

from __future__ import annotations

import functools

import attrs
import mpmath
import numpy as np

from campaign import by_reference

__all__ = ["EPS", "FIRST", "LENIENT", "SECOND", "Truth", "evaluate", "rules"]

F = np.longdouble
LAST = 5
COLUMNS = {"float64": slice(1, 1 + LAST), "float32": slice(1 + LAST, 1 + 2 * LAST)}
EPS = {"float64": 2.0**-53, "float32": 2.0**-24}
LARGEST = {"float64": F(1.7976931348623157e308), "float32": F(3.4e38)}
FIRST, SECOND = 1, 2
K = 1 + 2 * LAST
_SCALE = np.array([0.0, *[EPS["float64"]] * LAST, *[EPS["float32"]] * LAST], dtype=F)
_LIMITS = np.array([LARGEST["float64"]] * (1 + LAST) + [LARGEST["float32"]] * LAST)
_ROOT_HALF = 1 / np.sqrt(F(2))
_PHI_0 = 1 / np.sqrt(2 * F("3.14159265358979323846264338327950288"))
_DIGITS = 25
AMBIGUOUS = 1000.0
"""A comparison closer than so many scatters may go either way."""


@functools.cache
def _pool():
    rng = np.random.default_rng(7)
    size = (1 << 16, K)
    signs = rng.choice([-1.0, 1.0], size=size)
    return (rng.uniform(0.5, 1.0, size=size) * signs).astype(F) * _SCALE


LENIENT: set[str] = set()
"""Known faults of accuracy, see `known`: they count as rounding while they wait."""


class Noise:
    """Random disturbances, one rounding large, zero in column 0."""

    def __init__(self, seed):
        self.pool = _pool()
        self.at = seed * 7919 % len(self.pool)

    def __call__(self, rows):
        self.at += rows
        if self.at + rows > len(self.pool):
            self.at = self.at * 31 % 997
        return self.pool[self.at : self.at + rows]


@attrs.define
class Dual:
    """A value with derivatives: v (R, K), g (n, R, K), t (D, R, K), h (n, D, R, K).

    g is to each leaf, t along each direction, h the Hessian times each direction; None for 0.
    """

    v: object
    g: object = None
    t: object = None
    h: object = None
    rounds_in: object = None
    """Whether sums of such numbers round, by sample and precision (R, 2); None: not looked."""


@attrs.define
class Context:
    """What a run over a graph collects: which samples cannot be judged, and why."""

    noise: Noise
    rows: int
    order: int
    ambiguous: dict = attrs.Factory(dict)
    wild: object = None
    """Samples in which some number was so large or small that others may overflow."""
    broken: object = None
    """Samples in which some value was not finite."""
    tiny: object = None
    """Samples in which some local derivative was so small that float64 has fewer digits for it."""

    def note_tiny(self, p):
        """Note the samples in which a local derivative, scalar or (R, K), is tiny but not 0."""
        if np.ndim(p):
            size = np.abs(p[..., 0])
            self.tiny |= (size > 0) & (size < TINIEST)

    def tie(self, d):
        """Return the sign of d in the true column, for all; note the samples where it may differ.

        Args:
            d: what is compared with 0, (R, K).
        """
        first = d[:, :1]
        for dtype, columns in COLUMNS.items():
            with np.errstate(invalid="ignore"):
                scatter = np.max(np.abs(d[:, columns] - first), axis=1)
            near = (scatter > 0) & ~(np.abs(first[:, 0]) > AMBIGUOUS * scatter)
            self.ambiguous[dtype] = self.ambiguous[dtype] | near
        return np.sign(first)


_BITS = np.array([2.0**20, 2.0**8], dtype=F)


def _rounds(dual):
    """Tell for float64 and float32 whether a number is no multiple of 2**-b below 2**b, (R, 2)."""
    if dual.rounds_in is None:
        first = np.abs(dual.v[:, :1])
        scaled = first * _BITS
        dual.rounds_in = (first >= _BITS) | (scaled != np.rint(scaled))
    return dual.rounds_in


# Rules. Each gives the value, a list of partials, and a function of the operands' g and t that
# gives the second-order part; scales say to what size a rounding error may be relative.


@attrs.frozen
class Local:
    """What a rule gives: the value, partials by operand, second partials by pair (i <= j)."""

    v: object
    p: tuple
    q: dict
    v_scale: object = None
    p_scale: tuple | None = None
    q_scale: dict = attrs.Factory(dict)
    rounds: bool = True


def _smooth(v, d, q, **scales):
    p_scale = scales.pop("d_scale", None)
    q_scale = scales.pop("q_scale", None)
    return Local(
        v,
        (d,),
        {(0, 0): q},
        p_scale=None if p_scale is None else (p_scale,),
        q_scale={} if q_scale is None else {(0, 0): q_scale},
        **scales,
    )


def _precise(f, x):
    with mpmath.workdps(_DIGITS):
        flat = [_from_mp(f, value) for value in x.ravel()]
    return np.array(flat, dtype=F).reshape(x.shape)


def _from_mp(f, value):
    if not np.isfinite(value):
        return F(f(float(value))) if not np.isnan(value) else F("nan")
    m, e = np.frexp(value)
    high = int(m * F(2) ** 64)
    found = f(mpmath.ldexp(mpmath.mpf(high), int(e) - 64))
    return F(mpmath.nstr(found, 22))


def _add(c, x, y):
    return Local(x + y, (F(1), F(1)), {}, v_scale=np.abs(x) + np.abs(y))


def _sub(c, x, y):
    return Local(x - y, (F(1), F(-1)), {}, v_scale=np.abs(x) + np.abs(y))


def _mul(c, x, y):
    return Local(x * y, (y, x), {(0, 1): F(1)})


def _div(c, x, y):
    r = 1 / y
    return Local(x * r, (r, -x * r * r), {(0, 1): -r * r, (1, 1): 2 * x * r * r * r})


def _neg(c, x):
    return Local(-x, (F(-1),), {}, rounds=False)


def _pow(c, x, y):
    integer = np.rint(y) == y
    v = np.power(np.abs(x), y)
    odd = integer & (np.fmod(np.abs(y), 2) == 1)
    v = np.where((x < 0) & odd, -v, v)
    v = np.where((x < 0) & ~integer, F("nan"), v)

    def power(k):
        """The falling factorial of y times x**(y - k): 0 where the factor is."""
        factor = y if k == 1 else y * (y - 1)
        size = np.power(np.abs(x), y - k)
        size = np.where((x < 0) & ((odd) != (k % 2 == 1)), -size, size)
        return np.where(factor == 0, F(0), factor * size)

    log = np.log(np.abs(x))
    p0, q00 = power(1), power(2)
    bad = (x < 0) | (x == 0)
    p1 = np.where(x == 0, np.where(y > 0, F(0), F("nan")), np.where(x < 0, F("nan"), v * log))
    q01 = np.where(bad, F("nan"), np.power(np.abs(x), y - 1) * (1 + y * log))
    q11 = np.where(bad, F("nan"), v * log * log)
    amp = 1 + np.where(x == 0, F(0), np.abs(y * log))
    s1 = np.where(bad, F(0), np.abs(p1) * amp + np.abs(v))
    return Local(
        v,
        (p0, p1),
        {(0, 0): q00, (0, 1): q01, (1, 1): q11},
        v_scale=np.abs(v) * amp,
        p_scale=(np.abs(p0) * amp, s1),
        q_scale={(0, 0): np.abs(q00) * amp * 4, (0, 1): np.abs(q01) * amp * 4 + s1},
    )


def _exp(c, x):
    e = np.exp(x)
    return _smooth(e, e, e)


def _log(c, x):
    v = np.where(x >= 0, np.log(np.abs(x)), F("nan"))
    return _smooth(v, 1 / x, -1 / (x * x))


def _sqrt(c, x):
    v = np.sqrt(x)
    return _smooth(v, F(0.5) / v, F(-0.25) / (v * x))


def _exp2(c, x):
    log_2 = np.log(F(2))
    v = np.exp2(x)
    scale = np.abs(v) * (1 + np.abs(x))
    return _smooth(v, log_2 * v, log_2**2 * v, v_scale=scale, d_scale=scale, q_scale=scale)


def _expm1(c, x):
    e = np.exp(x)
    return _smooth(np.expm1(x), e, e)


def _log1p(c, x):
    v = np.where(x >= -1, np.log1p(np.maximum(x, -1)), F("nan"))
    y = 1 + x
    return _smooth(v, 1 / y, -1 / (y * y))


def _logarithm(base):
    def rule(c, x):
        whole = np.log(F(base))
        v = np.where(x >= 0, np.log(np.abs(x)), F("nan")) / whole
        return _smooth(v, 1 / (x * whole), -1 / (x * x * whole))

    return rule


def _cbrt(c, x):
    v = np.cbrt(x)
    d = 1 / (3 * v * v)
    return _smooth(v, d, -2 * d / (3 * x))


def _square(c, x):
    return _smooth(x * x, 2 * x, F(2) + np.zeros_like(x))


def _reciprocal(c, x):
    r = 1 / x
    return _smooth(r, -r * r, 2 * r * r * r)


def _rsqrt(c, x):
    r = 1 / np.sqrt(x)
    return _smooth(r, -r / (2 * x), 3 * r / (4 * x * x))


def _tan(c, x):
    v = np.tan(x)
    d = 1 + v * v
    return _smooth(v, d, 2 * v * d)


def _asin(c, x):
    d = 1 / np.sqrt((1 - x) * (1 + x))
    return _smooth(np.arcsin(x), d, x * d**3)


def _acos(c, x):
    d = -1 / np.sqrt((1 - x) * (1 + x))
    return _smooth(np.arccos(x), d, x * d**3)


def _atan(c, x):
    d = 1 / (1 + x * x)
    return _smooth(np.arctan(x), d, -2 * x * d * d)


def _sinh(c, x):
    v = np.sinh(x)
    return _smooth(v, np.cosh(x), v)


def _cosh(c, x):
    v = np.cosh(x)
    return _smooth(v, np.sinh(x), v)


def _asinh(c, x):
    d = 1 / np.sqrt(1 + x * x)
    return _smooth(np.arcsinh(x), d, -x * d**3)


def _acosh(c, x):
    d = 1 / np.sqrt((x - 1) * (x + 1))
    return _smooth(np.arccosh(x), d, -x * d**3)


def _atanh(c, x):
    d = 1 / ((1 - x) * (1 + x))
    return _smooth(np.arctanh(x), d, 2 * x * d * d)


def _abs(c, x):
    return Local(np.abs(x), (c.tie(x) + np.zeros_like(x),), {}, rounds=False)


def _sin(c, x):
    s = np.sin(x)
    return _smooth(s, np.cos(x), -s)


def _cos(c, x):
    v = np.cos(x)
    return _smooth(v, -np.sin(x), -v)


def _erf(c, x):
    d = 2 * _PHI_0 / _ROOT_HALF * np.exp(-x * x)
    q = -2 * x * d
    amp = 1 + x * x
    v = _precise(mpmath.erf, x)
    return _smooth(v, d, q, d_scale=np.abs(d) * amp, q_scale=np.abs(q) * amp)


def _compare(test):
    def rule(c, x, y):
        v = test(c.tie(x - y)).astype(F) + np.zeros_like(x + y)
        return Local(v, (F(0), F(0)), {}, rounds=False)

    return rule


def _larger(sign):
    def rule(c, x, y):
        s = sign * c.tie(x - y) + np.zeros_like(x + y)
        v = np.where(s > 0, x, y)
        return Local(v, ((1 + s) / 2, (1 - s) / 2), {}, rounds=False)

    return rule


def _select(c, condition, x, y):
    taken = (c.tie(condition) != 0) + np.zeros_like(condition + x + y, dtype=bool)
    return Local(
        np.where(taken, x, y), (F(0), taken.astype(F), 1 - taken.astype(F)), {}, rounds=False
    )


def _cond(c, condition, x, y):
    """Return what was called at the first sample, the one recorded; NaN where it was not."""
    local = _select(c, condition, x, y)
    taken = local.p[1]
    return attrs.evolve(local, v=np.where(taken == taken[:1], local.v, F("nan")))


def _sum(c, *xs):
    scale = sum(np.abs(x) for x in xs)
    return Local(sum(xs[1:], xs[0]), (F(1),) * len(xs), {}, v_scale=scale)


def _dot(c, *xs):
    half = len(xs) // 2
    terms = [x * y for x, y in zip(xs, xs[half:], strict=False)]
    p = xs[half:] + xs[:half]
    q = {(i, i + half): F(1) for i in range(half)}
    return Local(sum(terms[1:], terms[0]), p, q, v_scale=sum(np.abs(t) for t in terms))


def _relu(c, x):
    on = (c.tie(x) > 0) + np.zeros_like(x, dtype=bool)
    return Local(np.where(on, x, F(0)), (on.astype(F),), {}, rounds=False)


def _leaky_relu(c, x):
    slope = F(0.01)  # the float64 nearest to it, as the op has it
    on = (c.tie(x) > 0) + np.zeros_like(x, dtype=bool)
    return Local(np.where(on, x, slope * x), (np.where(on, F(1), slope),), {})


def _elu(c, x):
    s = c.tie(x) + np.zeros_like(x)
    e = np.exp(np.where(s > 0, F(0), x))
    q = np.where(s > 0, F(0), np.where(s == 0, F("nan"), e))
    return _smooth(np.where(s > 0, x, np.expm1(np.where(s > 0, F(0), x))), e, q)


def _tanh(c, x):
    e = np.exp(-2 * np.abs(x))
    v, d = np.tanh(x), 4 * e / (1 + e) ** 2
    scale = d * (1 + np.minimum(np.abs(x), 400))
    if "tanh slope" in LENIENT:
        scale = 2 * v * v
    return _smooth(v, d, -2 * v * d, d_scale=scale, q_scale=np.abs(2 * v) * scale + d)


def _logistic(x):
    e = np.exp(-np.abs(x))
    s = np.where(x >= 0, 1 / (1 + e), e / (1 + e))
    d = e / (1 + e) ** 2
    return s, d, -np.tanh(x / 2) * d


def _sigmoid(c, x):
    s, d, q = _logistic(x)
    return _smooth(s, d, q, q_scale=np.abs(d))


def _softplus(c, x):
    s, d, _ = _logistic(x)
    return _smooth(np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))), s, d)


def _silu(c, x):
    s, d, q = _logistic(x)
    return _smooth(
        x * s,
        s + x * d,
        2 * d + x * q,
        d_scale=s + np.abs(x * d),
        q_scale=2 * d + np.abs(x) * d,
    )


def _gelu(c, x):
    big_phi = _precise(lambda z: mpmath.erfc(-z / mpmath.sqrt(2)) / 2, x)
    phi = _PHI_0 * np.exp(-x * x / 2)
    amp = 1 + x * x
    return _smooth(
        x * big_phi,
        big_phi + x * phi,
        phi * (2 - x * x),
        v_scale=np.abs(x * big_phi) * amp,
        d_scale=(big_phi + np.abs(x * phi)) * amp + ("gelu slope" in LENIENT),
        q_scale=phi * (2 + x * x) * amp,
    )


def _cut(low, high, slope):
    def rule(c, x):
        inside = (c.tie(x - low) > 0) & (c.tie(high - x) > 0) & np.ones_like(x, dtype=bool)
        d = np.where(inside, 1 / F(slope), F(0))
        offset = -F(low) if slope != 1 else F(0)
        v = (np.clip(x, low, high) + offset) / F(slope)
        scale = (np.abs(x) + abs(low)) / slope
        return Local(v, (d,), {}, v_scale=np.where(inside, scale, F(0)), rounds=slope != 1)

    return rule


def _hardswish(c, x):
    up, down = c.tie(x + 3), c.tie(3 - x)
    inside = (up > 0) & (down > 0) & np.ones_like(x, dtype=bool)
    above = (down <= 0) & np.ones_like(x, dtype=bool)
    v = np.where(inside, x * (x + 3) / 6, np.where(above, x, F(0)))
    d = np.where(inside, (2 * x + 3) / 6, np.where(above, F(1), F(0)))
    q = np.where(inside, 1 / F(3), F(0))
    return _smooth(v, d, q, d_scale=(2 * np.abs(x) + 3) / 6)


def _selu(c, x):
    scale, below = F("1.0507009873554804934"), F("1.7580993408473768599")
    s = c.tie(x) + np.zeros_like(x)
    low = np.where(s > 0, F(0), x)
    e = below * np.exp(low)
    return _smooth(
        np.where(s > 0, scale * x, below * np.expm1(low)),
        np.where(s > 0, scale, e),
        np.where(s > 0, F(0), np.where(s == 0, F("nan"), e)),
    )


def _logsigmoid(c, x):
    s, d, _ = _logistic(-x)
    return _smooth(np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x))), s, -d)


def _mish(c, x):
    s, d, _ = _logistic(x)
    p = np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))
    t = np.tanh(p)
    u = 4 * np.exp(-2 * p) / (1 + np.exp(-2 * p)) ** 2
    first = t + x * u * s
    bend = 2 * u * s + x * u * (d - 2 * t * s * s)
    size = 2 * u * s + np.abs(x) * u * (d + 2 * t * s * s)
    return _smooth(x * t, first, bend, d_scale=t + np.abs(x * u * s), q_scale=size)


def _take(c, index, *xs):
    taken = [(index == place) + np.zeros_like(xs[0], dtype=bool) for place in range(len(xs))]
    value = sum(np.where(one, x, F(0)) for one, x in zip(taken, xs, strict=True))
    return Local(value, (F(0), *(one.astype(F) for one in taken)), {}, rounds=False)


def _ste_round(c, x):
    c.tie(x - np.floor(x) - F(0.5))
    return Local(np.rint(x), (np.ones_like(x),), {}, rounds=False)


def _ste_sign(c, x):
    c.tie(x)
    inside = (c.tie(1 - x) > 0) & (c.tie(1 + x) > 0)
    return Local(np.sign(x), (inside.astype(F),), {}, rounds=False)


def _by_reference(name):
    """Return the rule of an op by its reference: the disturbed columns are near the true one."""

    def rule(c, *xs):
        xs = [x + np.zeros((c.rows, K), dtype=F) for x in xs]
        v, p, q = _referred(name, [x[:, 0] for x in xs])
        for dtype, relative in (("float64", 1e-9), ("float32", 1e-3)):
            for row in range(c.rows):
                point = tuple(float(x[row, 0]) for x in xs)
                c.ambiguous[dtype][row] |= by_reference.near_kink(name, point, relative)
        off = [x - x[:, :1] for x in xs]
        count = range(len(xs))
        pair = lambda i, j: q[min(i, j), max(i, j)]  # noqa: E731 - one short name
        # What is not disturbed keeps its value where a slope is not defined: xlogy at (0, 0).
        slopes = [p[i] + sum(_along(pair(i, j), off[j]) for j in count) for i in count]
        value = v + sum(_along((p[i] + slopes[i]) / 2, off[i]) for i in count)
        # Special functions of several steps, as beta is, promise fewer digits.
        size = [np.abs(x) * (16 if name in by_reference.SPECIAL else 1) for x in xs]
        v_scale = np.abs(v) + sum(np.abs(p[i]) * size[i] for i in count)
        p_scale = tuple(
            np.abs(p[i]) * (16 if name in by_reference.SPECIAL else 1)
            + sum(np.abs(pair(i, j)) * size[j] for j in count)
            for i in count
        )
        most = sum(np.abs(d) for d in q.values()) + sum(np.abs(d) for d in p)
        return Local(
            value, tuple(slopes), q, v_scale=v_scale, p_scale=p_scale,
            q_scale=dict.fromkeys(q, 8 * most),
        )  # fmt: skip

    return rule


def _along(slope, off):
    return np.where(off == 0, F(0), slope * off)


def _referred(name, points):
    rows = [by_reference.numbers(name, tuple(map(float, row))) for row in zip(*points, strict=True)]
    number = lambda x: F(mpmath.nstr(x, 22)) if isinstance(x, mpmath.mpf) else F("nan")  # noqa: E731 - used here alone
    column = lambda found: np.array([[number(x)] for x in found], dtype=F)  # noqa: E731 - used here alone
    value = column(row[0] for row in rows)
    slopes = [column(row[1][i] for row in rows) for i in range(len(points))]
    bends = {key: column(row[2][key] for row in rows) for key in rows[0][2]}
    return value, slopes, bends


rules = {
    "add": _add,
    "sub": _sub,
    "mul": _mul,
    "div": _div,
    "neg": _neg,
    "pow": _pow,
    "exp": _exp,
    "log": _log,
    "sqrt": _sqrt,
    "abs": _abs,
    "exp2": _exp2,
    "expm1": _expm1,
    "log1p": _log1p,
    "take": _take,
    "ste_round": _ste_round,
    "ste_sign": _ste_sign,
    "log2": _logarithm(2),
    "log10": _logarithm(10),
    "cbrt": _cbrt,
    "square": _square,
    "reciprocal": _reciprocal,
    "rsqrt": _rsqrt,
    "sin": _sin,
    "cos": _cos,
    "tan": _tan,
    "asin": _asin,
    "acos": _acos,
    "atan": _atan,
    "sinh": _sinh,
    "cosh": _cosh,
    "asinh": _asinh,
    "acosh": _acosh,
    "atanh": _atanh,
    "erf": _erf,
    "maximum": _larger(1),
    "minimum": _larger(-1),
    "gt": _compare(lambda s: s > 0),
    "ge": _compare(lambda s: s >= 0),
    "lt": _compare(lambda s: s < 0),
    "le": _compare(lambda s: s <= 0),
    "select": _select,
    "cond": _cond,
    "sum": _sum,
    "dot": _dot,
    "relu": _relu,
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    "tanh": _tanh,
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "silu": _silu,
    "gelu": _gelu,
    "relu6": _cut(0, 6, 1),
    "hardtanh": _cut(-1, 1, 1),
    "hardsigmoid": _cut(-3, 3, 6),
    "hardswish": _hardswish,
    "selu": _selu,
    "logsigmoid": _logsigmoid,
    "mish": _mish,
}
"""All but logsumexp, whose second order is written out below, and what `by_reference` has."""

for _name in (*by_reference.NAMES, *by_reference.SPECIAL):
    if _name not in rules and _name != "logsumexp":
        rules[_name] = _by_reference(_name)

_EXACT_OPS = {"add", "sub", "mul", "sum", "dot", "pow", "leaky_relu"}


_NAN_STAYS = {
    *("relu", "leaky_relu", "elu", "selu", "relu6", "hardtanh", "hardsigmoid", "hardswish"),
    *("maximum", "minimum"),
}
"""Ops with branches, none of which NaN takes."""


def _times(p, d):
    """Multiply derivatives by a local one: a factor of exactly 0 gives 0."""
    term = p * d
    if not np.isfinite(term).all():
        term = np.where(p == 0, F(0), term)
    return term


def _plus(total, term):
    return term if total is None else total + term


def _disturbed(number, scale, context, *, added=False):
    if np.ndim(number) == 0 and not (added and number):
        return number  # a plain 0, 1 or -1
    return number + context.noise(context.rows) * (np.abs(number) if scale is None else scale)


def _value(op, local, operands, context):
    """Disturb a value where the op rounds, and end it where float64 does."""
    v = local.v
    if local.rounds:
        noise = context.noise(context.rows) * (
            np.abs(v) if local.v_scale is None else local.v_scale
        )
        if op in _EXACT_OPS:
            rounds = _rounds(Dual(v))
            for x in operands:
                rounds = rounds | _rounds(x)
            if not rounds.all():
                noise[:, COLUMNS["float64"]] *= rounds[:, :1]
                noise[:, COLUMNS["float32"]] *= rounds[:, 1:]
        v = v + noise
        if not np.isfinite(v).all():
            v = np.where(np.isfinite(noise), v, local.v)
    size = np.abs(v)
    if (size > _LIMITS).any():
        v = np.where(size > _LIMITS, np.copysign(F("inf"), v), v)
    return v


def _logsumexp(xs, context):
    m = np.max([x.v for x in xs], axis=0)
    es = [np.exp(x.v - m) for x in xs]
    total = sum(es[1:], es[0])
    log = np.log(total)
    # log1p where one term carries nearly everything
    small = total - 1
    log = np.where(small < 0.5, np.log1p(sum(_but_the_largest(es, xs, m))), log)
    local = Local(m + log, (), {}, v_scale=np.abs(m) + np.abs(log))
    out = Dual(_value("logsumexp", local, (), context))
    soft = [
        _disturbed(e / total, _softmax_scale(e / total, x.v, m), context)
        for e, x in zip(es, xs, strict=True)
    ]
    mean_t = None
    for s, x in zip(soft, xs, strict=True):
        if x.g is None:
            continue
        # e**(x - m) itself may have been lost to 0
        context.tiny |= x.v[:, 0] - m[:, 0] < -600
        context.note_tiny(s)
        out.g = _plus(out.g, _times(s, x.g))
        if context.order >= SECOND:
            mean_t = _plus(mean_t, _times(s, x.t))
    if context.order >= SECOND and out.g is not None:
        out.t = mean_t
        out.h = -out.g[:, None] * out.t[None]
        for s, x in zip(soft, xs, strict=True):
            if x.g is not None:
                out.h = out.h + s * x.g[:, None] * x.t[None]
                if x.h is not None:
                    out.h = out.h + s * x.h
    return out


def _softmax_scale(s, x, m):
    if "logsumexp slope" in LENIENT:
        return s * (1 + np.abs(x) + np.abs(m))
    return s * (1 + np.minimum(np.abs(x - m), 800))


def _but_the_largest(es, xs, m):
    """Yield the terms but one of the largest operand, for every element."""
    found = np.zeros_like(es[0], dtype=bool)
    for e, x in zip(es, xs, strict=True):
        largest = (x.v == m) & ~found
        found = found | largest
        yield np.where(largest, F(0), e)


def _select_duals(local, xs):
    """Return derivatives of select: those of what was taken, whatever the other's are."""
    taken = local.p[1] != 0
    if xs[1].g is None and xs[2].g is None:
        return None, None, None

    def pick(a, b):
        if a is None and b is None:
            return None
        a = np.zeros_like(b) if a is None else a
        b = np.zeros_like(a) if b is None else b
        return np.where(taken, a, b)

    return tuple(pick(getattr(xs[1], k), getattr(xs[2], k)) for k in "gth")


def apply(op, xs, context):
    """Return op(xs) with its derivatives."""
    if op == "logsumexp":
        return _logsumexp(xs, context)
    local = rules[op](context, *[x.v for x in xs])
    if op in _NAN_STAYS and any(np.isnan(x.v).any() for x in xs):
        lost = functools.reduce(np.logical_or, [np.isnan(x.v) for x in xs])
        local = attrs.evolve(local, v=np.where(lost, F("nan"), local.v))
    out = Dual(_value(op, local, xs, context))
    if op in ("select", "cond"):
        out.g, out.t, out.h = _select_duals(local, xs)
        if op == "cond":
            lost = np.isnan(local.v)
            out.g = None if out.g is None else np.where(lost, F("nan"), out.g)
            out.h = None if out.h is None else np.where(lost, F("nan"), out.h)
        return out
    felt = sum(x.g is not None for x in xs)
    for i, (p, x) in enumerate(zip(local.p, xs, strict=True)):
        if x.g is None:
            continue
        context.note_tiny(p)
        # Reverse mode adds up what users contribute, and may do so before it cancels.
        p = _disturbed(p, local.p_scale[i] if local.p_scale else None, context, added=felt > 1)
        out.g = _plus(out.g, _times(p, x.g))
        if context.order >= SECOND:
            out.t = _plus(out.t, _times(p, x.t))
            if x.h is not None:
                out.h = _plus(out.h, p * x.h)
    if context.order >= SECOND:
        for (i, j), q in local.q.items():
            if xs[i].g is None or xs[j].g is None:
                continue
            q = _disturbed(q, local.q_scale.get((i, j)), context)
            out.h = _plus(out.h, _second(q, xs[i], xs[j], same=i == j))
    return out


def _second(q, x, y, *, same):
    term = q * x.g[:, None] * y.t[None]
    if not same:
        term = term + q * y.g[:, None] * x.t[None]
    if not np.isfinite(term).all():
        # A second derivative that is not there matters only where both are moved.
        term = np.where(np.isfinite(q), term, np.where(_felt(x, y), F("nan"), F(0)))
    return term


def _felt(x, y):
    return ((x.g[:, None] != 0) & (y.t[None] != 0)) | ((y.g[:, None] != 0) & (x.t[None] != 0))


@attrs.define
class Truth:
    """What is right for a graph, on its samples, with the scatter of rounding in more columns.

    Attributes:
        v: per output (R, K).
        g: per output (n, R, K).
        h: per output (n, D, R, K): the Hessian times each of `directions` (D, n).
        usable: dtype -> (R,) whether a sample can be judged at all.
        broken: (R,) whether some value on the way is not finite.
        wild: dtype -> (R,) whether some number is so large or small that others may overflow.
        tiny: (R,) whether some number is so small that derivatives may lose digits to it.
        extreme: (R,) whether a product of two numbers may leave the range: second derivatives, in
            which a factor may come twice before another brings it back, may be lost to that.
    """

    v: list
    g: list
    h: list
    directions: object
    usable: dict
    broken: object
    wild: dict
    tiny: object
    extreme: object

    def hessian_times(self, output, vector):
        """Return (n, R, K): the Hessian times a combination of the directions, by its factors."""
        return sum(self.h[output][:, k] * F(f) for k, f in enumerate(vector))


TINIEST = 1e-290
"""Below it float64 soon has fewer digits."""

WILD = {"float64": (1e-100, 1e100), "float32": (1e-12, 1e12)}


def evaluate(graph, *, order=SECOND, directions=None, params=None, points=None, seed=0):
    """Return the truth of a graph.

    Args:
        graph: the graph.
        order: FIRST, or SECOND with Hessians.
        directions: (D, n): what the Hessian is multiplied by; all unit vectors if None.
        points: places of n nodes to differentiate by, the leaves if None; by an inner node is meant
            the effect of a nudge that is added to it, on all that is computed from it.
        params: (n_params, K) numbers instead of the recorded parameters, each column its own.
        seed: of the disturbances.
    """
    with np.errstate(all="ignore"):
        return _evaluate(graph, order, directions, params, points or graph.leaves, seed)


def _evaluate(graph, order, directions, params, points, seed):
    samples, n = graph.samples, len(points)
    rows = len(samples)
    context = Context(Noise(seed), rows, order)
    context.tiny = np.zeros(rows, dtype=bool)
    context.ambiguous = {dtype: np.zeros(rows, dtype=bool) for dtype in COLUMNS}
    directions = np.eye(n) if directions is None else np.asarray(directions, dtype=float)
    seeds = {place: k for k, place in enumerate(points)}
    own = {p: params[k] for k, p in enumerate(graph.params)} if params is not None else {}
    columns = {p: [row[k] for row in samples] for k, p in enumerate(graph.inputs)}
    duals, broken = [], np.zeros(rows, dtype=bool)
    tiny = np.zeros(rows, dtype=bool)
    smallest, largest = np.full(rows, F("inf")), np.zeros(rows, dtype=F)
    smallest_slope = np.full(rows, F("inf"))
    skipped = _not_taken(graph, samples)
    for place, node in enumerate(graph.nodes):
        if node.leaf:
            dual = _leaf(node, columns.get(place), own.get(place), context)
        else:
            dual = apply(node.op, [duals[i] for i in node.operands], context)
            felt = ~skipped[place]
            broken |= felt & ~np.isfinite(dual.v[:, 0])
            size = np.abs(dual.v[:, 0])
            # Where float64 has fewer digits, or none, a rounding is no part of the number.
            context.ambiguous["float64"] |= (size > 0) & (size < TINIEST)
            largest = np.where(felt & (size > largest), size, largest)
            smallest = np.where(felt & (size > 0) & (size < smallest), size, smallest)
            if dual.g is not None:
                slope = np.max(np.abs(dual.g[:, :, 0]), axis=0)
                largest = np.where(felt & (slope > largest), slope, largest)
                slope = np.min(_nonzero(dual.g[:, :, 0]), axis=0)
                smallest_slope = np.where(felt & (slope < smallest_slope), slope, smallest_slope)
        tiny |= (np.abs(dual.v[:, 0]) < TINIEST) & (dual.v[:, 0] != 0)
        if place in seeds:
            _seed(dual, seeds[place], directions, rows, order)
        duals.append(dual)
    outputs = [_whole(duals[i], n, len(directions), rows, order) for i in graph.outputs]
    wild = {dtype: (smallest < low) | (largest > high) for dtype, (low, high) in WILD.items()}
    usable = {dtype: ~context.ambiguous[dtype] for dtype in COLUMNS}
    return Truth(
        [d.v for d in outputs],
        [d.g for d in outputs],
        [d.h for d in outputs],
        directions,
        usable,
        broken,
        wild,
        tiny | context.tiny,
        (np.minimum(smallest, smallest_slope) < 1e-150) | (largest > 1e150),
    )


def _nonzero(numbers):
    return np.where(numbers == 0, F("inf"), np.abs(numbers))


def _not_taken(graph, samples):
    """Return per node (R,) whether nothing but branches not taken needs it: see `taken`."""
    from campaign.plain import plain

    rows = len(samples)
    numbers = []
    for place, node in enumerate(graph.nodes):
        if node.leaf:
            k = graph.inputs.index(place) if place in graph.inputs else None
            numbers.append([node.number if k is None else row[k] for row in samples])
        else:
            numbers.append(
                [plain(node.op, [numbers[i][r] for i in node.operands]) for r in range(rows)]
            )
    felt = np.zeros((len(graph.nodes), rows), dtype=bool)
    felt[list(graph.outputs)] = True
    for place in range(len(graph.nodes) - 1, -1, -1):
        node = graph.nodes[place]
        if node.op in ("select", "cond"):
            condition, x, y = node.operands
            taken = np.array([number != 0 for number in numbers[condition]])
            felt[condition] |= felt[place]
            felt[x] |= felt[place] & taken
            felt[y] |= felt[place] & ~taken
        else:
            for i in node.operands:
                felt[i] |= felt[place]
    return ~felt


def _leaf(node, column, own, context):
    rows = context.rows
    if own is not None:
        return Dual(np.broadcast_to(own, (rows, K)).astype(F))
    if column is None:
        first = np.full((rows, 1), F(node.number))
    else:
        first = np.array(column, dtype=F).reshape(rows, 1)
    v = np.repeat(first, K, axis=1)
    # float32 rounds what is given to it, a constant alike in all samples
    rounds = first.astype(np.float32).astype(F) != first
    noise = context.noise(rows)[:, COLUMNS["float32"]]
    if column is None:
        noise = noise[:1]
    v[:, COLUMNS["float32"]] += noise * np.abs(first) * rounds
    return Dual(v)


def _seed(dual, k, directions, rows, order):
    n = directions.shape[1]
    dual.g = np.zeros((n, rows, K), dtype=F) if dual.g is None else dual.g.copy()
    dual.g[k] += 1
    if order >= SECOND:
        moved = np.broadcast_to(
            directions[:, k].astype(F)[:, None, None], (len(directions), rows, K)
        )
        dual.t = moved if dual.t is None else dual.t + moved


def _whole(dual, n, d, rows, order):
    g = np.zeros((n, rows, K), dtype=F) if dual.g is None else dual.g
    h = None
    if order >= SECOND:
        h = np.zeros((n, d, rows, K), dtype=F) if dual.h is None else dual.h
        h = np.broadcast_to(h, (n, d, rows, K))
    return Dual(np.broadcast_to(dual.v, (rows, K)), np.broadcast_to(g, (n, rows, K)), None, h)
