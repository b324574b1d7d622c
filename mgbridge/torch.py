"""Registered ops and kernels as custom operators of PyTorch, differentiable to any order.

Each order of derivative is a custom operator of its own (`torch.library`), with its shapes, its
derivative and its rule for `torch.vmap`; so `torch.compile`, `torch.func` and ``backward`` of
``backward`` see ordinary operators. Tensors are on the CPU, float64 or float32; nothing is copied
that is contiguous.
"""

from __future__ import annotations

import functools
import inspect
from functools import partial
from typing import TYPE_CHECKING, Any

from mgbridge.errors import TensorError, missing

try:
    import numpy as np
    import torch
    from torch.library import custom_op

    from mgbridge.sources import Source, kernel_source, op_source, the_op
except ModuleNotFoundError as error:
    raise missing("torch", "torch", error) from error

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mgcompile import Kernel
    from mgcore import Op

__all__ = ["function", "op"]

_NAMESPACE = "mgbridge"
_DTYPES = (torch.float64, torch.float32)


def op(op: str | Op) -> Callable[..., torch.Tensor]:
    """Return a registered op as a function of tensors, elementwise.

    Args:
        op: Its name, such as "tanh", or the op; one with a fixed number of operands.

    Returns:
        A function of as many tensors, or numbers, as the op has operands; they broadcast. It gives
        a tensor of their common dtype, float64 or float32, with the op's partials as derivatives,
        of any order.

    Raises:
        UnknownOpError: if no plugin has the op.
        NotBridgedError: if it takes any number of operands.
    """
    return _op(the_op(op))


@functools.cache  # an operator stays registered as long as the process
def _op(op: Op) -> Callable[..., torch.Tensor]:
    source = op_source(op)
    value = _register_value(source, _free_name(op.name))
    no_params = torch.empty(0, dtype=torch.float64)
    count = len(source.operands)

    def apply(*operands: torch.Tensor | float) -> torch.Tensor:
        tensors = _broadcast(op.name, count, operands)
        return value(*tensors, no_params)

    apply.__name__ = apply.__qualname__ = op.name
    apply.__doc__ = (
        f"{source.doc}\n\nElementwise on tensors: {op.name}({', '.join(source.operands)})."
    )
    return apply


def function(kernel: Kernel, *, name: str | None = None) -> Callable[..., torch.Tensor]:
    """Return a kernel as a function of a tensor, along its last axis.

    Args:
        kernel: One with inputs.
        name: An identifier with which the operator's name begins. Make the function once and keep
            it: each one is registered for as long as the process lives.

    Returns:
        A function ``f(X, params=None)``. X has shape (..., n_inputs), float64 or float32, and is
        computed with in its dtype; the result has shape (...), or (..., n_outputs) if the kernel's
        `outputs` was a list. Without `params` they are what the kernel's were when the function was
        made, constants; given, a tensor (n_params,), results are differentiated to them too.

    Raises:
        NotBridgedError: if it is no kernel, or has no inputs.
    """
    constant = kernel_source(kernel, name, to_params=False)
    trained = kernel_source(kernel, name, to_params=True)
    label = constant.name
    fixed = _register_value(constant, _free_name(label))
    free = _register_value(trained, _free_name(f"{label}_of_params"))
    known = torch.from_numpy(kernel.params)
    n_inputs, n_params = kernel.program.n_inputs, kernel.program.n_params
    listed = constant.listed

    def apply(X: torch.Tensor, params: torch.Tensor | None = None) -> torch.Tensor:
        _check(label, X)
        if X.shape[-1:] != (n_inputs,):
            message = f"{label}: X has shape {tuple(X.shape)}; the last axis is {n_inputs} inputs"
            raise TensorError(message)
        if params is None:
            found = fixed(X, known.to(X.dtype))
        else:
            _check(label, params)
            if params.shape != (n_params,):
                message = f"{label}: params has shape {tuple(params.shape)}, not ({n_params},)"
                raise TensorError(message)
            found = free(X, params.to(X.dtype))
        return found if listed else found.squeeze(-1)

    apply.__name__ = apply.__qualname__ = label
    apply.__doc__ = f"{constant.doc}\n\nOn tensors: X (..., {n_inputs}), params ({n_params},)."
    return apply


# What a call is given


def _broadcast(name: str, count: int, operands: Sequence[Any]) -> Sequence[torch.Tensor]:
    """Return the operands in one shape and dtype."""
    if len(operands) != count:
        message = f"{name} takes {count} operand{'s' * (count > 1)}, not {len(operands)}"
        raise TensorError(message)
    tensors = [x for x in operands if isinstance(x, torch.Tensor)]
    if not tensors:
        message = f"{name}: none of the operands is a tensor; on numbers, use mgcore.ops.{name}"
        raise TensorError(message)
    dtype = functools.reduce(torch.promote_types, [x.dtype for x in tensors])
    if not dtype.is_floating_point and not dtype.is_complex:
        dtype = torch.get_default_dtype()
    made = [torch.as_tensor(x, dtype=dtype, device=tensors[0].device) for x in operands]
    for x in made:
        _check(name, x)
    if count == 1:
        return made
    shape = torch.broadcast_shapes(*(x.shape for x in made))  # type: ignore[no-untyped-call]  # no types
    return [x.expand(shape) for x in made]


def _check(name: str, x: Any) -> None:
    if not isinstance(x, torch.Tensor):
        message = f"{name} takes tensors, not {type(x).__name__}"
        raise TensorError(message)
    if x.dtype not in _DTYPES:
        message = f"{name} computes in float64 or float32, not {x.dtype}; convert with .to()"
        raise TensorError(message)
    if x.device.type not in ("cpu", "meta"):
        message = f"{name} computes on the CPU; give x.cpu(), which {x.device} can be made"
        raise TensorError(message)


# Operators


def _free_name(name: str) -> str:
    """Return a name that no operator has yet: an op may be registered anew, a kernel made twice."""
    taken, found, number = getattr(torch.ops, _NAMESPACE), name, 2
    while hasattr(taken, found):
        found, number = f"{name}_{number}", number + 1
    return found


def _operator(name: str, blocks: int, params: int, results: int, run: Callable[..., Any]) -> Any:
    takes = [f"Tensor x{k}" for k in range(blocks)] + [f"Tensor p{k}" for k in range(params)]
    gives = "Tensor" if results == 1 else f"({', '.join(['Tensor'] * results)})"
    schema = f"({', '.join(takes)}) -> {gives}"
    return custom_op(
        f"{_NAMESPACE}::{name}", run, mutates_args=(), device_types="cpu", schema=schema
    )


def _register_value(source: Source, name: str) -> Callable[..., torch.Tensor]:
    """Register the function itself; its pullbacks follow when they are needed."""
    orders, blocks = source.orders, len(source.orders.arguments(0).widths) - 1
    outputs = orders.n_outputs

    def run(*tensors: torch.Tensor) -> torch.Tensor:
        *batched, params = tensors
        found = orders.value([_rows(x, source) for x in batched], params.detach().numpy())
        return _tensor(found, batched[0], source)

    def shape(*tensors: torch.Tensor) -> torch.Tensor:
        return _like(tensors[0], outputs, source)

    made = _operator(name, blocks, 1, 1, run)
    made.register_fake(shape)
    pullbacks = _Pullbacks(source, name)

    def backward(ctx: Any, cotangent: torch.Tensor) -> Any:
        *batched, params = ctx.saved_tensors
        return pullbacks.cotangents(0, [*batched, cotangent], [params])

    return _finished(name, made, backward, partial(_vmap, blocks, False))


class _Pullbacks:
    """The operators of a source's pullbacks, registered as they are asked for."""

    def __init__(self, source: Source, name: str) -> None:
        self.source = source
        self.name = name
        self.made: list[Callable[..., Any]] = []
        # The compiled code that torch keeps on disk may ask for these by name.
        self.operator(1)

    def cotangents(
        self, order: int, blocks: Sequence[torch.Tensor], params: Sequence[torch.Tensor]
    ) -> tuple[torch.Tensor | None, ...]:
        """Return the results of an order, and None for arguments that there is none for."""
        about = self.source.orders.arguments(order)
        found = self.operator(order)(*blocks, *params)
        results = (found,) if isinstance(found, torch.Tensor) else tuple(found)
        none = (None,) * (self.n_params_before(order) - about.param_results)
        return (*results, *none)

    def n_params_before(self, order: int) -> int:
        """Return how many vectors of parameters the operator has whose pullback an order is."""
        return self.source.orders.arguments(order - 1).params if order else 1

    def operator(self, order: int) -> Callable[..., Any]:
        """Return how the operator of an order is called."""
        while len(self.made) <= order:
            self.made.append(self._register(len(self.made)))
        return self.made[order]

    def _register(self, order: int) -> Callable[..., Any]:
        source, about = self.source, self.source.orders.arguments(order)
        blocks, results = len(about.widths), about.results + about.param_results

        def run(*tensors: torch.Tensor) -> Any:
            batched = [_rows(x, source) for x in tensors[:blocks]]
            params = [x.detach().numpy() for x in tensors[blocks:]]
            found, to_params = source.orders.pullback(order, batched, params)
            made = [_tensor(rows, tensors[0], source) for rows in found]
            made += [torch.from_numpy(np.ascontiguousarray(x)) for x in to_params]
            return made[0] if results == 1 else tuple(made)

        def shape(*tensors: torch.Tensor) -> Any:
            widths = about.widths[: about.results]
            made = [_like(tensors[0], width, source) for width in widths]
            made += [tensors[blocks].new_empty(tensors[blocks].shape)] * about.param_results
            return made[0] if results == 1 else tuple(x.new_empty(x.shape) for x in made)

        def backward(ctx: Any, *cotangents: torch.Tensor) -> Any:
            saved = ctx.saved_tensors
            given = list(cotangents)
            batched = [*saved[:blocks], *given[: about.results]]
            return self.cotangents(order + 1, batched, [*saved[blocks:], *given[about.results :]])

        name = _free_name(f"{self.name}_pullback{order or ''}")
        made = _operator(name, blocks, about.params, results, run)
        made.register_fake(shape)
        rule = partial(_vmap, blocks, bool(about.param_results))
        return _finished(name, made, backward, rule)


def _finished(
    name: str,
    made: Any,
    backward: Callable[..., Any],
    vmap: Callable[..., Any],
) -> Callable[..., Any]:
    """Give an operator its derivative and its rule for vmap; return how it is called.

    `torch.compile` sees the operator. `torch.func` cannot differentiate operators, only functions
    of `torch.autograd`, so everybody else calls it through one of these.
    """
    made.register_autograd(backward, setup_context=_save)
    made.register_vmap(partial(vmap, made))

    def call(*tensors: torch.Tensor) -> Any:
        return made(*tensors) if torch.compiler.is_compiling() else through.apply(*tensors)

    def forward(*tensors: torch.Tensor) -> Any:
        return made(*tensors)

    # PyTorch asks for it in every call.
    forward.__signature__ = inspect.signature(forward)  # type: ignore[attr-defined]  # as documented
    rules: dict[str, Any] = {
        "forward": forward,
        "setup_context": _save,
        "backward": backward,
        "vmap": partial(vmap, call),
    }
    statics = {what: staticmethod(rule) for what, rule in rules.items()}
    through: Any = type(name, (torch.autograd.Function,), statics)
    return call


def _save(ctx: Any, inputs: tuple[torch.Tensor, ...], output: Any) -> None:  # noqa: ARG001 - asked
    ctx.save_for_backward(*inputs)


def _vmap(
    blocks: int,
    params_move: bool,
    call: Callable[..., Any],
    info: Any,
    in_dims: tuple[int | None, ...],
    *tensors: torch.Tensor,
) -> tuple[Any, Any]:
    """Map an operator: at once over a batch, one by one over parameters.

    Args:
        blocks: How many of the tensors are batched; the others are parameters.
        params_move: Whether there are results for parameters: sums over the batch, so that every
            turn has its own.
        call: How the operator is called.
        info: Has the number of turns, `batch_size`.
        in_dims: The axis of each tensor that is mapped over.
        tensors: The arguments.
    """
    if not params_move and all(dim is None for dim in in_dims[blocks:]):
        moved = [
            x.expand(info.batch_size, *x.shape) if dim is None else x.movedim(dim, 0)
            for x, dim in zip(tensors[:blocks], in_dims, strict=False)
        ]
        found = call(*moved, *tensors[blocks:])
        return found, 0 if isinstance(found, torch.Tensor) else (0,) * len(found)
    pairs = list(zip(tensors, in_dims, strict=True))
    turns = [
        call(*(x if dim is None else x.select(dim, k) for x, dim in pairs))
        for k in range(info.batch_size)
    ]
    if isinstance(turns[0], torch.Tensor):
        return torch.stack(turns), 0
    found = tuple(torch.stack(each) for each in zip(*turns, strict=True))
    return found, (0,) * len(found)


# Tensors and arrays share their memory


def _rows(x: torch.Tensor, source: Source) -> Any:
    """Return a tensor as the columns of a block."""
    array = x.detach().numpy()
    if source.elementwise:
        return array.reshape(-1)
    return array.reshape(-1, array.shape[-1])


def _tensor(rows: Any, like: torch.Tensor, source: Source) -> torch.Tensor:
    """Return columns as a contiguous tensor."""
    shape = like.shape if source.elementwise else (*like.shape[:-1], rows.shape[1])
    array = rows[:, 0] if source.elementwise else rows
    if not array.flags.writeable:
        array = array.copy()
    return torch.from_numpy(np.ascontiguousarray(array)).reshape(shape)


def _like(x: torch.Tensor, width: int, source: Source) -> torch.Tensor:
    return x.new_empty(x.shape if source.elementwise else (*x.shape[:-1], width))
