"""The hooks of the plugin system, all in one place.

Hooks are for loading, listing and observing; none runs per arithmetic operation.
"""

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from mgcore.op import Op
    from mgcore.value import Value

__all__ = [
    "PROJECT",
    "hookimpl",
    "hookspec",
    "mgcore_backward_step",
    "mgcore_op_reference",
    "mgcore_op_registered",
    "mgcore_plugin_failed",
    "mgcore_register_ops",
]

PROJECT = "mgcore"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec(historic=True)
def mgcore_register_ops() -> "Op | Iterable[Op]":  # type: ignore[empty-body]  # a specification
    """Return the op, or the ops, that this plugin brings.

    Historic: asked once of every plugin, also of one that comes late. All ops that a plugin
    returns are registered, or none.
    """


@hookspec
def mgcore_op_registered(op: "Op", distribution: str) -> None:
    """Observe that `op` has become ready; `distribution` names where it came from."""


@hookspec(firstresult=True)
def mgcore_op_reference(op: "Op") -> "Callable[..., Any] | None":
    """Return what `op` should compute, as a function of mpmath numbers; None for ops of others.

    The conformance kit holds the forward rule and the partials against it.
    """


@hookspec
def mgcore_plugin_failed(name: str, distribution: str, error: Exception) -> None:
    """Observe that the plugin behind the op `name` failed to load with `error`."""


@hookspec
def mgcore_backward_step(
    node: "Value", upstream: float, partials: tuple[float | None, ...]
) -> None:
    """Observe one node of a backward pass, after its contributions were added.

    For steppers and profilers. Costs nothing when nobody implements it.

    Args:
        node: the node just passed.
        upstream: d(root)/d(node), unitless.
        partials: the local derivative for each operand, None where it was not needed; the
            contribution added to operand i is ``upstream * partials[i]``.

    """
