"""Put boxes into columns, and give every edge a lane through the columns that it passes."""

from collections.abc import Iterable
from itertools import pairwise

import attrs

from mgview.picture import Picture

CLEAR = 14.0  # between the tallest boxes of one column, pixels
LANE = 0.4  # height of a lane, in heights of a box
_LARGE = 600  # boxes; beyond it the thorough method takes minutes
_SWEEPS = 6


@attrs.frozen
class Grid:
    """Hold the column and the line of every vertex; numbers past the boxes are lanes.

    Attributes:
        column: number of the column, from the left.
        line: height of the vertex's middle, pixels; may be negative.
        chains: for each edge its source, the lanes it runs in, and its target.
    """

    column: dict[int, int]
    line: dict[int, float]
    chains: list[tuple[int, ...]]


def arrange(picture: Picture) -> Grid:
    """Arrange a picture: thoroughly while that is quick, and in linear time beyond.

    Args:
        picture: boxes and edges, without cycles.

    Returns:
        The grid.
    """
    tall = max(box.height for box in picture.boxes) + CLEAR
    thorough = len(picture.boxes) <= _LARGE
    return _thorough(picture, tall) if thorough else _quick(picture, tall)


def _thorough(picture: Picture, tall: float) -> Grid:
    """Let the library fast-sugiyama choose ranks, order and lines."""
    from fast_sugiyama import from_edges

    column: dict[int, int] = {}
    line: dict[int, float] = {}
    chains: list[tuple[int, ...]] = []
    offset = 0.0
    count = len(picture.boxes)
    for edges in _connected_parts(picture.edges):
        # The library numbers a part's lanes from the number of its boxes on, so these come first.
        boxes = sorted({box for edge in edges for box in edge})
        number = {box: place for place, box in enumerate(boxes)}
        links = [(number[source], number[target]) for source, target in edges]
        ((drawn, _, _, found),) = from_edges(
            links, minimum_length=1, vertex_spacing=tall, dummy_size=tall * LANE
        )
        # It takes names as well as numbers for vertices; these are numbers.
        positions = {int(v): xy for v, xy in drawn}
        base = max([count - 1, *column]) + 1
        rename = {v: boxes[v] if v < len(boxes) else base + v for v in positions}
        lowest = min(x for x, _ in positions.values())
        deepest = max(y for _, y in positions.values())
        for vertex, (x, y) in positions.items():
            column[rename[vertex]] = round((deepest - y) / tall)
            line[rename[vertex]] = x - lowest + offset
        links = [(rename[int(a)], rename[int(b)]) for a, b in found or links]
        chains += _follow(links, count)
        offset = max(line.values()) + tall
    for alone in range(count):
        if alone not in column:
            column[alone], line[alone] = 0, offset
            offset += tall
    return Grid(column, line, chains)


def _connected_parts(edges: Iterable[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """Group the edges by what hangs together, by the lowest box of each part."""
    part_of: dict[int, list[tuple[int, int]]] = {}
    for edge in sorted(edges):
        mine, other = (part_of.setdefault(box, []) for box in edge)
        if mine is not other:
            mine += other
            part_of.update((box, mine) for joined in other for box in joined)
            part_of[edge[1]] = mine
        mine.append(edge)
    parts = {id(part): sorted(part) for part in part_of.values()}
    return sorted(parts.values())


def _follow(links: list[tuple[int, int]], count: int) -> list[tuple[int, ...]]:
    """Join links that meet in a lane into chains from box to box."""
    after: dict[int, list[int]] = {}
    for source, target in links:
        after.setdefault(source, []).append(target)
    chains = []
    for source in range(count):
        for following in after.get(source, ()):
            chain = [source, following]
            while chain[-1] >= count:
                chain.append(after[chain[-1]][0])
            chains.append(tuple(chain))
    return chains


def _quick(picture: Picture, tall: float) -> Grid:
    """Rank by the longest way, share one lane among all edges of a source, sort by neighbours."""
    column = ranks(picture)
    chains = _shared_lanes(picture, column)
    rows: dict[int, list[int]] = {}
    for vertex, rank in column.items():
        rows.setdefault(rank, []).append(vertex)
    links = sorted({link for chain in chains for link in pairwise(chain)})
    before: dict[int, list[int]] = {vertex: [] for vertex in column}
    after: dict[int, list[int]] = {vertex: [] for vertex in column}
    for source, target in links:
        before[target].append(source)
        after[source].append(target)
    count = len(picture.boxes)
    size = {vertex: tall if vertex < count else tall * LANE for vertex in column}
    line: dict[int, float] = {}
    for rank in rows:
        _stack(rows[rank], size, line)
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        beside = before if forward else after
        for rank in sorted(rows, reverse=not forward):
            wish = {v: _mean([line[n] for n in beside[v]], line[v]) for v in rows[rank]}
            rows[rank].sort(key=lambda v: (wish[v], v))
            _stack(rows[rank], size, line, wish)
    return Grid(column, line, chains)


def _mean(numbers: list[float], otherwise: float) -> float:
    return sum(numbers) / len(numbers) if numbers else otherwise


def ranks(picture: Picture) -> dict[int, int]:
    """Number boxes by their longest way from a leaf; leaves stand just before their first user.

    Args:
        picture: boxes and edges, without cycles.

    Returns:
        The rank by number of the box.
    """
    users: list[list[int]] = [[] for _ in picture.boxes]
    waiting = [0] * len(picture.boxes)
    for source, target in picture.edges:
        users[source].append(target)
        waiting[target] += 1
    rank = dict.fromkeys(range(len(picture.boxes)), 0)
    leaves = [box for box, count in enumerate(waiting) if not count]
    ready = list(leaves)
    while ready:
        box = ready.pop()
        for user in users[box]:
            rank[user] = max(rank[user], rank[box] + 1)
            waiting[user] -= 1
            if not waiting[user]:
                ready.append(user)
    for leaf in leaves:
        rank[leaf] = min((rank[user] for user in users[leaf]), default=1) - 1
    return rank


def _shared_lanes(picture: Picture, column: dict[int, int]) -> list[tuple[int, ...]]:
    lanes: dict[tuple[int, int], int] = {}
    chains = []
    for source, target in sorted(picture.edges):
        passed = []
        for rank in range(column[source] + 1, column[target]):
            lane = lanes.setdefault((source, rank), len(picture.boxes) + len(lanes))
            passed.append(lane)
        chains.append((source, *passed, target))
    column |= {lane: rank for (_, rank), lane in lanes.items()}
    return chains


def _stack(
    row: list[int],
    size: dict[int, float],
    line: dict[int, float],
    wish: dict[int, float] | None = None,
) -> None:
    """Stack one column without overlap, each vertex as near to its wish as the others allow.

    Runs of vertices that would overlap move as one block, to the mean of their wishes (the method
    of pooling adjacent violators).
    """
    offsets = [0.0]
    for upper, lower in pairwise(row):
        offsets.append(offsets[-1] + (size[upper] + size[lower]) / 2)
    blocks: list[tuple[float, int]] = []  # sum of wishes less offsets, number of vertices
    for vertex, offset in zip(row, offsets, strict=True):
        total, count = (wish[vertex] - offset if wish else 0.0), 1
        while blocks and blocks[-1][0] / blocks[-1][1] >= total / count:
            above, many = blocks.pop()
            total, count = total + above, count + many
        blocks.append((total, count))
    places = [total / count for total, count in blocks for _ in range(count)]
    for vertex, offset, place in zip(row, offsets, places, strict=True):
        line[vertex] = place + offset
