"""Draw a net as nets are drawn: layers as columns of numbered neurons, edges as wide as weights."""

import os
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import attrs

from mgview import files
from mgview.errors import BadModelError, GraphTooLargeError
from mgview.names import shortened
from mgview.numbers import full, is_odd, number
from mgview.png import to_png
from mgview.svg import style
from mgview.text import visible, width

FORMATS = ("svg", "png")
MOST_WEIGHTS = 4_000
_LABELLED = 12  # weights that have room for their numbers
_LONGEST, _AT = 12, 0.45
_SHOWN = 14  # neurons of a layer that are drawn; of more, the first and the last ones
_DOWN, _ACROSS = 52.0, 210.0
_RADIUS = 15.0
_THINNEST, _WIDEST = 0.6, 7.0
_TOP, _SIDE = 58.0, 70.0


@attrs.frozen
class Unit:
    """Hold one neuron: its weights by place of the input, its bias, and their names."""

    weights: tuple[float, ...]
    bias: float
    names: tuple[str, ...]


@attrs.frozen(eq=False)
class Network:
    """Hold the drawing of a net; it shows itself as SVG in a notebook.

    Attributes:
        title: what it is.
        layers: the neurons of each layer.
        inputs: names of the inputs.
        activations: of each layer; empty for a linear one.
    """

    title: str
    layers: tuple[tuple[Unit, ...], ...] = attrs.field(repr=False)
    inputs: tuple[str, ...] = attrs.field(repr=False)
    activations: tuple[str, ...] = attrs.field(repr=False)

    def svg(self) -> str:
        """Return the picture as a self-contained SVG element."""
        sizes = [len(self.inputs), *map(len, self.layers)]
        shown = [_shown(size) for size in sizes]
        tall = _TOP + _DOWN * max(len(places) for places in shown) + 12
        wide = 2 * _SIDE + _ACROSS * len(self.layers) + 60
        where = [_heights(places, tall) for places in shown]
        top = max((abs(w) for units in self.layers for u in units for w in u.weights), default=1.0)
        size = f'width="{wide:g}" height="{tall:g}"'
        parts = [f"<style>{style()}</style>", f'<rect class="mgv-paper" {size}/>']
        for k, units in enumerate(self.layers):
            parts += _edges(units, where[k], where[k + 1], _SIDE + _ACROSS * k, top or 1.0)
        parts += self._column(0, where[0])
        for k, units in enumerate(self.layers):
            parts += self._neurons(k, units, where[k + 1])
        for k, units in enumerate(self.layers):
            if len(units) == 1 and len(units[0].weights) <= _LABELLED:
                parts += _labels(units[0], where[k], where[k + 1][0], _SIDE + _ACROSS * k)
        words = escape(self.title, quote=True)
        head = f'<svg class="mgv" xmlns="http://www.w3.org/2000/svg" role="img" {size}'
        return f'{head} viewBox="0 0 {wide:g} {tall:g}" aria-label="{words}">{"".join(parts)}</svg>'

    def _column(self, k: int, where: dict[int, float]) -> Iterator[str]:
        x = _SIDE + _ACROSS * k
        yield _text(x, 22, "inputs", "mgv-label")
        for place, y in where.items():
            name = self.inputs[place]
            yield f'<circle class="mgv-back" cx="{x:g}" cy="{y:g}" r="{_RADIUS:g}"/>'
            yield f'<circle class="mgv-input" cx="{x:g}" cy="{y:g}" r="{_RADIUS:g}"/>'
            yield _text(x, y + 4, name if width(name, 12) < 2 * _RADIUS else str(place + 1), "")

    def _neurons(self, k: int, units: tuple[Unit, ...], where: dict[int, float]) -> Iterator[str]:
        x = _SIDE + _ACROSS * (k + 1)
        yield _text(x, 22, f"layer {k}", "mgv-label")
        yield _text(x, 38, self.activations[k] or "linear", "mgv-small")
        for place, y in where.items():
            tip = (
                f"neuron {place} of layer {k}; {units[place].names[-1]} = {full(units[place].bias)}"
            )
            yield f'<g class="mgv-neuron" data-neuron="{k}.{place}"><title>{escape(tip)}</title>'
            yield f'<circle class="mgv-circle" cx="{x:g}" cy="{y:g}" r="{_RADIUS:g}"/>'
            yield _text(x, y + 5, str(place), "mgv-symbol") + "</g>"
            yield _text(x, y + _RADIUS + 13, f"b {number(units[place].bias)}", "mgv-place")
        if len(where) < len(units):
            places = list(where)
            middle = (where[places[len(places) // 2 - 1]] + where[places[len(places) // 2]]) / 2
            yield _text(x, middle, f"{len(units) - len(where)} more", "mgv-place")

    def _repr_svg_(self) -> str:
        return self.svg()

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Save the picture.

        Args:
            path: ends in .svg or .png.

        Returns:
            The path.

        Raises:
            UnknownFormatError: the ending is another one.
            CannotWriteError: the file could not be written.
        """
        place, ending = files.format_of(path, FORMATS, "a network")
        return files.write(place, self.svg() if ending == "svg" else to_png(self.svg(), 2.0))


def network(model: Any, inputs: tuple[str, ...] | list[str] = ()) -> Network:
    """Draw an MLP, a layer or a neuron of ``mgnn`` with its weights.

    Edges are as wide as their weights are large, blue where these are positive and orange where
    negative; neurons are numbered as in ``named_parameters()``: ``layers.0.3`` is neuron 3 of
    layer 0.

    Args:
        model: an ``MLP``, ``Layer`` or ``Neuron``.
        inputs: names of the inputs.

    Returns:
        The drawing: shows itself in a notebook, and ``.save`` writes .svg or .png.

    Raises:
        BadModelError: the model is none of these.
        GraphTooLargeError: it has more than 4,000 parameters.
    """
    layers = _layers_of(model)
    count = len(model.parameters())
    if count > MOST_WEIGHTS:
        msg = (
            f"mgview.network: the model has {count:,} parameters, more than the {MOST_WEIGHTS:,} "
            "whose edges can be told apart; draw one of its layers, or mgview.draw(model(x))"
        )
        raise GraphTooLargeError(msg)
    names = {id(value): shortened(name) for name, value in model.named_parameters()}
    units = tuple(
        tuple(
            Unit(
                tuple(w.data for w in neuron.w),
                neuron.b.data,
                tuple(names[id(p)] for p in (*neuron.w, neuron.b)),
            )
            for neuron in neurons
        )
        for neurons in layers
    )
    many = len(units[0][0].weights)
    given = [visible(str(name)) for name in inputs]
    known = tuple(given) if len(given) == many else tuple(f"x{i + 1}" for i in range(many))
    activations = tuple(n[0].activation if n[0].nonlin else "" for n in layers)
    return Network(f"{model!r}: {count:,} parameters", units, known, activations)


def _layers_of(model: Any) -> list[list[Any]]:
    """Return the neurons of each layer."""
    if hasattr(model, "layers"):
        found = [getattr(layer, "neurons", None) for layer in model.layers]
    elif hasattr(model, "neurons"):
        found = [model.neurons]
    else:
        found = [[model] if hasattr(model, "w") and hasattr(model, "b") else None]
    if not found or not all(
        neurons and all(hasattr(neuron, "w") for neuron in neurons) for neurons in found
    ):
        msg = (
            f"mgview.network draws mgnn's MLP, Layer and Neuron, but got {type(model).__name__}; "
            "draw the graph of one output with mgview.draw(model(x), model=model)"
        )
        raise BadModelError(msg)
    return [list(neurons) for neurons in found if neurons]


def _shown(size: int) -> list[int]:
    if size <= _SHOWN:
        return list(range(size))
    half = _SHOWN // 2
    return [*range(half), *range(size - half, size)]


def _heights(places: list[int], tall: float) -> dict[int, float]:
    gap = places[len(places) // 2] - places[len(places) // 2 - 1] > 1 if len(places) > 1 else False
    down = [i + (0.8 if gap and i >= len(places) // 2 else 0.0) for i in range(len(places))]
    room = tall - _TOP
    step = min(_DOWN, room / (down[-1] + 1))
    first = _TOP + (room - step * down[-1]) / 2 - 4
    return {place: first + step * i for place, i in zip(places, down, strict=True)}


def _edges(
    units: tuple[Unit, ...], left: dict[int, float], right: dict[int, float], x: float, top: float
) -> Iterator[str]:
    for place, y1 in right.items():
        unit = units[place]
        for source, y0 in left.items():
            w = unit.weights[source]
            size = abs(w) / top if abs(w) <= top else 1.0
            kind = "mgv-wodd" if is_odd(w) and w != 0.0 else "mgv-wpos" if w > 0 else "mgv-wneg"
            tip = escape(f"{unit.names[source]} = {full(w)}")
            wide = _THINNEST + (_WIDEST - _THINNEST) * size
            line = f"M{x + _RADIUS:g} {y0:.1f}L{x + _ACROSS - _RADIUS:g} {y1:.1f}"
            yield (
                f'<path class="mgv-weight {kind}" d="{line}" stroke-width="{wide:.2f}">'
                f"<title>{tip}</title></path>"
            )


def _labels(unit: Unit, left: dict[int, float], y1: float, x: float) -> Iterator[str]:
    """Write the weights of a lone neuron and their names on its edges."""
    for source, y0 in left.items():
        w, name = unit.weights[source], unit.names[source].rpartition(".")[2]
        exact = f"{name} = {full(w)}"
        text = exact if len(exact) <= _LONGEST else f"{name} {number(w)}"
        yield _text(x + _ACROSS * _AT, y0 + (y1 - y0) * _AT + 4, text, "mgv-place")


def _text(x: float, y: float, text: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x:g}" y="{y:.1f}" text-anchor="middle">{escape(text)}</text>'
