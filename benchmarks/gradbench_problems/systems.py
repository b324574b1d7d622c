"""Make the functions for the value and the gradient of a problem, for each system."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    Pair = tuple[Callable[[], Any], Callable[[], Any]]

__all__ = ["SYSTEMS", "Instance", "Library", "casadi_pair", "flat"]


@attrs.frozen
class Instance:
    """The numbers of a problem: its size, what is differentiated to, and the rest."""

    size: tuple[Any, ...]
    params: tuple[Any, ...]
    data: tuple[Any, ...] = ()


@attrs.frozen
class Library:
    """What a problem on arrays is written in.

    ``np`` has NumPy's functions, ``scan(step, carry, xs, length)`` carries a state through
    ``step(carry, x)``, ``grad`` makes the gradient of a function of one array.
    """

    np: Any
    scan: Callable[..., Any]
    grad: Callable[..., Any]
    logsumexp: Callable[[Any], Any]


def flat(outcome: Any) -> tuple[np.ndarray, ...]:
    """Return what a function has given as arrays: the value, and all derivatives in one vector."""
    if isinstance(outcome, list):  # mgcore gives several outputs one by one
        outcome = np.stack(outcome, -1)
    if not isinstance(outcome, tuple):
        return (_array(outcome),)
    value, *gradients = outcome
    return _array(value), np.concatenate([_array(each) for each in gradients])


def _array(x: Any) -> np.ndarray:
    return np.asarray(x.detach() if hasattr(x, "detach") else x, dtype=float).ravel()


def _loop(step: Callable[..., Any], carry: Any, xs: Any = None, length: int = 0) -> Any:
    for i in range(length if xs is None else len(xs)):
        carry = step(carry, None if xs is None else xs[i])
    return carry


def by_jax(problem: ModuleType, instance: Instance, *, forward: bool = False) -> Pair:
    import jax

    def scan(step: Callable[..., Any], carry: Any, xs: Any = None, length: int = 0) -> Any:
        steps = length if xs is None else None
        return jax.lax.scan(lambda c, x: (step(c, x), None), carry, xs, length=steps)[0]

    library = Library(jax.numpy, scan, jax.grad, jax.nn.logsumexp)
    loss = partial(problem.loss, library, size=instance.size)
    params, data = jax.tree_util.tree_map(jax.numpy.asarray, (instance.params, instance.data))
    if hasattr(problem, "OUTPUTS"):
        value, blocks = jax.jit(jax.vmap(loss)), jax.jit(jax.vmap(jax.jacrev(loss)))
        return (
            lambda: value(params, data).block_until_ready(),
            lambda: blocks(params, data)[0].block_until_ready(),
        )
    if forward:
        value = jax.jit(loss)
        gradient = jax.jit(lambda params, data: _pushed(jax, loss, params, data))
    else:
        value, gradient = jax.jit(loss), jax.jit(jax.value_and_grad(loss))

    def call() -> Any:
        found, slopes = gradient(params, data)
        return jax.block_until_ready((found, *slopes))

    return lambda: value(params, data).block_until_ready(), call


def _pushed(jax: Any, loss: Any, params: Any, data: Any) -> Any:
    value, slope = jax.jvp(lambda x: loss((x,), data), params, (jax.numpy.ones(()),))
    return value, (slope,)


def by_torch(problem: ModuleType, instance: Instance) -> Pair:
    import torch

    torch.set_num_threads(1)
    library = Library(torch, _loop, torch.func.grad, lambda x: torch.logsumexp(x, 0))
    loss = partial(problem.loss, library, size=instance.size)
    params = tuple(torch.tensor(p, requires_grad=True) for p in instance.params)
    data = tuple(torch.tensor(d) for d in instance.data)

    if hasattr(problem, "OUTPUTS"):
        values, blocks = torch.func.vmap(loss), torch.func.vmap(torch.func.jacrev(loss))
        plain = tuple(p.detach() for p in params)
        return lambda: values(plain, data), lambda: blocks(plain, data)[0]

    def value() -> Any:
        with torch.no_grad():
            return loss(params, data)

    def gradient() -> Any:
        found = loss(params, data)
        return (found, *torch.autograd.grad(found, params))

    return value, gradient


def by_autograd(problem: ModuleType, instance: Instance) -> Pair:
    import autograd
    from autograd.scipy.special import logsumexp

    library = Library(autograd.numpy, _loop, autograd.grad, logsumexp)
    params, data = instance.params, instance.data
    loss = partial(problem.loss, library, size=instance.size)
    if hasattr(problem, "OUTPUTS"):
        return lambda: loss(params, data), lambda: _rows(autograd, problem, loss, params, data)
    slopes = autograd.value_and_grad(loss)

    def gradient() -> Any:
        value, found = slopes(params, data)
        return (value, *found)

    return lambda: loss(params, data), gradient


def _rows(autograd: Any, problem: ModuleType, loss: Any, params: Any, data: Any) -> Any:
    """Return the blocks of the Jacobian: all observations side by side, a pass an output."""
    pull, value = autograd.make_vjp(lambda x: loss((x,), data))(params[0])
    weights = np.eye(problem.OUTPUTS)
    return np.stack([pull(np.broadcast_to(row, value.shape)) for row in weights], 1)


def by_mgcore(problem: ModuleType, instance: Instance) -> Pair:
    pair: Pair = problem.mgcore(instance)
    return pair


def by_casadi(problem: ModuleType, instance: Instance) -> Pair:
    pair: Pair = problem.casadi(instance)
    return pair


def casadi_pair(
    arrays: Sequence[np.ndarray], symbols: Sequence[Any], value: Any, params: int
) -> Pair:
    """Return functions of fixed arrays: the value; and that with its gradient to the first symbols.

    CasADi keeps columns together, NumPy rows: the symbol of an array of shape (r, c) is one of
    shape (c, r).
    """
    import casadi as ca

    slopes = [ca.gradient(value, x) for x in symbols[:params]]
    whole = casadi_call(arrays, symbols, value, *slopes)
    return casadi_call(arrays, symbols, value), whole


def casadi_call(
    arrays: Sequence[np.ndarray], symbols: Sequence[Any], *outputs: Any
) -> Callable[[], Any]:
    """Return a function of fixed arrays; numbers are handed over in place, CasADi's fastest way."""
    import casadi as ca

    function = ca.Function("f", list(symbols), [ca.densify(x) for x in outputs])
    buffer, trigger = function.buffer()
    kept = [np.ascontiguousarray(x, dtype=float) for x in arrays]
    results = tuple(np.zeros(function.numel_out(i)) for i in range(function.n_out()))
    for i, array in enumerate(kept):
        buffer.set_arg(i, memoryview(array))
    for i, result in enumerate(results):
        buffer.set_res(i, memoryview(result))

    def call() -> Any:
        trigger()
        return results if len(results) > 1 else results[0]

    call.keep = (buffer, kept)  # type: ignore[attr-defined]  # `trigger` only points at them
    return call


SYSTEMS: dict[str, tuple[str | None, Callable[..., Pair]]] = {
    "mgcore": (None, by_mgcore),
    "JAX": ("jax", by_jax),
    "PyTorch": ("torch", by_torch),
    "autograd": ("autograd", by_autograd),
    "CasADi": ("casadi", by_casadi),
    "JAX, forward": ("jax", partial(by_jax, forward=True)),
}
"""By name: the module to be imported, and what makes the two functions. The last one is for
problems of one parameter."""
