"""Registered ops and kernels as functions of JAX arrays: jit, vmap, grad of grad.

An op has a rule for tangents (`jax.custom_jvp`), so that forward and reverse mode work to any
order; on the CPU, XLA calls its native code (`jax.ffi`). A kernel has a rule for cotangents
(`jax.custom_vjp`), one pass of reverse mode whatever the number of inputs and parameters; or, with
``forward=True``, a rule for tangents too, through the whole Jacobian. Its numbers come from a call
back to the host (`jax.pure_callback`). Both compute in float32 or, where JAX has it switched on,
float64.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
from typing import TYPE_CHECKING, Any

from mgbridge.errors import TensorError, missing

try:
    import jax
    import jax.numpy as jnp
    import numpy as np

    from mgbridge.sources import Source, kernel_source, op_source, the_op
    from mgcompile.backends.llvm.runtime.xla_call import make_handler
    from mgcompile.program.printer import format_program
    from mgcompile.program.traversal import ops_of
    from mgcompile.runtime.rule_probes import probes
    from mgcompile.support.cache_dir import cache_folder
except ModuleNotFoundError as error:
    raise missing("jax", "jax", error) from error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from mgcompile import Kernel
    from mgcompile.program.ir import Program
    from mgcore import Op

    Floats = NDArray[Any]

__all__ = ["function", "op"]


def op(op: str | Op) -> Callable[..., jax.Array]:
    """Return a registered op as a function of arrays, elementwise.

    Args:
        op: Its name, such as "tanh", or the op; one with a fixed number of operands.

    Returns:
        A function of as many arrays, or numbers, as the op has operands; they broadcast. It gives
        an array of their common floating dtype, with the op's partials as derivatives, of any
        order, in forward and in reverse mode.

    Raises:
        UnknownOpError: if no plugin has the op.
        NotBridgedError: if it takes any number of operands.
    """
    return _op(the_op(op))


@functools.cache
def _op(op: Op) -> Callable[..., jax.Array]:
    source = op_source(op)
    value = _elementwise(source)

    def apply(*operands: Any) -> jax.Array:
        count = len(source.operands)
        if len(operands) != count:
            message = f"{op.name} takes {count} operand{'s' * (count > 1)}, not {len(operands)}"
            raise TensorError(message)
        arrays = jnp.broadcast_arrays(*(jnp.asarray(x) for x in operands))
        dtype = _floating(operands)
        _check(op.name, dtype)
        found: jax.Array = value(*(x.astype(dtype) for x in arrays))
        return found

    apply.__name__ = apply.__qualname__ = op.name
    apply.__doc__ = (
        f"{source.doc}\n\nElementwise on arrays: {op.name}({', '.join(source.operands)})."
    )
    return apply


def function(
    kernel: Kernel, *, name: str | None = None, forward: bool = False
) -> Callable[..., jax.Array]:
    """Return a kernel as a function of an array, along its last axis.

    Args:
        kernel: One with inputs.
        name: An identifier, for messages.
        forward: Whether forward mode (`jax.jvp`, `jax.jacfwd`, `jax.hessian`) is wanted too.
            Derivatives to inputs are then whole Jacobians, a pass for each output; there are none
            to parameters.

    Returns:
        A function ``f(X, params=None)``. X has shape (..., n_inputs); the result has X's dtype and
        the shape (...), or (..., n_outputs) if the kernel's `outputs` was a list. Without `params`
        they are what the kernel's were when the function was made, constants; given, an array
        (n_params,), results are differentiated to them too.

    Raises:
        NotBridgedError: if it is no kernel, or has no inputs.
    """
    constant = kernel_source(kernel, name, to_params=False)
    known, label, listed = kernel.params, constant.name, constant.listed
    fixed = (_through_jacobians if forward else _reverse)(constant, known)
    free = _reverse(kernel_source(kernel, name, to_params=True), None)
    n_inputs, n_params = kernel.program.n_inputs, kernel.program.n_params

    def apply(X: Any, params: Any = None) -> jax.Array:
        X = jnp.asarray(X)
        X = X.astype(_floating([X]))
        _check(label, X.dtype)
        if X.shape[-1:] != (n_inputs,):
            message = f"{label}: X has shape {X.shape}; the last axis is {n_inputs} inputs"
            raise TensorError(message)
        if params is None:
            found = fixed(X)
        elif jnp.shape(params) != (n_params,):
            message = f"{label}: params has shape {jnp.shape(params)}, not ({n_params},)"
            raise TensorError(message)
        elif forward:
            message = f"{label} was made with forward=True and has its params for constants"
            raise TensorError(message)
        else:
            found = free(X, jnp.asarray(params, X.dtype))
        result: jax.Array = found if listed else found[..., 0]
        return result

    apply.__name__ = apply.__qualname__ = label
    apply.__doc__ = f"{constant.doc}\n\nOn arrays: X (..., {n_inputs}), params ({n_params},)."
    return apply


def _floating(operands: Sequence[Any]) -> Any:
    """Return the dtype that operands are computed in, by JAX's own promotion."""
    return jnp.result_type(*operands, float)  # Python's float yields to any floating dtype


def _check(name: str, dtype: Any) -> None:
    if dtype not in (jnp.float32, jnp.float64):
        message = f"{name} computes in float64 or float32, not {dtype}; convert with .astype()"
        raise TensorError(message)


# Ops: tangents, from partial derivatives


def _elementwise(source: Source) -> Callable[..., Any]:
    """Return an op as a function of arrays of one shape and dtype."""

    def run(*arrays: Any) -> Any:
        columns = [np.asarray(x).reshape(-1) for x in arrays]
        found = source.orders.value(columns, np.zeros(0, columns[0].dtype))
        return found[:, 0].reshape(np.shape(arrays[0]))

    @jax.custom_jvp
    def value(*arrays: Any) -> Any:
        return _elementwise_call(native, run, _like(arrays[0]), *arrays)

    native = _Native(source, source.kernel.program, ())
    slopes = functools.partial(_partials, source)

    def tangent(primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
        return value(*primals), _along(slopes(()), primals, tangents)

    value.defjvp(tangent)
    return value


@functools.cache  # what is registered with XLA stays so
def _partials(source: Source, taken: tuple[int, ...]) -> Callable[..., Any]:
    """Return the derivatives, by each operand, of a partial derivative of an op.

    Args:
        source: The op.
        taken: The operands that it was differentiated by already.
    """
    orders, count, order = source.orders, len(source.operands), len(taken)

    def run(*arrays: Any) -> Any:
        columns = [np.asarray(x).reshape(-1) for x in arrays]
        zero, one = (np.broadcast_to(columns[0].dtype.type(k), columns[0].shape) for k in (0, 1))
        blocks = [*columns, one]
        # Each order moves along one of the operands.
        for step, k in enumerate(taken):
            blocks += [one if j == k else zero for j in range(orders.arguments(step).results)]
        found, _ = orders.pullback(order, blocks, [columns[0][:0]])
        return np.concatenate(found[:count], axis=1).reshape(*np.shape(arrays[0]), count)

    @jax.custom_jvp
    def slopes(*arrays: Any) -> Any:
        x = arrays[0]
        found = _elementwise_call(native, run, _shaped((*x.shape, count), x.dtype), *arrays)
        return tuple(found[..., k] for k in range(count))

    native = _Native(source, *orders.slopes(taken))

    def tangent(primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
        further = [_partials(source, (*taken, k)) for k in range(count)]
        return slopes(*primals), tuple(_along(f, primals, tangents) for f in further)

    slopes.defjvp(tangent)
    return slopes


def _along(slopes: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    terms = [d * t for d, t in zip(slopes(*primals), tangents, strict=True)]
    return functools.reduce(jnp.add, terms)


# Kernels: cotangents, by pullbacks


def _reverse(source: Source, params: Floats | None) -> Callable[..., Any]:
    """Return a kernel as a function of X, and of parameters unless these are given here."""
    orders, more = source.orders, () if params is None else (params,)
    # One turn of a vmap after the other where parameters move: each has a sum over its own batch.
    how = "sequential" if params is None else "broadcast_all"

    def run(*arrays: Any) -> Any:
        X, vector = (np.asarray(x) for x in (*arrays, *more))
        found = orders.value([_rows(X)], vector.astype(X.dtype, copy=False))
        return found.reshape(*X.shape[:-1], orders.n_outputs)

    @jax.custom_vjp
    def value(*arrays: Any) -> Any:
        return _call(run, _like(arrays[0], orders.n_outputs), *arrays, how=how)

    def backward(saved: Sequence[Any], cotangent: Any) -> Any:
        X, *vectors = saved
        return pullback(0)(X, cotangent, *vectors)

    @functools.cache
    def pullback(order: int) -> Callable[..., Any]:
        about = orders.arguments(order)
        blocks, results = len(about.widths), about.results

        def run(*arrays: Any) -> Any:
            batched = [np.asarray(x) for x in arrays[:blocks]]
            dtype, lead = batched[0].dtype, batched[0].shape[:-1]
            vectors = [np.asarray(x, dtype) for x in (*arrays[blocks:], *more)]
            found, to_params = orders.pullback(order, [_rows(x) for x in batched], vectors)
            return (*(x.reshape(*lead, x.shape[1]) for x in found), *to_params)

        @jax.custom_vjp
        def pulled(*arrays: Any) -> Any:
            shapes = [_like(arrays[0], width) for width in about.widths[:results]]
            shapes += [_like(x) for x in arrays[blocks : blocks + about.param_results]]
            return _call(run, tuple(shapes), *arrays, how=how)

        def further(saved: Sequence[Any], cotangents: Sequence[Any]) -> Any:
            batched = (*saved[:blocks], *cotangents[:results])
            return pullback(order + 1)(*batched, *saved[blocks:], *cotangents[results:])

        pulled.defvjp(lambda *arrays: (pulled(*arrays), arrays), further)
        return pulled

    value.defvjp(lambda *arrays: (value(*arrays), arrays), backward)
    return value


# Kernels: tangents, through Jacobians


def _through_jacobians(source: Source, params: Floats) -> Callable[..., Any]:
    """Return a kernel as a function of X alone, with its derivatives as whole arrays."""
    orders, n = source.orders, source.kernel.program.n_inputs

    def blocks_of(rows: Any, order: int) -> list[Any]:
        """Return every row with every unit cotangent, and every unit vector along each order."""
        m, dtype = orders.n_outputs, rows.dtype
        units = list(itertools.product(range(m), *[range(n)] * order))
        blocks = [np.repeat(rows, len(units), axis=0)]
        blocks.append(np.tile(np.eye(m, dtype=dtype)[[unit[0] for unit in units]], (len(rows), 1)))
        for step in range(order):
            moving = np.eye(n, dtype=dtype)[[unit[step + 1] for unit in units]]
            blocks.append(np.tile(moving, (len(rows), 1)))
            for width in orders.arguments(step).widths[1 : orders.arguments(step).results]:
                blocks.append(np.broadcast_to(dtype.type(0), (len(blocks[0]), width)))
        return blocks

    @functools.cache
    def derivative(order: int) -> Callable[..., Any]:
        """Return the array of all derivatives of an order, shape (..., n_outputs, n, n, ...)."""
        shape = (orders.n_outputs, *[n] * order)

        def run(X: Any) -> Any:
            X = np.asarray(X)
            vector = params.astype(X.dtype, copy=False)
            if not order:
                return orders.value([_rows(X)], vector).reshape(*X.shape[:-1], *shape)
            found, _ = orders.pullback(order - 1, blocks_of(_rows(X), order - 1), [vector])
            return found[0].reshape(*X.shape[:-1], *shape)

        @jax.custom_jvp
        def derived(X: Any) -> Any:
            return _call(run, _shaped((*X.shape[:-1], *shape), X.dtype), X)

        def tangent(primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
            (X,), (moved,) = primals, tangents
            moved = moved.reshape(*X.shape[:-1], *[1] * len(shape), n)
            return derived(X), (derivative(order + 1)(X) * moved).sum(-1)

        derived.defjvp(tangent)
        return derived

    return derivative(0)


# Ops in native code


class _Native:
    """A program of an op as a target of XLA's custom calls, registered for a dtype when needed."""

    def __init__(self, source: Source, program: Program, constants: Sequence[float]) -> None:
        self.source = source
        self.program = program
        self.constants = constants
        self._targets: dict[str, str | None] = {}

    def target(self, dtype: str) -> str | None:
        """Return the name of the target; None if there can be none."""
        if dtype not in self._targets:
            self._targets[dtype] = self._registered(dtype)
        return self._targets[dtype]

    def _registered(self, dtype: str) -> str | None:
        foreign = getattr(jax, "ffi", None)
        if foreign is None:
            return None
        handler = make_handler(self.program, self.constants, dtype, cache_folder())
        if handler is None:
            return None
        # Compiled code that JAX keeps on disk asks for targets by name: of other rules, another.
        rules = (format_program(self.program), self.constants, probes(ops_of(self.program)))
        digest = hashlib.sha256(repr(rules).encode()).hexdigest()[:16]
        name = f"mgbridge_{self.source.name}_{digest}_{dtype}"
        name = f"{name}_{next(_numbers(name))}"  # the same rules may be registered twice
        foreign.register_ffi_target(name, foreign.pycapsule(handler), platform="cpu")
        return name


@functools.cache
def _numbers(name: str) -> Iterator[int]:  # noqa: ARG001 - a counter for each
    """Count the targets of a name."""
    return itertools.count()


def _elementwise_call(
    native: _Native, run: Callable[..., Any], shape: jax.ShapeDtypeStruct, *arrays: Any
) -> Any:
    """Call the program of an op: in native code on the CPU, through the host elsewhere."""
    target = native.target(str(shape.dtype))
    if target is None:
        return _call(run, shape, *arrays)
    inner = jax.ffi.ffi_call(target, shape, vmap_method="broadcast_all")
    return jax.lax.platform_dependent(
        *arrays, cpu=inner, default=functools.partial(_call, run, shape)
    )


# To the host and back


def _call(run: Callable[..., Any], shapes: Any, *arrays: Any, how: str = "broadcast_all") -> Any:
    return jax.pure_callback(run, shapes, *arrays, vmap_method=how)


def _like(x: Any, width: int | None = None) -> jax.ShapeDtypeStruct:
    return _shaped(x.shape if width is None else (*x.shape[:-1], width), x.dtype)


def _shaped(shape: tuple[int, ...], dtype: Any) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(shape, dtype)  # type: ignore[no-untyped-call]  # ships no types


def _rows(X: Floats) -> Floats:
    return X.reshape(-1, X.shape[-1])
