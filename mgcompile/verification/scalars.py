"""Evaluate a captured graph node by node on plain floats, as the engine does: for deep graphs.

Where levels have few nodes, working on arrays costs more than the numbers do.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from mgcompile.graph.ir import CONST, INPUT, PARAM
from mgcompile.verification.numbers import UnverifiableError
from mgcore.errors import DomainError, MgcoreError, RangeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mgcompile.graph.ir import Graph
    from mgcore import Op

    Floats = NDArray[Any]

__all__ = ["Steps", "gradients", "steps_of", "tangents", "values"]

_UNDEFINED = (ArithmeticError, DomainError, RangeError)


@attrs.frozen(eq=False)
class Steps:
    """What to do, in order: the node, its op and its operands."""

    graph: Graph
    steps: tuple[tuple[int, Op, tuple[int, ...]], ...]
    _depending: dict[bytes, list[bool]] = attrs.field(factory=dict, init=False)

    def depending(self, leaves: NDArray[np.int64]) -> list[bool]:
        """Tell which nodes depend on any of the leaves."""
        key = leaves.tobytes()
        if key not in self._depending:
            needed = [False] * len(self.graph.code)
            for leaf in leaves.tolist():
                needed[leaf] = True
            for node, _, operands in self.steps:
                needed[node] = any(needed[x] for x in operands)
            self._depending[key] = needed
        return self._depending[key]


def steps_of(graph: Graph, order: Sequence[int]) -> Steps:
    """Return the steps of a graph; `order` is its computed nodes, operands first."""
    operands, start, code = graph.operand.tolist(), graph.start.tolist(), graph.code.tolist()
    return Steps(
        graph,
        tuple(
            (node, graph.ops[code[node]], tuple(operands[start[node] : start[node + 1]]))
            for node in order
        ),
    )


def values(
    steps: Steps, inputs: Floats, params: Floats, noise: float = 0.0, seed: int = 0
) -> list[float]:
    """Return the value of every node at one point.

    Args:
        steps: The graph.
        inputs: Shape (n_inputs,).
        params: Shape (n_params,).
        noise: Relative perturbation of every result.
        seed: Of the perturbations.
    """
    graph = steps.graph
    start = np.where(graph.code == CONST, graph.value, 0.0)
    for kind, numbers in ((INPUT, inputs), (PARAM, params)):
        nodes = np.flatnonzero(graph.code == kind)
        start[nodes] = numbers[graph.index[nodes]]
    found: list[float] = start.tolist()
    factor = _factors(noise, seed, len(found))
    for node, op, operands in steps.steps:
        try:
            result = float(op.forward(*[found[x] for x in operands]))
        except (*_UNDEFINED, ValueError):
            result = math.nan
        except Exception as error:
            raise UnverifiableError(str(error)) from error
        found[node] = result * factor[node]
    return found


def gradients(
    steps: Steps,
    numbers: Sequence[float],
    roots: NDArray[np.int64],
    weights: Floats,
    leaves: NDArray[np.int64],
    noise: float = 0.0,
    seed: int = 0,
) -> Floats:
    """Return d(sum of weight * root)/d(leaf), shape (leaves,), given the value of every node.

    Args:
        steps: The graph.
        numbers: What `values` gave.
        roots: The nodes to differentiate.
        weights: Of each of them.
        leaves: The nodes to differentiate by.
        noise: Relative perturbation of every contribution.
        seed: Of the perturbations.
    """
    needed = steps.depending(leaves)
    adjoints = [0.0] * len(numbers)
    for root, weight in zip(roots.tolist(), weights.tolist(), strict=True):
        adjoints[root] += weight
    factor = _factors(noise, -1 - seed, len(numbers))
    for node, op, operands in reversed(steps.steps):
        upstream = adjoints[node]
        if not upstream or not needed[node]:
            continue
        reads = [numbers[x] for x in operands]
        locals_ = _locals(op, numbers[node], reads, [needed[x] for x in operands])
        for x, local in zip(operands, locals_, strict=True):
            if local is not None:
                adjoints[x] += upstream * local * factor[x]
    return np.array(adjoints)[leaves]


def tangents(
    steps: Steps,
    numbers: Sequence[float],
    leaves: NDArray[np.int64],
    along: Floats,
    noise: float = 0.0,
    seed: int = 0,
) -> list[float]:
    """Return how every node moves when the leaves move along a direction.

    Args:
        steps: The graph.
        numbers: What `values` gave.
        leaves: The nodes that move.
        along: How each of them does.
        noise: Relative perturbation of every tangent.
        seed: Of the perturbations.
    """
    needed = steps.depending(leaves)
    found = [0.0] * len(numbers)
    for leaf, speed in zip(leaves.tolist(), along.tolist(), strict=True):
        found[leaf] = speed
    factor = _factors(noise, -1 - seed, len(numbers))
    for node, op, operands in steps.steps:
        if not needed[node]:
            continue
        reads = [numbers[x] for x in operands]
        speeds = [found[x] for x in operands]
        found[node] = _moved(op, numbers[node], reads, speeds) * factor[node]
    return found


def _factors(noise: float, seed: int, count: int) -> list[float]:
    """Return 1, or a little more or less, for every node."""
    if not noise:
        return [1.0] * count
    signs = np.random.default_rng((seed + 1000, 17)).integers(0, 2, count)
    factors: list[float] = (1.0 + noise * (2 * signs - 1)).tolist()
    return factors


def _locals(op: Op, out: float, reads: list[float], needed: list[bool]) -> list[float | None]:
    """Return the local derivative of each needed operand, None for the others."""
    rules = op.partials
    try:
        if isinstance(rules, tuple):
            return [
                float(rule(out, *reads)) if want else None
                for rule, want in zip(rules, needed, strict=True)
            ]
        return [
            float(d) if want else None for d, want in zip(rules(out, *reads), needed, strict=True)
        ]
    except (*_UNDEFINED, ValueError):
        if not isinstance(rules, tuple):
            return [math.nan if want else None for want in needed]
        return [
            _local(rule, out, reads) if want else None
            for rule, want in zip(rules, needed, strict=True)
        ]
    except MgcoreError as error:
        raise UnverifiableError(str(error)) from error


def _moved(op: Op, out: float, reads: list[float], speeds: list[float]) -> float:
    """Return how a result moves; an operand that stands still adds nothing, whatever the slope."""
    rules = op.partials
    if not isinstance(rules, tuple):
        slopes = _locals(op, out, reads, [bool(speed) for speed in speeds])
        return sum(d * speed for d, speed in zip(slopes, speeds, strict=True) if d is not None)
    total = 0.0
    try:
        for rule, speed in zip(rules, speeds, strict=True):
            if speed:
                total += _local(rule, out, reads) * speed
    except MgcoreError as error:
        raise UnverifiableError(str(error)) from error
    return total


def _local(rule: Any, out: float, reads: list[float]) -> float:
    try:
        return float(rule(out, *reads))
    except (*_UNDEFINED, ValueError):
        return math.nan
