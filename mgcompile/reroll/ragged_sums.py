"""Write sums over rows of different lengths as one, of rows filled up with what adds nothing.

Rows of a triangular matrix are cut into rectangles instead.
"""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.graph.ir import CONST, operand_table
from mgcompile.program.index_maps import dense_strides, moving_axes, only_axes
from mgcompile.program.infer_maps import common_axes, fit_map
from mgcompile.program.ir import CONSTS, Access, Affine, extent
from mgcompile.reroll.ragged_rows import MOST_ROOM
from mgcompile.reroll.triangles import triangle_of, write_triangle
from mgcompile.support.csr import places_within, starts
from mgcompile.support.filled import FILL
from mgcompile.support.op_traits import is_shipped
from mgcompile.support.zero_product import ZERO_DOT
from mgcore import ops

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from mgcompile.program.builder import Builder
    from mgcompile.reroll.isomorphism import IsomorphismClasses
    from mgcompile.reroll.value_map import ValueMap
    from mgcore import Op

    Numbers = NDArray[np.int64]

__all__ = ["FEWEST", "alike_but_for_length", "write_alike"]

FEWEST = 4
"""Lengths of rows below which each is written by itself."""


def alike_but_for_length(classes: IsomorphismClasses) -> tuple[tuple[int, ...], ...]:
    """Return groups of sums that read the same groups and are of different lengths."""
    graph, nodes = classes.graph, classes.members[classes.start[:-1]]
    found: dict[tuple[object, ...], list[int]] = {}
    for code, applied in enumerate(graph.ops):
        op, groups = _summing(applied), np.flatnonzero(graph.code[nodes] == code)
        if op is None or not len(groups):
            continue
        kinds = _kinds_read(classes, nodes[groups], factors=2 if op is ops.dot else 1)
        alike = np.all(kinds != CONST, axis=1)
        for group, kind in zip(groups[alike].tolist(), kinds[alike].tolist(), strict=True):
            found.setdefault((op.name, *kind), []).append(group)
    return tuple(sorted(tuple(sorted(x)) for x in found.values() if len(x) >= FEWEST))


def _kinds_read(classes: IsomorphismClasses, nodes: Numbers, factors: int) -> Numbers:
    """Return the group or the kind of leaf that all operands of a factor are.

    Args:
        classes: The groups of a graph.
        nodes: The nodes that read, of one operand or more for each factor.
        factors: How many parts of one length their operands have.

    Returns:
        Shape (nodes, factors); CONST where operands are constants or not of one group or kind.
    """
    graph = classes.graph
    width = np.repeat((graph.start[nodes + 1] - graph.start[nodes]) // factors, factors)
    begin = graph.start[np.repeat(nodes, factors)] + np.tile(np.arange(factors), len(nodes)) * width
    read = graph.operand[np.repeat(begin, width) + places_within(width)]
    kinds = np.where(graph.code[read] < 0, graph.code[read], classes.group[read])
    first = starts(width)[:-1]
    least = np.minimum.reduceat(kinds, first)
    found: Numbers = np.where(np.maximum.reduceat(kinds, first) == least, least, CONST)
    return found.reshape(len(nodes), factors)


def write_alike(
    classes: IsomorphismClasses, groups: Sequence[int], value_map: ValueMap, builder: Builder
) -> list[int]:
    """Write groups that are alike but for their length; return those that could be written.

    Several are one bundle where they read the same arrays, and their rows begin at fixed distances;
    a few, where they are the rows of a triangular matrix.
    """
    parts: dict[tuple[int, ...], list[_Rows]] = {}
    for group in groups:
        rows = _rows(classes, group, value_map)
        if rows is not None:
            parts.setdefault(rows.arrays, []).append(rows)
    written = []
    for part in parts.values():
        if len(part) > 1 and (
            _write(part, value_map, builder) or _write_triangle(part, value_map, builder)
        ):
            written += [rows.group for rows in part]
    return written


@attrs.frozen(slots=True, eq=False)
class _Rows:
    """The members of a group, each of which goes through a row of an array, or of two.

    Args:
        group: The group.
        op: `sum`, `dot` or another that may be filled up.
        nodes: Its members.
        length: Elements of each row.
        arrays: Where the rows are.
        begin: The first element of each row, an array for each of `arrays`.
        step: From one element to the next; None of a single one.
    """

    group: int
    op: Op
    nodes: Numbers
    length: int
    arrays: tuple[int, ...]
    begin: tuple[Numbers, ...]
    step: tuple[int, ...] | None


def _summing(op: Op) -> Op | None:
    """Return what an op is if it takes any number of operands; None if it cannot be filled up."""
    if op is ops.mul or op is ops.dot:
        return ops.dot
    if op is ops.add or op is ops.sum:
        return ops.sum
    return op if is_shipped(op, "logsumexp") else None


def _rows(classes: IsomorphismClasses, group: int, value_map: ValueMap) -> _Rows | None:
    """Return the rows of a group; None if they do not go on by fixed steps."""
    graph, nodes = classes.graph, classes.nodes(group)
    table = operand_table(graph, nodes)
    op = _summing(graph.ops[int(graph.code[nodes[0]])])
    assert op is not None, "of such groups alone"  # noqa: S101 - a caller's bug
    arrays, begins, steps = [], [], []
    for factor in np.split(table, 2 if op is ops.dot else 1, axis=1):
        where, elements = value_map.array[factor], value_map.element[factor]
        array, length = int(where[0, 0]), factor.shape[1]
        step = int(elements[0, 1] - elements[0, 0]) if length > 1 else 0
        row = elements[:, :1] + step * np.arange(length)
        if array < 0 or array == CONSTS or np.any(where != array) or np.any(elements != row):
            return None
        arrays.append(array)
        begins.append(elements[:, 0])
        steps.append(step)
    known = tuple(steps) if length > 1 else None
    return _Rows(group, op, nodes, length, tuple(arrays), tuple(begins), known)


def _write(part: Sequence[_Rows], value_map: ValueMap, builder: Builder) -> bool:
    """Write groups as one bundle and tell so; not if strides do not go through their rows."""
    steps = {rows.step for rows in part if rows.step is not None}
    length = np.concatenate([np.full(len(rows.nodes), rows.length) for rows in part])
    longest, op, arrays = int(length.max()), part[0].op, part[0].arrays
    if len(steps) != 1 or longest * len(length) > MOST_ROOM * int(length.sum()):
        return False
    step = steps.pop()
    begins = [np.concatenate(columns) for columns in zip(*(r.begin for r in part), strict=True)]
    ends = [begin + by * (longest - 1) for begin, by in zip(begins, step, strict=True)]
    sizes = [builder.arrays[array].size for array in arrays]
    if any(e.min() < 0 or e.max() >= size for e, size in zip(ends, sizes, strict=True)):
        return False
    for order in _orders(begins, length):
        axes = common_axes([begin[order] for begin in begins], len(order))
        domain = (*axes, longest)
        reads = [
            Access(array, fit_map((begin[order, None] + by * np.arange(longest)).reshape(domain)))
            for array, begin, by in zip(arrays, begins, step, strict=True)
        ]
        if all(isinstance(read.index, Affine) for read in reads):
            break
    else:
        return False
    inside = (np.arange(longest) < length[order, None]).reshape(domain).astype(np.float64)
    operands = _filled(op, reads, value_map.constants(inside), domain, builder)
    # What fills up may be infinite.
    sums = ZERO_DOT if op is ops.dot or op is ops.sum else op
    result = builder.bundle(sums, axes, operands, (longest,))
    nodes = np.concatenate([rows.nodes for rows in part])
    value_map.put(nodes[order], result)
    return True


def _write_triangle(part: Sequence[_Rows], value_map: ValueMap, builder: Builder) -> bool:
    """Write groups as a triangular matrix times a vector and tell so; not if they are none."""
    part = sorted(part, key=lambda rows: rows.length)
    steps = {rows.step for rows in part if rows.step is not None}
    if part[0].op is not ops.dot or len(steps) != 1 or any(len(rows.nodes) != 1 for rows in part):
        return False
    begins = [np.concatenate(columns) for columns in zip(*(r.begin for r in part), strict=True)]
    length = np.array([rows.length for rows in part])
    triangle = triangle_of(part[0].arrays, begins, steps.pop(), length)
    if triangle is None:
        return False
    nodes = np.concatenate([rows.nodes for rows in part])
    value_map.put(nodes, write_triangle(triangle, builder))
    return True


def _orders(begins: Sequence[Numbers], length: Numbers) -> Iterator[Numbers]:
    """Propose orders of rows: by their lengths, as their readers go on, or by their places."""
    yield np.argsort(length, kind="stable")
    for keys in permutations(begins):
        yield np.lexsort(keys[::-1])


def _filled(
    op: Op, reads: Sequence[Access], inside: Access, domain: tuple[int, ...], builder: Builder
) -> list[Access]:
    """Return what an op reads, one operand filled up where `inside` is 0.

    Of a sum it is the products with `inside`: nothing is filled up that is kept.
    """
    if op is ops.sum:
        return [inside, *reads]

    def axes_of(read: Access) -> tuple[int, ...]:
        moves = zip(moving_axes(read.index), moving_axes(inside.index), strict=True)
        return tuple(axis for axis, moving in enumerate(moves) if any(moving))

    sizes = [extent(tuple(domain[axis] for axis in axes_of(read))) for read in reads]
    chosen = int(np.argmin(sizes))
    axes = axes_of(reads[chosen])
    shape = tuple(domain[axis] for axis in axes)
    number = builder.constant(-np.inf if is_shipped(op, "logsumexp") else 0.0)
    operands = [Access(x.array, only_axes(x.index, axes)) for x in (inside, reads[chosen])]
    filling = Access(CONSTS, Affine(number, (0,) * len(shape)))
    result = builder.bundle(FILL, shape, [*operands, filling])
    strides = np.zeros(len(domain), dtype=np.int64)
    strides[list(axes)] = dense_strides(shape)
    filled = Access(result, Affine(0, tuple(strides.tolist())))
    return [filled, *(read for at, read in enumerate(reads) if at != chosen)]
