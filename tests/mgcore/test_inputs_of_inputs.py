"""Inputs computed from one another: every mode means the same by a derivative to them.

The derivative to an input is the effect of a nudge added to it where it stands, on everything
computed from it, other inputs among them.
"""

from __future__ import annotations

import itertools
from typing import Any

import mpmath
import pytest

from mgcore import Value, grad, hessian, hvp, jacobian, jvp, ops, vjp


def chain(lib: Any, ea: Any, eb: Any, ec: Any) -> tuple[list[Any], list[Any]]:
    a = 0.7 + ea
    b = a * a + eb
    c = lib.sin(a * b) + ec
    return [a, b, c], [a * b + c * c, lib.exp(c) - b * a, b]


def fork(lib: Any, ea: Any, eb: Any, ec: Any) -> tuple[list[Any], list[Any]]:
    a = -0.4 + ea
    b = lib.exp(a) * 2.0 + eb
    c = a * a * a + ec
    return [a, b, c], [lib.sin(b) * c, a * lib.cos(c), a]


FORMS = [chain, fork]


def recorded(form: Any) -> tuple[list[Value], list[Value]]:
    nothing = Value(0.0)
    inputs, outputs = form(ops, nothing, nothing * 1.0, nothing * 2.0)
    return inputs, outputs


def truth(form: Any, output: int, *orders: int) -> float:
    """Return the derivative of an output to the nudges, differentiated so often by each."""
    with mpmath.workdps(40):
        return float(mpmath.diff(lambda *e: form(mpmath, *e)[1][output], (0, 0, 0), orders))


def close(found: Any, expected: Any) -> None:
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("form", FORMS)
def test_first_derivatives_are_one_in_every_mode(form: Any) -> None:
    inputs, outputs = recorded(form)
    unit = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    expected = [[truth(form, i, *row) for row in unit] for i in range(3)]
    for i, y in enumerate(outputs):
        close(grad(y, inputs), expected[i])
        close([d.data for d in grad(y, inputs, create_graph=True)], expected[i])
        close(vjp([y], inputs, [1.0]), expected[i])
        close([jvp(y, inputs, [float(x) for x in row]) for row in unit], expected[i])
        close(
            [jvp(y, inputs, [float(x) for x in row], create_graph=True).data for row in unit],
            expected[i],
        )
    for count in (1, 2, 3, 5):  # by reverse mode, and by forward mode
        chosen = [i % 3 for i in range(count)]
        rows = jacobian([outputs[i] for i in chosen], inputs)
        for row, i in zip(rows, chosen, strict=True):
            close(row, expected[i])


@pytest.mark.parametrize("form", FORMS)
def test_second_derivatives_are_one_in_every_mode(form: Any) -> None:
    inputs, outputs = recorded(form)
    for i, y in enumerate(outputs[:2]):
        expected = [[0.0] * 3 for _ in range(3)]
        for j, k in itertools.product(range(3), repeat=2):
            orders = [0, 0, 0]
            orders[j] += 1
            orders[k] += 1
            expected[j][k] = truth(form, i, *orders)
        for row, right in zip(hessian(y, inputs), expected, strict=True):
            close(row, right)
        for j in range(3):
            close(hvp(y, inputs, [float(j == k) for k in range(3)]), expected[j])


def test_backward_means_the_same() -> None:
    inputs, (y, *_) = recorded(chain)
    expected = grad(y, inputs)
    y.backward()
    close([x.grad for x in inputs], expected)


@pytest.mark.parametrize(
    ("name", "f"),
    [
        ("exp", mpmath.exp),
        ("sqrt", mpmath.sqrt),
        ("tanh", mpmath.tanh),
        ("sigmoid", lambda x: 1 / (1 + mpmath.exp(-x))),
        ("silu", lambda x: x / (1 + mpmath.exp(-x))),
    ],
)
def test_the_slopes_of_an_input_do_not_feel_its_own_nudge(name: str, f: Any) -> None:
    a = Value(0.6)
    b = getattr(ops, name)(a)  # its rule may ask the result, which the nudge is added to
    y = b * b
    with mpmath.workdps(30):
        value, slope, bend = (float(mpmath.diff(f, 0.6, order)) for order in range(3))
    expected = [[2 * slope**2 + 2 * value * bend, 2 * slope], [2 * slope, 2.0]]
    found = hessian(y, [a, b])
    for row, right in zip(found, expected, strict=True):
        close(row, right)
    columns = [hvp(y, [a, b], unit) for unit in ([1.0, 0.0], [0.0, 1.0])]
    for row, right in zip(columns, expected, strict=True):
        close(row, right)
    forward = jvp(jvp(y, [a, b], [1.0, 0.0], create_graph=True), [a, b], [0.0, 1.0])
    close(forward, 2 * slope)
