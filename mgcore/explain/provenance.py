"""Tell how a node hangs together with the output above it and the leaves below it."""

from collections.abc import Sequence
from typing import TypeAlias

from mgcore.errors import MgcoreError
from mgcore.order import topological_order
from mgcore.partials import local_derivatives
from mgcore.value import Constant, Value

__all__ = ["Path", "path_down", "path_from", "path_text"]

# Steps of a path: the node that was applied, and which of its operands the path goes on with.
Path: TypeAlias = "list[tuple[Value, int]]"
SHOWN_STEPS = 12


def _describe(node: "Value") -> str:
    name = node.op.name if node.op is not None else "the leaf"
    return f"{name} {node.label!r}" if node.label else name


def path_from(root: "Value", node: "Value") -> Path:
    """Return the steps of a path from `root` down to `node`; empty if there is none."""
    reached: dict[Value, tuple[Value, int]] = {}
    for user in reversed(topological_order(root)):
        if user is not root and user not in reached:
            continue
        for i, x in enumerate(user.operands):
            reached.setdefault(x, (user, i))
    steps: Path = []
    while node is not root and node in reached:
        steps.append(reached[node])
        node = reached[node][0]
    return steps[::-1] if node is root else []


def path_down(node: "Value") -> "tuple[Path, Value | None]":
    """Return the steps from `node` to a leaf below it, labelled if there is one, and the leaf."""
    leaves = [x for x in topological_order(node) if x.op is None and not isinstance(x, Constant)]
    if not leaves:
        return [], None
    leaf = next((x for x in leaves if x.label), leaves[0])
    return path_from(node, leaf), leaf


def path_text(steps: Sequence[tuple["Value", int]]) -> str:
    """Write a path with the local derivative at every step: ``mul (x 2.0) -> tanh (x 0.42)``."""
    shown = [f"{_describe(user)} (x {_factor(user, i)})" for user, i in steps]
    if len(shown) > SHOWN_STEPS:
        half = SHOWN_STEPS // 2
        shown[half:-half] = [f"... {len(shown) - 2 * half} steps ..."]
    return " -> ".join(shown)


def _factor(user: "Value", i: int) -> str:
    try:
        return repr(local_derivatives(user)[i])
    except MgcoreError:
        return "not defined"
