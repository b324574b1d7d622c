"""The layout: columns from left to right, and no edge across a box."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mgview import grid
from mgview.layout import Layout, lay_out
from mgview.picture import Box, Picture

MANY = grid._LARGE + 1


def picture(widths: list[float], edges: set[tuple[int, int]]) -> Picture:
    boxes = tuple(Box(f"n{i}", "leaf", "", width, 40.0) for i, width in enumerate(widths))
    return Picture(boxes, tuple(sorted(edges)))


@st.composite
def pictures(draw: Any) -> Picture:
    count = draw(st.integers(1, 24))
    widths = draw(st.lists(st.floats(30.0, 260.0), min_size=count, max_size=count))
    ends = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1))
    pairs = draw(st.sets(ends, max_size=3 * count))
    return picture(widths, {(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]})


def rectangles(drawn: Picture, layout: Layout) -> list[tuple[float, float, float, float]]:
    found = []
    for box, place in zip(drawn.boxes, layout.places, strict=True):
        half = box.height / 2
        found.append((place.left, place.middle - half, place.left + box.width, place.middle + half))
    return found


def points_along(corners: tuple[tuple[float, float], ...]) -> list[tuple[float, float]]:
    """Follow the path as drawn: level pieces, and S-shaped curves where the height changes."""
    points = []
    for (x0, y0), (x1, y1) in pairwise(corners):
        for step in range(25):
            t = step / 24
            ease = t * t * (3 - 2 * t)  # control points lie half way, level with the ends
            bend = 1.5 * t * (1 - t) + t**3 if y0 != y1 else t
            points.append((x0 + (x1 - x0) * bend, y0 + (y1 - y0) * ease))
    return points


def check(drawn: Picture) -> None:
    layout = lay_out(drawn)
    boxes = rectangles(drawn, layout)
    for i, (l1, t1, r1, b1) in enumerate(boxes):
        assert l1 >= 0
        assert t1 >= 0
        assert r1 <= layout.width
        assert b1 <= layout.height
        for l2, t2, r2, b2 in boxes[i + 1 :]:
            assert r1 <= l2 or r2 <= l1 or b1 <= t2 or b2 <= t1, "two boxes overlap"
    lines = [(route.source, route.target) for route in layout.routes]
    assert sorted([*lines, *layout.tags]) == sorted(drawn.edges)
    for route in layout.routes:
        source, target = boxes[route.source], boxes[route.target]
        assert route.turns or source[2] < target[0], "an edge runs backwards"
        assert route.corners[0] == pytest.approx((source[2], (source[1] + source[3]) / 2))
        assert route.corners[-1] == pytest.approx((target[0], (target[1] + target[3]) / 2))
        for x, y in points_along(route.corners):
            for left, top, right, bottom in boxes:
                inside = left + 0.5 < x < right - 0.5 and top < y < bottom
                assert not inside, "an edge crosses a box"


@settings(max_examples=80, deadline=None)
@given(pictures())
def test_no_edge_crosses_a_box_and_no_boxes_overlap(drawn: Picture) -> None:
    check(drawn)


@settings(max_examples=60, deadline=None)
@given(pictures())
def test_the_quick_method_keeps_edges_off_boxes_too(drawn: Picture) -> None:
    chosen = grid._LARGE
    try:
        grid._LARGE = 0
        check(drawn)
    finally:
        grid._LARGE = chosen


def test_a_large_picture_is_laid_out_quickly_and_cleanly() -> None:
    edges = {(i, j) for j in range(1, MANY) for i in (j - 1, j // 2) if i < j}
    check_edges = picture([60.0] * MANY, edges)
    layout = lay_out(check_edges)
    boxes = rectangles(check_edges, layout)
    columns: dict[float, list[tuple[float, float]]] = {}
    for _, top, right, bottom in boxes:
        columns.setdefault(round(right, 3), []).append((top, bottom))
    for column in columns.values():
        column.sort()
        assert all(upper[1] <= lower[0] for upper, lower in pairwise(column))
    lines = [(route.source, route.target) for route in layout.routes]
    assert sorted([*lines, *layout.tags]) == sorted(edges)
    assert len(layout.tags) < len(edges) / 2


def test_boxes_without_edges_do_not_pass_for_lanes() -> None:
    check(picture([30.0] * 6, {(0, 1), (0, 2), (1, 2)}))


def test_the_same_picture_is_laid_out_the_same_way() -> None:
    drawn = picture([80.0, 90.0, 70.0, 60.0, 50.0], {(0, 2), (1, 2), (2, 4), (3, 4), (0, 4)})
    assert lay_out(drawn) == lay_out(drawn)


def test_an_operand_stands_left_of_its_user_and_a_lone_box_is_fine() -> None:
    layout = lay_out(picture([50.0, 50.0], {(0, 1)}))
    assert layout.places[0].left < layout.places[1].left
    alone = lay_out(picture([50.0], set()))
    assert alone.width > 50
    assert not alone.routes
