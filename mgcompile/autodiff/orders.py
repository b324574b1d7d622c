"""The derivatives of a program of any order, each the gradient of one scalar.

``S0`` is the sum of a program's outputs, each times a cotangent of its own, which are inputs too.
``S1`` is the derivative of S0 along a direction, which is more inputs (and parameters), and so on:
the pullback of the gradient of one is the gradient of the next. So an automatic differentiation of
another library, which asks for the pullback of every pullback, is answered to any order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgcompile.autodiff.adjoints import Adjoints
from mgcompile.autodiff.forward import derivative_along
from mgcompile.autodiff.reverse import dense, reverse_program
from mgcompile.program.builder import Builder, affine
from mgcompile.program.dce import needed_only
from mgcompile.program.ir import INPUTS, PARAMS, Affine, Array
from mgcompile.program.verifier import verify
from mgcore import ops

if TYPE_CHECKING:
    from mgcompile.program.ir import Program

__all__ = ["contraction", "gradient", "next_order", "pullback"]


def contraction(program: Program) -> Program:
    """Return S0: the scalar program of the outputs, each times a cotangent.

    Args:
        program: A forward program of n inputs and m outputs.

    Returns:
        A program of n + m inputs, the cotangents last, whose `value` is a number for each sample.
    """
    builder, value = Builder.continuing(program), program.output("value")
    n, m = program.n_inputs, program.arrays[value].size
    builder.arrays[INPUTS] = Array(n + m, batched=True)
    cotangents = affine(INPUTS, n, 0, 1)
    result = builder.bundle(ops.dot, (1,), [cotangents, affine(value, 0, 0, 1)], (m,))
    return verify(needed_only(builder.finish([("value", result)])))


def next_order(program: Program, *, to_params: bool) -> Program:
    """Return S(k + 1) of S(k): its derivative along a direction.

    Args:
        program: S(k).
        to_params: Whether the parameters move too.

    Returns:
        The program; its inputs (and parameters) are doubled, the direction last.
    """
    sources = {INPUTS, PARAMS} if to_params else {INPUTS}
    return verify(derivative_along(program, sources))


def gradient(program: Program, *, to_params: bool, first: int | None = None) -> Program:
    """Return the gradient of S(k) to everything that it reads.

    Args:
        program: S(k).
        to_params: Whether to the parameters too, summed over samples.
        first: To how many inputs; all by default.

    Returns:
        The program, with the outputs `input_gradient`, and `param_gradient`.
    """
    builder = Builder.continuing(program)
    adjoints = Adjoints(builder)
    adjoints.seed(program.output("value"), 1.0)
    return _reversed(builder, adjoints, to_params=to_params, first=first)


def pullback(program: Program, *, to_params: bool) -> Program:
    """Return the gradient of S0 to inputs (and parameters), but not to the cotangents.

    Args:
        program: A forward program of n inputs and m outputs.
        to_params: Whether to the parameters too, summed over samples.

    Returns:
        A program of n + m inputs, with the outputs `input_gradient` (n), and `param_gradient`.
    """
    builder, value = Builder.continuing(program), program.output("value")
    n, m = program.n_inputs, program.arrays[value].size
    adjoints, cotangents = Adjoints(builder), affine(INPUTS, n, 1)
    if not program.arrays[value].batched:  # the same for all samples: all cotangents are its own
        total = builder.bundle(ops.sum, (m,), [cotangents], over_batch=True)
        cotangents = affine(total, 0, 1)
    adjoints.add_flat(value, cotangents, (m,), Affine(0, (1,)))
    return _reversed(builder, adjoints, to_params=to_params, n_inputs=n + m)


def _reversed(
    builder: Builder,
    adjoints: Adjoints,
    *,
    to_params: bool,
    n_inputs: int | None = None,
    first: int | None = None,
) -> Program:
    wanted = {INPUTS, PARAMS} if to_params else {INPUTS}
    reverse_program(builder, adjoints, wanted)
    found = dense(builder, adjoints.take(INPUTS), builder.arrays[INPUTS].size)
    if first is not None:
        found = builder.bundle(ops.sum, (first,), [affine(found, 0, 1)])
    outputs = [("input_gradient", found)]
    if to_params:
        found = dense(builder, adjoints.take(PARAMS), builder.n_params)
        outputs.append(("param_gradient", found))
    if n_inputs is not None:
        builder.arrays[INPUTS] = Array(n_inputs, batched=True)
    return verify(needed_only(builder.finish(outputs)))
