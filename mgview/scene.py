"""Read a recorded graph into flat, frozen records: everything that a picture needs to know."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Literal

import attrs

from mgcore import Op, Value
from mgcore.order import topological_order
from mgcore.value import Constant
from mgview.errors import GraphTooLargeError, NotAValueError
from mgview.text import visible

Kind = Literal["leaf", "constant", "op"]

# Ops whose operands may be swapped; of every other one, a stranger's too, the order is shown.
_SYMMETRIC = frozenset(("add", "mul", "sum", "maximum", "minimum", "logsumexp"))
# One sign for each operation, in pictures as in text.
_SIGNS = {"*": "×", "/": "÷", "-": "\u2212", "**": "^", ">=": "≥", "<=": "≤"}


@attrs.frozen
class Node:
    """Hold one node of a graph, its operands named by their place in the topological order."""

    index: int
    kind: Kind
    op: str
    symbol: str
    label: str
    data: float
    grad: float
    operands: tuple[int, ...]
    name: str = ""
    known: bool = True  # False where a step has not computed the data yet

    @property
    def ordered(self) -> bool:
        """Tell whether it matters which of the operands comes first."""
        return len(set(self.operands)) > 1 and self.op not in _SYMMETRIC


@attrs.frozen
class Scene:
    """Hold a whole graph: its nodes, operands first, and which of them are the outputs."""

    nodes: tuple[Node, ...]
    outputs: tuple[int, ...]

    @cached_property
    def users(self) -> tuple[tuple[int, ...], ...]:
        """List for every node the nodes that use it, each once."""
        users: list[list[int]] = [[] for _ in self.nodes]
        for node in self.nodes:
            for operand in dict.fromkeys(node.operands):
                users[operand].append(node.index)
        return tuple(map(tuple, users))


def as_values(value: Value | Iterable[Value], caller: str) -> list[Value]:
    """Return one Value or a sequence of Values as a list.

    Args:
        value: a Value, or an iterable of Values.
        caller: name of the function that was called, for the error's text.

    Returns:
        The Values, at least one.

    Raises:
        NotAValueError: something else was given, or nothing at all.
    """
    if isinstance(value, Value):
        return [value]
    remedy = "give the Value that a computation returned, or a list of such Values"
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        msg = (
            f"mgview.{caller} draws the graph behind a Value, "
            f"but got {value!r} of type {type(value).__name__}; {remedy}"
        )
        raise NotAValueError(msg)
    values = list(value)
    for place, item in enumerate(values):
        if not isinstance(item, Value):
            msg = (
                f"mgview.{caller}: item {place} is {item!r} of type {type(item).__name__}, "
                f"not a Value; {remedy}"
            )
            raise NotAValueError(msg)
    if not values:
        msg = f"mgview.{caller} got an empty sequence, so there is no graph to draw; {remedy}"
        raise NotAValueError(msg)
    return values


def read(values: Sequence[Value], *, most: int, caller: str, remedy: str) -> Scene:
    """Read the graph that ends in the given Values.

    Args:
        values: the outputs.
        most: largest number of nodes accepted.
        caller: name of the function that was called, for the error's text.
        remedy: what to do with a graph that is larger than that, for the error's text.

    Returns:
        The scene, in one topological order of all outputs.

    Raises:
        GraphTooLargeError: the graph has more than ``most`` nodes.
    """
    order = topological_order(*values)
    if len(order) > most:
        msg = (
            f"mgview.{caller}: the graph has {len(order):,} nodes, "
            f"more than the {most:,} that fit into one picture; {remedy}"
        )
        raise GraphTooLargeError(msg)
    place = {id(value): index for index, value in enumerate(order)}
    nodes = tuple(_node(index, value, place) for index, value in enumerate(order))
    return Scene(nodes, tuple(dict.fromkeys(place[id(value)] for value in values)))


def _symbol(op: Op) -> str:
    symbol = op.symbol or op.name
    return visible(_SIGNS.get(symbol, symbol))


def _node(index: int, value: Value, place: dict[int, int]) -> Node:
    op = value.op
    constant = isinstance(value, Constant)
    return Node(
        index=index,
        kind="constant" if constant else "leaf" if op is None else "op",
        op="" if op is None else op.name,
        symbol="" if op is None else _symbol(op),
        label=visible(value.label),
        data=float(value.data),
        grad=0.0 if constant else float(value.grad),
        operands=tuple(place[id(operand)] for operand in value.operands),
    )
