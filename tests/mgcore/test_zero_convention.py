"""Every mode of differentiation keeps the one convention for zeros."""

import math

import pytest
from zero_convention import CASES, Case

from mgcore import Value, grad, hessian, hvp, jacobian, jvp, ops, vjp

pytestmark = pytest.mark.parametrize("case", [pytest.param(c, id=c.name) for c in CASES])


def _recorded(case: Case) -> tuple[Value, list[Value]]:
    leaves = [Value(x) for x in case.point]
    return case.function(*leaves), leaves


def _same(numbers: object, case: Case) -> bool:
    return numbers == pytest.approx(list(case.gradient), nan_ok=True)


def test_backward(case: Case) -> None:
    out, leaves = _recorded(case)
    out.backward()
    assert _same([x.grad for x in leaves], case)


def test_grad_and_vjp(case: Case) -> None:
    out, leaves = _recorded(case)
    assert _same(grad(out, leaves), case)
    assert _same([grad(out, x) for x in leaves], case)
    assert _same([0.5 * d for d in vjp([out, out], leaves, [3.0, -1.0])], case)


def test_grad_as_a_graph(case: Case) -> None:
    out, leaves = _recorded(case)
    assert _same([d.data for d in grad(out, leaves, create_graph=True)], case)
    seed = Value(1.0)
    assert _same([d.data for d in vjp(out, leaves, seed, create_graph=True)], case)


def test_forward_mode(case: Case) -> None:
    out, leaves = _recorded(case)
    n = len(leaves)
    units = [[float(i == j) for i in range(n)] for j in range(n)]
    assert _same([jvp(out, leaves, unit) for unit in units], case)
    assert _same([jvp(out, leaves, unit, create_graph=True).data for unit in units], case)
    along = jvp(out, leaves, [2.0] * n)
    assert along == pytest.approx(2.0 * math.fsum(case.gradient), nan_ok=True)


def test_jacobian_by_both_modes(case: Case) -> None:
    out, leaves = _recorded(case)
    assert _same(jacobian([out], leaves)[0], case)
    for row in jacobian([out] * (len(leaves) + 1), leaves):
        assert _same(row, case)


def test_an_output_beside_it_is_not_touched(case: Case) -> None:
    out, leaves = _recorded(case)
    beside = ops.sum(*leaves)
    assert vjp([out, beside], leaves, [0.0, 1.0]) == [1.0] * len(leaves)


def test_second_derivatives(case: Case) -> None:
    out, leaves = _recorded(case)
    if case.hessian is None:
        pytest.skip("the convention promises nothing")
    n = len(leaves)
    expected = [pytest.approx(list(row)) for row in case.hessian]
    assert hessian(out, leaves) == expected
    units = [[float(i == j) for i in range(n)] for j in range(n)]
    assert [hvp(out, leaves, unit) for unit in units] == expected
    firsts = grad(out, leaves, create_graph=True)
    assert jacobian(firsts * 2, leaves) == expected * 2
