"""Step through backpropagation: a page that computes forwards and backwards, node by node."""

import os
import tempfile
from pathlib import Path
from typing import Any

import attrs

from mgcore import MgcoreError, Op, Value, plugins
from mgcore.order import topological_order
from mgcore.partials import local_derivatives
from mgcore.value import Constant
from mgview import files
from mgview.errors import NotAValueError
from mgview.fold import Group
from mgview.layout import lay_out
from mgview.names import of_parameters, with_names
from mgview.page import stepper_page
from mgview.picture import build
from mgview.scene import Node, Scene, as_values, read
from mgview.svg import render
from mgview.text import visible

MOST_NODES = 10_000
THIS_DISTRIBUTION = "mgcore"


@attrs.frozen(eq=False)
class Stepper:
    """Hold the backpropagation page of one graph.

    Attributes:
        title: heading of the page.
        scene: the graph's nodes, every one with a name.
    """

    title: str
    scene: Scene = attrs.field(repr=False)
    _records: tuple[dict[str, Any], ...] = attrs.field(repr=False)

    def html(self) -> str:
        """Return the page: one self-contained HTML text that needs no network."""
        groups = tuple(Group(((node.index,),)) for node in self.scene.nodes)
        picture = build(self.scene, groups)
        svg = render(self.scene, picture, lay_out(picture), title=self.title, alone=False)
        return stepper_page(self.title, list(self._records), svg)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Save the page.

        Args:
            path: ends in .html.

        Returns:
            The path.

        Raises:
            UnknownFormatError: the ending is another one.
            CannotWriteError: the file could not be written.
        """
        place, _ = files.format_of(path, ("html",), "a backpropagation page")
        return files.write(place, self.html())

    def show(self) -> None:
        """Open the page in a web browser.

        Raises:
            NoBrowserError: there is none; the text says where the page was saved.
        """
        folder = Path(tempfile.mkdtemp(prefix="mgview-"))
        files.show(self.save(folder / "stepper.html"))


def stepper(value: Value, *, title: str | None = None, model: Any = None) -> Stepper:
    """Make a page that steps through the forward and the backward pass of a graph.

    The page computes every shipped op itself, so a reader can change a leaf's number there. For
    an op from another package, numbers and local derivatives are recorded here, and the page says
    that editing is off.

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
    return Stepper(visible(heading), named, records)


def _labelled(scene: Scene) -> Scene:
    """Let every box bear the name that the text uses for it."""
    nodes = tuple(attrs.evolve(node, label=node.name) for node in scene.nodes)
    return attrs.evolve(scene, nodes=nodes)


def _shipped_ops() -> set[Op]:
    return {
        info.op
        for info in plugins()
        if info.op is not None and info.distribution == THIS_DISTRIBUTION
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
    try:
        return [0.0 if d is None else d for d in local_derivatives(value)]
    except MgcoreError:  # a kink without a convention; it matters only if a gradient arrives there
        return [float("nan")] * len(value.operands)
