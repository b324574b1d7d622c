"""Draw the graph behind a value: in a notebook, or as a picture file."""

import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import attrs

from mgcore import Value
from mgcore.order import topological_order
from mgview import files
from mgview.dot import to_dot
from mgview.errors import UnknownBoxError
from mgview.fold import Group, fold, unfold
from mgview.layout import lay_out
from mgview.names import of_parameters, with_names
from mgview.page import drawing_page
from mgview.picture import Picture, build, title_of
from mgview.png import to_png
from mgview.scene import Scene, as_values, read
from mgview.svg import render
from mgview.text import visible

FORMATS = ("svg", "png", "dot", "html")
FOLD_ABOVE = 200
BOXES = 40
MOST_NODES = 1_000_000
_MOST_PAGES = 400
_LARGEST_IMAGE = 16_000  # pixels; past it, viewers and browsers refuse an image


@attrs.frozen(eq=False)
class Drawing:
    """Hold the drawing of a graph; it shows itself as SVG in a notebook.

    Attributes:
        scene: the graph's nodes as plain records.
        groups: the boxes of this picture; a box of several nodes can be opened.
        title: what the picture shows.
    """

    scene: Scene = attrs.field(repr=False)
    groups: tuple[Group, ...] = attrs.field(repr=False)
    title: str
    context: tuple[Group, ...] = attrs.field(default=(), repr=False)

    def picture(self) -> Picture:
        """Return the boxes and edges of this picture, not yet laid out."""
        return build(self.scene, self.groups, self.context)

    def boxes(self) -> dict[str, str]:
        """List the boxes that can be opened.

        Returns:
            Name to what the box holds, such as ``{"g0-95x96": "16 × tanh(…); 96 nodes"}``.
        """
        return {
            box.name: f"{box.title}; {box.subtitle}"
            for box in self.picture().boxes
            if box.kind == "group"
        }

    def open(self, name: str) -> "Drawing":
        """Open a folded box.

        Args:
            name: a name from ``boxes()``.

        Returns:
            The drawing of what is inside, with its surroundings dashed.

        Raises:
            UnknownBoxError: this drawing has no such box.
        """
        for box in self.picture().boxes:
            if box.name == name and box.kind == "group" and box.group is not None:
                return _inside(self, box.group)
        msg = (
            f"this drawing has no box {name!r} to open; it has {', '.join(self.boxes()) or 'none'}"
        )
        raise UnknownBoxError(msg)

    def svg(self) -> str:
        """Return the picture as a self-contained SVG element."""
        return _svg(self, alone=True)

    def inline_svg(self) -> str:
        """Return the picture as an SVG element for a page that brings its own style sheet."""
        picture = self.picture()
        layout = lay_out(picture)
        return render(self.scene, picture, layout, title=self.title, alone=False, opens=False)

    def _repr_svg_(self) -> str:
        return self.svg()

    def png(self, scale: float = 2.0) -> bytes:
        """Return the picture as PNG.

        Args:
            scale: pixels per SVG unit; a very large picture is scaled down to fit an image.

        Returns:
            The bytes of the file.
        """
        picture = self.picture()
        layout = lay_out(picture)
        svg = render(self.scene, picture, layout, title=self.title, alone=True)
        return to_png(svg, min(scale, _LARGEST_IMAGE / max(layout.width, layout.height)))

    def html(self) -> str:
        """Return a self-contained page: pan, zoom, and open folded boxes by a click."""
        views = [
            (name, drawing.title, _svg(drawing, alone=False))
            for name, drawing in self.views(_MOST_PAGES)
        ]
        return drawing_page(self.title, len(self.scene.nodes), views)

    def views(self, most: int) -> list[tuple[str, "Drawing"]]:
        """List this drawing and what its boxes hold, box in box.

        Args:
            most: once there are so many, no further box is opened.

        Returns:
            Each with the way to it: the names of the boxes opened, a slash before each.
        """
        found = [("", self)]
        for name, drawing in found:
            if len(found) < most:
                found += [
                    (f"{name}/{box.name}", _inside(drawing, box.group))
                    for box in drawing.picture().boxes
                    if box.kind == "group" and box.group is not None
                ]
        return found

    def fold_view(self) -> tuple[str, dict[str, list[int]]]:
        """Return the picture for a page that brings its own style sheet, and its boxes' nodes.

        Returns:
            The SVG, and for each box the first and the last number of every run of its nodes.
        """
        boxes = self.picture().boxes[: len(self.groups)]  # behind these are the surroundings
        held = {
            box.name: _runs(group.members) for box, group in zip(boxes, self.groups, strict=True)
        }
        return _svg(self, alone=False), held

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Save the picture; the file name's ending tells the format.

        Args:
            path: ends in .svg, .png, .dot or .html. DOT holds every node; the others fold.

        Returns:
            The path.

        Raises:
            UnknownFormatError: the ending is another one.
            CannotWriteError: the file could not be written.
        """
        place, ending = files.format_of(path, FORMATS, "a drawing")
        content: str | bytes
        if ending == "png":
            content = self.png()
        elif ending == "dot":
            content = to_dot(self.scene)
        else:
            content = self.html() if ending == "html" else self.svg()
        return files.write(place, content)

    def show(self) -> None:
        """Open the drawing in a web browser.

        Raises:
            NoBrowserError: there is none; the text says where the page was saved.
        """
        folder = Path(tempfile.mkdtemp(prefix="mgview-"))
        files.show(self.save(folder / "drawing.html"))


def _runs(members: Sequence[int]) -> list[int]:
    """Return the first and the last of every run of neighbouring numbers, in one list."""
    ends: list[int] = []
    for index in members:
        if ends and index == ends[-1] + 1:
            ends[-1] = index
        else:
            ends += [index, index]
    return ends


def _inside(drawing: Drawing, group: Group) -> Drawing:
    around = tuple(other for other in drawing.groups if other is not group) + drawing.context
    inside = unfold(drawing.scene, group, BOXES)
    return Drawing(drawing.scene, inside, title_of(drawing.scene, group), around)


def _svg(drawing: Drawing, *, alone: bool) -> str:
    picture = drawing.picture()
    return render(drawing.scene, picture, lay_out(picture), title=drawing.title, alone=alone)


def draw(
    value: Value | Iterable[Value], *, fold_above: int = FOLD_ABOVE, model: Any = None
) -> Drawing:
    """Draw the graph behind a value, operands left and outputs right.

    Each value is a box with its label, data and gradient; the circle before it bears the op's
    symbol, and where the order of the operands matters they are numbered. Gradients are blue where
    positive and orange where negative, the stronger the larger; nan, infinities and −0.0 are
    magenta. Leaves have a green bar, constants are small, outputs have a thick frame. A number
    that had to be rounded begins with ≈; the tooltip has every digit.

    Args:
        value: the output, or several of them.
        fold_above: graphs with more nodes than this fold isomorphic parts into boxes that open.
        model: what the parameters are named after, by its ``named_parameters()``; without it,
            labels that several nodes share are numbered.

    Returns:
        The drawing: shows itself in a notebook, and ``.save`` writes .svg, .png, .dot or .html.

    Raises:
        NotAValueError: something else than a Value was given.
        GraphTooLargeError: the graph has more than a million nodes.
        BadModelError: the model has no ``named_parameters()``.
    """
    values = as_values(value, "draw")
    found = read(
        values,
        most=MOST_NODES,
        caller="draw",
        remedy="draw the value of one sample or of one inner node instead",
    )
    scene = with_names(found, of_parameters(model, topological_order(*values)))
    count = len(scene.nodes)
    every = range(count)
    groups = fold(scene, every, count if count <= fold_above else BOXES)
    labels = [visible(item.label) for item in values if item.label]
    title = f"Graph of {', '.join(labels[:3])}" if labels else "Graph"
    return Drawing(scene, groups, f"{title}: {count:,} node{'s' if count != 1 else ''}")
