"""The passes from a forward program to those of its derivatives: each runs when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgcompile.autodiff.forward import (
    along_direction,
    product_with_hessian,
    slope_to_the_input,
)
from mgcompile.autodiff.reverse import (
    gradient_to_inputs,
    gradient_to_params,
    gradients_to_inputs,
    pulled_back,
)
from mgcompile.program.ir import Loop
from mgcompile.program.merge_equal import merged
from mgcompile.program.per_sample_loss import of_one_sample
from mgcompile.program.printer import format_program
from mgcompile.program.traversal import ops_of
from mgcompile.program.verifier import verify
from mgcompile.support.op_traits import traits_of
from mgcompile.support.passes import Level, Pass, run_pass

if TYPE_CHECKING:
    from mgcompile.program.ir import Program
    from mgcompile.support.sweeps import Sweep

__all__ = [
    "PASSES",
    "hessian_product",
    "input_gradient",
    "input_gradients",
    "param_gradient",
    "per_sample_loss",
    "sweep_program",
]

_PROGRAM = Level("program", verify, format_program)

_PER_SAMPLE = Pass(
    "per-sample-loss",
    _PROGRAM,
    of_one_sample,
    "the loss of one sample out of that of a recorded data set, for mini-batches",
)
_INPUTS = Pass(
    "reverse-inputs", _PROGRAM, gradient_to_inputs, "values, and the gradient to inputs per sample"
)
_ONE_INPUT = Pass(
    "forward-input",
    _PROGRAM,
    slope_to_the_input,
    "values, and the slope to the only input through loops per sample",
)
_ALL_INPUTS = Pass(
    "reverse-all-inputs",
    _PROGRAM,
    gradients_to_inputs,
    "values, and the gradient of each of a few to inputs per sample",
)
_PARAMS = Pass(
    "reverse-params",
    _PROGRAM,
    gradient_to_params,
    "loss over the batch, and its gradient to parameters",
)
_FORWARD = Pass(
    "forward",
    _PROGRAM,
    product_with_hessian,
    "forward mode over a gradient: the Hessian times a vector",
)
_ALONG = Pass(
    "forward-sweep", _PROGRAM, along_direction, "forward mode: all outputs along a direction"
)
_BACK = Pass(
    "reverse-sweep", _PROGRAM, pulled_back, "reverse mode: the gradient of weighted outputs"
)

_MERGE = Pass(
    "merge-equal", _PROGRAM, merged, "one statement of equal ones in derivatives", optional=True
)

PASSES = (_PER_SAMPLE, _INPUTS, _ONE_INPUT, _ALL_INPUTS, _PARAMS, _FORWARD, _ALONG, _BACK, _MERGE)


def per_sample_loss(program: Program) -> Program:
    """Return the program of one sample's loss."""
    return _verified(_PER_SAMPLE, program)


def input_gradient(program: Program, output: int = 0, *, quick: bool = False) -> Program:
    """Return the program of all values and of the gradient of one of them to the inputs.

    To one input through loops it is a tangent: that needs no state of an iteration once it is over.

    Args:
        program: A forward program.
        output: Which value the gradient is of.
        quick: Whether products are plain (see `sweep_program`) where they rarely give NaN, or where
            each step of a loop waits for the one before, so that nothing hides what a look takes.
    """
    if _by_tangent(program):
        return _verified(_ONE_INPUT, program, output, plain=quick)
    return _verified(_INPUTS, program, output, plain=quick and _rarely_zero(program))


def _by_tangent(program: Program) -> bool:
    looped = any(isinstance(statement, Loop) for statement in program.statements)
    return looped and program.n_inputs == 1 and not program.strict


def _rarely_zero(program: Program) -> bool:
    """Tell whether factors of the chain rule are 0 at single points alone, not by a choice."""
    return not (program.strict or any(traits_of(op).flat for op in ops_of(program)))


def input_gradients(program: Program, *, quick: bool = False) -> Program:
    """Return the program of all values, of which there are few, and of all their gradients."""
    return _verified(_ALL_INPUTS, program, plain=quick and _rarely_zero(program))


def param_gradient(program: Program, *, quick: bool = False) -> Program:
    """Return the program of the loss over the batch and its gradient to the parameters."""
    return _verified(_PARAMS, program, plain=quick and _rarely_zero(program))


def hessian_product(program: Program, source: int) -> Program:
    """Return the program of the Hessian times a vector, of a gradient program."""
    return _verified(_FORWARD, program, source)


def sweep_program(program: Program, sweep: Sweep, *, plain: bool = False) -> Program:
    """Return the program of a Jacobian times a direction, or of its transpose times one.

    Args:
        program: A forward program.
        sweep: Which.
        plain: Whether products are NaN where a factor is 0 and the other infinite or NaN. Then a
            result that is finite is right: derivatives are linear in the direction, so nothing
            that is NaN on the way is left out of what depends on it.
    """
    return _verified(_ALONG if sweep.mode == "forward" else _BACK, program, sweep, plain=plain)


def _verified(each: Pass, *arguments: object, **options: object) -> Program:
    program: Program = run_pass(each, *arguments, **options)
    return verify(run_pass(_MERGE, program))
