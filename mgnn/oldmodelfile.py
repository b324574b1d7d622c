"""Model files of format 1, whose preparation is scikit-learn's, packed by skops: read, not written.

skops builds types that it trusts alone, and runs nothing; what is read is turned into features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mgnn.errors import ModelFileError
from mgnn.features import MISSING, Feature, Number, Text
from mgnn.modelparts import check_model, make_net
from mgnn.tablemodel import TableModel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["convert"]

TRUSTED = ["numpy.dtype"]  # beside what skops itself trusts: scikit-learn's own estimators


def convert(
    path: Path, description: Mapping[str, Any], weights: bytes, preparation: bytes
) -> TableModel:
    """Return the model of a file of format 1.

    Raises:
        ModelFileError: if scikit-learn or skops is not installed.

    """
    try:
        import skops.io
    except ImportError as error:
        raise ModelFileError(
            f"{path} has model format 1, which needs scikit-learn and skops ({error}); "
            'pip install "mgcore[cli]", or train it again'
        ) from error
    net = {
        "inputs": description["inputs"],
        "sizes": [*description["hidden"], description["outputs"]],
        "activation": description["activation"],
        "skip": False,
        "op": description["ops"].get(description["activation"], []),
    }
    made = make_net(path, net, weights)
    features, order = _features(skops.io.loads(preparation, trusted=TRUSTED))
    for neuron in made.layers[0].neurons:
        neuron.w = [neuron.w[i] for i in order]
    model = TableModel(
        net=made,
        features=tuple(features),
        target=str(description["target_name"]),
        task=description["task"],
        classes=tuple(map(str, description["classes"])),
        mean=float(description["mean"]),
        scale=float(description["scale"]),
        source=str(description["source"]),
    )
    check_model(model)
    return model


def _features(preparation: Any) -> tuple[list[Feature], list[int]]:
    """Read the fitted steps: imputed and standardised numbers, then one-hot encoded texts.

    Returns:
        The features, and for each of their inputs its place among the old ones: the category for
        what is missing stood among the others then, and stands last now.

    """
    if type(preparation).__name__ != "ColumnTransformer":
        raise TypeError(f"{type(preparation).__name__}, where a ColumnTransformer belongs")
    found: list[Feature] = []
    order: list[int] = []
    for step, pipeline, names in preparation.transformers_:
        if step == "number" and len(names):
            medians = pipeline.named_steps["impute"].statistics_
            scaler = pipeline.named_steps["standardise"]
            rows = zip(names, medians, scaler.mean_, scaler.scale_, strict=True)
            found += [Number(str(n), float(m), float(a), float(s)) for n, m, a, s in rows]
            order += range(len(order), len(order) + len(names))
        elif step == "text" and len(names):
            known = pipeline.named_steps["encode"].categories_
            for name, levels in zip(names, known, strict=True):
                texts = [str(level) for level in levels]
                there = [t for t in texts if t != MISSING]
                found.append(Text(str(name), tuple(there), missing=MISSING in texts))
                start = len(order)
                moved = there + [MISSING] * (MISSING in texts)
                order += [start + texts.index(t) for t in moved]
    return found, order
