"""Lay a picture out in layers from left to right, with every edge in a lane of its own.

The ranks, the order within each rank and the lanes come from the Sugiyama method of the library
fast-sugiyama. It puts a dummy vertex wherever an edge passes a rank; here each dummy becomes a
horizontal lane through that rank's whole column, and edges change lanes only in the empty gaps
between columns. So no edge can cross a box or its label.
"""

from collections.abc import Iterator
from itertools import pairwise

import attrs

from mgview.picture import Box, Picture

_CLEAR = 14.0  # between the tallest boxes of one column, pixels
_LANE = 0.4  # height of a lane, in heights of a box
_GAP = 44.0
_WIDEST_GAP = 150.0
_GAP_PER_EDGE = 1.6
MARGIN = 16.0


@attrs.frozen
class Place:
    """Hold where a box stands: its left edge and its middle line, in pixels."""

    left: float
    middle: float


@attrs.frozen
class Route:
    """Hold an edge: the boxes at its ends and the corners of the path between, in pixels."""

    source: int
    target: int
    corners: tuple[tuple[float, float], ...]


@attrs.frozen
class Layout:
    """Hold a picture that is laid out: places of boxes, routes of edges, and its size."""

    places: tuple[Place, ...]
    routes: tuple[Route, ...]
    width: float
    height: float


@attrs.frozen
class _Grid:
    """Hold the columns: each vertex's column and line; numbers past the boxes are dummies."""

    column: dict[int, int]
    line: dict[int, float]
    links: list[tuple[int, int]]


def lay_out(picture: Picture) -> Layout:
    """Place the boxes of a picture and route its edges.

    Args:
        picture: boxes and edges, without cycles.

    Returns:
        The layout; the origin is the upper left corner, in pixels.
    """
    grid = _grid(picture)
    starts, ends = _columns(picture.boxes, grid)
    shift = MARGIN - min(grid.line[i] - box.height / 2 for i, box in enumerate(picture.boxes))
    shift = max([shift, *(MARGIN - line for line in grid.line.values())])
    places = tuple(
        Place(ends[grid.column[i]] - box.width, grid.line[i] + shift)
        for i, box in enumerate(picture.boxes)
    )
    routes = tuple(_routes(picture, grid, places, starts, ends, shift))
    lowest = max(p.middle + b.height / 2 for p, b in zip(places, picture.boxes, strict=True))
    lowest = max([lowest, *(y for route in routes for _, y in route.corners)])
    return Layout(places, routes, max(ends.values()) + MARGIN, lowest + MARGIN)


def _grid(picture: Picture) -> _Grid:
    from fast_sugiyama import from_edges

    tall = max(box.height for box in picture.boxes) + _CLEAR
    column: dict[int, int] = {}
    line: dict[int, float] = {}
    links: list[tuple[int, int]] = []
    offset = 0.0
    edges = sorted(picture.edges)
    layouts = (
        from_edges(edges, minimum_length=1, vertex_spacing=tall, dummy_size=tall * _LANE)
        if edges
        else []
    )
    count = len(picture.boxes)
    # the library takes names as well as numbers for vertices; these are numbers
    parts = [({int(v): xy for v, xy in positions}, found) for positions, _, _, found in layouts]
    for positions, found in sorted(parts, key=lambda part: min(part[0])):
        # each connected part numbers its own dummies, so they are moved past all others
        base = max([count - 1, *column]) + 1
        rename = {v: v if v < count else base + v for v in positions}
        lowest = min(x for x, _ in positions.values())
        deepest = max(y for _, y in positions.values())
        for vertex, (x, y) in positions.items():
            column[rename[vertex]] = round((deepest - y) / tall)
            line[rename[vertex]] = x - lowest + offset
        links += [(rename[int(a)], rename[int(b)]) for a, b in found or edges]
        offset = max(line.values()) + tall
    for alone in range(count):
        if alone not in column:
            column[alone], line[alone] = 0, offset
            offset += tall
    return _Grid(column, line, links)


def _columns(boxes: tuple[Box, ...], grid: _Grid) -> tuple[dict[int, float], dict[int, float]]:
    """Return where each column starts and ends, in pixels."""
    last = max(grid.column.values())
    width = [0.0] * (last + 1)
    for index, box in enumerate(boxes):
        width[grid.column[index]] = max(width[grid.column[index]], box.width)
    crossing = [0] * (last + 1)
    for source, target in grid.links:
        if grid.line[source] != grid.line[target]:
            crossing[grid.column[source]] += 1
    starts: dict[int, float] = {}
    ends: dict[int, float] = {}
    x = MARGIN
    for place in range(last + 1):
        starts[place] = x
        ends[place] = x + width[place]
        x = ends[place] + min(_GAP + _GAP_PER_EDGE * crossing[place], _WIDEST_GAP)
    return starts, ends


def _routes(
    picture: Picture,
    grid: _Grid,
    places: tuple[Place, ...],
    starts: dict[int, float],
    ends: dict[int, float],
    shift: float,
) -> Iterator[Route]:
    count = len(picture.boxes)
    after: dict[int, list[int]] = {}
    for source, target in grid.links:
        after.setdefault(source, []).append(target)
    for source in range(count):
        for following in after.get(source, ()):
            chain = [source, following]
            while chain[-1] >= count:
                chain.append(after[chain[-1]][0])
            target = chain[-1]
            corners = [(ends[grid.column[source]], places[source].middle)]
            for vertex in chain[1:-1]:
                y = grid.line[vertex] + shift
                corners += [(starts[grid.column[vertex]], y), (ends[grid.column[vertex]], y)]
            corners.append((starts[grid.column[target]], places[target].middle))
            corners.append((places[target].left, places[target].middle))
            yield Route(source, target, tuple(_without_repeats(corners)))


def _without_repeats(corners: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return [corners[0], *(after for before, after in pairwise(corners) if before != after)]
