"""Build the parts of a model from what a file declares, of any format, and check that they fit."""

from __future__ import annotations

import io
import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from mgcore import MgcoreError, ops
from mgnn.errors import ModelFileError
from mgnn.layers import MLP

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mgnn.tablemodel import TableModel

__all__ = [
    "MOST_PARAMETERS",
    "check_model",
    "finite_of",
    "make_net",
    "parameter_count",
    "text_of",
]

MOST_PARAMETERS = 2_000_000  # Values, of which each takes some 100 bytes and 1 us to make


def parameter_count(nin: int, sizes: Sequence[int], *, skip: bool = False) -> int:
    """Return how many parameters an MLP has."""
    count = sum((m + 1) * n for m, n in pairwise([nin, *sizes]))
    return count + nin * sizes[-1] * skip


def make_net(path: Path, net: Mapping[str, Any], weights: bytes) -> MLP:
    """Make the net that a file declares, once its weights prove to be as many as it needs.

    Args:
        path: for messages.
        net: inputs, sizes, activation, skip, op.
        weights: the content of ``weights.npy``.

    """
    import numpy as np

    nin, sizes = _count(net["inputs"]), [_count(size) for size in net["sizes"]]
    skip = net["skip"] is True
    if not sizes or (skip and len(sizes) < 2):
        raise ValueError("the net has no layers")
    count = parameter_count(nin, sizes, skip=skip)
    if count > MOST_PARAMETERS:
        raise ModelFileError(
            f"{path} declares a net of {count:,} parameters; at most {MOST_PARAMETERS:,} are "
            "allowed"
        )
    _check_activation(path, net)
    # A header may declare any shape; the size of the part tells the truth.
    if abs(len(weights) - 8 * count) > 4096:
        raise ValueError(f"{len(weights)} bytes of weights, where {count} numbers belong")
    stream = io.BytesIO(weights)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError("weights.npy has another version than 1.0")
    shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    if shape != (count,) or dtype != np.dtype("<f8"):
        raise ValueError(f"{dtype} of shape {shape}, where {count} finite numbers belong")
    numbers = np.frombuffer(weights, dtype=dtype, offset=stream.tell())
    if numbers.shape != shape or not np.isfinite(numbers).all():
        raise ValueError(f"weights of shape {numbers.shape}, where {count} finite numbers belong")
    made = MLP(nin, sizes, activation=net["activation"], seed=0, skip=skip)
    for parameter, number in zip(made.parameters(), numbers.tolist(), strict=True):
        parameter.data = number
    return made


def _check_activation(path: Path, net: Mapping[str, Any]) -> None:
    name = text_of(net["activation"])
    try:
        if name.startswith("_"):
            raise ModelFileError(f"no op is called {name!r}")
        getattr(ops, name)
    except MgcoreError as error:
        origin = " ".join(map(str, net["op"])) or "an unknown distribution"
        raise ModelFileError(f"{path} uses the op {name!r} of {origin}: {error}") from error


def check_model(model: TableModel) -> None:
    """Find out whether a model's parts fit together.

    Raises:
        ValueError: naming the part that does not.

    """
    names = [feature.name for feature in model.features]
    outputs = len(model.net.layers[-1].neurons)
    nin = len(model.net.layers[0].neurons[0].w)
    wanted = {"classification": max(len(model.classes), 1), "regression": 1}[model.task]
    if model.task == "classification" and len(model.classes) < 2:
        raise ValueError(f"{len(model.classes)} classes, where at least 2 belong")
    if len(set(model.classes)) != len(model.classes) or len(set(names)) != len(names):
        raise ValueError("a name stands twice among classes or features")
    if outputs != (wanted if wanted > 2 else 1):
        raise ValueError(f"{outputs} outputs do not fit {len(model.classes)} classes")
    if model.task == "regression" and model.classes:
        raise ValueError("a quantity has no classes")
    if nin != len(model.inputs):
        raise ValueError(f"the net takes {nin} inputs, its features make {len(model.inputs)}")
    if not model.scale > 0.0:
        raise ValueError(f"scale is {model.scale!r}, not greater than 0")


def text_of(thing: Any) -> str:
    """Return a text that a file declares; TypeError if it is none."""
    if not isinstance(thing, str):
        raise TypeError(f"{thing!r}, where a text belongs")
    return thing


def finite_of(thing: Any) -> float:
    """Return a number that a file declares; ValueError if it is not finite, or none."""
    if type(thing) not in (int, float) or not math.isfinite(thing):
        raise ValueError(f"{thing!r}, where a finite number belongs")
    return float(thing)


def _count(thing: Any) -> int:
    if type(thing) is not int or thing < 1:
        raise ValueError(f"{thing!r}, where a size belongs")
    return thing
