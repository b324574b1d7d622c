"""Turn boxes of nodes into one picture: what each box says, and how big it is."""

from bisect import bisect_left, bisect_right
from itertools import takewhile
from math import isinf
from typing import Literal

import attrs

from mgview.fold import Group
from mgview.names import atomic, bracketed, node_name
from mgview.numbers import full, is_odd, short
from mgview.scene import Node, Scene
from mgview.text import width

BoxKind = Literal["leaf", "constant", "op", "group", "ghost"]

LINE = 40.0
NUMBERS = 126.0
CIRCLE = 15.0
STEM = 10.0
_LONGEST_LABEL = 22
_SKETCH_DEPTH = 3
_PATTERN = 2  # one label is no pattern
_NAMED_OUTPUTS = 3


@attrs.frozen
class Box:
    """Hold one box of a picture and its size in pixels."""

    name: str
    kind: BoxKind
    title: str
    width: float
    height: float
    node: Node | None = None
    group: Group | None = None
    subtitle: str = ""
    is_output: bool = False

    @property
    def circle(self) -> float:
        """Return the width of the circle that bears the op's symbol, with its stem; 0 if none."""
        return circle_width(self.node) if self.kind == "op" and self.node else 0.0


@attrs.frozen
class Picture:
    """Hold the boxes of one picture and the edges between them, as pairs of box numbers."""

    boxes: tuple[Box, ...]
    edges: tuple[tuple[int, int], ...]


def circle_width(node: Node) -> float:
    """Return the width that an op's symbol takes, with the stem to its value, in pixels."""
    return max(2 * CIRCLE, width(node.symbol, 14, bold=True) + 14) + STEM


def clip(text: str, most: int = _LONGEST_LABEL) -> str:
    """Shorten a label for a box; an ellipsis stands for what is left out."""
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1] + "…"


def build(scene: Scene, groups: tuple[Group, ...], context: tuple[Group, ...] = ()) -> Picture:
    """Describe the boxes of one picture.

    Args:
        scene: the whole graph.
        groups: the boxes.
        context: boxes of the picture around this one; those that touch it appear as ghosts.

    Returns:
        The picture, not yet laid out.
    """
    place_of = {index: place for place, group in enumerate(groups) for index in group.members}
    names = _names(groups)
    boxes = [_box(scene, group, name) for group, name in zip(groups, names, strict=True)]
    edges = dict.fromkeys(
        (place_of[operand], place)
        for index, place in place_of.items()
        for operand in scene.nodes[index].operands
        if operand in place_of and place_of[operand] != place
    )
    around = _around(scene, place_of)
    outside = [node for node, _ in around]
    for group in context:
        # what is folded together mostly lies together, so few neighbours have to be looked at
        first = bisect_left(outside, group.members[0])
        last = bisect_right(outside, group.members[-1])
        touching = [edge for node, edge in around[first:last] if node in group]
        if touching:
            ghost = len(boxes)
            boxes.append(_ghost(scene, group))
            edges |= dict.fromkeys((s, ghost) if t < 0 else (ghost, t) for s, t in touching)
    return Picture(tuple(boxes), tuple(edges))


def _around(scene: Scene, place_of: dict[int, int]) -> list[tuple[int, tuple[int, int]]]:
    """List the neighbours outside a picture, sorted, each with its edge; -1 stands for itself."""
    found: dict[tuple[int, tuple[int, int]], None] = {}
    for index, place in place_of.items():
        for operand in scene.nodes[index].operands:
            if operand not in place_of:
                found[operand, (-1, place)] = None
        for user in scene.users[index]:
            if user not in place_of:
                found[user, (place, -1)] = None
    return sorted(found)


def _names(groups: tuple[Group, ...]) -> list[str]:
    """Name boxes after their nodes: ``n7`` for one node, ``g3-9x2`` for more."""
    return [
        f"n{group.single}"
        if group.single is not None
        else f"g{group.members[0]}-{group.members[-1]}x{len(group.members)}"
        for group in groups
    ]


def _box(scene: Scene, group: Group, name: str) -> Box:
    if group.single is None:
        return _group_box(scene, group, name)
    node = scene.nodes[group.single]
    title = clip(node.label)
    if node.kind == "constant":
        text = title or short(node.data)
        return Box(name, "constant", text, width(text, 12) + 16, 24.0, node=node)
    label = width(title, 12, bold=True) + 18 if title else 0.0
    circle = circle_width(node) if node.kind == "op" else 0.0
    return Box(
        name,
        node.kind,
        title,
        circle + label + NUMBERS,
        LINE,
        node=node,
        is_output=node.index in scene.outputs,
    )


def _group_box(scene: Scene, group: Group, name: str) -> Box:
    title, subtitle = describe(scene, group)
    widest = max(width(title, 12, bold=True), width(subtitle, 12)) + 28
    return Box(
        name,
        "group",
        title,
        max(widest, 190.0),
        92.0,
        group=group,
        subtitle=subtitle,
        is_output=any(output in group for output in scene.outputs),
    )


def _ghost(scene: Scene, group: Group) -> Box:
    if group.single is not None:
        node = scene.nodes[group.single]
        title = clip(node_name(node))
    else:
        title = title_of(scene, group)
    return Box(
        f"ghost-{group.members[-1]}", "ghost", title, width(title, 12) + 20, 26.0, group=group
    )


def describe(scene: Scene, group: Group) -> tuple[str, str]:
    """Say what a box holds: a title, and a line below it.

    Args:
        scene: the whole graph.
        group: the box.

    Returns:
        For example ``("16 × tanh(dot(4) + ·)", "96 nodes · layers.0")``.
    """
    count = len(group.members)
    nodes = f"{count:,} node{'s' if count > 1 else ''}"
    prefix = clip(_common_label(scene, group.members), 30)
    facts = (nodes, prefix, _outputs_in(scene, group), _odd_in(scene, group))
    return title_of(scene, group), " · ".join(filter(None, facts))


def _outputs_in(scene: Scene, group: Group) -> str:
    """Name the outputs that a box holds, so that folding hides none."""
    found = [node_name(scene.nodes[index]) for index in scene.outputs if index in group]
    if not found:
        return ""
    more = f" and {len(found) - _NAMED_OUTPUTS} more" if len(found) > _NAMED_OUTPUTS else ""
    names = ", ".join(clip(name, 12) for name in found[:_NAMED_OUTPUTS])
    return f"output{'s' if len(found) > 1 else ''} {names}{more}"


def _odd_in(scene: Scene, group: Group) -> str:
    """Count the nodes whose data or gradient is nan, infinite, or a negative zero."""
    nodes = [scene.nodes[index] for index in group.members]
    kinds = (
        ("nan", lambda x: x != x),
        ("inf", isinf),
        ("\u22120.0", lambda x: x == 0.0 and is_odd(x)),
    )
    counts = [(word, sum(is_it(n.data) or is_it(n.grad) for n in nodes)) for word, is_it in kinds]
    return ", ".join(f"{count} with {word}" for word, count in counts if count)


def title_of(scene: Scene, group: Group) -> str:
    """Say in a few words what a box holds.

    Args:
        scene: the whole graph.
        group: the box.

    Returns:
        For example ``16 × tanh(dot(6 operands))``, or ``12 leaves``.
    """
    count = len(group.parts)
    part = group.parts[0]
    if group.note:
        same = count > 1 and len({scene.nodes[part[-1]].op for part in group.parts}) == 1
        title = f"{_sketch(scene, group.parts)}, {group.note}" if same else group.note
    elif len(part) == 1 and not scene.nodes[part[0]].operands:
        title = f"{count} {'leaves' if scene.nodes[part[0]].kind == 'leaf' else 'constants'}"
    else:
        sketch = _sketch(scene, group.parts)
        title = f"{count} × {bracketed(sketch)}" if count > 1 else sketch
    return clip(title, 44)


def _common_label(scene: Scene, members: tuple[int, ...]) -> str:
    """Return what the labels of some nodes begin with: ``layers.0``, or ``w…``."""
    labels = [scene.nodes[index].label for index in members if scene.nodes[index].label]
    if len(labels) < _PATTERN:
        return ""
    first, last = min(labels), max(labels)
    same = sum(
        1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    )
    return first[:same].rpartition(".")[0] or (f"{first[:same]}…" if same else "")


def _sketch(scene: Scene, parts: tuple[tuple[int, ...], ...]) -> str:
    """Write the shape of isomorphic sub-graphs as a formula.

    A dot stands for a leaf or what is outside, ``14…200`` for a constant that differs.
    """
    words, constants = _formula_of(scene, parts[0])
    if constants and len(parts) > 1:
        columns = list(zip(*(_formula_of(scene, part)[1] for part in parts), strict=True))
        shown = [_span(column) for column in columns]
    else:
        shown = [short(constant) for constant in constants]
    text = words[0] + "".join(text + word for text, word in zip(shown, words[1:], strict=True))
    return text[1:-1] if text.startswith("(") and atomic(text) else text


def _span(constants: tuple[float, ...]) -> str:
    low, high = min(constants), max(constants)
    return short(low) if len(set(constants)) == 1 else f"{short(low)}…{short(high)}"


def _formula_of(scene: Scene, part: tuple[int, ...]) -> tuple[list[str], list[float]]:
    """Return the formula of a sub-graph in pieces, and the constants between them."""
    inside = set(part)
    text: dict[int, str] = {}
    level: dict[int, int] = {part[-1]: 0}
    for index in reversed(part):
        for operand in scene.nodes[index].operands:
            if operand in inside:
                level[operand] = max(level.get(operand, 0), level.get(index, 0) + 1)
    for index in part:
        node = scene.nodes[index]
        if node.kind == "constant":
            text[index] = f"\0{node.data!r}\0"
        elif level.get(index, _SKETCH_DEPTH) >= _SKETCH_DEPTH:
            text[index] = "…" if node.operands else "·"
        else:
            text[index] = _formula(node, [text.get(operand, "·") for operand in node.operands])
    pieces = text[part[-1]].split("\0")
    return pieces[::2], [float(piece) for piece in pieces[1::2]]


_INFIX = dict(zip(("add", "sub", "mul", "div", "gt", "ge", "lt", "le"), "+−×÷>≥<≤", strict=True))
_MANY = 3


def _formula(node: Node, operands: list[str]) -> str:
    if not operands:
        return "·"
    if node.op in _INFIX:
        left, right = operands
        return f"({left} {_INFIX[node.op]} {right})"
    if node.op == "pow":
        return f"{operands[0]}^{operands[1]}"
    if node.op == "neg":
        return f"−{operands[0]}"
    if len(operands) > _MANY:
        plain = not any("(" in operand for operand in operands)
        return f"{node.op}({len(operands)} operands)" if plain else f"{node.op}({operands[0]}, …)"
    inner = ", ".join(operands)
    bare = inner[1:-1] if len(operands) == 1 and inner.startswith("(") else inner
    return f"{node.op}({bare})"


def spoken(scene: Scene, box: Box) -> str:
    """Say a box in words, for its tooltip and for screen readers.

    Args:
        scene: the whole graph.
        box: the box.

    Returns:
        One line, with every digit of the numbers.
    """
    if box.node is None:
        return " · ".join(filter(None, (box.title, box.subtitle)))
    node = box.node
    name = node_name(node)
    if node.kind == "constant":
        return f"constant {full(node.data)}"
    operands = [node_name(scene.nodes[index]) for index in node.operands[:4]]
    more = ", …" if len(node.operands) > len(operands) else ""
    how = f" = {node.op}({', '.join(operands)}{more})" if node.operands else " (leaf)"
    left = bracketed(name) if node.operands else name
    return f"{left}{how}; data {full(node.data)}; gradient {full(node.grad)}"
