"""Find the products over the batch that are worth a loop order of their own.

The gradient to a matrix of weights is a sum of outer products over the samples. With samples in the
lanes of a vector it ends in one horizontal sum for each weight. For a wide layer the columns of the
matrix go into the lanes instead: a block of samples is kept, their activations are turned (one row
for each sample), and the block of results stays in registers while the samples go by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from mgcompile.program.ir import INPUTS, Affine, Bundle
from mgcompile.schedule.decisions import WeightGradient
from mgcompile.schedule.ir import reads
from mgcore import ops

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mgcompile.program.ir import Access
    from mgcompile.schedule.ir import LoopProgram, Phase

__all__ = ["find_weight_gradients", "users_by_phase"]

SMALLEST = 1024
LEAST_COLUMNS = 32
"""A matrix with fewer elements or columns is summed with samples in the lanes."""


def find_weight_gradients(loops: LoopProgram) -> LoopProgram:
    """Mark the products over the batch that are summed block by block.

    The factors have to be made, and needed, in their own phase alone. One sample is no sum.
    """
    if loops.one_sample:
        return loops
    used_in = users_by_phase(loops)
    phases = tuple(
        evolve(phase, weight_gradients=_marked(loops, phase, used_in)) for phase in loops.phases
    )
    return evolve(loops, phases=phases)


def users_by_phase(loops: LoopProgram) -> dict[int, set[int]]:
    """Return for each array that is read the numbers of the phases in which it is."""
    used_in: dict[int, set[int]] = {}
    for number, phase in enumerate(loops.phases):
        for unit in (*phase.shared, *phase.tiled):
            for array in reads(unit):
                used_in.setdefault(array, set()).add(number)
    return used_in


def _marked(
    loops: LoopProgram, phase: Phase, used_in: Mapping[int, set[int]]
) -> tuple[WeightGradient, ...]:
    here = {unit.result for unit in phase.tiled if isinstance(unit, Bundle)}
    found = []
    for unit in phase.tiled:
        if isinstance(unit, Bundle) and unit.over_batch and unit.op is ops.dot:
            wide = _wide(unit, loops.destinations)
            if wide is None or wide.rows.array not in here:
                continue
            if wide.columns.array not in here and wide.columns.array != INPUTS:
                continue
            factors = {wide.rows.array, wide.columns.array} - {INPUTS}
            if all(len(used_in[a]) == 1 and a not in loops.outputs for a in factors):
                found.append(wide)
    return tuple(found)


def _wide(bundle: Bundle, destinations: Mapping[int, Access]) -> WeightGradient | None:
    if len(bundle.shape) != 2 or bundle.reduced:
        return None
    target = destinations.get(bundle.result)
    index = Affine(0, (bundle.shape[1], 1)) if target is None else target.index
    if 1 not in index.strides:  # an axis that goes through a table has stride 0
        return None
    column_axis = index.strides.index(1)
    row_axis = 1 - column_axis
    size = bundle.shape[0] * bundle.shape[1]
    if size < SMALLEST or bundle.shape[column_axis] < LEAST_COLUMNS:
        return None
    for rows, columns in (bundle.operands, bundle.operands[::-1]):
        if not (isinstance(rows.index, Affine) and isinstance(columns.index, Affine)):
            continue
        only_rows = rows.index.strides[row_axis] and not rows.index.strides[column_axis]
        only_columns = (
            columns.index.strides[column_axis] == 1 and not columns.index.strides[row_axis]
        )
        if only_rows and only_columns and rows.array != columns.array:
            return WeightGradient(bundle, rows, columns, row_axis)
    return None
