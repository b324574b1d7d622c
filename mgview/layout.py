"""Lay a picture out in layers from left to right, with every edge in a lane of its own.

Columns, lines and lanes come from `mgview.grid`. Wherever an edge passes a column it has a
horizontal lane through all of it, and edges change lanes only in the empty gaps between columns. So
no edge can cross a box or its label.

A picture much wider than high is cut into rows of columns, read like lines of text. An edge to the
next column turns at the end of its row; any other edge between rows, and in large pictures every
edge over many columns, is no line but a *tag*: the name of its source at its target. So pictures
grow with their graphs, and not with the square of their length.
"""

from itertools import pairwise

import attrs

from mgview.grid import Grid, arrange, ranks
from mgview.picture import Box, Picture

_GAP = 40.0
ROOMY = 44.0  # between columns whose edges bear numbers, pixels
_LARGE = 60  # boxes; below it every edge is a line
_FAR = 8  # columns that an edge of a large picture may span
_LANES = 3  # for each box; more than these are cut into tags
_WIDEST = 2_600.0  # pixels of a picture in one row
_FLATTEST = 3.0  # width to height of such a picture
_SHAPE = 1.7  # width to height that rows aim at
_NARROWEST = 1_300.0  # pixels of a row
_BETWEEN = 40.0  # rows, pixels
_WIDEST_GAP = 150.0
_GAP_PER_EDGE = 1.6
MARGIN = 12.0


@attrs.frozen
class Place:
    """Hold where a box stands: its left edge and its middle line, in pixels."""

    left: float
    middle: float


@attrs.frozen
class Route:
    """Hold an edge: the boxes at its ends and the corners of the path between, in pixels.

    Attributes:
        turns: whether it goes from the end of a row to the start of the next.
    """

    source: int
    target: int
    corners: tuple[tuple[float, float], ...]
    turns: bool = False


@attrs.frozen
class Layout:
    """Hold a picture that is laid out: places of boxes, routes of edges, and its size.

    Attributes:
        tags: edges that are no lines but a name at their target, as pairs of box numbers.
    """

    places: tuple[Place, ...]
    routes: tuple[Route, ...]
    width: float
    height: float
    tags: tuple[tuple[int, int], ...] = ()


def lay_out(picture: Picture, gap: float = _GAP) -> Layout:
    """Place the boxes of a picture and route its edges.

    Args:
        picture: boxes and edges, without cycles.
        gap: between two columns, in pixels; more where many edges cross it.

    Returns:
        The layout; the origin is the upper left corner, in pixels.
    """
    near, far = _split(picture)
    grid = arrange(near)
    starts, ends = _columns(picture.boxes, grid, gap)
    rows = _Rows.of(picture, grid, starts, ends)
    places = tuple(
        Place(ends[grid.column[i]] - box.width, grid.line[i]) for i, box in enumerate(picture.boxes)
    )
    places = tuple(rows.move(place, grid.column[i]) for i, place in enumerate(places))
    routes, cut = rows.routes(grid, places, starts, ends)
    return Layout(places, routes, rows.width, rows.height, (*far, *cut))


def _split(picture: Picture) -> tuple[Picture, tuple[tuple[int, int], ...]]:
    """Cut the edges over many columns out of a large picture with too many lanes."""
    if len(picture.boxes) <= _LARGE:
        return picture, ()
    rank = ranks(picture)
    spans = {edge: rank[edge[1]] - rank[edge[0]] for edge in picture.edges}
    if sum(spans.values()) - len(spans) <= _LANES * len(picture.boxes):
        return picture, ()
    near = tuple(edge for edge in picture.edges if spans[edge] <= _FAR)
    far = tuple(edge for edge in picture.edges if spans[edge] > _FAR)
    return attrs.evolve(picture, edges=near), far


@attrs.frozen
class _Rows:
    """Hold how a picture is cut into rows: for each column its row and how far it moves."""

    row: dict[int, int]
    shift: dict[int, tuple[float, float]]
    ends: tuple[float, ...]
    tops: tuple[float, ...]
    width: float
    height: float

    @staticmethod
    def of(
        picture: Picture, grid: Grid, starts: dict[int, float], ends: dict[int, float]
    ) -> "_Rows":
        """Cut where the picture is much wider than high."""
        spans = _heights(picture, grid)
        lowest = min(top for top, _ in spans.values())
        tall = max(bottom for _, bottom in spans.values()) - lowest
        wide = max(ends.values()) - min(starts.values())
        limit = wide
        if wide > _WIDEST and wide > _FLATTEST * tall:
            limit = max(_NARROWEST, (wide * (tall + _BETWEEN) * _SHAPE) ** 0.5)
        rows: list[list[int]] = []
        for column in sorted(starts):
            if not rows or ends[column] - starts[rows[-1][0]] > limit:
                rows.append([])
            rows[-1].append(column)
        shift: dict[int, tuple[float, float]] = {}
        tops: list[float] = []
        widths: list[float] = []
        margin = MARGIN if len(rows) == 1 else 2 * MARGIN
        top = MARGIN
        for columns in rows:
            highest = min(spans[column][0] for column in columns)
            deepest = max(spans[column][1] for column in columns)
            tops.append(top)
            widths.append(margin + ends[columns[-1]] - starts[columns[0]])
            for column in columns:
                shift[column] = (margin - starts[columns[0]], top - highest)
            top += deepest - highest + _BETWEEN
        row = {column: number for number, columns in enumerate(rows) for column in columns}
        return _Rows(
            row, shift, tuple(widths), tuple(tops), max(widths) + margin, top - _BETWEEN + MARGIN
        )

    def move(self, place: Place, column: int) -> Place:
        """Return where a box stands in its row."""
        x, y = self.shift[column]
        return Place(place.left + x, place.middle + y)

    def routes(
        self,
        grid: Grid,
        places: tuple[Place, ...],
        starts: dict[int, float],
        ends: dict[int, float],
    ) -> tuple[tuple[Route, ...], tuple[tuple[int, int], ...]]:
        """Route the edges; those that no line can show come back as tags."""
        found: list[Route] = []
        cut: list[tuple[int, int]] = []
        turned: set[int] = set()
        for chain in grid.chains:
            source, target = chain[0], chain[-1]
            first, last = grid.column[source], grid.column[target]
            if self.row[first] == self.row[last]:
                found.append(self._line(chain, grid, places, starts, ends))
            elif last == first + 1 and self.row[last] not in turned:
                turned.add(self.row[last])  # one line may turn; more would lie on one another
                found.append(self._turn(source, target, places, ends[first] + self.shift[first][0]))
            else:
                cut.append((source, target))
        return tuple(found), tuple(cut)

    def _line(
        self,
        chain: tuple[int, ...],
        grid: Grid,
        places: tuple[Place, ...],
        starts: dict[int, float],
        ends: dict[int, float],
    ) -> Route:
        source, target = chain[0], chain[-1]
        x, _ = self.shift[grid.column[source]]
        corners = [(ends[grid.column[source]] + x, places[source].middle)]
        for vertex in chain[1:-1]:
            column = grid.column[vertex]
            y = grid.line[vertex] + self.shift[column][1]
            corners += [(starts[column] + x, y), (ends[column] + x, y)]
        corners.append((starts[grid.column[target]] + x, places[target].middle))
        corners.append((places[target].left, places[target].middle))
        return Route(source, target, tuple(_without_repeats(corners)))

    def _turn(self, source: int, target: int, places: tuple[Place, ...], end: float) -> Route:
        """Go to the right, back between the rows, and into the next row from the left."""
        row = self._row_of(places[target])
        between = self.tops[row] - _BETWEEN / 2
        y0, y1 = places[source].middle, places[target].middle
        right, left = self.ends[row - 1] + MARGIN, MARGIN
        corners = [(end, y0), (right, y0), (right, between), (left, between), (left, y1)]
        return Route(source, target, (*corners, (places[target].left, y1)), turns=True)

    def _row_of(self, place: Place) -> int:
        return max(row for row, top in enumerate(self.tops) if top <= place.middle)


def _heights(picture: Picture, grid: Grid) -> dict[int, tuple[float, float]]:
    """Return the highest and the lowest line of each column, boxes and lanes."""
    spans: dict[int, tuple[float, float]] = {}
    for vertex, column in grid.column.items():
        half = picture.boxes[vertex].height / 2 if vertex < len(picture.boxes) else 0.0
        top, bottom = spans.get(column, (float("inf"), float("-inf")))
        line = grid.line[vertex]
        spans[column] = (min(top, line - half), max(bottom, line + half))
    return spans


def _columns(
    boxes: tuple[Box, ...], grid: Grid, gap: float
) -> tuple[dict[int, float], dict[int, float]]:
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
        x = ends[place] + min(gap + _GAP_PER_EDGE * crossing[place], _WIDEST_GAP)
    return starts, ends


def _without_repeats(corners: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return [corners[0], *(after for before, after in pairwise(corners) if before != after)]
