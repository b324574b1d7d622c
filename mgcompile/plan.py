"""Decide what is written as bundles and what as tapes, and in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.graph import INPUT, edge_owner

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.structure import Structure

    Numbers = NDArray[np.int64]

__all__ = ["Stage", "group_edges", "plan_stages"]

# A group smaller than this is irregular, if there are many of them.
SMALL_GROUP = 4
FEW_SMALL_GROUPS = 64


@attrs.frozen(slots=True)
class Stage:
    """Groups to be written one after the other, as bundles or together as one tape."""

    irregular: bool
    groups: tuple[int, ...]


def group_edges(structure: Structure) -> tuple[Numbers, Numbers]:
    """Return the pairs (user, used) of groups of which one reads the other, each once."""
    graph = structure.graph
    owner = edge_owner(graph.start)
    inner = (graph.code[graph.operand] >= 0) & (structure.group[owner] >= 0)
    pair = structure.group[owner[inner]] * structure.count + structure.group[graph.operand[inner]]
    pair = np.unique(pair)
    return pair // max(1, structure.count), pair % max(1, structure.count)


def plan_stages(structure: Structure, regular: frozenset[int] = frozenset()) -> list[Stage]:
    """Return the stages in order: each reads what earlier ones made.

    Small groups, when there are many, go to tapes: one for what differs from sample to sample, one
    for what does not, for each time that the graph alternates between regular and irregular parts. Groups in
    `regular` become bundles however small they are.
    """
    size = np.diff(structure.start)
    small = size < SMALL_GROUP
    small[list(regular)] = False
    if int(small.sum()) <= FEW_SMALL_GROUPS:
        return [Stage(irregular=False, groups=tuple(range(structure.count)))]
    user, used = group_edges(structure)
    kind = np.where(small, 1 + _batched(structure, user, used), 0)
    stage = _alternations(structure.count, user, used, kind)
    stages = []
    for key in np.unique(stage * 3 + kind).tolist():
        groups = np.flatnonzero((stage == key // 3) & (kind == key % 3))
        stages.append(Stage(irregular=key % 3 > 0, groups=tuple(groups.tolist())))
    return stages


def _batched(structure: Structure, user: Numbers, used: Numbers) -> Numbers:
    """Tell, with 1, which groups depend on an input."""
    graph = structure.graph
    owner = edge_owner(graph.start)
    direct = structure.group[owner[graph.code[graph.operand] == INPUT]]
    found = bytearray(structure.count)
    for group in np.unique(direct[direct >= 0]).tolist():
        found[group] = 1
    for one, other in zip(user.tolist(), used.tolist(), strict=True):
        if found[other]:
            found[one] = 1
    return np.frombuffer(found, np.uint8).astype(np.int64)


def _alternations(count: int, user: Numbers, used: Numbers, kind: Numbers) -> Numbers:
    """Return how often the kind changes, at most, on a way from the leaves to each group."""
    kinds = kind.tolist()
    stage = [0] * count
    for one, other in zip(user.tolist(), used.tolist(), strict=True):
        reached = stage[other] + (kinds[one] != kinds[other])
        if reached > stage[one]:
            stage[one] = reached
    return np.array(stage, dtype=np.int64)
