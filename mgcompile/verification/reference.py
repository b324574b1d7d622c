"""What a program built from a graph should give: values, gradients, products with Hessians."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mgcompile.graph.ir import INPUT, PARAM
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
    from numpy.typing import NDArray

    from mgcompile.graph.ir import Graph
    from mgcompile.verification.evaluate import Schedule
    from mgcompile.verification.points import Trial
    from mgcompile.verification.scalars import Steps

    Floats = NDArray[Any]
    Numbers = NDArray[np.int64]

__all__ = ["Reference", "vector"]

_GROUP, _NUMBER, _NODE = 20e-6, 5e-8, 0.6e-6
"""Seconds for a group of nodes, for an operand of it, and for a node evaluated alone."""

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

    @cached_property
    def is_shallow(self) -> bool:
        """Tell whether the graph has so few levels that their order costs little."""
        return shallow_levels(self.graph) is not None

    @cached_property
    def order(self) -> tuple[Numbers, Numbers]:
        """Return levels and order of the nodes, worked out when they are first needed."""
        return ordered(self.graph)

    @cached_property
    def schedule(self) -> Schedule:
        """Return the graph in groups of nodes."""
        return scheduled(self.graph, *self.order)

    @cached_property
    def steps(self) -> Steps:
        """Return the graph node by node."""
        return steps_of(self.graph, self.order[1].tolist())

    def is_deep(self, kind: str, lanes: int) -> bool:
        """Tell whether evaluating node by node costs less than level by level."""
        if kind in ("input_product", "param_product"):
            return False
        return _NODE * len(self.order[1]) * lanes < _GROUP * len(self.schedule.groups)

    def seconds(self, kind: str, lanes: int) -> float:
        """Return about how long an evaluation takes."""
        if self.is_deep(kind, lanes):
            return _NODE * len(self.order[1]) * lanes * (1 if kind == "forward" else 3)
        passes = {"forward": 1, "input_product": 10, "param_product": 10}.get(kind, 4)
        work = _GROUP * len(self.schedule.groups) + _NUMBER * len(self.graph.operand) * lanes
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
        points = len(trial.points)
        lanes = points * repeats
        if self.is_deep(kind, lanes) and not (thorough and repeats > 1):
            return self._node_by_node(kind, output, trial, repeats)
        inputs = np.tile(trial.points.T, (1, repeats)).astype(np.float64)
        params = np.repeat(trial.params[:, None], lanes, axis=1).astype(np.float64)
        direction = None
        if kind == "input_product":
            along = np.broadcast_to(vector(len(inputs), self.dtype)[:, None], inputs.shape)
            direction = Point(along, np.zeros_like(params))
        elif kind == "param_product":
            along = np.broadcast_to(vector(len(params), self.dtype)[:, None], params.shape)
            direction = Point(np.zeros_like(inputs), along)
        noise, dtype = None, np.dtype(np.float64)
        if repeats > 1:
            dtype = np.dtype(self.dtype)
            size = np.full(lanes, NOISE * np.finfo(dtype).eps)
            noise = Noise(size, np.random.default_rng(7))
        with np.errstate(all="ignore"):
            values = forward(self.schedule, Point(inputs, params), direction, noise, dtype)
            root = int(self.graph.roots[output])
            leaves = self.inputs if kind in ("inputs", "input_product") else self.params
            if direction is not None:
                found = [hessian_product(self.schedule, values, root, leaves)]
            else:
                found = [values.numbers[self.graph.roots]]
                if kind != "forward":
                    found.append(gradient(self.schedule, values, root, leaves))
        return [x.reshape(len(x), repeats, points) if repeats > 1 else x for x in found]

    def _node_by_node(self, kind: str, output: int, trial: Trial, repeats: int) -> list[Floats]:
        noise = 0.0 if repeats == 1 else NOISE * float(np.finfo(self.dtype).eps)
        params = trial.params.astype(np.float64)
        leaves = self.inputs if kind == "inputs" else self.params
        root = int(self.graph.roots[output])
        values, slopes = [], []
        different = min(repeats, _DIFFERENT)
        for repeat in range(different):
            for point in trial.points.astype(np.float64):
                numbers = scalars.values(self.steps, point, params, noise, repeat)
                values.append([numbers[x] for x in self.graph.roots.tolist()])
                if kind != "forward":
                    slopes.append(
                        scalars.gradients(self.steps, numbers, root, leaves, noise, repeat)
                    )
        found = [np.array(values).T] + ([np.array(slopes).T] if kind != "forward" else [])
        if repeats == 1:
            return found
        some = [x.reshape(len(x), different, -1) for x in found]
        return [x[:, np.arange(repeats) % different] for x in some]


def vector(count: int, dtype: str) -> Floats:
    """Return a vector for products with Hessians: no two elements alike, none small."""
    signs = np.where(np.arange(count) % 2 == 0, 1.0, -1.0)
    return np.asarray(signs * (1.0 + (np.arange(count) % 7) / 8.0), dtype=dtype)


def _leaves(graph: Graph, code: int) -> NDArray[np.int64]:
    """Return the nodes of the parameters or inputs in their order."""
    nodes = np.flatnonzero(graph.code == code)
    return nodes[np.argsort(graph.index[nodes], kind="stable")]
