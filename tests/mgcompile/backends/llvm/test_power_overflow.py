"""Powers whose exponent is so large that the result overflows, underflows, or just does not."""

import mpmath
import numpy as np
import pytest

import mgcompile
from mgcore import Value


@pytest.fixture(scope="module", params=["float64", "float32"])
def kernel(request):
    x, y = Value(1.5), Value(2.0)
    return mgcompile.compile(x**y, [x, y], [], dtype=request.param, cache=False)


def points(dtype):
    """Return bases and exponents: any, and where the power is close to either border."""
    rng = np.random.default_rng(0)
    info = np.finfo(dtype)
    base = np.concatenate([rng.uniform(0.1, 20, 1500), 1 + rng.normal(size=500) * 1e-3])
    signs = rng.choice([-1.0, 1.0], len(base))
    large = 10 ** rng.uniform(1, 17, len(base)) * signs
    border = (
        signs * np.log(float(info.max)) / np.log(base) * (1 + rng.normal(size=len(base)) * 1e-3)
    )
    odd = np.rint(border) * 2 + 1
    X = np.concatenate(
        [np.stack(pair, axis=1) for pair in ((base, large), (base, border), (-base, odd))]
    )
    return np.concatenate([X, [[2.0, 3e16], [2.0, -3e16], [0.5, 3e16], [-2.0, 1025.0]]]).astype(
        dtype
    )


def test_powers_overflow_where_mpmath_does(kernel):
    dtype = kernel(np.array([[1.0, 1.0]])).dtype
    X = points(dtype)
    found = kernel(X)
    info = np.finfo(dtype)
    with mpmath.workprec(200):
        for (x, y), power in zip(X.tolist(), found.tolist(), strict=True):
            size = mpmath.mpf(abs(x)) ** mpmath.mpf(y)
            right = -size if x < 0 and y % 2 == 1 else size
            if size > mpmath.mpf(float(info.max)) * (1 + mpmath.mpf(float(info.eps))):
                assert power == float(mpmath.sign(right)) * np.inf, (x, y)
            elif size < float(info.tiny):
                assert abs(power - right) <= float(info.smallest_subnormal), (x, y)
            elif size < float(info.max):
                assert abs(power - right) <= 4 * float(info.eps) * size, (x, y)
