"""The model file: a zip archive with JSON and one NumPy array; loading it runs no code of it.

``model.json`` says what the net is and what it takes, ``weights.npy`` holds its parameters, in the
order of ``net.parameters()``, float64. No pickle anywhere. What a file declares is checked against
limits and against its own size before anything is allocated or made.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from mgcore import MgcoreError, __version__, plugins
from mgnn.errors import ModelFileError
from mgnn.features import PARTS, Date, Feature, Number, Text
from mgnn.layers import MLP
from mgnn.modelparts import check_model, finite_of, make_net, text_of
from mgnn.oldmodelfile import convert
from mgnn.tablemodel import TableModel

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

__all__ = ["load", "save"]

FORMAT = 2
MOST_BYTES = 64 << 20  # of one part, unpacked
DESCRIPTION, WEIGHTS, OLD_PREPARATION = "model.json", "weights.npy", "preparation.skops"


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
            (
                [r.distribution, r.version]
                for r in plugins()
                if r.name == activation.partition(":")[0] and r.op
            ),
            [],
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
        "na": list(model.na),
        "keep_na": list(model.keep_na),
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
    if path.exists() and not (path.is_file() or path.is_dir()):
        # Reading a pipe or a device may never end.
        raise ModelFileError(f"{path} is a pipe or a device; copy the model into a file")
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
    try:
        with file.open(name) as part:
            content = part.read(MOST_BYTES + 1)  # what is declared may be false
    except OSError as error:  # a directory that bits flipped in leads to where no file can be
        raise zipfile.BadZipFile(str(error)) from error
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
        target=text_of(table["target"]),
        task=table["task"],
        classes=tuple(text_of(name) for name in table["classes"]),
        mean=finite_of(table["mean"]),
        scale=finite_of(table["scale"]),
        source=text_of(table["source"]),
        na=tuple(text_of(text) for text in table.get("na", ())),
        keep_na=tuple(text_of(text) for text in table.get("keep_na", ())),
    )
    check_model(model)
    return model


def _feature(described: Mapping[str, Any]) -> Feature:
    kind, name = described["kind"], text_of(described["name"])
    if kind == "number":
        scale = finite_of(described["scale"])
        if not scale > 0.0:
            raise ValueError(f"scale of {name!r} is {scale!r}, not greater than 0")
        numbers = (finite_of(described["median"]), finite_of(described["mean"]), scale)
        return Number(name, *numbers, described["missing"] is True, text_of(described["notation"]))
    if kind == "text":
        levels = tuple(text_of(level) for level in described["levels"])
        return Text(name, levels, described["other"] is True, described["missing"] is True)
    if kind != "date":
        raise ValueError(f"a feature of the kind {kind!r}")
    parts = {part: _feature(each) for part, each in described["parts"].items()}
    fitted = tuple((part, n) for part, n in parts.items() if isinstance(n, Number))
    if len(fitted) != len(parts) or not set(parts) <= set(PARTS):
        raise ValueError(f"parts of the date {name!r} are {list(parts)}")
    return Date(name, text_of(described["format"]), fitted)
