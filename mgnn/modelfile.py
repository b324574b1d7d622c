"""The model file: a zip archive with JSON and one NumPy array; loading it runs no code of it.

``model.json`` says what the net is and what it takes, ``weights.npy`` holds its parameters, in the
order of ``net.parameters()``, float64. No pickle anywhere. What a file declares is checked against
limits and against its own size before anything is allocated or made.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
import zlib
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from mgcore import MgcoreError, __version__, ops, plugins
from mgnn.errors import ModelFileError
from mgnn.features import PARTS, Date, Feature, Number, Text
from mgnn.layers import MLP
from mgnn.tablemodel import TableModel

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

__all__ = ["MOST_PARAMETERS", "check_model", "load", "make_net", "parameter_count", "save"]

FORMAT = 2
MOST_PARAMETERS = 2_000_000  # Values, of which each takes some 100 bytes and 1 us to make
MOST_BYTES = 64 << 20  # of one part, unpacked
DESCRIPTION, WEIGHTS, OLD_PREPARATION = "model.json", "weights.npy", "preparation.skops"


def parameter_count(nin: int, sizes: Sequence[int], *, skip: bool = False) -> int:
    """Return how many parameters an MLP has."""
    count = sum((m + 1) * n for m, n in pairwise([nin, *sizes]))
    return count + nin * sizes[-1] * skip


def save(model: MLP | TableModel, path: str | os.PathLike[str]) -> None:
    """Write a net, or a net for a table, to `path`: whole or not at all.

    Raises:
        ModelFileError: for anything else, or a net with parameters that are not finite.
        OSError: if it cannot be written.

    """
    net = model.net if isinstance(model, TableModel) else model
    if not isinstance(net, MLP):
        raise ModelFileError(
            f"{type(model).__name__} cannot be saved as a model file; give an MLP or a TableModel"
        )
    description = {"format": FORMAT, "mgcore": __version__, "net": _described(net)}
    if isinstance(model, TableModel):
        description["table"] = _table_described(model)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        text = json.dumps(description, indent=1, ensure_ascii=True, allow_nan=False)
        file.writestr(DESCRIPTION, text)
        file.writestr(WEIGHTS, _packed(net))
    _write_whole(Path(path), archive.getvalue())


def load(path: str | os.PathLike[str]) -> MLP | TableModel:
    """Read a model file.

    Args:
        path: what `save` or ``mg train`` has written.

    Returns:
        The MLP, or a `TableModel` with the net and the columns it takes.

    Raises:
        ModelFileError: if it is no model file, is damaged, or an op it uses is not installed.
        OSError: if it cannot be read.

    """
    place = Path(path)
    parts = _parts(place)
    try:
        description = json.loads(parts[DESCRIPTION])
        _check_format(place, description)
        if description["format"] == 1:
            from mgnn.oldmodelfile import convert

            return convert(place, description, parts[WEIGHTS], parts[OLD_PREPARATION])
        return _assembled(place, description, parts[WEIGHTS])
    except ModelFileError:
        raise
    except Exception as error:  # whatever a damaged part makes the libraries raise
        raise ModelFileError(
            f"{place} is a damaged model file ({type(error).__name__}: {error}); train it again"
        ) from error


def _described(net: MLP) -> dict[str, Any]:
    activation = net.layers[0].neurons[0].activation
    if not isinstance(activation, str):
        raise ModelFileError(
            f"the activation {activation.name} is no registered op, so nobody could find it again; "
            "register it before the net is made"
        )
    return {
        "inputs": len(net.layers[0].neurons[0].w),
        "sizes": [len(layer.neurons) for layer in net.layers],
        "activation": activation,
        "skip": net.skip,
        "op": next(
            ([r.distribution, r.version] for r in plugins() if r.name == activation and r.op), []
        ),
    }


def _table_described(model: TableModel) -> dict[str, Any]:
    return {
        "features": [_feature_described(feature) for feature in model.features],
        "target": model.target,
        "task": model.task,
        "classes": list(model.classes),
        "mean": model.mean,
        "scale": model.scale,
        "source": model.source,
    }


def _feature_described(feature: Feature) -> dict[str, Any]:
    plain = {field.name: getattr(feature, field.name) for field in attrs.fields(type(feature))}
    if isinstance(feature, Date):
        plain["parts"] = {part: _feature_described(n) for part, n in feature.parts}
    return {"kind": feature.kind, **plain}


def _packed(net: MLP) -> bytes:
    import numpy as np

    numbers = np.array([p.data for p in net.parameters()], dtype=np.float64)
    if not np.isfinite(numbers).all():
        raise ModelFileError("the net has parameters that are not finite; train it again")
    weights = io.BytesIO()
    np.save(weights, numbers, allow_pickle=False)
    return weights.getvalue()


def _write_whole(path: Path, content: bytes) -> None:
    unfinished = path.with_name(path.name + ".part")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        if error.filename is None:  # a full disk names no file
            error.filename = str(path)
        raise


def _parts(path: Path) -> Mapping[str, bytes]:
    try:
        with path.open("rb") as stream, zipfile.ZipFile(stream) as file:
            there = set(file.namelist())
            missing = [part for part in (DESCRIPTION, WEIGHTS) if part not in there]
            if missing:
                raise ModelFileError(
                    f"{path} is a zip archive but no model file: it has no {', '.join(missing)}"
                )
            wanted = [p for p in (DESCRIPTION, WEIGHTS, OLD_PREPARATION) if p in there]
            return {part: _part(path, file, part) for part in wanted}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise _no_archive(path, error) from error
    except (
        ValueError,
        OverflowError,
        UnicodeError,
    ) as error:  # of a directory that bits flipped in
        if isinstance(error, MgcoreError):
            raise
        raise _no_archive(path, error) from error


def _part(path: Path, file: zipfile.ZipFile, name: str) -> bytes:
    with file.open(name) as part:
        content = part.read(MOST_BYTES + 1)  # what is declared may be false
    if len(content) > MOST_BYTES:
        raise ModelFileError(
            f"{path}: {name} holds more than {MOST_BYTES >> 20} MiB, more than any model of ours"
        )
    return content


def _no_archive(path: Path, error: Exception) -> ModelFileError:
    with path.open("rb") as stream:
        start = stream.read(4)
    if not start:
        return ModelFileError(f"{path} is empty, not a model file")
    if start.startswith(b"PK"):
        return ModelFileError(
            f"{path} is a damaged model file ({error}); copy it again or train it again"
        )
    return ModelFileError(f"{path} is no model file; give the model.mgz that mg train has written")


def _check_format(path: Path, description: Any) -> None:
    if not isinstance(description, dict):
        raise TypeError("model.json holds no object")
    version = description["format"]
    if version not in (1, FORMAT) or isinstance(version, bool):
        raise ModelFileError(
            f"{path} has model format {version!r}, this version reads 1 and {FORMAT}; it was "
            f"written by mgcore {description.get('mgcore', '?')}: install that version"
        )


def _assembled(path: Path, description: Mapping[str, Any], weights: bytes) -> MLP | TableModel:
    net = make_net(path, description["net"], weights)
    if "table" not in description:
        return net
    table = description["table"]
    model = TableModel(
        net=net,
        features=tuple(_feature(each) for each in table["features"]),
        target=_text(table["target"]),
        task=table["task"],
        classes=tuple(_text(name) for name in table["classes"]),
        mean=_finite(table["mean"]),
        scale=_finite(table["scale"]),
        source=_text(table["source"]),
    )
    check_model(model)
    return model


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
    name = _text(net["activation"])
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


def _feature(described: Mapping[str, Any]) -> Feature:
    kind, name = described["kind"], _text(described["name"])
    if kind == "number":
        scale = _finite(described["scale"])
        if not scale > 0.0:
            raise ValueError(f"scale of {name!r} is {scale!r}, not greater than 0")
        numbers = (_finite(described["median"]), _finite(described["mean"]), scale)
        return Number(name, *numbers, described["missing"] is True, _text(described["notation"]))
    if kind == "text":
        levels = tuple(_text(level) for level in described["levels"])
        return Text(name, levels, described["other"] is True, described["missing"] is True)
    if kind != "date":
        raise ValueError(f"a feature of the kind {kind!r}")
    parts = {part: _feature(each) for part, each in described["parts"].items()}
    fitted = tuple((part, n) for part, n in parts.items() if isinstance(n, Number))
    if len(fitted) != len(parts) or not set(parts) <= set(PARTS):
        raise ValueError(f"parts of the date {name!r} are {list(parts)}")
    return Date(name, _text(described["format"]), fitted)


def _text(thing: Any) -> str:
    if not isinstance(thing, str):
        raise TypeError(f"{thing!r}, where a text belongs")
    return thing


def _count(thing: Any) -> int:
    if type(thing) is not int or thing < 1:
        raise ValueError(f"{thing!r}, where a size belongs")
    return thing


def _finite(thing: Any) -> float:
    if type(thing) not in (int, float) or not math.isfinite(thing):
        raise ValueError(f"{thing!r}, where a finite number belongs")
    return float(thing)
