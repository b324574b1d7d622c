"""Step through backpropagation: a page that computes forwards and backwards, node by node."""

import os
import sys
import tempfile
from html import escape
from inspect import cleandoc
from pathlib import Path
from typing import Any

import attrs

from mgcore import MgcoreError, Op, Value, plugins
from mgcore.order import topological_order
from mgcore.partials import local_derivatives
from mgcore.value import Constant
from mgview import files
from mgview.animation import Frame, frames, gif_of, svg_of
from mgview.drawing import BOXES, FOLD_ABOVE, Drawing
from mgview.errors import GraphTooLargeError, NoSuchStepError, NotAValueError
from mgview.fold import Group, fold
from mgview.layout import ROOMY, lay_out
from mgview.names import of_parameters, with_names
from mgview.page import Fold, stepper_page
from mgview.page_ops import PAGE_OPS
from mgview.picture import build
from mgview.png import to_png
from mgview.scene import Node, Scene, as_values, read
from mgview.svg import render
from mgview.text import visible

MOST_NODES = 10_000
MOST_FOLDS = 60  # pictures of folded boxes in one page
MOST_DRAWN = 200  # nodes of a graph whose steps are drawn from Python
FORMATS = ("html", "gif", "svg", "png")
THIS_DISTRIBUTION = "mgcore"


@attrs.frozen(eq=False)
class Stepper:
    """Hold the backpropagation page of one graph; it shows itself in a notebook.

    Attributes:
        title: heading of the page.
        scene: the graph's nodes, every one with a name.
    """

    title: str
    scene: Scene = attrs.field(repr=False)
    _records: tuple[dict[str, Any], ...] = attrs.field(repr=False)
    _partials: tuple[tuple[float, ...], ...] = attrs.field(repr=False, default=())
    _rules: dict[str, dict[str, str]] = attrs.field(repr=False, factory=dict)

    def html(self) -> str:
        """Return the page: one self-contained HTML text that needs no network."""
        groups = tuple(Group(((node.index,),)) for node in self.scene.nodes)
        picture = build(self.scene, groups)
        layout = lay_out(picture, ROOMY)
        svg = render(self.scene, picture, layout, title=self.title, alone=False)
        return stepper_page(self.title, list(self._records), svg, self._rules, self._folds())

    def _folds(self) -> list[Fold]:
        """Return a large graph with alike parts in one box, and what each box holds."""
        if len(self.scene.nodes) <= FOLD_ABOVE:
            return []
        whole = Drawing(
            self.scene, fold(self.scene, range(len(self.scene.nodes)), BOXES), "Whole graph"
        )
        return [(name, view.title, *view.fold_view()) for name, view in whole.views(MOST_FOLDS)]

    def _repr_html_(self) -> str:
        """Show the page in a notebook, in a frame that can reach nothing outside itself."""
        return (
            f'<iframe srcdoc="{escape(self.html(), quote=True)}" title="{escape(self.title)}" '
            'sandbox="allow-scripts allow-downloads" loading="lazy" '
            'style="width:100%;height:720px;border:0"></iframe>'
        )

    @property
    def steps(self) -> int:
        """Return the number of the last step: forward, the seed, backward, and the end."""
        return 2 * sum(node.kind == "op" for node in self.scene.nodes) + 2

    def svg(self, step: int) -> str:
        """Draw one step.

        Args:
            step: from 0 to ``steps``, as the page counts.

        Returns:
            A self-contained SVG element.

        Raises:
            NoSuchStepError: the pass has no such step.
            GraphTooLargeError: the graph has more than 200 nodes.
        """
        return svg_of(self._frame(step), self.title)

    def png(self, step: int, scale: float = 2.0) -> bytes:
        """Draw one step as PNG; arguments and errors as for ``svg``, scale in pixels per unit."""
        return to_png(self.svg(step), scale)

    def gif(self, seconds: float = 1.0) -> bytes:
        """Make an animation of the whole pass.

        Args:
            seconds: how long each step is shown.

        Returns:
            The bytes of the file.

        Raises:
            GraphTooLargeError: the graph has more than 200 nodes.
        """
        return gif_of(self._frames(), self.title, seconds)

    def _frames(self) -> list[Frame]:
        if not self._partials:
            msg = (
                f"this graph has {len(self.scene.nodes):,} nodes, more than the {MOST_DRAWN} whose "
                "steps can be drawn from Python; save the page, or step through an inner node"
            )
            raise GraphTooLargeError(msg)
        return frames(self.scene, self._partials)

    def _frame(self, step: int) -> Frame:
        if not 0 <= step <= self.steps:
            msg = f"this pass has the steps 0 to {self.steps}, not {step}"
            raise NoSuchStepError(msg)
        return self._frames()[step]

    def save(
        self, path: str | os.PathLike[str], *, step: int | None = None, seconds: float = 1.0
    ) -> Path:
        """Save the page, one step, or the whole pass as an animation.

        Args:
            path: ends in .html (the page), .gif (the pass), .svg or .png (one step).
            step: which step, for .svg and .png; the last if not given.
            seconds: how long an animation shows each step.

        Returns:
            The path.

        Raises:
            UnknownFormatError: the ending is another one.
            NoSuchStepError: the pass has no such step.
            GraphTooLargeError: the graph has more than 200 nodes, and the ending is not .html.
            CannotWriteError: the file could not be written.
        """
        place, ending = files.format_of(path, FORMATS, "a backpropagation page")
        at = self.steps if step is None else step
        content: str | bytes
        if ending == "html":
            content = self.html()
        elif ending == "gif":
            content = self.gif(seconds)
        else:
            content = self.png(at) if ending == "png" else self.svg(at)
        return files.write(place, content)

    def show(self) -> None:
        """Open the page in a web browser.

        Raises:
            NoBrowserError: there is none; the text says where the page was saved.
        """
        folder = Path(tempfile.mkdtemp(prefix="mgview-"))
        files.show(self.save(folder / "stepper.html"))


def stepper(value: Value, *, title: str | None = None, model: Any = None) -> Stepper:
    """Make a page that steps through the forward and the backward pass of a graph.

    The page computes arithmetic, elementary functions and activations itself (`PAGE_OPS`), so a
    reader can change a leaf's number there. For any other op numbers and local derivatives are
    recorded here, and the page names it and says that editing is off.

    Args:
        value: the output; its graph has at most 10,000 nodes.
        title: heading of the page; made from the label of ``value`` if not given.
        model: what the parameters are named after, by its ``named_parameters()``:
            ``layers.0.3.w1``; without it, labels that several nodes share are numbered.

    Returns:
        The page: ``.save("page.html")``, ``.show()`` or ``.html()``.

    Raises:
        NotAValueError: something else than one Value was given, or a constant.
        GraphTooLargeError: the graph has more than 10,000 nodes.
        BadModelError: the model has no ``named_parameters()``.
    """
    values = as_values(value, "stepper")
    if len(values) > 1 or isinstance(values[0], Constant):
        what = f"{len(values)} Values" if len(values) > 1 else f"the constant {values[0].data!r}"
        msg = (
            f"mgview.stepper follows the gradients of one output, but got {what}; "
            "give the one Value to differentiate, such as a loss"
        )
        raise NotAValueError(msg)
    scene = read(
        values,
        most=MOST_NODES,
        caller="stepper",
        remedy="step through one sample or one inner node, or fold the graph with mgview.draw",
    )
    order = topological_order(values[0])
    named = _labelled(with_names(scene, of_parameters(model, order)))
    ours = _shipped_ops()
    records = tuple(_record(node, order[node.index], ours) for node in named.nodes)
    heading = title or f"Backpropagation through {named.nodes[-1].name}"
    drawn = tuple(map(tuple, map(_partials, order))) if len(order) <= MOST_DRAWN else ()
    rules = {value.op.name: rule_of(value.op) for value in order if value.op is not None}
    return Stepper(visible(heading), named, records, drawn, rules)


def rule_of(op: Op) -> dict[str, str]:
    """Return what an op's author says of it: its doc, and the docstring of its module or rule."""
    text = _docstring_of_module(op) or getattr(op.forward, "__doc__", None) or ""
    return {"doc": visible(op.doc or ""), "text": visible(cleandoc(text))}


def _docstring_of_module(op: Op) -> str | None:
    """Return the docstring of an op's own module: of one that holds no other op, nor is a script.

    The docstring of a script or a notebook is not about the op.
    """
    rules = op.partials if isinstance(op.partials, tuple) else (op.partials,)
    for function in (*rules, op.forward):
        name = getattr(function, "__module__", None) or ""
        module = sys.modules.get(name)
        if module is not None and name != "__main__":
            held = {id(thing) for thing in vars(module).values() if isinstance(thing, Op)}
            if held == {id(op)}:
                return module.__doc__
    return None


def _labelled(scene: Scene) -> Scene:
    """Let every box bear the name that the text uses for it."""
    nodes = tuple(attrs.evolve(node, label=node.name) for node in scene.nodes)
    return attrs.evolve(scene, nodes=nodes)


def _shipped_ops() -> set[Op]:
    return {
        info.op
        for info in plugins()
        if info.name in PAGE_OPS and info.op and info.distribution == THIS_DISTRIBUTION
    }


def _record(node: Node, value: Value, ours: set[Op]) -> dict[str, Any]:
    record: dict[str, Any] = {
        "kind": node.kind,
        "op": node.op,
        "name": node.name,
        "data": node.data,
        "operands": list(node.operands),
    }
    if value.op is not None and value.op not in ours:
        record["recorded"] = {"partials": _partials(value), "doc": value.op.doc or ""}
    return record


def _partials(value: Value) -> list[float]:
    if value.op is None:
        return []
    try:
        return [0.0 if d is None else d for d in local_derivatives(value)]
    except MgcoreError:  # a kink without a convention; it matters only if a gradient arrives there
        return [float("nan")] * len(value.operands)
