"""Elementary functions of singles, at very many operands, against NumPy's in double precision."""

from __future__ import annotations

import numpy as np
import pytest

from mgcompile.backends.llvm.math.emit import emit
from mgcompile.testing.array_functions import over_arrays
from mgcore import ops

COUNT = 300_000
NUMPY = {"asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "pow": np.power}
NUMPY |= {"asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh, "atan2": np.arctan2}
NUMPY |= {"sigmoid": lambda x: 1 / (1 + np.exp(-x)), "rsqrt": lambda x: 1 / np.sqrt(x)}
ONE = ["exp", "exp2", "expm1", "log", "log1p", "log2", "log10", "cbrt", "sin", "cos", "tan"]
ONE += ["asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh"]
ONE += ["sigmoid", "rsqrt"]


def any_bits(generator):
    """Return numbers of all magnitudes, and infinities and NaN of all kinds."""
    return generator.integers(0, 2**32, COUNT, dtype=np.uint32).view(np.float32)


def wrong(name, operands):
    """Return the largest error in ulps, and where; infinite where not both are a number."""
    op = getattr(ops, name)
    function = over_arrays(lambda block, *xs: emit(block, op, xs), len(operands), "float32")
    found = function(*operands)
    with np.errstate(all="ignore"):
        exact = (NUMPY.get(name) or getattr(np, name))(*(x.astype(np.float64) for x in operands))
        rounded = exact.astype(np.float32)
        ulp = np.ldexp(1.0, np.maximum(np.frexp(exact)[1] - 24, -149))
        error = np.abs(found - exact) / ulp
    error[(found == rounded) | (np.isnan(found) & np.isnan(rounded))] = 0.0
    error[np.isnan(error)] = np.inf
    worst = int(error.argmax())
    return error[worst], tuple(float(x[worst]) for x in operands)


@pytest.mark.parametrize("name", ONE)
def test_functions_of_singles_stay_within_two_ulps(name):
    generator = np.random.default_rng(3)
    uniform = [generator.uniform(-x, x, COUNT).astype(np.float32) for x in (1.0, 10.0, 100.0)]
    error, where = wrong(name, [np.concatenate([any_bits(generator), *uniform])])
    assert error <= 2.0, where


@pytest.mark.parametrize("name", ["pow", "atan2"])
def test_functions_of_two_singles_stay_within_two_ulps(name):
    generator = np.random.default_rng(4)
    near = [generator.uniform(low, 3.0, COUNT).astype(np.float32) for low in (0.3, -3.0)]
    wide = generator.uniform(-100, 100, COUNT).astype(np.float32)
    for operands in ([any_bits(generator), any_bits(generator)], near, [near[0], wide]):
        error, where = wrong(name, operands)
        assert error <= 2.0, where
