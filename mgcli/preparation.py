"""From a frame to the numbers a net sees: impute, standardise, one-hot encode."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mgcli.frames import Kind

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["categories_of", "preparation_for", "prepare"]

MISSING_TEXT = "(missing)"  # a category of its own


def preparation_for(kinds: Mapping[str, Kind]) -> Any:
    """Return scikit-learn's ColumnTransformer for features of these kinds, not fitted yet.

    Numbers: the median for what is missing, then mean 0 and variance 1. Text: one column per
    category; one that was not there in training gives zeros.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = Pipeline(
        [
            ("impute", SimpleImputer(strategy="median", keep_empty_features=True)),
            ("standardise", StandardScaler()),
        ]
    )
    fill = SimpleImputer(strategy="constant", fill_value=MISSING_TEXT, missing_values=None)
    texts = Pipeline(
        [
            ("impute", fill),
            ("encode", OneHotEncoder(handle_unknown="ignore", sparse_output=False)),
        ]
    )
    return ColumnTransformer(
        [
            ("number", numbers, [name for name, kind in kinds.items() if kind != "text"]),
            ("text", texts, [name for name, kind in kinds.items() if kind == "text"]),
        ],
        verbose_feature_names_out=False,
    )


def prepare(preparation: Any, frame: "pd.DataFrame") -> "NDArray[np.float64]":
    """Return the net's inputs for n rows, shape (n, inputs), float64."""
    import numpy as np

    return np.ascontiguousarray(preparation.transform(frame), dtype=np.float64)


def categories_of(preparation: Any, texts: list[str]) -> dict[str, frozenset[str]]:
    """Return the categories that a fitted preparation knows, by text column."""
    if not texts:
        return {}
    known = preparation.named_transformers_["text"].named_steps["encode"].categories_
    return {
        name: frozenset(map(str, categories)) - {MISSING_TEXT}
        for name, categories in zip(texts, known, strict=True)
    }
