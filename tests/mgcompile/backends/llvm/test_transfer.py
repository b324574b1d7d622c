"""Inputs in every form that memory can have: read where they are, or copied into tiles."""

from __future__ import annotations

import numpy as np
import pytest

import mgcompile
from mgcore import Value, ops

N_INPUTS = 9  # more than a vector has lanes


def formula(m, columns):
    """Return what is made of each column in a way of its own."""
    a, b, c, d, e, f, g, h, i = columns
    return m.exp(a / 8) * b + m.tanh(c * d) + m.sin(e) / (2 + f * f) - m.exp(-g * g) * (h - 3 * i)


def first_derivative(columns):
    return np.exp(columns[0] / 8) * columns[1] / 8


FORMS = {
    "columns": lambda X: [np.ascontiguousarray(column) for column in X.T],
    "columns that begin anywhere": lambda X: [
        np.concatenate([np.full(k, np.nan), column]).astype(X.dtype)[k:]
        for k, column in enumerate(X.T)
    ],
    "columns, some with gaps": lambda X: [
        np.repeat(column, 1 + k % 3)[:: 1 + k % 3] for k, column in enumerate(X.T)
    ],
    "rows": lambda X: X,
    "every other row": lambda X: np.repeat(X, 2, axis=0)[::2],
    "a matrix column by column": np.asfortranarray,
    "samples in reverse": lambda X: X[::-1].copy()[::-1],
}


@pytest.fixture(scope="module", params=["float64", "float32"])
def dtype(request):
    return request.param


@pytest.fixture(scope="module")
def kernel(dtype):
    leaves = [Value(0.1 * k, f"x{k}") for k in range(N_INPUTS)]
    return mgcompile.compile(formula(ops, leaves), inputs=leaves, params=[], dtype=dtype)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("count", [1, 7, 64, 65, 131, 2000])
def test_every_form_of_inputs_gives_what_numpy_gives(kernel, dtype, form, count):
    X = np.random.default_rng(count).normal(size=(count, N_INPUTS)).astype(dtype)
    given = FORMS[form](X)
    value, gradient = kernel.value_and_grad(given)
    first = gradient[0] if isinstance(given, list) else np.asarray(gradient)[:, 0]
    exact = list(X.T.astype(np.float64))
    rtol = 1e-13 if dtype == "float64" else 2e-5
    np.testing.assert_allclose(value, formula(np, exact), rtol=rtol, atol=rtol)
    np.testing.assert_allclose(first, first_derivative(exact), rtol=rtol, atol=rtol)
