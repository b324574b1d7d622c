"""Find the axis of samples in a loss that was recorded over its whole data set.

The candidate numbers of samples come from the sums. Groups whose members fall into that many equal
blocks, each reading its own block (or what all share, or constants, which then are data), belong to
the samples; sums over all blocks lead out. Everything is checked on the index arrays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.graph import CONST, INPUT, PARAM
from mgcompile.regular import operand_table
from mgcore import ops

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.structure import Structure

    Numbers = NDArray[np.int64]
    Mask = NDArray[np.bool_]

__all__ = ["Samples", "find_samples"]

_FEWEST = 4
_MOST_CANDIDATES = 16


@attrs.frozen(slots=True)
class Samples:
    """A recorded data set.

    Args:
        count: Number of samples.
        groups: Groups of which every sample has a block of members.
        sums: Groups that add up over all samples.
        after: Groups that depend on such a sum.
    """

    count: int
    groups: frozenset[int]
    sums: frozenset[int]
    after: frozenset[int]


def find_samples(structure: Structure) -> Samples | None:
    """Return the data set recorded in a graph without inputs, if there is one."""
    code = structure.graph.code
    if np.any(code == INPUT) or not np.any(code == CONST):
        return None
    for count in _candidates(structure):
        found = _Attempt(structure, count).run()
        if found is not None:
            return found
    return None


def _is_sum(structure: Structure, group: int) -> bool:
    op = structure.graph.ops[int(structure.graph.code[structure.nodes(group)[0]])]
    return op is ops.sum or op is ops.dot


def _candidates(structure: Structure) -> list[int]:
    """Return numbers of samples worth trying: divisors of the lengths of long sums."""
    found: dict[int, None] = {}
    sizes = np.diff(structure.start)
    for group in range(structure.count - 1, -1, -1):
        if sizes[group] > _FEWEST or not _is_sum(structure, group):
            continue
        read = structure.group[operand_table(structure.graph, structure.nodes(group))[0]]
        for source in np.unique(read[read >= 0]).tolist():
            terms = int((read == source).sum())
            for divisor in range(1, min(terms // _FEWEST, 64) + 1):
                if terms % divisor == 0 and sizes[source] % (terms // divisor) == 0:
                    found.setdefault(terms // divisor)
    return sorted(found, reverse=True)[:_MOST_CANDIDATES]


def _users_of(structure: Structure, sums: set[int]) -> set[int]:
    """Return the groups that depend on one of `sums`."""
    found: set[int] = set()
    for group in range(min(sums) + 1, structure.count):
        read = structure.group[operand_table(structure.graph, structure.nodes(group))]
        if not (sums | found).isdisjoint(read.ravel().tolist()):
            found.add(group)
    return found


class _Attempt:
    """Try one number of samples."""

    def __init__(self, structure: Structure, count: int) -> None:
        self.structure = structure
        self.count = count
        self.size = np.diff(structure.start)
        self.block = self.size // count
        self.possible = [False] * structure.count
        self.varies = [False] * structure.count
        self.blockwise: dict[int, set[int]] = {}
        self.shared: dict[int, set[int]] = {}

    def run(self) -> Samples | None:
        for group in range(self.structure.count):
            self._look_up(group)
        return self._look_down()

    def _look_up(self, group: int) -> None:
        """Find out whether the members can be cut into blocks that read blocks."""
        if self.size[group] % self.count:
            return
        structure, graph = self.structure, self.structure.graph
        table = operand_table(graph, structure.nodes(group))
        table = table.reshape(self.count, int(self.block[group]), -1)
        same = np.all(table == table[:1], axis=0)
        code = graph.code[table]
        if np.any((code[0] == PARAM) & ~same):
            return
        inner = (code[0] >= 0) & ~same
        blockwise = set(np.unique(structure.group[table[0]][inner]).tolist())
        if not self._in_blocks(table, inner, blockwise):
            return
        self.possible[group] = True
        self.blockwise[group] = blockwise
        self.shared[group] = set(np.unique(structure.group[table[0]][same]).tolist()) - {-1}
        values = graph.value[table]
        data = (code[0] == CONST) & np.any(values != values[:1], axis=0)
        self.varies[group] = bool(np.any(data)) or any(self.varies[g] for g in blockwise)

    def _in_blocks(self, table: Numbers, inner: Mask, groups: set[int]) -> bool:
        """Tell whether block s of `table`, where `inner`, reads block s of its sources."""
        if not all(self.possible[g] for g in groups):
            return False
        read = table[:, inner]
        block = self.block[self.structure.group[read]]
        place = self.structure.place[read]
        sample = np.arange(self.count)[:, None]
        own = np.all(place // block == sample)
        return bool(own and np.all(place % block == (place % block)[:1]))

    def _look_down(self) -> Samples | None:
        """Choose the groups that are reached from sums over samples, and from nowhere else."""
        structure = self.structure
        as_sample: set[int] = set()
        as_shared = {int(g) for g in structure.group[structure.graph.roots] if g >= 0}
        sums: set[int] = set()
        for group in range(structure.count - 1, -1, -1):
            if group in as_sample and group in as_shared:
                return None
            if group in as_sample:
                as_sample |= self.blockwise[group]
                as_shared |= self.shared[group]
                continue
            reduced = self._reduced(group) if _is_sum(structure, group) else set()
            if reduced:
                sums.add(group)
                as_sample |= reduced
            read = structure.group[operand_table(structure.graph, structure.nodes(group))]
            as_shared |= set(np.unique(read).tolist()) - {-1} - reduced
        if not sums or not any(self.varies[group] for group in as_sample):
            return None
        after = _users_of(structure, sums)
        return Samples(self.count, frozenset(as_sample), frozenset(sums), frozenset(after))

    def _reduced(self, group: int) -> set[int]:
        """Return the sources of a sum whose terms are, block by block, those of all samples."""
        structure, graph = self.structure, self.structure.graph
        table = operand_table(graph, structure.nodes(group))
        paired = graph.ops[int(graph.code[structure.nodes(group)[0]])] is ops.dot
        half = table.shape[1] // 2 if paired else table.shape[1]
        factors = [table[:, :half], table[:, half:]] if paired else [table]
        found: set[int] = set()
        for factor in factors:
            sources = structure.group[factor[0]]
            for source in np.unique(sources[sources >= 0]).tolist():
                columns = np.flatnonzero(sources == source)
                if self._spans(factor[:, columns], source) and self._partners(
                    [f[:, columns] for f in factors]
                ):
                    found.add(source)
        return found

    def _spans(self, terms: Numbers, source: int) -> bool:
        if not (self.possible[source] and self.varies[source]) or terms.shape[1] % self.count:
            return False
        if np.any(self.structure.group[terms] != source):
            return False
        blocks = np.moveaxis(terms.reshape(len(terms), self.count, -1), 1, 0)
        return self._in_blocks(blocks, np.ones(blocks.shape[1:], dtype=bool), {source})

    def _partners(self, factors: list[Numbers]) -> bool:
        """Tell whether every factor of the products is in blocks, the same for all, or data."""
        graph = self.structure.graph
        for factor in factors:
            blocks = np.moveaxis(factor.reshape(len(factor), self.count, -1), 1, 0)
            same = np.all(blocks == blocks[:1], axis=0)
            loose = ~same & (graph.code[blocks[0]] != CONST)
            if np.any(graph.code[blocks[0]][loose] < 0):
                return False
            groups = set(np.unique(self.structure.group[blocks[0]][loose]).tolist())
            if np.any(loose) and not self._in_blocks(blocks, loose, groups):
                return False
        return True
