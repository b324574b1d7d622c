"""Evaluate a captured graph, its gradients and products with Hessians, level by level.

Nodes of one level that apply the same op are evaluated together, at all points at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from mgcompile.graph.ir import CONST, INPUT, PARAM
from mgcompile.graph.levels import levels
from mgcompile.verification.numbers import Dual, Lanes, partials, product
from mgcompile.verification.wide import wide_of
from mgcore import ops

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from mgcompile.graph.ir import Graph
    from mgcompile.verification.numbers import Noise
    from mgcore import Op

    Floats = NDArray[Any]
    Numbers = NDArray[np.int64]

__all__ = [
    "Point",
    "Schedule",
    "Values",
    "forward",
    "gradient",
    "hessian_product",
    "ordered",
    "scheduled",
    "shallow_levels",
]


_SHALLOW = 24
"""Levels up to which they are worked out on whole arrays."""


@attrs.frozen(slots=True, eq=False)
class Point:
    """Where to evaluate: one column for each lane.

    Args:
        inputs: Shape (n_inputs, lanes).
        params: Shape (n_params, lanes).
    """

    inputs: Floats
    params: Floats


@attrs.frozen(slots=True, eq=False)
class Schedule:
    """A graph's nodes in groups of one op and level, operands first.

    Args:
        graph: As captured.
        groups: Op, nodes (k,) and operands (k, arity) of each group.
        constant: Which nodes are constants, shape (n,).
    """

    graph: Graph
    groups: tuple[tuple[Op, Numbers, Numbers], ...]
    constant: NDArray[np.bool_]


@attrs.frozen(slots=True, eq=False)
class Values:
    """What every node is: shape (n, lanes), and along which tangent it moves."""

    numbers: Floats
    tangents: Floats | None
    noise: Noise | None


def ordered(graph: Graph, level: Numbers | None) -> tuple[Numbers, Numbers]:
    """Return the level of every node, and the computed nodes operands first.

    Args:
        graph: As captured.
        level: What `shallow_levels` gave.
    """
    if level is None:
        return levels(graph)
    nodes = np.flatnonzero(graph.code >= 0)
    return level, nodes[np.argsort(level[nodes], kind="stable")]


def shallow_levels(graph: Graph) -> Numbers | None:
    """Return the levels of a graph of few, found on whole arrays; None when it has more."""
    nodes = np.flatnonzero(np.diff(graph.start) > 0)
    if _has_long_chain(graph, nodes):
        return None
    level = np.zeros(len(graph.code), dtype=np.int64)
    for _ in range(_SHALLOW):
        deeper = level.copy()
        if len(nodes):
            deeper[nodes] = 1 + np.maximum.reduceat(level[graph.operand], graph.start[nodes])
        if np.array_equal(deeper, level):
            return level
        level = deeper
    return None


def _has_long_chain(graph: Graph, nodes: Numbers) -> bool:
    """Tell whether following first operands, or last ones, from some node goes deep: a quick look.

    The way is doubled at every turn, by pointer jumping; `nodes` are those with operands.
    """
    for edge in (graph.start[nodes], graph.start[nodes + 1] - 1):
        below = np.arange(len(graph.code))
        below[nodes] = graph.operand[edge]
        for _ in range(_SHALLOW.bit_length()):
            below = below[below]
        if np.any(graph.start[below + 1] > graph.start[below]):
            return True
    return False


def scheduled(graph: Graph, level: Numbers, order: Numbers) -> Schedule:
    """Return the groups of a graph; `level` and `order` are those of `ordered`."""
    width = np.diff(graph.start)
    keys = (_fixed_power(graph)[order], width[order], graph.code[order], level[order])
    place = np.lexsort(keys)
    order = order[place]
    changes = np.zeros(len(order), dtype=bool)
    for each in (key[place] for key in keys):
        changes[1:] |= each[1:] != each[:-1]
    groups = []
    for nodes in np.split(order, np.flatnonzero(changes)) if len(order) else []:
        first = graph.start[nodes]
        operands = graph.operand[first[:, None] + np.arange(int(width[nodes[0]]))]
        groups.append((graph.ops[int(graph.code[nodes[0]])], nodes, operands))
    return Schedule(graph, tuple(groups), graph.code == CONST)


def _fixed_power(graph: Graph) -> NDArray[np.bool_]:
    """Tell which nodes are powers with a constant exponent: no group has others beside them."""
    found = np.zeros(len(graph.code), dtype=bool)
    if ops.pow in graph.ops:
        powers = np.flatnonzero(graph.code == graph.ops.index(ops.pow))
        found[powers] = graph.code[graph.operand[graph.start[powers] + 1]] == CONST
    return found


def forward(
    schedule: Schedule,
    point: Point,
    direction: Point | None = None,
    noise: Noise | None = None,
    dtype: Any = np.float64,
) -> Values:
    """Return the value of every node at every lane of a point.

    Args:
        schedule: The graph.
        point: Values of the leaves.
        direction: Tangents of the leaves, for products with Hessians.
        noise: Perturbs every result.
        dtype: In which to compute.
    """
    graph = schedule.graph
    numbers = np.zeros((len(graph.code), max(point.inputs.shape[1], point.params.shape[1])), dtype)
    numbers[schedule.constant] = graph.value[schedule.constant][:, None]
    _fill(graph, numbers, point)
    tangents = None
    if direction is not None:
        tangents = np.zeros_like(numbers)
        _fill(graph, tangents, direction)
    values = Values(numbers, tangents, noise)
    for op, nodes, operands in schedule.groups:
        wide = wide_of(op) if tangents is None else None
        if wide is not None:
            numbers[nodes] = wide.forward(numbers[operands], noise)
            continue
        out = op(*_reads(values, operands, schedule.constant))
        if isinstance(out, Dual):
            numbers[nodes] = out.value.numbers
            if tangents is not None and out.tangent is not None:
                tangents[nodes] = out.tangent
        else:
            numbers[nodes] = out.numbers
    return values


def _fill(graph: Graph, numbers: Floats, point: Point) -> None:
    for code, leaves in ((INPUT, point.inputs), (PARAM, point.params)):
        nodes = np.flatnonzero(graph.code == code)
        numbers[nodes] = leaves[graph.index[nodes]]


def _reads(values: Values, operands: Numbers, constant: NDArray[np.bool_]) -> list[Any]:
    found: list[Any] = []
    for column in operands.T:
        # A constant has no rounding: x ** (2 - 1) with a perturbed 1 is NaN where x is negative.
        exact = values.noise is None or bool(constant[column].all())
        lanes = Lanes(values.numbers[column], None if exact else values.noise)
        if values.tangents is None:
            found.append(lanes)
        else:
            found.append(Dual(lanes, values.tangents[column]))
    return found


def gradient(
    schedule: Schedule, values: Values, roots: Numbers, weights: Floats, leaves: Numbers
) -> Floats:
    """Return d(sum of weight * root)/d(leaf) at every lane; shape (leaves, lanes)."""
    adjoints, _ = _reverse(schedule, values, roots, weights, leaves)
    return adjoints[leaves]


def hessian_product(
    schedule: Schedule, values: Values, roots: Numbers, weights: Floats, leaves: Numbers
) -> Floats:
    """Return how the gradient moves along the tangents of the leaves; shape (leaves, lanes)."""
    _, moving = _reverse(schedule, values, roots, weights, leaves)
    return moving[leaves]


def _reverse(
    schedule: Schedule, values: Values, roots: Numbers, weights: Floats, leaves: Numbers
) -> tuple[Floats, Floats]:
    adjoints = np.zeros_like(values.numbers)
    moving = np.zeros_like(values.numbers) if values.tangents is not None else adjoints[:0]
    np.add.at(adjoints, roots, weights[:, None])
    below = np.zeros(len(adjoints), dtype=bool)
    below[roots] = True
    needed = _depending(schedule, leaves)
    for op, nodes, operands in reversed(schedule.groups):
        live = np.flatnonzero(below[nodes] & needed[nodes])
        if not len(live):
            continue
        nodes, operands = nodes[live], operands[live]
        wanted = np.flatnonzero(needed[operands].any(axis=0)).tolist()
        below[operands] = True
        upstream = adjoints[nodes]
        wide = wide_of(op) if values.tangents is None else None
        if wide is not None:
            numbers, noise = values.numbers, values.noise
            local = wide.locals_(numbers[nodes], numbers[operands], noise)
            _hand_down(local, upstream, operands, adjoints, noise)
            continue
        reads = _reads(values, operands, schedule.constant)
        lanes = Lanes(values.numbers[nodes], values.noise)
        out = lanes if values.tangents is None else Dual(lanes, values.tangents[nodes])
        for i, local in partials(op, out, reads, wanted).items():
            for target, term in _terms(local, upstream, moving[nodes] if len(moving) else None):
                if values.noise is not None:
                    term = values.noise(term)
                np.add.at(adjoints if target == 0 else moving, operands[:, i], term)
    return adjoints, moving


def _hand_down(
    local: Floats, upstream: Floats, operands: Numbers, adjoints: Floats, noise: Noise | None
) -> None:
    """Add what nodes of many operands hand down to all of them at once."""
    terms = product(upstream[:, None], local)
    if noise is not None:
        terms = noise(terms)
    np.add.at(adjoints, operands.ravel(), terms.reshape(-1, terms.shape[-1]))


def _terms(local: Any, upstream: Floats, moving: Floats | None) -> Iterator[tuple[int, Floats]]:
    """Return what a local derivative adds to the adjoint (0), and to how that moves (1)."""
    number = local.value if isinstance(local, Dual) else local
    yield 0, product(upstream, number)
    if moving is None:
        return
    yield 1, product(moving, number)
    if isinstance(local, Dual) and local.tangent is not None:
        yield 1, product(upstream, Lanes(local.tangent))


def _depending(schedule: Schedule, leaves: Numbers) -> NDArray[np.bool_]:
    needed = np.zeros(len(schedule.graph.code), dtype=bool)
    needed[leaves] = True
    for _, nodes, operands in schedule.groups:
        needed[nodes] |= needed[operands].any(axis=1)
    return needed
