"""Give every node of a graph one name of its own, taken from its label, or from the model."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from mgcore import Value
from mgview.errors import BadModelError
from mgview.numbers import short
from mgview.scene import Node, Scene

_LISTS = {"neurons"}  # words that say no more than that a number follows


def of_parameters(model: Any, values: Sequence[Value]) -> dict[int, str]:
    """Find the nodes that are a model's parameters, and name them by their way in the model.

    Args:
        model: anything with ``named_parameters()``, such as a `mgnn.Module`; or None.
        values: the graph's nodes.

    Returns:
        Names by index of the node: ``layers.0.3.w1`` for ``layers.0.neurons.3.w.1``.

    Raises:
        BadModelError: the model has no ``named_parameters()``.
    """
    if model is None:
        return {}
    named = getattr(model, "named_parameters", None)
    if not callable(named):
        msg = (
            f"model={model!r} has no named_parameters(), so its parameters cannot be named; "
            "give a mgnn.Module, or leave model out"
        )
        raise BadModelError(msg)
    found = {id(parameter): shortened(name) for name, parameter in named()}
    return {i: found[id(value)] for i, value in enumerate(values) if id(value) in found}


def shortened(name: str) -> str:
    """Write a parameter's way in its model as a reader would.

    Args:
        name: as ``named_parameters()`` gives it.

    Returns:
        For example ``layers.0.3.w1`` for ``layers.0.neurons.3.w.1``.
    """
    parts = [part for part in name.split(".") if part not in _LISTS]
    if len(parts) > 1 and parts[-1].isdigit() and not parts[-2].isdigit():
        parts[-2:] = [parts[-2] + parts[-1]]
    return ".".join(parts)


def with_names(scene: Scene, given: Mapping[int, str] | None = None) -> Scene:
    """Give every node of a graph a name that no other one has.

    Args:
        scene: the graph.
        given: names that win over labels, by index of the node.

    Returns:
        The scene. Labels that several nodes share are numbered, as ``w0#1``; nodes without a label
        are called ``v1``, ``v2``, ... and leaves ``x1``, ``x2``, ...; constants by their number.
    """
    given = given or {}
    labels = [given.get(node.index, node.label) for node in scene.nodes]
    count = Counter(label for label in labels if label)
    taken = set(count)
    numbers: dict[str, Iterator[str]] = {}
    nodes = []
    for node, label in zip(scene.nodes, labels, strict=True):
        if label and count[label] > 1:
            label = name = _next(f"{label}#", numbers, taken)
        elif label:
            name = label
        elif node.kind == "constant":
            name = short(node.data)
        else:
            name = _next("v" if node.kind == "op" else "x", numbers, taken)
        nodes.append(attrs.evolve(node, label=label, name=name))
    return attrs.evolve(scene, nodes=tuple(nodes))


def _next(stem: str, numbers: dict[str, Iterator[str]], taken: set[str]) -> str:
    """Return the stem with the first number that makes it a new name."""
    names = numbers.setdefault(stem, (f"{stem}{i}" for i in range(1, 1 << 62)))
    return next(name for name in names if name not in taken)


def atomic(name: str) -> bool:
    """Tell whether a name can stand beside an operator without brackets."""
    return bool(_ATOM.fullmatch(name)) or _closed(name)


_ATOM = re.compile(r"[\w.#′'\ufffd]+(\[[^\[\]]*\])?")


def _closed(name: str) -> bool:
    """Tell whether brackets that open after at most a word close at the very end."""
    if not re.fullmatch(r"[\w.]*\(.*\)", name, re.DOTALL):
        return False
    depth = 0
    for place, sign in enumerate(name):
        depth += (sign == "(") - (sign == ")")
        if depth == 0 and sign == ")":
            return place == len(name) - 1
    return False


def bracketed(text: str) -> str:
    """Return a name or a number as an operand: in brackets where it would run into an operator."""
    return text if atomic(text) else f"({text})"


def node_name(node: Node) -> str:
    """Return what a node is called in text."""
    return node.name or node.label or node.op or short(node.data)
