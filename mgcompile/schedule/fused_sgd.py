"""Find out whether gradient descent can happen where the gradients of wide layers are summed.

Written to memory, the gradient of a large matrix is read again by the update, which reads and
writes the matrix. In a batch of one block the sum of a wide product is complete in registers, and
the update takes place there; the gradient of what is left (biases, narrow layers) goes the usual
way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mgcompile.program.ir import PARAMS, Bundle, map_elements
from mgcompile.schedule.fusion import members
from mgcompile.schedule.phases import read

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.backends.interface import Rule
    from mgcompile.schedule.layout import Layout
    from mgcompile.schedule.scatter_elision import Placed

__all__ = ["left_to_update"]


def left_to_update(ready: Placed, layout: Layout, rule: Rule | None) -> NDArray[np.int64] | None:
    """Return the parameters that wide products do not update, or None when these cannot.

    They can when the rule is plain gradient descent, nothing reads parameters later, and nothing
    else adds to the same elements of the gradient.
    """
    if rule is None or rule.kind != "sgd" or rule.momentum:
        return None
    numbers = [place for place, phase in enumerate(layout.phases) if phase.wide]
    if len(numbers) != 1 or _reads_params_after(layout, numbers[0]):
        return None
    program = ready.program
    gradient = program.output("param_gradient")
    wide = {product.bundle.result: product.bundle for product in layout.phases[numbers[0]].wide}
    if any(ready.targets[array].array != gradient for array in wide if array in ready.targets):
        return None
    if any(array not in ready.targets for array in wide):
        return None
    shapes = {s.result: s.shape for s in program.statements if isinstance(s, Bundle)}
    covered = np.zeros(program.n_params, dtype=np.int64)
    others = np.zeros(program.n_params, dtype=bool)
    for array, access in ready.targets.items():
        if access.array == gradient:
            elements = map_elements(access.index, shapes[array])
            if array in wide:
                np.add.at(covered, elements.ravel(), 1)
            else:
                others[elements] = True
    if np.any(covered > 1) or np.any((covered == 1) & others):
        return None
    return np.flatnonzero(covered == 0)


def _reads_params_after(layout: Layout, number: int) -> bool:
    """Tell whether what runs after the wide products of a phase reads parameters."""
    return any(
        PARAMS in read(statement)
        for phase in layout.phases[number + 1 :]
        for unit in (*phase.shared, *phase.tiled)
        for statement in members(unit)
    )
