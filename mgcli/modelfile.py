"""The model file: a zip archive with JSON, plain arrays and skops; loading it runs no code of it.

``model.json`` says what the net is and what it takes, ``weights.npy`` holds its parameters in the
order of ``net.parameters()``, ``preparation.skops`` the fitted preparation. No pickle anywhere.
"""

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mgcli.errors import CliError
from mgcli.model import Model
from mgcore import MgcoreError, Value, __version__, ops, plugins

__all__ = ["ModelFileError", "load_model", "save_model"]

FORMAT = 1
TRUSTED = ["numpy.dtype"]  # beside what skops itself trusts: scikit-learn's own estimators
PARTS = ("model.json", "weights.npy", "preparation.skops")
PLAIN = (
    "activation",
    "hidden",
    "kinds",
    "target_name",
    "task",
    "classes",
    "mean",
    "scale",
    "source",
)


class ModelFileError(CliError):
    """Report a file that is no model, is damaged, or needs what is not installed."""


def save_model(model: Model, path: Path) -> None:
    """Write `model` to `path`, whole or not at all.

    Raises:
        OSError: if it cannot be written.

    """
    import numpy as np
    import sklearn
    import skops.io

    weights = io.BytesIO()
    parameters = model.net.parameters()
    np.save(weights, np.array([p.data for p in parameters]), allow_pickle=False)
    description = {
        "format": FORMAT,
        "mgcore": __version__,
        "scikit-learn": sklearn.__version__,
        "ops": _origins(model.activation),
        "inputs": len(model.net.layers[0].neurons[0].w),
        "outputs": len(model.net.layers[-1].neurons),
        **{name: getattr(model, name) for name in PLAIN},
    }
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("model.json", json.dumps(description, indent=2, ensure_ascii=False))
        file.writestr("weights.npy", weights.getvalue())
        file.writestr("preparation.skops", skops.io.dumps(model.preparation))
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_bytes(archive.getvalue())
    unfinished.replace(path)


def _origins(name: str) -> dict[str, list[str]]:
    """Return the distribution and version that the op `name` came from."""
    return {r.name: [r.distribution, r.version] for r in plugins() if r.name == name and r.op}


def load_model(path: Path) -> Model:
    """Read a model file.

    Raises:
        ModelFileError: if it is no model file, is damaged, or an op it uses is not installed.
        OSError: if it cannot be read.

    """
    parts = _parts(path)
    try:
        description = json.loads(parts["model.json"])
        if description["format"] != FORMAT:
            raise ModelFileError(
                f"{path} has model format {description['format']!r}, this mg reads {FORMAT}; it "
                f"was written by mgcore {description.get('mgcore', '?')}: install that version"
            )
        _check_activation(path, description)
        return _assemble(description, parts)
    except ModelFileError:
        raise
    except Exception as error:  # whatever a damaged part makes the libraries raise
        raise ModelFileError(
            f"{path} is a damaged model file ({type(error).__name__}: {error}); train it again"
        ) from error


def _parts(path: Path) -> Mapping[str, bytes]:
    data = path.read_bytes()
    if not data:
        raise ModelFileError(f"{path} is empty, not a model file")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            missing = [part for part in PARTS if part not in file.namelist()]
            if missing:
                raise ModelFileError(
                    f"{path} is a zip archive but no model file: it has no {', '.join(missing)}"
                )
            return {part: file.read(part) for part in PARTS}
    except zipfile.BadZipFile as error:
        if data.startswith(b"PK"):
            raise ModelFileError(
                f"{path} is a damaged model file ({error}); copy it again or train it again"
            ) from error
        raise ModelFileError(
            f"{path} is no model file; give the model.mgz that mg train has written"
        ) from None


def _check_activation(path: Path, description: Mapping[str, Any]) -> None:
    name = description["activation"]
    try:
        getattr(ops, name)
    except MgcoreError as error:
        origin = " ".join(description["ops"].get(name, ["an unknown distribution"]))
        raise ModelFileError(f"{path} uses the op {name!r} of {origin}: {error}") from error


def _assemble(description: Mapping[str, Any], parts: Mapping[str, bytes]) -> Model:
    import numpy as np
    import skops.io

    from mgnn import MLP

    plain = {name: description[name] for name in PLAIN}
    plain["hidden"], plain["classes"] = tuple(plain["hidden"]), tuple(plain["classes"])
    sizes = [*plain["hidden"], description["outputs"]]
    net = MLP(description["inputs"], sizes, activation=plain["activation"], seed=0)
    weights = np.load(io.BytesIO(parts["weights.npy"]), allow_pickle=False)
    parameters: list[Value] = net.parameters()
    if weights.shape != (len(parameters),) or not np.isfinite(weights).all():
        raise ValueError(
            f"weights of shape {weights.shape}, where {len(parameters)} finite numbers belong"
        )
    for parameter, number in zip(parameters, weights.tolist(), strict=True):
        parameter.data = number
    preparation = skops.io.loads(parts["preparation.skops"], trusted=TRUSTED)
    preparation.get_feature_names_out()  # fails here, not later, if it was never fitted
    return Model(net=net, preparation=preparation, **plain)
