"""What a program built from a graph should give: values, gradients, products with Hessians."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
import numpy as np

from mgcompile.graph.ir import INPUT, PARAM
from mgcompile.support.sweeps import SWEEPS
from mgcompile.verification import scalars
from mgcompile.verification.evaluate import (
    Point,
    forward,
    gradient,
    hessian_product,
    ordered,
    scheduled,
    shallow_levels,
)
from mgcompile.verification.numbers import Noise
from mgcompile.verification.scalars import steps_of
from mgcompile.verification.tolerance import NOISE

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mgcompile.graph.ir import Graph
    from mgcompile.verification.evaluate import Schedule, Values
    from mgcompile.verification.points import Trial
    from mgcompile.verification.scalars import Steps

    Floats = NDArray[Any]
    Numbers = NDArray[np.int64]

__all__ = ["Reference", "vector"]

T = TypeVar("T")

_GROUP, _NUMBER = 20e-6, 5e-8
"""Seconds for a group of nodes, and for an operand of it."""

_NODE, _OPERAND = 0.15e-6, 0.09e-6
"""Seconds for a node that is evaluated alone, and for an operand of it."""

_KEPT = 4
"""Points at which the values of all nodes are kept, for the check of the next program."""

_KEPT_VALUES = 2
"""The same, where they are evaluated level by level: at the recorded point, and at those beside."""

_KEPT_RESULTS = 8
"""Results that are kept: a program and its form for few samples are held to the same ones."""

_MOVING = frozenset(
    ["input_product", "param_product", *(k for k, s in SWEEPS.items() if s.mode == "forward")]
)
"""Programs of which the leaves move along a direction."""

_DIFFERENT = 3
"""Perturbed evaluations node by node; more are only made where these do not explain a number."""


class Reference:
    """Evaluate one captured graph independently.

    Args:
        graph: As captured.
        dtype: Of the kernel; references are float64, repetitions of it.
    """

    def __init__(self, graph: Graph, dtype: str) -> None:
        self.graph = graph
        self.dtype = dtype
        self.params = _leaves(graph, PARAM)
        self.inputs = _leaves(graph, INPUT)
        self._known: dict[tuple[Any, ...], list[float]] = {}
        self._levels_known: dict[tuple[Any, ...], Values] = {}
        self._results: dict[tuple[Any, ...], list[Floats]] = {}
        self._slopes: dict[tuple[Any, ...], Floats] = {}

    @cached_property
    def is_shallow(self) -> bool:
        """Tell whether the graph has so few levels that their order costs little."""
        return self._shallow is not None

    @cached_property
    def _shallow(self) -> Numbers | None:
        return shallow_levels(self.graph)

    @cached_property
    def order(self) -> tuple[Numbers, Numbers]:
        """Return levels and order of the nodes, worked out when they are first needed."""
        return ordered(self.graph, self._shallow)

    @cached_property
    def schedule(self) -> Schedule:
        """Return the graph in groups of nodes."""
        return scheduled(self.graph, *self.order)

    @cached_property
    def steps(self) -> Steps:
        """Return the graph node by node."""
        return steps_of(self.graph, self.order[1].tolist())

    @cached_property
    def _groups(self) -> int:
        """Return about how many groups the schedule has, or would have."""
        level, order = self.order
        return len(np.unique(level[order] * max(1, len(self.graph.ops)) + self.graph.code[order]))

    def is_deep(self, kind: str, lanes: int) -> bool:
        """Tell whether evaluating node by node costs less than level by level."""
        if kind in ("input_product", "param_product"):
            return False
        if kind == "forward":  # the values are those that the gradient's check goes on from
            kind = "loss"
        return self._alone(kind, lanes) < self._together(kind, lanes)

    def seconds(self, kind: str, lanes: int) -> float:
        """Return about how long an evaluation takes."""
        together = self._together(kind, lanes)
        if kind in ("input_product", "param_product"):
            return together
        return min(self._alone(kind, lanes), together)

    def _alone(self, kind: str, lanes: int) -> float:
        """Return about how long it takes node by node: a partial costs five times a value."""
        once = _NODE * len(self.order[1]) + _OPERAND * len(self.graph.operand)
        times = {"forward": 1, "all_inputs": 6 * len(self.graph.roots)}.get(kind, 6)
        return once * lanes * times

    def _together(self, kind: str, lanes: int) -> float:
        several = 4 * len(self.graph.roots)
        passes = {
            "forward": 1, "input_product": 10, "param_product": 10, "all_inputs": several,
        }.get(kind, 4)  # fmt: skip
        work = _GROUP * self._groups + _NUMBER * len(self.graph.operand) * lanes
        return passes * work

    def wanted(
        self, kind: str, output: int, trial: Trial, repeats: int = 1, *, thorough: bool = False
    ) -> list[Floats]:
        """Return the results that a program should have at each point, before any sum over them.

        Args:
            kind: Of the program (see `mgcompile.runtime.compiled_programs.Built.derived`).
            output: Which output a gradient to inputs is of.
            trial: Where.
            repeats: More than 1: so many evaluations with noise.
            thorough: Whether the noise is in every step of every rule, not in their results alone,
                and all is computed in the kernel's dtype.

        Returns:
            Arrays (k, points), or (k, repeats, points).
        """
        key = (kind, output, *_bytes(trial.points, trial.params), repeats, thorough)
        return _kept(
            self._results,
            key,
            lambda: self._evaluated(kind, output, trial, repeats, thorough=thorough),
            _KEPT_RESULTS,
        )

    def _evaluated(
        self, kind: str, output: int, trial: Trial, repeats: int, *, thorough: bool
    ) -> list[Floats]:
        points = len(trial.points)
        lanes = points * repeats
        if self.is_deep(kind, lanes) and not (thorough and repeats > 1):
            return self._node_by_node(kind, output, trial, repeats)
        inputs = np.tile(trial.points.T, (1, repeats)).astype(np.float64)
        params = np.repeat(trial.params[:, None], lanes, axis=1).astype(np.float64)
        noise, dtype = None, np.dtype(np.float64)
        if repeats > 1:
            dtype = np.dtype(self.dtype)
            size = np.full(lanes, NOISE * np.finfo(dtype).eps)
            noise = Noise(size, np.random.default_rng(7))
        point = Point(inputs, params)
        with np.errstate(all="ignore"):
            found = self._by_levels(kind, output, point, noise, dtype)
        return [x.reshape(len(x), repeats, points) if repeats > 1 else x for x in found]

    def _by_levels(
        self, kind: str, output: int, point: Point, noise: Noise | None, dtype: Any
    ) -> list[Floats]:
        leaves, graph, schedule = self._leaves(kind), self.graph, self.schedule
        if kind in _MOVING:
            values = forward(schedule, point, self._direction(point, leaves), noise, dtype)
        elif noise is not None:
            values = forward(schedule, point, None, noise, dtype)
        else:
            key = (*_bytes(point.inputs, point.params),)
            values = _kept(self._levels_known, key, lambda: forward(schedule, point), _KEPT_VALUES)
        roots, weights = self._weighted(kind, output)
        if kind in ("input_product", "param_product"):
            return [hessian_product(schedule, values, roots, weights, leaves)]
        if kind in SWEEPS and values.tangents is not None:
            return [values.tangents[graph.roots]]
        found = [] if kind in SWEEPS else [values.numbers[graph.roots]]
        if kind != "forward":
            each = self._each(kind, roots)
            parts = [gradient(schedule, values, some, weights, leaves) for some in each]
            found.append(np.concatenate(parts))
        return found

    def _direction(self, point: Point, leaves: Numbers) -> Point:
        """Return how the leaves of a point move, the others at rest."""
        still = Point(np.zeros_like(point.inputs), np.zeros_like(point.params))
        field = "inputs" if leaves is self.inputs else "params"
        like = getattr(point, field)
        along = np.broadcast_to(vector(len(like), self.dtype)[:, None], like.shape)
        return attrs.evolve(still, **{field: along})

    def _each(self, kind: str, roots: Numbers) -> list[Numbers]:
        """Return the nodes that are differentiated together: each output alone if all are asked."""
        return [root[None] for root in self.graph.roots] if kind == "all_inputs" else [roots]

    def _leaves(self, kind: str) -> Numbers:
        """Return the nodes that derivatives are to."""
        to_inputs = kind in ("inputs", "all_inputs", "input_product")
        if kind in SWEEPS:
            to_inputs = SWEEPS[kind].source == "inputs"
        return self.inputs if to_inputs else self.params

    def _weighted(self, kind: str, output: int) -> tuple[Numbers, Floats]:
        """Return the nodes that are differentiated, and how much each counts."""
        if kind in SWEEPS:
            return self.graph.roots, vector(len(self.graph.roots), self.dtype).astype(np.float64)
        return self.graph.roots[output : output + 1], np.ones(1)

    def _node_by_node(self, kind: str, output: int, trial: Trial, repeats: int) -> list[Floats]:
        noise = 0.0 if repeats == 1 else NOISE * float(np.finfo(self.dtype).eps)
        different = min(repeats, _DIFFERENT)
        each = [
            self._at_point(kind, output, (point, trial.params.astype(np.float64)), noise, repeat)
            for repeat in range(different)
            for point in trial.points.astype(np.float64)
        ]
        found = [np.array(numbers).T for numbers in zip(*each, strict=True)]
        if repeats == 1:
            return found
        some = [x.reshape(len(x), different, -1) for x in found]
        return [x[:, np.arange(repeats) % different] for x in some]

    def _at_point(
        self, kind: str, output: int, at: tuple[Floats, Floats], noise: float, repeat: int
    ) -> list[Floats]:
        """Return the results of a program at inputs and parameters, node by node."""
        leaves, steps, chosen = self._leaves(kind), self.steps, self.graph.roots.tolist()
        numbers = self._values(at, noise, repeat)
        if kind in _MOVING:
            along = vector(len(leaves), self.dtype).astype(np.float64)
            moved = scalars.tangents(steps, numbers, leaves, along, noise, repeat)
            return [np.array([moved[x] for x in chosen])]
        found = [] if kind in SWEEPS else [np.array([numbers[x] for x in chosen])]
        if kind != "forward":
            roots, weights = self._weighted(kind, output)
            n = len(self.inputs)
            asked = slice(0, n) if leaves is self.inputs else slice(n, None)
            where = (at, noise, repeat)
            each = [
                self._gradient(where, numbers, some, weights)[asked]
                for some in self._each(kind, roots)
            ]
            found.append(np.concatenate(each))
        return found

    def _values(self, at: tuple[Floats, Floats], noise: float, repeat: int) -> list[float]:
        """Return the value of every node at a point, found once for programs checked in turn."""
        key = (*_bytes(*at), noise, repeat)
        steps = self.steps
        return _kept(self._known, key, lambda: scalars.values(steps, *at, noise, repeat), _KEPT)

    def _gradient(
        self,
        where: tuple[tuple[Floats, Floats], float, int],
        numbers: list[float],
        roots: Numbers,
        weights: Floats,
    ) -> Floats:
        """Return the derivatives to inputs, then to parameters: found once for both programs."""
        at, noise, repeat = where
        key = (*_bytes(*at, roots, weights), noise, repeat)
        leaves = np.concatenate([self.inputs, self.params])
        return _kept(
            self._slopes,
            key,
            lambda: scalars.gradients(self.steps, numbers, roots, weights, leaves, noise, repeat),
            _KEPT,
        )


def _bytes(*arrays: Floats) -> tuple[bytes, ...]:
    return tuple(array.tobytes() for array in arrays)


def _kept(known: dict[Any, T], key: Any, make: Callable[[], T], most: int) -> T:
    """Return what was made of a key, or make it; the oldest of more than `most` are dropped."""
    if key not in known:
        while len(known) >= most:
            del known[next(iter(known))]
        known[key] = make()
    return known[key]


def vector(count: int, dtype: str) -> Floats:
    """Return a vector for products with Hessians: no two elements alike, none small."""
    signs = np.where(np.arange(count) % 2 == 0, 1.0, -1.0)
    return np.asarray(signs * (1.0 + (np.arange(count) % 7) / 8.0), dtype=dtype)


def _leaves(graph: Graph, code: int) -> NDArray[np.int64]:
    """Return the nodes of the parameters or inputs in their order."""
    nodes = np.flatnonzero(graph.code == code)
    return nodes[np.argsort(graph.index[nodes], kind="stable")]
