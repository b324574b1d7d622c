"""The drawing of a net: columns of numbered neurons, edges as wide as weights."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

import mgview
from mgnn import MLP
from mgview.errors import BadModelError, GraphTooLargeError, UnknownFormatError

SVG = "{http://www.w3.org/2000/svg}"


def root_of(model: Any, **more: Any) -> ET.Element:
    return ET.fromstring(mgview.network(model, **more).svg())  # noqa: S314 - our own


def edges(root: ET.Element) -> dict[str, tuple[float, str]]:
    """Width and class of each edge, by the name of its weight."""
    found = {}
    for path in root.iter(f"{SVG}path"):
        name, _, _ = (path.findtext(f"{SVG}title") or "").partition(" = ")
        found[name] = (float(path.get("stroke-width", "0")), path.get("class", "").split()[-1])
    return found


def test_edges_are_as_wide_as_weights_and_named_by_the_model() -> None:
    model = MLP(2, [3, 2], activation="tanh", seed=7)
    drawn = edges(root_of(model))
    weights = {
        re.sub(r"\.neurons|(?<=w)\.(?=\d+$)", "", name): p.data
        for name, p in model.named_parameters()
        if ".w." in name
    }
    assert drawn.keys() == weights.keys()
    by_size = sorted(weights, key=lambda name: abs(weights[name]))
    assert [drawn[name][0] for name in by_size] == sorted(width for width, _ in drawn.values())
    for name, weight in weights.items():
        assert drawn[name][1] == ("mgv-wpos" if weight > 0 else "mgv-wneg")


def test_layers_are_columns_of_numbered_neurons() -> None:
    root = root_of(MLP(2, [3, 20, 1], activation="tanh", seed=7), inputs=["a&b", "age"])
    places: dict[str, list[tuple[str, str]]] = {}
    for group in root.iter(f"{SVG}g"):
        layer, _, number = group.get("data-neuron", "").partition(".")
        circle = group.find(f"{SVG}circle")
        assert circle is not None
        assert group.findtext(f"{SVG}text") == number
        places.setdefault(layer, []).append((str(circle.get("cx")), number))
    assert {layer: len({x for x, _ in found}) for layer, found in places.items()} == {
        "0": 1, "1": 1, "2": 1,
    }  # fmt: skip
    assert [number for _, number in places["0"]] == ["0", "1", "2"]
    assert [number for _, number in places["1"]] == [*map(str, [*range(7), *range(13, 20)])]
    texts = [t.text for t in root.iter(f"{SVG}text")]
    assert {"6 more", "layer 1", "tanh", "linear", "age", "inputs"} <= set(texts)


def test_a_neuron_shows_weights_and_bias_in_numbers(tmp_path: Path) -> None:
    neuron = MLP(3, [1], seed=7).layers[0].neurons[0]
    for parameter, number in zip(neuron.parameters(), (0.5, -2.0, 0.25, 1.0), strict=True):
        parameter.data = number
    drawing = mgview.network(neuron)
    texts = [t.text for t in root_of(neuron).iter(f"{SVG}text")]
    assert {"w0 = 0.5", "w1 = −2", "w2 = 0.25", "b 1.0000"} <= set(texts)
    assert drawing._repr_svg_() == drawing.svg()
    assert drawing.save(tmp_path / "n.png").read_bytes().startswith(b"\x89PNG")


def test_what_is_no_net_is_refused_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(BadModelError, match=r"got int; draw the graph .* mgview\.draw"):
        mgview.network(3)
    with pytest.raises(GraphTooLargeError, match="more than the 4,000"):
        mgview.network(MLP(64, [64, 1], seed=1))
    with pytest.raises(UnknownFormatError, match=r"\.svg, \.png"):
        mgview.network(MLP(1, [1], seed=1)).save(tmp_path / "n.jpg")
