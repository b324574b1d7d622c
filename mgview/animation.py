"""A whole pass as pictures, one for each step: the same steps as the page's."""

import io
from collections.abc import Sequence

import attrs

from mgview.fold import Group
from mgview.layout import lay_out
from mgview.numbers import full
from mgview.picture import build
from mgview.png import to_png
from mgview.scene import Node, Scene
from mgview.svg import Marks, render

_SHOWN = 1_200.0  # pixels along the longer side of an animation


@attrs.frozen
class Frame:
    """Hold one step: the graph as it stands then, what is marked, and a line of words."""

    scene: Scene
    marks: Marks
    words: str


def frames(scene: Scene, partials: Sequence[Sequence[float]]) -> list[Frame]:
    """Make the steps: start, forward through each node, the seed, backward through each, end.

    Args:
        scene: the graph; the last node is the output.
        partials: local derivatives of each node, one for each operand.

    Returns:
        A frame for each step.
    """
    ops = [node for node in scene.nodes if node.kind == "op"]
    grads = [0.0] * len(scene.nodes)
    done = [_frame(scene, grads, -1, Marks(), "Ready")]
    for number, node in enumerate(ops, 1):
        marks = Marks(node.index, frozenset(), frozenset(node.operands))
        words = f"Forward {number} of {len(ops)}: {node.name} = {full(node.data)}"
        done.append(_frame(scene, grads, node.index, marks, words))
    output = scene.nodes[-1]
    grads[output.index] = 1.0
    last = len(scene.nodes)
    done.append(
        _frame(scene, grads, last, Marks(output.index), f"Backward begins at {output.name}")
    )
    for number, node in enumerate(reversed(ops), 1):
        touched = _pass_on(scene, node, grads, partials[node.index])
        marks = Marks(node.index, touched, frozenset(node.operands))
        words = f"Backward {number} of {len(ops)}: through {node.name}"
        done.append(_frame(scene, grads, last, marks, words))
    done.append(_frame(scene, grads, last, Marks(), "Done"))
    return done


def _pass_on(
    scene: Scene, node: Node, grads: list[float], partials: Sequence[float]
) -> frozenset[int]:
    upstream = grads[node.index]
    touched = []
    for operand, local in zip(node.operands, partials, strict=True):
        if scene.nodes[operand].kind != "constant":
            grads[operand] += upstream * local if upstream else 0.0
            touched.append(operand)
    return frozenset(touched)


def _frame(scene: Scene, grads: list[float], known: int, marks: Marks, words: str) -> Frame:
    nodes = tuple(
        attrs.evolve(node, grad=grad, known=node.kind != "op" or node.index <= known)
        for node, grad in zip(scene.nodes, grads, strict=True)
    )
    return Frame(attrs.evolve(scene, nodes=nodes), marks, words)


def svg_of(frame: Frame, title: str) -> str:
    """Draw one step.

    Args:
        frame: the step.
        title: for screen readers.

    Returns:
        A self-contained SVG element with the step's words below the picture.
    """
    groups = tuple(Group(((node.index,),)) for node in frame.scene.nodes)
    picture = build(frame.scene, groups)
    layout = lay_out(picture)
    return render(
        frame.scene,
        picture,
        layout,
        title=f"{title}. {frame.words}",
        alone=True,
        marks=frame.marks,
        words=frame.words,
    )


def gif_of(steps: Sequence[Frame], title: str, seconds: float) -> bytes:
    """Make an animation that runs for ever.

    Args:
        steps: the frames.
        title: of the graph.
        seconds: how long each step is shown; the last one three times as long.

    Returns:
        The bytes of a GIF file.
    """
    from PIL import Image

    groups = tuple(Group(((node.index,),)) for node in steps[0].scene.nodes)
    layout = lay_out(build(steps[0].scene, groups))
    zoom = min(2.0, _SHOWN / max(layout.width, layout.height))
    images = [
        Image.open(io.BytesIO(to_png(svg_of(step, title), zoom))).convert("RGB") for step in steps
    ]
    # one palette for all, so that no colour flickers from step to step
    palette = images[-1].quantize(255)
    flat = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    times = [round(seconds * 1000)] * len(flat)
    times[-1] *= 3
    buffer = io.BytesIO()
    flat[0].save(
        buffer, "GIF", save_all=True, append_images=flat[1:], duration=times, loop=0, optimize=False
    )
    return buffer.getvalue()
