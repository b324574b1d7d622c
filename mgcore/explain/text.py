"""The words and columns of an explanation."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from mgcore.explain.formula import Formula, formula_of, number_text
from mgcore.value import Constant, Value

if TYPE_CHECKING:
    from mgcore.explain.chain_rule import Edge, Explanation, Path

__all__ = ["text_of"]

LISTED_NODES = 50

WIDEST = 60
STEPS = 10


def text_of(explanation: "Explanation") -> str:
    """Return the whole explanation as text."""
    names = _names(explanation)
    shown = number_text(explanation.gradient)
    derivative = _derivative(names, explanation.output, explanation.wrt)
    parts = [f"{derivative} = {shown}"]
    if len(explanation.nodes) <= LISTED_NODES:
        parts.append(_section("Results, operands first", _results(names)))
        if steps := _locals(explanation, names):
            parts.append(_section("Local derivatives on the way", steps))
    parts.append(_section(_paths_title(explanation, names), _paths(explanation, names)))
    shared = _shared(explanation, names)
    if shared:
        parts.append(_section("Sums at shared nodes: what several users send down", shared))
    return "\n\n".join(parts)


def _section(title: str, rows: Iterable[Sequence[str]]) -> str:
    listed = [tuple(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*listed, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in listed]
    return "\n".join([title, *(f"  {line}" for line in lines)])


def _names(explanation: "Explanation") -> dict[Value, str]:
    """Give every node on the way, and every operand of one, a name of its own."""
    nodes = dict.fromkeys(
        x for node in explanation.nodes for x in (*_read_by(explanation, node), node)
    )
    labels = [node.label for node in nodes if node.label]
    taken = {label for label in labels if labels.count(label) == 1}
    fresh = (name for i in itertools.count(1) if (name := f"v{i}") not in taken)
    names: dict[Value, str] = {}
    for node in nodes:
        if isinstance(node, Constant):
            names[node] = number_text(node.data)
        elif node.label in taken:
            names[node] = node.label
        else:
            names[node] = next(fresh)
    return names


def _read_by(explanation: "Explanation", node: Value) -> tuple[Value, ...]:
    return () if node is explanation.wrt else node.operands


def _derivative(names: Mapping[Value, str], top: Value, bottom: Value) -> str:
    return f"d{_word(names[top])}/d{_word(names[bottom])}"


def _word(name: str) -> str:
    return name if name.isidentifier() else f"({name})"


def _edge_name(names: Mapping[Value, str], edge: "Edge") -> str:
    name = _derivative(names, edge.user, edge.operand)
    twice = sum(x is edge.operand for x in edge.user.operands) > 1
    return f"{name} [operand {edge.index}]" if twice else name


def _cut(text: str) -> str:
    return text if len(text) <= WIDEST else text[: WIDEST - 3] + "..."


def _results(names: Mapping[Value, str]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for node in names:
        applied = ""
        if node.op is not None and all(x in names for x in node.operands):
            formula = node.op(*(Formula(names[x]) for x in node.operands))
            applied = f"= {_cut(str(formula))}"
        if not isinstance(node, Constant):
            rows.append((names[node], applied, f"= {number_text(node.data)}"))
    return rows


def _locals(explanation: "Explanation", names: Mapping[Value, str]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for node in explanation.nodes:
        for edge in explanation.edges[node]:
            number = number_text(edge.factor)
            formula = _local_formula(edge, names)
            middle = f"= {_cut(formula)}" if formula not in {None, number} else ""
            rows.append((_edge_name(names, edge), middle, f"= {number}"))
    return rows


def _local_formula(edge: "Edge", names: Mapping[Value, str]) -> str:
    op = edge.user.op
    assert op is not None, "an edge starts at a node with an op"  # noqa: S101 - a caller's bug
    rules, index = op.partials, edge.index
    rule = rules[index] if isinstance(rules, tuple) else lambda *xs: tuple(rules(*xs))[index]
    operands = [names[x] for x in edge.user.operands]
    found = formula_of(rule, operands, names[edge.user])
    return found if found is not None else "(its rule runs on floats alone)"


def _paths_title(explanation: "Explanation", names: Mapping[Value, str]) -> str:
    way = f"from {names[explanation.output]} to {names[explanation.wrt]}"
    if explanation.complete:
        return f"Every path {way}: the product of its local derivatives"
    inner, count = len(explanation.nodes), explanation.path_count
    return (
        f"{count if count < 10**9 else f'{count:.3e}'} paths {way} over {inner} nodes; "
        f"the {len(explanation.paths)} that contribute most"
    )


def _paths(explanation: "Explanation", names: Mapping[Value, str]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [
        (_way(path, names), _product(path), f"= {number_text(path.product)}")
        for path in explanation.paths
    ]
    listed = sum(path.product for path in explanation.paths)
    if not explanation.complete:
        rows.append(("all other paths", "", f"= {number_text(explanation.gradient - listed)}"))
    if len(rows) > 1 or not rows:
        rows.append(("their sum", "", f"= {number_text(explanation.gradient)}"))
    return rows


def _way(path: "Path", names: Mapping[Value, str]) -> str:
    if not path.edges:
        return "the output itself"
    stops = [names[path.edges[0].user], *(names[edge.operand] for edge in path.edges)]
    return " -> ".join(_shortened(stops))


def _product(path: "Path") -> str:
    factors = [_signed(number_text(edge.factor)) for edge in path.edges] or ["1"]
    return " * ".join(_shortened(factors))


def _shortened(words: list[str]) -> list[str]:
    if len(words) <= STEPS:
        return words
    half = STEPS // 2
    return [*words[:half], f"... {len(words) - 2 * half} more ...", *words[-half:]]


def _signed(number: str) -> str:
    return f"({number})" if number.startswith("-") else number


def _shared(explanation: "Explanation", names: Mapping[Value, str]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for node in reversed(explanation.nodes):
        edges = explanation.edges[node]
        many = len(explanation.nodes) > LISTED_NODES
        if len(edges) < 2 or (many and not node.label):
            continue
        terms = [
            f"{_signed(number_text(explanation.adjoints[e.user]))}*{_signed(number_text(e.factor))}"
            for e in edges
        ]
        name = _derivative(names, explanation.output, node)
        total = number_text(explanation.adjoints[node])
        rows.append((name, f"= {_cut(' + '.join(terms))}", f"= {total}"))
    return rows
