"""What the page computes after a leaf was edited, held against Python, for every shipped op."""

import math
import re
from pathlib import Path
from typing import Any

import pytest

import mgview
from mgcore import Value, ops
from mgcore.order import topological_order
from mgview.page_ops import PAGE_OPS

SHIPPED = sorted(PAGE_OPS)
COUNTS = {"sum": 3, "dot": 4, "logsumexp": 3, "polyval": 4}
COUNTS |= dict.fromkeys(("max", "min", "prod", "mean", "var", "norm"), 3)
POSITIVE_FIRST = {"log", "sqrt", "pow", "log1p", "log2", "log10", "cbrt", "reciprocal", "rsqrt"}

INSIDE_ONE = {"asin", "acos", "atanh"}

# Points for all operands of an op: ordinary ones, kinks and ties, and where naive formulas break.
POINTS: dict[str, list[float]] = {
    "ordinary": [0.7, -1.3, 2.4, 0.35],
    "kinks": [0.0, 0.0, 0.0, 0.0],
    "ties": [1.5, 1.5, 1.5, 1.5],
    "negative": [-2.75, -0.4, -3.1, -1.2],
    "far": [5.9, 3.3, -8.0, 6.5],
    "far below": [-5.9, -3.3, 8.0, 30.0],
    "tiny": [1e-9, -1e-9, 1e-8, 3e-9],
}


def operands_of(name: str, point: list[float]) -> list[float] | None:
    """Choose operands within an op's domain; None where a point has none."""
    count = COUNTS.get(name) or ops_arity(name)
    numbers = [point[i % len(point)] for i in range(count)]
    if name in POSITIVE_FIRST:
        numbers[0] = abs(numbers[0])
        if numbers[0] == 0.0:
            return None  # the derivative does not exist, or not in every operand
    if name in INSIDE_ONE:
        numbers[0] /= 1.0 + abs(numbers[0])
    if name == "acosh":
        numbers[0] = 1.5 + abs(numbers[0])
    if name in {"xlogy", "xlog1py", "celu"}:
        numbers[1] = 0.5 + abs(numbers[1])
    if name in {"div", "mod", "copysign"} and numbers[1] == 0.0:
        return None
    return numbers


def ops_arity(name: str) -> int:
    arity = getattr(ops, name).arity
    assert isinstance(arity, int)
    return arity


def build(points: dict[str, list[float]]) -> tuple[Value, list[Value]]:
    leaves = []
    results = []
    for name, numbers in points.items():
        mine = [Value(x, label=f"{name}{i}") for i, x in enumerate(numbers)]
        leaves += mine
        results.append(getattr(ops, name)(*mine) * 1.5)
    out = ops.sum(*results)
    assert isinstance(out, Value)
    out.label = "out"
    return out, leaves


def shown_numbers(page: Any) -> list[tuple[float, float]]:
    """Read all nodes' data and gradient at full precision from the tooltips."""
    words = page.eval_on_selector_all(
        "[data-box]",
        "boxes => boxes.map(b => [b.dataset.box, b.querySelector('title').textContent])",
    )
    found = {}
    for name, text in words:
        data, grad = re.search(r"data (\S+), gradient (\S+)$", text.replace("−", "-")).groups()
        found[int(name[1:])] = (float(data), float(grad))
    return [found[i] for i in range(len(found))]


def agrees(mine: float, theirs: float) -> bool:
    return math.isclose(mine, theirs, rel_tol=1e-12, abs_tol=1e-12)


def test_the_page_has_the_ops_that_python_leaves_to_it() -> None:
    built = (Path(mgview.__file__).parent / "static" / "page.js").read_text(encoding="utf-8")
    tables = [
        built.partition(f"var {name} = {{\n")[2].partition("\n  };")[0]
        for name in ("ARITHMETIC", "FUNCTIONS", "CHOICES", "LISTS", "ACTIVATIONS")
    ]
    found = [op for table in tables for op in re.findall(r"^    (\w+): ", table, re.MULTILINE)]
    assert sorted(found) == sorted(PAGE_OPS)


@pytest.mark.parametrize("where", POINTS)
def test_every_shipped_op_computes_as_python_does(open_page: Any, where: str) -> None:
    chosen = {name: operands_of(name, POINTS[where]) for name in SHIPPED}
    points = {name: numbers for name, numbers in chosen.items() if numbers is not None}
    assert len(points) >= len(SHIPPED) - len(POSITIVE_FIRST) - 3
    expected, leaves = build(points)
    # the page starts from other numbers, so that it cannot show what Python recorded
    start, _ = build({name: operands_of(name, [0.5, 0.9, 1.1, 0.6]) or [] for name in points})
    page = open_page(mgview.stepper(start))
    order = topological_order(expected)
    for leaf in leaves:
        index = order.index(leaf)
        page.locator(f'[data-box="n{index}"]').dispatch_event("click")
        page.fill(f"#leaf-{index}", repr(leaf.data))
        page.keyboard.press("Tab")
    assert page.text_content("#leaf-note") == ""
    page.click("#last")
    expected.backward()
    for node, (data, grad) in zip(order, shown_numbers(page), strict=True):
        place = f"{node.label or (node.op and node.op.name)} at {where}"
        assert agrees(data, node.data), f"{place}: data {data} in the page, {node.data} in Python"
        if type(node) is Value:
            assert agrees(grad, node.grad), f"{place}: {grad} in the page, {node.grad} in Python"


def test_the_tails_of_erf_and_gelu_keep_their_relative_precision(open_page: Any) -> None:
    x = Value(1.0, label="x")
    out = ops.gelu(x) + 0.0
    page = open_page(mgview.stepper(out))
    page.click("#last")
    for number in (-9.5, -4.0, -2.6, -2.4, -1e-12, 0.3, 3.7):
        page.fill("#leaf-0", repr(number))
        page.keyboard.press("Tab")
        here = shown_numbers(page)[1][0]
        assert here == pytest.approx(0.5 * number * math.erfc(-number / math.sqrt(2)), rel=1e-12)


def test_infinite_and_missing_numbers_from_python_are_shown(open_page: Any) -> None:
    x = Value(math.inf, label="x")
    out = ops.tanh(x)
    out.label = "out"
    page = open_page(mgview.stepper(out))
    page.click("#last")
    assert page.text_content('[data-box="n0"] .mgv-data') == "inf"
    assert page.text_content('[data-box="n1"] .mgv-data') == "1.0000"
