"""Find out whether gradient descent can happen where the gradients of wide layers are summed.

Written to memory, the gradient of a large matrix is read again by the update, which reads and
writes the matrix. In a batch of one block the sum of a wide product is complete in registers, and
the update takes place there; the gradient of what is left (biases, narrow layers) goes the usual
way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import evolve

from mgcompile.program.ir import PARAMS, Bundle, map_elements
from mgcompile.program.traversal import read
from mgcompile.schedule.ir import members

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.schedule.ir import LoopProgram

__all__ = ["fuse_sgd"]


def fuse_sgd(loops: LoopProgram) -> LoopProgram:
    """Let plain gradient descent update weights where their gradients are summed."""
    return evolve(loops, left_to_update=_left_to_update(loops))


def _left_to_update(loops: LoopProgram) -> NDArray[np.int64] | None:
    """Return the parameters that weight gradients do not update, or None when these cannot.

    They can when the optimizer is plain gradient descent, nothing reads parameters later, and
    nothing else adds to the same elements of the gradient.
    """
    rule = loops.optimizer
    if rule is None or rule.kind != "sgd" or rule.momentum or rule.clip_norm or rule.l1:
        return None
    numbers = [place for place, phase in enumerate(loops.phases) if phase.weight_gradients]
    if len(numbers) != 1 or _reads_params_after(loops, numbers[0]):
        return None
    program, destinations = loops.program, loops.destinations
    gradient = program.output("param_gradient")
    wide = {product.bundle.result for product in loops.phases[numbers[0]].weight_gradients}
    if any(a not in destinations or destinations[a].array != gradient for a in wide):
        return None
    shapes = {s.result: s.shape for s in program.statements if isinstance(s, Bundle)}
    covered = np.zeros(program.n_params, dtype=np.int64)
    others = np.zeros(program.n_params, dtype=bool)
    for array, access in destinations.items():
        if access.array == gradient:
            elements = map_elements(access.index, shapes[array])
            if array in wide:
                np.add.at(covered, elements.ravel(), 1)
            else:
                others[elements] = True
    if np.any(covered > 1) or np.any((covered == 1) & others):
        return None
    return np.flatnonzero(covered == 0)


def _reads_params_after(loops: LoopProgram, number: int) -> bool:
    """Tell whether what runs after the weight gradients of a phase reads parameters."""
    return any(
        PARAMS in read(statement)
        for phase in loops.phases[number + 1 :]
        for unit in (*phase.shared, *phase.tiled)
        for statement in members(unit)
    )
