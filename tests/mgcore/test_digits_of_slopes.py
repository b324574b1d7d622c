"""Slopes and second derivatives of every smooth op of one operand, right in relative terms.

The right numbers are mpmath's, by central differences with 460 digits; the points go from 1e-100 to
the tails. What is allowed is 2e-13 times the condition of the derivative itself.
"""

import functools
import itertools
import math
import warnings

import mpmath
import pytest
from mpmath import mpf

from mgcore import Value, grad, hessian, ops
from mgcore.testing.references import REFERENCES

# Their second derivatives are 0, or the same everywhere.
FEW = {"exp", "exp2", "normal_quantile"}  # of the sizes few are of use to them
FLAT = {"square", "neg", "isnan", "degrees", "radians"}
OURS = [op for op in map(functools.partial(getattr, ops), REFERENCES) if op.arity == 1]
NAMES = sorted(op.name for op in OURS if op.kink is None and op.name not in FLAT)
SIZES = (
    *(1e-100, 1e-17, 1e-8, 1e-4, 0.1, 0.49, 0.51, 0.7, 0.95, 0.999, 1.2, 1.5, 2.0),
    *(3.0, 5.0, 9.0, 15.0, 19.0, 25.0, 36.0, 40.0, 80.0, 300.0, 700.0),
)
REL = 2e-13


def _derivatives(f, x):
    h = abs(mpf(x)) * mpf(10) ** -40
    v = [f(mpf(x) + k * h) for k in (-2, -1, 0, 1, 2)]
    third = (v[4] - 2 * v[3] + 2 * v[1] - v[0]) / (2 * h**3)
    return (v[3] - v[1]) / (2 * h), (v[3] - 2 * v[2] + v[1]) / h**2, third


@functools.cache
def right_numbers(name):
    """Return x -> ((first, allowed), (second, allowed)) where the op is real and smooth."""
    found = {}
    for size, sign in itertools.product(SIZES, (1, -1)):
        x = sign * size
        with mpmath.workdps(460):
            try:
                first, second, third = _derivatives(REFERENCES[name], x)
            except (ValueError, ZeroDivisionError):
                continue  # not defined there
            numbers = (first, second, third)
            if not all(isinstance(d, mpf) and mpmath.isfinite(d) for d in numbers) or not second:
                continue
            allowed = (
                abs(first) + abs(x * second),
                abs(second) + min(abs(x * third), abs(second) * 10**9),
            )
            if any(not 1e-290 < abs(d) < 1e290 for d in (first, second)):
                continue  # of no use in float64
            found[x] = tuple(
                (float(d), float(REL * a)) for d, a in zip(numbers, allowed, strict=False)
            )
    return found


def test_there_are_points():
    assert len(NAMES) > 25
    assert all(len(right_numbers(name)) > 10 for name in NAMES if name not in FEW)


@pytest.mark.parametrize("name", NAMES)
def test_in_the_engine(name):
    for x, ((first, near_first), (second, near_second)) in right_numbers(name).items():
        leaf = Value(x)
        out = getattr(ops, name)(leaf)
        assert grad(out, leaf) == pytest.approx(first, rel=0, abs=near_first), x
        created = grad(out, leaf, create_graph=True)
        assert created.data == pytest.approx(first, rel=0, abs=near_first), x
        assert grad(created, leaf) == pytest.approx(second, rel=0, abs=near_second), x
        assert hessian(out, leaf) == pytest.approx(second, rel=0, abs=near_second), x


@pytest.mark.parametrize("how", ["numpy", "llvm", "strict"])
@pytest.mark.parametrize("name", NAMES)
def test_in_kernels(name, how):
    mgcompile, np = map(pytest.importorskip, ("mgcompile", "numpy"))
    right = right_numbers(name)
    leaf = Value(next(iter(right)))
    options = {"strict": True} if how == "strict" else {"backend": how}
    kernel = mgcompile.compile(getattr(ops, name)(leaf), [leaf], cache=False, **options)
    X = np.array(list(right))[:, None]
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        slopes, bends = kernel.value_and_grad(X)[1][:, 0], kernel.hessian(X)[:, 0, 0]
    for x, slope, bend in zip(right, slopes, bends, strict=True):
        (first, near_first), (second, near_second) = right[x]
        assert slope == pytest.approx(first, rel=0, abs=near_first), x
        assert bend == pytest.approx(second, rel=0, abs=near_second), x


@pytest.mark.parametrize("far", [5.0, 20.0, 50.0, 300.0])
def test_second_derivatives_of_logsumexp_far_apart(far):
    leaves = [Value(0.0), Value(far)]
    with mpmath.workdps(400):
        right = float(1 / (2 + mpmath.exp(-far) + mpmath.exp(far)))
    square = hessian(ops.logsumexp(*leaves), leaves)
    for i, j in itertools.product(range(2), repeat=2):
        assert square[i][j] == pytest.approx(math.copysign(right, 1 if i == j else -1), rel=1e-12)
