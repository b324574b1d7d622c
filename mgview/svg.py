"""Write a laid-out picture as SVG: value boxes, op circles, gradients coloured by sign and size."""

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import pairwise
from math import isfinite, sqrt
from pathlib import Path

import attrs

from mgview.fold import Group
from mgview.layout import Layout, Place, Route
from mgview.names import node_name
from mgview.numbers import is_odd, number
from mgview.picture import CIRCLE, LINE, NUMBERS, STEM, Box, Picture, clip, spoken
from mgview.scene import Node, Scene
from mgview.text import width

Corners = tuple[tuple[float, float], ...]

_BARS = 48
_BARS_FROM = 44
_WIDEST_BAR = 12.0
_FAINTEST, _STRONGEST = 0.12, 0.62
_SPREAD = 0.4  # the smaller, the more decades of gradients can be told apart
_TAGS, _TAG = 3, 12  # names beside a box, and letters of each
_PORTS = 3  # operands that can be numbered where they enter a circle
_PORT = 13.0  # between two of them, pixels
_LINES, _LINES_APART = 4, 7.0  # of one operand that is used several times, pixels


@attrs.frozen
class Marks:
    """Hold what a step marks: its node, the operands whose gradient changes, and the live edges."""

    current: int | None = None
    touched: frozenset[int] = frozenset()
    sources: frozenset[int] = frozenset()

    def of(self, box: Box) -> str:
        """Return the class of a box."""
        if box.node is None:
            return ""
        if box.node.index == self.current:
            return " is-current"
        return " is-touched" if box.node.index in self.touched else ""

    def live(self, source: Box, target: Box) -> bool:
        """Tell whether the step goes along an edge."""
        if source.node is None or target.node is None or target.node.index != self.current:
            return False
        return source.node.index in self.sources


_WORDS = 34.0  # pixels for a line of words below a picture


def style() -> str:
    """Return the style sheet of a drawing that stands alone."""
    return (Path(__file__).parent / "static" / "drawing.css").read_text(encoding="utf-8")


def render(
    scene: Scene,
    picture: Picture,
    layout: Layout,
    *,
    title: str,
    alone: bool,
    opens: bool | None = None,
    marks: Marks | None = None,
    words: str = "",
) -> str:
    """Write one picture as an SVG element.

    Args:
        scene: the whole graph.
        picture: the boxes and edges.
        layout: where they stand.
        title: what the picture shows, for screen readers.
        alone: bring the style sheet along; a page has its own.
        opens: whether a script will open boxes; by default in pages.
        marks: what a step marks.
        words: a line below the picture.

    Returns:
        The text of the ``<svg>`` element.
    """
    opens = not alone if opens is None else opens
    marks = marks or Marks()
    room = max(layout.width, width(words, 14, bold=True) + 32) if words else layout.width
    size = {"width": room, "height": layout.height + (_WORDS if words else 0.0)}
    view = f"0 0 {_short(size['width'])} {_short(size['height'])}"
    edges = [_edge(scene, picture, route, marks) for route in layout.routes]
    far: dict[int, list[Box]] = {}
    for source, target in layout.tags:
        far.setdefault(target, []).append(picture.boxes[source])
    boxes = [
        _box(scene, box, place, far.get(number, []), marks, opens=opens)
        for number, (box, place) in enumerate(zip(picture.boxes, layout.places, strict=True))
    ]
    sheet = [f"<style>{style()}</style>", _tag("rect", "mgv-paper", **size)] if alone else []
    inside = [*sheet, _tag("g", "mgv-edges", *edges), _tag("g", "mgv-boxes", *boxes)]
    if words:
        inside.append(_text(16, layout.height + 18, words, "mgv-words"))
    role = {"role": "group" if opens else "img", "aria-label": title}
    namespace = {"xmlns": "http://www.w3.org/2000/svg"}
    return _tag("svg", "mgv", *inside, **namespace, **size, viewBox=view, **role)


def _short(x: float) -> str:
    """Write a coordinate with at most one decimal."""
    return f"{x:.1f}".removesuffix(".0")


def _tag(name: str, kind: str, *inside: str, **attributes: str | float) -> str:
    """Write one element; attributes are escaped, what is inside is markup already."""
    written = "".join(
        f' {key}="{escape(value, quote=True) if isinstance(value, str) else _short(value)}"'
        for key, value in {"class": kind, **attributes}.items()
        if value != ""
    )
    return f"<{name}{written}>{''.join(inside)}</{name}>" if inside else f"<{name}{written}/>"


def strength(grad: float) -> float:
    """Return the opacity that shows the size of a gradient: one scale for every picture.

    Args:
        grad: the gradient, unitless.

    Returns:
        0 for no gradient (the faintest for −0.0), else between 0.12 and 0.62, half way at 1; the
        same size has the same strength in every picture and at every step.
    """
    if grad == 0.0:
        return _FAINTEST if is_odd(grad) else 0.0
    if not isfinite(grad):
        return _STRONGEST
    size: float = abs(grad) ** _SPREAD
    return _FAINTEST + (_STRONGEST - _FAINTEST) * size / (1.0 + size)


def sign_of(grad: float) -> str:
    """Return the class of a gradient's colour: nan, infinities and −0.0 have one of their own."""
    return "mgv-odd" if is_odd(grad) else "mgv-pos" if grad > 0 else "mgv-neg"


def _edge(scene: Scene, picture: Picture, route: Route, marks: Marks) -> str:
    source, target = picture.boxes[route.source], picture.boxes[route.target]
    times = 1
    if source.node and target.node:
        times = scene.nodes[target.node.index].operands.count(source.node.index)
    corners = _entering(source, target, route.corners)
    path = " ".join(_path(corners, shift) for shift in _shifts(times))
    kind = "mgv-edge mgv-faint" if "ghost" in (source.kind, target.kind) else "mgv-edge"
    kind += " is-live" if marks.live(source, target) else ""
    ends = {"data-from": source.name, "data-to": target.name}
    return _tag("path", kind, **ends, d=path)


def _entering(source: Box, target: Box, corners: Corners) -> Corners:
    """Let an edge enter its circle at the operand's own port, where the order matters."""
    ports = _ports(target.node) if target.node is not None and target.kind == "op" else {}
    mine = [away for operand, (away, _) in ports.items() if _holds(source, operand)]
    if len(mine) != 1:
        return corners
    (away,) = mine
    x, y = corners[-1]
    end = (x + CIRCLE - sqrt(CIRCLE**2 - away**2), y + away)
    before = corners[:-1]
    if len(before) > 1 and before[-1][1] == y:
        before = (*before[:-1], (before[-1][0], y + away))
    return (*before, end)


def _ports(node: Node) -> dict[int, tuple[float, str]]:
    """Return where each operand enters the circle, from its middle, and its number."""
    order = list(dict.fromkeys(node.operands))
    if not node.ordered or len(order) > _PORTS:
        return {}
    middle = (len(order) - 1) / 2
    places = {
        operand: ",".join(str(i) for i, other in enumerate(node.operands, 1) if other == operand)
        for operand in order
    }
    return {operand: ((i - middle) * _PORT, places[operand]) for i, operand in enumerate(order)}


def _holds(box: Box, index: int) -> bool:
    if box.node is not None:
        return box.node.index == index
    return box.group is not None and index in box.group


def _shifts(times: int) -> tuple[float, ...]:
    """Draw an operand that is used several times as lines side by side, four at most."""
    lines = min(times, _LINES)
    return tuple((i - (lines - 1) / 2) * _LINES_APART for i in range(lines))


def _path(way: Sequence[tuple[float, float]], shift: float) -> str:
    corners = [(x, y + shift) for x, y in way]
    parts = [f"M{corners[0][0]:.1f} {corners[0][1]:.1f}"]
    for (x0, y0), (x1, y1) in pairwise(corners):
        if y0 == y1:
            parts.append(f"H{x1:.1f}")
        else:
            half = (x0 + x1) / 2
            parts.append(f"C{half:.1f} {y0:.1f} {half:.1f} {y1:.1f} {x1:.1f} {y1:.1f}")
    x, y = corners[-1]
    parts.append(f"m-6 -4 L{x:.1f} {y:.1f} l-6 4")
    return "".join(parts)


def _box(scene: Scene, box: Box, place: Place, far: list[Box], marks: Marks, *, opens: bool) -> str:
    kind = f"mgv-box mgv-{box.kind}" + (" mgv-output" if box.is_output else "") + marks.of(box)
    words = spoken(scene, box)
    extra: dict[str, str] = {}
    if opens:  # a page attaches only the boxes in sight, and must know their size without drawing
        extra["data-size"] = f"{_short(box.width)} {_short(box.height)}"
    if opens and box.kind == "group":
        extra |= {"role": "button", "tabindex": "0"}
    inside: Iterable[str]
    if box.group is not None and box.kind == "group":
        inside = _group_inside(scene, box, box.group)
    elif box.node is not None and box.kind in ("leaf", "op"):
        inside = _value_inside(box, box.node)
    else:
        inside = _pill(box)
    where = f"translate({_short(place.left)} {_short(place.middle)})"
    title = _tag("title", "", escape(words))
    name = {"data-box": box.name}
    tags = [_far_tag(box, far)] if far else []
    return _tag("g", kind, title, *inside, *tags, **name, **extra, transform=where)


def _far_tag(box: Box, far: list[Box]) -> str:
    """Name the sources whose edges are too long to be drawn."""
    shown = far if len(far) <= _TAGS else far[: _TAGS - 1]
    spans = [
        _tag(
            "tspan",
            "mgv-far",
            _tag("title", "", escape(_title(source))),
            escape(clip(_title(source), _TAG)),
            **{"data-from": source.name, "data-to": box.name},
        )
        for source in shown
    ]
    more = f" and {len(far) - len(shown)} more" if len(far) > len(shown) else ""
    text = "from " + ", ".join(spans) + more
    return _tag("text", "mgv-small", text, y=-box.height / 2 - 4)


def _title(box: Box) -> str:
    return node_name(box.node) if box.node is not None else box.title


def _text(x: float, y: float, text: str, kind: str, anchor: str = "") -> str:
    where = {"text-anchor": anchor}
    return _tag("text", kind, escape(text), x=x, y=y, **where)


def _pill(box: Box) -> Iterator[str]:
    half = box.height / 2
    yield _tag("rect", "mgv-frame", y=-half, width=box.width, height=box.height, rx=half)
    yield _text(box.width / 2, 4, box.title, "mgv-small", "middle")


def _value_inside(box: Box, node: Node) -> Iterator[str]:
    left, half = box.circle, LINE / 2
    if left:
        wide = left - STEM
        yield _tag("path", "mgv-stem", d=f"M{_short(wide)} 0H{_short(left)}")
        yield _tag("rect", "mgv-circle", y=-CIRCLE, width=wide, height=2 * CIRCLE, rx=CIRCLE)
        yield _text(wide / 2, 5, node.symbol, "mgv-symbol", "middle")
        for away, place in _ports(node).values():
            yield _text(-9, away - 3, place, "mgv-place", "end")
    cell = box.width - NUMBERS
    frame = {"x": left, "y": -half, "width": box.width - left, "height": LINE, "rx": 5.0}
    opacity = {"fill-opacity": f"{strength(node.grad):.3f}"}
    yield _tag("rect", "mgv-back", **frame)
    yield _tag(
        "path", f"mgv-grad {sign_of(node.grad)}", d=_lower_half(cell, box.width, half), **opacity
    )
    yield _tag("rect", "mgv-frame", **frame)
    inset = 0.0
    if box.kind == "leaf":
        inset = 5.0
        yield _tag("path", "mgv-mark", d=f"M{_short(left + 2.5)} {4 - half}V{half - 4}")
    if box.title:
        yield _tag("path", "mgv-rule", d=f"M{_short(cell)} {-half}V{half}")
        yield _text((left + cell + inset) / 2, 5, box.title, "mgv-label", "middle")
    yield _tag("path", "mgv-rule", d=f"M{_short(cell)} 0H{_short(box.width)}")
    yield _text(cell + 8, -6, "data", "mgv-key")
    yield _text(
        box.width - 8,
        -6,
        number(node.data) if node.known else "?",
        _number_kind("data", node.data),
        "end",
    )
    yield _text(cell + 8, 14, "grad", "mgv-key")
    yield _text(box.width - 8, 14, number(node.grad), _number_kind("gradient", node.grad), "end")


def _number_kind(what: str, x: float) -> str:
    return f"mgv-number mgv-{what}" + (" mgv-strange" if is_odd(x) else "")


def _lower_half(left: float, right: float, half: float) -> str:
    return f"M{_short(left)} 0H{_short(right)}V{half - 5}q0 5 -5 5H{_short(left)}z"


def _group_inside(scene: Scene, box: Box, group: Group) -> Iterator[str]:
    half = box.height / 2
    stacked = len(group.parts) > 1
    width, height = (box.width - 8, box.height - 8) if stacked else (box.width, box.height)
    frame = {"width": width, "height": height, "rx": 7.0}
    for depth in (8, 4) if stacked else ():
        yield _tag("rect", "mgv-frame mgv-stack", x=depth, y=depth - half, **frame)
    yield _tag("rect", "mgv-frame", y=-half, **frame)
    yield _text(12, 19 - half, box.title, "mgv-label")
    yield _text(12, 33 - half, box.subtitle, "mgv-small")
    shown = [part[-1] for part in group.parts] if stacked else group.members
    nodes = [scene.nodes[index] for index in shown]
    room = box.width - 64
    yield _text(12, 54 - half, "data", "mgv-key")
    yield from _bars([node.data for node in nodes], room, 50 - half, signed=False)
    yield _text(12, 75 - half, "grad", "mgv-key")
    yield from _bars([node.grad for node in nodes], room, 71 - half, signed=True)


def _bars(values: Sequence[float], room: float, middle: float, *, signed: bool) -> Iterator[str]:
    """Draw numbers as tiny bars, up for positive and down for negative."""
    runs = list(_runs_of(values))
    heights = [max((x for x in run if isfinite(x)), key=abs, default=0.0) for run in runs]
    top = max((abs(h) for h in heights), default=0.0)
    step = min(room / len(heights), _WIDEST_BAR)
    wide = f"h{step * 0.75:.1f}"
    yield _tag("path", "mgv-rule", d=f"M{_BARS_FROM} {middle:.1f}h{step * len(heights):.1f}")
    for sign, kind in ((1, "mgv-pos"), (-1, "mgv-neg")):
        path = "".join(
            f"M{_BARS_FROM + step * i:.1f} {middle:.1f}v{-8 * h / top:.1f}{wide}v{8 * h / top:.1f}z"
            for i, h in enumerate(heights)
            if top and h * sign > 0
        )
        if path:
            yield _tag("path", kind if signed else "mgv-bar", d=path)
    odd = "".join(
        f"M{_BARS_FROM + step * i:.1f} {middle - 8:.1f}v16{wide}v-16z"
        for i, run in enumerate(runs)
        if any(map(is_odd, run))
    )
    if odd:
        yield _tag("path", "mgv-odd", d=odd)


def _runs_of(values: Sequence[float]) -> Iterable[Sequence[float]]:
    """Cut a long row of numbers into runs, so that one bar for each fits."""
    run = -(-len(values) // _BARS)
    return (values[i : i + run] for i in range(0, len(values), run))
