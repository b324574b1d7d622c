"""The backend "numpy": slow, obvious, and the oracle of every other backend.

It interprets the program statement by statement on arrays of shape (n, size) where they are batched
and (size,) where they are not.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from mgcompile.backends.callbacks import watched
from mgcompile.backends.numpy.elementwise import apply
from mgcompile.program.index_maps import elements_at
from mgcompile.program.ir import (
    CONSTS,
    INPUTS,
    PARAMS,
    SAMPLES,
    Access,
    Bundle,
    Gather,
    Loop,
    Program,
    Scatter,
    Statement,
    Tape,
)
from mgcompile.program.traversal import made
from mgcompile.support.zero_product import ZERO_DOT, ZERO_MUL
from mgcore import ops

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mgcompile.backends.interface import Executable, Options, TrainCall, Trainer
    from mgcompile.program.optimizer import OptimizerSpec

    Floats = NDArray[Any]
    Store = dict[int, Floats]

__all__ = ["NumpyBackend", "backend"]


@attrs.frozen(slots=True)
class NumpyBackend:
    """Interpret programs with NumPy."""

    name: str = "numpy"

    def build(self, program: Program, options: Options) -> Executable:
        """Return an executable that interprets `program`."""
        return _Interpreter(program, np.dtype(options.dtype))

    def build_trainer(self, program: Program, rule: OptimizerSpec, options: Options) -> Trainer:
        """Return a trainer that interprets `program` for every mini-batch."""
        return _Trainer(_Interpreter(program, np.dtype(options.dtype)), rule)


backend = NumpyBackend()


@attrs.frozen(slots=True, eq=False)
class _Interpreter:
    program: Program
    dtype: np.dtype[Any]

    def __call__(
        self, inputs: Floats | Sequence[Floats], count: int, params: Floats
    ) -> tuple[Floats, ...]:
        """Run the program once over all samples."""
        if not isinstance(inputs, np.ndarray):
            columns = [np.broadcast_to(column, (count,)) for column in inputs]
            inputs = np.stack(columns, axis=1) if columns else np.zeros((count, 0))
        store: Store = {
            INPUTS: np.asarray(inputs, self.dtype).reshape(count, self.program.n_inputs),
            PARAMS: np.asarray(params, self.dtype),
            CONSTS: self.program.consts.astype(self.dtype),
            SAMPLES: np.array([count], dtype=self.dtype),
        }
        with watched(), np.errstate(all="ignore"):  # NaN and infinity go through
            for statement in self.program.statements:
                _run(statement, store, self.program, ())
        return tuple(np.array(store[output.array]) for output in self.program.outputs)


def _run(statement: Statement, store: Store, program: Program, at: tuple[int, ...]) -> None:
    """Execute one statement; `at` are the iterations of the loops around it."""
    if isinstance(statement, Bundle):
        _run_bundle(statement, store, program, at)
    elif isinstance(statement, Scatter):
        _run_scatter(statement, store, program, at)
    elif isinstance(statement, Tape):
        _run_tape(statement, store, program, at)
    else:
        _run_loop(statement, store, program, at)


def _keep(array: int, value: Floats, store: Store, program: Program) -> None:
    """Keep what a statement made, spread to the shape that its array has.

    What is batched may be made of numbers that all samples share, and then has no axis for them
    yet: a tape's result, for example, where all that is read of it depends on constants alone.
    """
    kept = program.arrays[array]
    shape = (len(store[INPUTS]), kept.size) if kept.batched else (kept.size,)
    store[array] = value if value.shape == shape else np.broadcast_to(value, shape)


def _read(access: Access, store: Store, at: tuple[int, ...], domain: tuple[int, ...]) -> Floats:
    """Return what an access reads: shape (n, *domain) when it is batched, else `domain`."""
    source, index, depth = store[access.array], access.index, len(at)
    if isinstance(index, Gather):
        return source[..., elements_at(index, at, domain)]
    offset = index.offset + sum(k * s for k, s in zip(at, index.strides, strict=False))
    if not domain:
        return source[..., offset]
    step = source.strides[-1]
    strides = (*source.strides[:-1], *(step * stride for stride in index.strides[depth:]))
    shape = source.shape[:-1] + domain
    return np.lib.stride_tricks.as_strided(source[..., offset:], shape, strides, writeable=False)


def _run_bundle(bundle: Bundle, store: Store, program: Program, at: tuple[int, ...]) -> None:
    domain = bundle.shape + bundle.reduced
    operands = [_read(access, store, at, domain) for access in bundle.operands]
    if bundle.op is ZERO_DOT:
        first, second = operands
        result = _sum(bundle, [apply(ZERO_MUL, [first, second])])
    elif bundle.op is ops.dot:
        result = _dot(bundle, operands)
    elif bundle.op is ops.sum:
        result = _sum(bundle, operands)
    elif bundle.reduced:
        (lone,) = operands
        spread = lone.reshape(*lone.shape[: lone.ndim - len(bundle.reduced)], -1)
        result = apply(bundle.op, [spread[..., i] for i in range(spread.shape[-1])])
    else:
        result = apply(bundle.op, operands)
    rows = result.shape[: result.ndim - len(bundle.shape)]
    size = program.arrays[bundle.result].size
    _keep(bundle.result, result.reshape(*rows, size), store, program)


def _sum(bundle: Bundle, operands: list[Floats]) -> Floats:
    last = tuple(range(-len(bundle.reduced), 0))
    total = operands[0]
    for operand in operands[1:]:
        total = total + operand
    total = total.sum(axis=last) if last else total
    return total.sum(axis=0) if bundle.over_batch else total


def _dot(bundle: Bundle, operands: list[Floats]) -> Floats:
    axes = len(bundle.shape) + len(bundle.reduced)
    labels = [list(range(1, axes + 1)) for _ in operands]
    batched = False
    for label, operand in zip(labels, operands, strict=True):
        if operand.ndim > axes:
            label.insert(0, 0)
            batched = True
    out = list(range(1, len(bundle.shape) + 1))
    if batched and not bundle.over_batch:
        out.insert(0, 0)
    return np.asarray(np.einsum(operands[0], labels[0], operands[1], labels[1], out))


def _run_scatter(scatter: Scatter, store: Store, program: Program, at: tuple[int, ...]) -> None:
    made = program.arrays[scatter.result]
    rows: tuple[int, ...] = (len(store[INPUTS]),) if made.batched else ()
    targets = [elements_at(part.target, at, part.shape) for part in scatter.parts]
    result = np.zeros((*rows, made.size), dtype=store[CONSTS].dtype)
    result[..., _written_once(targets, made.size)] = -0.0  # to which any number adds as it is
    for part, target in zip(scatter.parts, targets, strict=True):
        where: Any = (..., target)
        np.add.at(result, where, _read(part.source, store, at, part.shape))
    _keep(scatter.result, result, store, program)


def _written_once(targets: Sequence[NDArray[np.int64]], size: int) -> NDArray[np.bool_]:
    times = np.zeros(size, dtype=np.int64)
    for target in targets:
        np.add.at(times, target, 1)
    return np.equal(times, 1)


def _run_tape(tape: Tape, store: Store, program: Program, at: tuple[int, ...]) -> None:
    pool: list[Floats] = []
    for access, length in zip(tape.externals, tape.lengths, strict=True):
        read = _read(access, store, at, (length,))
        pool += [read[..., i] for i in range(length)]
    start, operand = tape.start.tolist(), tape.operand.tolist()
    first = len(pool)
    for i, code in enumerate(tape.code.tolist()):
        pool.append(apply(tape.ops[code], [pool[x] for x in operand[start[i] : start[i + 1]]]))
    _keep(tape.result, np.stack(np.broadcast_arrays(*pool[first:]), axis=-1), store, program)


def _run_loop(loop: Loop, store: Store, program: Program, at: tuple[int, ...]) -> None:
    if loop.needed is not None and not np.any(_read(loop.needed, store, at, ())):
        for array in made(loop):  # nobody looks at them: if somebody does, it shows
            _keep(array, np.array([math.nan], dtype=store[CONSTS].dtype), store, program)
        return
    for carry in loop.carries:
        size = program.arrays[carry.array].size
        _keep(carry.array, _read(carry.initial, store, at, (size,)), store, program)
    kept: list[list[Floats]] = [[] for _ in loop.stacks]
    for k in range(loop.count):
        for statement in loop.body:
            _run(statement, store, program, (*at, k))
        for stack, values in zip(loop.stacks, kept, strict=True):
            values.append(store[stack.source])
        following = [store[carry.following] for carry in loop.carries]
        for carry, state in zip(loop.carries, following, strict=True):
            _keep(carry.array, state, store, program)
    for carry in loop.carries:
        _keep(carry.final, store[carry.array], store, program)
    for stack, values in zip(loop.stacks, kept, strict=True):
        _keep(stack.result, np.concatenate(values, axis=-1), store, program)


@attrs.frozen(slots=True, eq=False)
class _Trainer:
    run: _Interpreter
    rule: OptimizerSpec

    def __call__(self, call: TrainCall) -> NDArray[np.float64]:
        """Train (see `mgcompile.backends.interface.Trainer`)."""
        recorded = self.run.program.data is not None
        losses = np.zeros(call.epochs)
        for number, (epoch, inputs, size, rate) in enumerate(call.batches(), start=call.step + 1):
            scale = 1.0 if recorded else 1.0 / size
            loss, gradient = self.run(inputs, size, call.params)
            update(call.params, call.state, gradient, self.rule, rate, scale, number)
            losses[epoch] += float(loss[0]) / (1.0 if recorded else call.count)
        return losses


def update(
    params: Floats,
    state: Floats,
    gradient: Floats,
    rule: OptimizerSpec,
    lr: float,
    scale: float,
    step: int,
) -> None:
    """Update parameters and optimiser state in place, as `backend.OptimizerSpec` describes it.

    Args:
        params: Shape (n_params,).
        state: Shape (rule.state_rows, n_params).
        gradient: Shape (n_params,), before scaling.
        rule: Which update.
        lr: Learning rate.
        scale: What the gradient is multiplied by.
        step: Number of this update, from 1.
    """
    if rule.clip_norm:
        norm = scale * float(np.sqrt(np.sum(np.square(gradient, dtype=np.float64))))
        scale *= min(1.0, rule.clip_norm / (norm + 1e-6))
    g = gradient * params.dtype.type(scale)
    if rule.kind == "adamw":
        params -= params.dtype.type(lr * rule.weight_decay) * params
    elif rule.weight_decay:
        g = g + params.dtype.type(rule.weight_decay) * params
    if rule.has_moments:
        state[0] = rule.beta1 * state[0] + (1.0 - rule.beta1) * g
        state[1] = rule.beta2 * state[1] + (1.0 - rule.beta2) * g * g
        mean = state[0] / (1.0 - rule.beta1**step)
        spread = np.sqrt(state[1] / (1.0 - rule.beta2**step))
        params -= (lr * mean / (spread + rule.epsilon)).astype(params.dtype)
    else:
        if rule.state_rows:
            state[0] = rule.momentum * state[0] + g
            g = state[0]
        params -= params.dtype.type(lr) * g
    if rule.l1:
        size = np.abs(params) - params.dtype.type(lr * rule.l1)
        params[:] = np.where(size <= 0.0, 0.0, np.copysign(size, params))
