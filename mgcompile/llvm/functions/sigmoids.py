"""tanh, the logistic function, softplus: quotients and logarithms of e^x that do not cancel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..library import Function
from .exponential import EXP, expm1_of_reduced, power_of_two, reduced
from .formats import format_of
from .logarithm import log_of_one_plus_unit

if TYPE_CHECKING:
    from ..block import Block, Vec


def _tanh(block: Block, x: Vec) -> Vec:
    # With E = e^(2|x|) - 1: tanh |x| = E / (E + 2), which is 1 to the last bit from the cap on.
    cap = 0.5 * format_of(x.kind).mantissa
    a = block.absolute(x)
    a = block.select(a > cap, cap, a)
    r, shifted = reduced(block, a + a)
    scale = power_of_two(block, shifted)
    growth = block.fma(expm1_of_reduced(block, r), scale, scale - 1.0)
    return block.copy_sign(growth / (growth + 2.0), x)


def _sigmoid(block: Block, x: Vec) -> Vec:
    e = block.call(EXP, -block.absolute(x))
    return block.select(x < 0.0, e, 1.0) / (e + 1.0)


def _softplus(block: Block, x: Vec) -> Vec:
    e = block.call(EXP, -block.absolute(x))
    return block.select(x < 0.0, 0.0, x) + log_of_one_plus_unit(block, e)


TANH = Function("tanh", _tanh)
SIGMOID = Function("sigmoid", _sigmoid)
SOFTPLUS = Function("softplus", _softplus)
