"""Fold a large graph into a few boxes: neurons, layers, batches, found by their shape alone.

Three facts about directed graphs keep every folded picture free of cycles:

- the nodes that can reach the outside only through one node (its *cone*) may become one box;
- boxes of one depth never reach one another, so any of them may be merged;
- slabs between two depths only ever point forwards.
"""

from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import cached_property
from itertools import pairwise

import attrs

from mgview.scene import Scene

Members = tuple[int, ...]

_MERGE_FROM = 3  # fewer alike boxes than this are easier to read side by side
_FEW_CHUNKS = 16


@attrs.frozen
class Group:
    """Hold one box of a picture: the nodes in it, and the isomorphic parts that it is made of."""

    parts: tuple[Members, ...]
    note: str = ""

    @cached_property
    def members(self) -> Members:
        """List all nodes of the box, in topological order."""
        if len(self.parts) == 1:
            return self.parts[0]
        return tuple(sorted(index for part in self.parts for index in part))

    def __contains__(self, index: int) -> bool:
        """Tell whether a node is in the box."""
        place = bisect_left(self.members, index)
        return place < len(self.members) and self.members[place] == index

    @property
    def single(self) -> int | None:
        """Name the one node of a box that holds no more."""
        return self.parts[0][0] if len(self.parts) == 1 and len(self.parts[0]) == 1 else None


def fold(scene: Scene, members: Sequence[int], limit: int) -> tuple[Group, ...]:
    """Partition some nodes of a graph into boxes for one picture.

    Args:
        scene: the whole graph.
        members: the nodes to show, in topological order.
        limit: number of boxes that still reads well; a few more may come back.

    Returns:
        The boxes; every member is in exactly one, and the boxes form no cycle.
    """
    members = tuple(members)
    if len(members) <= limit:
        return _singles(members)
    pieces = _pieces(scene, members, limit)
    groups = _merge(scene, pieces, limit)
    if groups is None or len(groups) > limit or len(groups) == 1:
        groups = _slabs(scene, members)
    return groups if len(groups) > 1 else _chunks(_singles(members))


def unfold(scene: Scene, group: Group, limit: int) -> tuple[Group, ...]:
    """Open one box: its parts side by side, or the inside of its only part.

    Args:
        scene: the whole graph.
        group: the box to open; it holds more than one node.
        limit: number of boxes that still reads well.

    Returns:
        The boxes inside, always more than one.
    """
    if len(group.parts) == 1:
        return fold(scene, group.parts[0], limit)
    parts = tuple(Group((part,)) for part in group.parts)
    return parts if len(parts) <= limit else _chunks(parts)


def _singles(members: Iterable[int]) -> tuple[Group, ...]:
    return tuple(Group(((index,),)) for index in members)


def _chunks(boxes: Sequence[Group]) -> tuple[Group, ...]:
    """Cut a long row of like boxes into a few runs."""
    size = -(-len(boxes) // _FEW_CHUNKS)
    starts = range(0, len(boxes), size)
    return tuple(
        Group(
            tuple(part for box in boxes[start : start + size] for part in box.parts),
            note=f"{start + 1} to {min(start + size, len(boxes))} of {len(boxes)}",
        )
        for start in starts
    )


def _pieces(scene: Scene, members: Members, limit: int) -> list[Group]:
    """Partition nodes into cones, and split large cones that have no like."""
    whole: list[Group] = []
    waiting = _cones(scene, members)
    while waiting:
        shapes = _Shapes()
        shape = [_shape(scene, cone, shapes) for cone in waiting]
        count = Counter(shape)
        rest: list[int] = []
        for number, cone in zip(shape, waiting, strict=True):
            if len(cone) <= limit or (count[number] > 1 and len(waiting) > 1):
                whole.append(Group((cone,)))
            else:
                runs = _runs(scene, _spine(scene, cone, limit))
                whole += runs
                on_spine = {index for run in runs for index in run.members}
                rest += [index for index in cone if index not in on_spine]
        waiting = _cones(scene, tuple(sorted(rest))) if rest else []
    return sorted(whole, key=lambda group: group.members[-1])


def _cones(scene: Scene, members: Members) -> list[Members]:
    """Partition nodes into cones: trees of nodes that have one user, each with its root last."""
    inside = set(members)
    root_of: dict[int, int] = {}
    for index in reversed(members):
        users = scene.users[index]
        alone = len(users) == 1 and users[0] in inside and index not in scene.outputs
        root_of[index] = root_of[users[0]] if alone else index
    cones: dict[int, list[int]] = {}
    for index in members:
        cones.setdefault(root_of[index], []).append(index)
    return [tuple(cones[root]) for root in sorted(cones)]


class _Shapes:
    """Number the shapes of sub-graphs, so that isomorphic trees get one number."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}

    def number(self, shape: Hashable) -> int:
        return self._numbers.setdefault(shape, len(self._numbers))


def _merge(scene: Scene, pieces: list[Group], limit: int) -> tuple[Group, ...] | None:
    """Merge pieces of one shape and depth: those with the same operands first, then all."""
    shapes = _Shapes()
    shape = [(_shape(scene, piece.parts[0], shapes), piece.note) for piece in pieces]
    sources = _sources(scene, pieces)
    depth = _depths_of(sources)
    if depth is None:
        return None
    consumers: list[set[Hashable]] = [set() for _ in pieces]
    for place, found in enumerate(sources):
        for source in found:
            consumers[source].add((depth[place], shape[place]))

    def look(place: int) -> Hashable:
        # leaves all sit at depth 0; what uses them tells them apart
        used_by = frozenset(consumers[place]) if not sources[place] else None
        return depth[place], shape[place], used_by

    places = range(len(pieces))
    by_operands = _group(places, lambda place: (look(place), frozenset(sources[place])))
    flat = tuple(group for row in by_operands for group in _join(pieces, row))
    if len(flat) <= limit:
        return flat
    return tuple(group for row in _group(places, look) for group in _join(pieces, row))


def _join(pieces: list[Group], places: list[int]) -> list[Group]:
    found = [pieces[place] for place in places]
    if len(found) < _MERGE_FROM:
        return found
    return [Group(tuple(part for piece in found for part in piece.parts), found[0].note)]


def _group(places: Iterable[int], key: Callable[[int], Hashable]) -> list[list[int]]:
    found: dict[Hashable, list[int]] = {}
    for place in places:
        found.setdefault(key(place), []).append(place)
    return list(found.values())


def _shape(scene: Scene, cone: Members, shapes: _Shapes) -> int:
    inside: dict[int, int] = {}
    for index in cone:
        node = scene.nodes[index]
        below = tuple(inside.get(operand, -1) for operand in node.operands)
        inside[index] = shapes.number((node.kind, node.op, below))
    return shapes.number((inside[cone[-1]], len(cone)))


def _sources(scene: Scene, pieces: list[Group]) -> list[set[int]]:
    """List for each piece the other pieces that it takes operands from."""
    piece_of = {index: place for place, piece in enumerate(pieces) for index in piece.members}
    sources: list[set[int]] = [set() for _ in pieces]
    for index, place in piece_of.items():
        for operand in scene.nodes[index].operands:
            source = piece_of.get(operand, place)
            if source != place:
                sources[place].add(source)
    return sources


def _depths_of(sources: list[set[int]]) -> list[int] | None:
    """Number pieces by their longest way from a source; None where they form a cycle."""
    users: list[list[int]] = [[] for _ in sources]
    for place, found in enumerate(sources):
        for source in found:
            users[source].append(place)
    waiting = [len(found) for found in sources]
    depth = [0] * len(sources)
    ready = deque(place for place, count in enumerate(waiting) if not count)
    seen = 0
    while ready:
        place = ready.popleft()
        seen += 1
        for user in users[place]:
            depth[user] = max(depth[user], depth[place] + 1)
            waiting[user] -= 1
            if not waiting[user]:
                ready.append(user)
    return depth if seen == len(sources) else None


def _spine(scene: Scene, cone: Members, limit: int) -> list[int]:
    """Follow the heaviest operand down from a cone's root, as long as it has no like."""
    inside = set(cone)
    size = _tree_sizes(scene, cone)
    spine = [cone[-1]]
    while True:
        below = [index for index in scene.nodes[spine[-1]].operands if index in inside]
        heaviest = max(below, key=lambda index: size[index], default=None)
        if heaviest is None or size[heaviest] <= limit:
            break
        if sum(size[index] == size[heaviest] for index in set(below)) > 1:
            break
        spine.append(heaviest)
    return spine[::-1]


def _tree_sizes(scene: Scene, members: Members) -> dict[int, int]:
    size: dict[int, int] = {}
    for index in members:
        size[index] = 1 + sum(size.get(operand, 0) for operand in scene.nodes[index].operands)
    return size


def _runs(scene: Scene, spine: list[int]) -> list[Group]:
    """Fold long runs of one op along a spine, such as a sum written as repeated additions."""
    runs: list[list[int]] = [[spine[0]]]
    for before, after in pairwise(spine):
        if scene.nodes[before].op == scene.nodes[after].op:
            runs[-1].append(after)
        else:
            runs.append([after])
    groups: list[Group] = []
    for run in runs:
        if len(run) <= _MERGE_FROM:
            groups += _singles(run)
        else:
            op = scene.nodes[run[0]].op
            groups.append(Group((tuple(run),), note=f"{len(run)} × {op} in a row"))
    return groups


def _slabs(scene: Scene, members: Members) -> tuple[Group, ...]:
    """Cut a graph of no visible pattern into slabs of depth, of about the same size."""
    depth = _depths(scene, members)
    rows: dict[int, list[int]] = {}
    for index in members:
        rows.setdefault(depth[index], []).append(index)
    target = -(-len(members) // _FEW_CHUNKS)
    slabs: list[tuple[int, list[int]]] = []
    for level in sorted(rows):
        if not slabs or len(slabs[-1][1]) >= target:
            slabs.append((level, []))
        slabs[-1][1].extend(rows[level])
    ends = [first - 1 for first, _ in slabs[1:]] + [max(rows)]
    return tuple(
        Group((tuple(sorted(nodes)),), note=f"depth {first} to {last}")
        for (first, nodes), last in zip(slabs, ends, strict=True)
    )


def _depths(scene: Scene, members: Members) -> dict[int, int]:
    """Number nodes by their longest way from a leaf; a leaf sits beside its first user."""
    depth: dict[int, int] = {}
    for index in members:
        below = [depth[operand] for operand in scene.nodes[index].operands if operand in depth]
        depth[index] = 1 + max(below, default=-1)
    first_use: dict[int, int] = {}
    for index in members:
        for operand in scene.nodes[index].operands:
            if operand in depth and not scene.nodes[operand].operands:
                first_use[operand] = min(first_use.get(operand, depth[index]), depth[index])
    return depth | first_use
