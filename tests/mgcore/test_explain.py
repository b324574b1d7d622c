import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mgcore import Constant, Op, Value, explain, grad, ops
from mgcore.errors import BackwardError
from mgcore.explain.formula import formula_of


def _diamonds(x: Value, depth: int) -> Value:
    for _ in range(depth):
        x = ops.tanh(x) * 0.5 + ops.sin(x)
    return x


@given(st.floats(-2, 2), st.integers(1, 4))
def test_the_products_of_all_paths_add_up_to_the_gradient(at: float, depth: int) -> None:
    x = Value(at, label="x")
    output = _diamonds(x, depth)
    explanation = explain(output, wrt=x)
    assert explanation.complete
    assert explanation.path_count == len(explanation.paths) == 2**depth
    total = math.fsum(path.product for path in explanation.paths)
    assert math.isclose(total, grad(output, x), rel_tol=1e-12, abs_tol=1e-300)
    assert math.isclose(explanation.gradient, grad(output, x), rel_tol=1e-12, abs_tol=1e-300)


def test_every_local_derivative_stands_with_its_formula_and_number() -> None:
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    text = " ".join(str(explain(a * b + ops.tanh(a), wrt=a)).split())
    assert text.startswith("dv3/da = -2.92935")
    for line in (
        "dv1/da = b = -3",
        "dv2/da = select(lt(abs(v2), 0.5), 1 - v2*v2, exp(-2*abs(a))*(1 + a",
        "v3 -> v1 -> a 1 * (-3) = -3",
        "their sum = -2.92935",
    ):
        assert line in text
    assert "Sums at shared nodes" in text


def test_an_operand_that_is_read_twice_is_two_steps() -> None:
    a = Value(3.0, label="a")
    explanation = explain(a * a, wrt=a)
    assert [path.product for path in explanation.paths] == [3.0, 3.0]
    assert "dv1/da [operand 0]" in str(explanation)
    assert "dv1/da [operand 1]" in str(explanation)


def test_labels_that_occur_twice_do_not_name_two_nodes() -> None:
    x, y = Value(1.0, label="x"), Value(2.0, label="x")
    text = str(explain(x * y, wrt=y))
    assert "v1*v2" in text or "v2*v1" in text


def test_the_derivative_by_an_inner_node_and_by_the_output_itself() -> None:
    x = Value(0.5)
    inner = ops.exp(x)
    assert explain(inner * inner, wrt=inner).gradient == 2 * inner.data
    alone = explain(inner, wrt=inner)
    assert alone.gradient == 1.0
    assert "the output itself" in str(alone)


def test_a_large_graph_is_summarised_and_its_count_is_right() -> None:
    x = Value(0.3, label="x")
    output = _diamonds(x, 30)
    explanation = explain(output, wrt=x)
    assert explanation.path_count == 2**30
    assert len(explanation.paths) == 8
    sizes = [abs(path.product) for path in explanation.paths]
    assert sizes == sorted(sizes, reverse=True)
    text = str(explanation)
    assert "all other paths" in text
    assert "8 that contribute most" in text
    assert len(text.splitlines()) < 60


def test_the_paths_of_a_summary_are_the_largest() -> None:
    xs = Value(1.0, label="x")
    output = ops.sum(*(xs * float(k) for k in range(100)))
    explanation = explain(output, wrt=xs)
    assert [path.product for path in explanation.paths] == [float(k) for k in range(99, 91, -1)]


def test_a_deep_graph_needs_no_recursion() -> None:
    x = Value(1.0)
    y = x
    for _ in range(20_000):
        y = y * 1.0
    assert explain(y, wrt=x).gradient == 1.0
    assert "more" in str(explain(y, wrt=x))


def test_a_rule_on_floats_alone_is_said_to_be_one() -> None:
    op = Op("on_floats", math.sin, (lambda out, x: math.cos(x),))
    x = Value(0.5, label="x")
    assert "(its rule runs on floats alone)" in str(explain(op(x) * 2.0, wrt=x))


def test_constants_and_values_elsewhere_are_refused() -> None:
    x = Value(1.0)
    with pytest.raises(BackwardError, match="no constants"):
        explain(x * 2, wrt=Constant(2.0))
    with pytest.raises(BackwardError, match="not below the output"):
        explain(x * 2, wrt=Value(1.0))


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (lambda out, x, y: (x + y) * out, "(x + y)*z"),
        (lambda out, x, y: x - (y - out), "x - (y - z)"),
        (lambda out, x, y: x / (y * out), "x/(y*z)"),
        (lambda out, x, y: -((x**2) ** y), "-(x**2)**y"),
        (lambda out, x, y: (-x) ** 2, "(-x)**2"),
        (lambda out, x, y: ops.exp(-x) * 2.5, "exp(-x)*2.5"),
        (lambda out, x, y: ops.select(3.0, x, y), "x"),
        (lambda out, x, y: 1.0, "1"),
    ],
)
def test_formulas_have_the_brackets_they_need_and_no_more(rule: object, text: str) -> None:
    assert formula_of(rule, ["x", "y"], "z") == text  # type: ignore[arg-type]  # lambdas of a table
