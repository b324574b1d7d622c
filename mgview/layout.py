"""Lay a picture out in layers from left to right, with every edge in a lane of its own.

Columns, lines and lanes come from `mgview.grid`. Wherever an edge passes a column it has a
horizontal lane through all of it, and edges change lanes only in the empty gaps between columns. So
no edge can cross a box or its label.
"""

from collections.abc import Iterator
from itertools import pairwise

import attrs

from mgview.grid import Grid, arrange
from mgview.picture import Box, Picture

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


def lay_out(picture: Picture) -> Layout:
    """Place the boxes of a picture and route its edges.

    Args:
        picture: boxes and edges, without cycles.

    Returns:
        The layout; the origin is the upper left corner, in pixels.
    """
    grid = arrange(picture)
    starts, ends = _columns(picture.boxes, grid)
    shift = MARGIN - min(grid.line[i] - box.height / 2 for i, box in enumerate(picture.boxes))
    shift = max([shift, *(MARGIN - line for line in grid.line.values())])
    places = tuple(
        Place(ends[grid.column[i]] - box.width, grid.line[i] + shift)
        for i, box in enumerate(picture.boxes)
    )
    routes = tuple(_routes(grid, places, starts, ends, shift))
    lowest = max(p.middle + b.height / 2 for p, b in zip(places, picture.boxes, strict=True))
    lowest = max([lowest, *(y for route in routes for _, y in route.corners)])
    return Layout(places, routes, max(ends.values()) + MARGIN, lowest + MARGIN)


def _columns(boxes: tuple[Box, ...], grid: Grid) -> tuple[dict[int, float], dict[int, float]]:
    """Return where each column starts and ends, in pixels."""
    last = max(grid.column.values())
    width = [0.0] * (last + 1)
    for index, box in enumerate(boxes):
        width[grid.column[index]] = max(width[grid.column[index]], box.width)
    crossing = [0] * (last + 1)
    for source, target in {link for chain in grid.chains for link in pairwise(chain)}:
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
    grid: Grid,
    places: tuple[Place, ...],
    starts: dict[int, float],
    ends: dict[int, float],
    shift: float,
) -> Iterator[Route]:
    for chain in grid.chains:
        source, target = chain[0], chain[-1]
        corners = [(ends[grid.column[source]], places[source].middle)]
        for vertex in chain[1:-1]:
            y = grid.line[vertex] + shift
            corners += [(starts[grid.column[vertex]], y), (ends[grid.column[vertex]], y)]
        corners.append((starts[grid.column[target]], places[target].middle))
        corners.append((places[target].left, places[target].middle))
        yield Route(source, target, tuple(_without_repeats(corners)))


def _without_repeats(corners: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return [corners[0], *(after for before, after in pairwise(corners) if before != after)]
