"""The data sets that come with scikit-learn, by name."""

from pathlib import Path
from typing import Any

import attrs

from mgcli.columns import Column
from mgcli.data import Data, UnfitDataError, near

__all__ = ["NAMES", "bundled", "is_bundled", "not_found"]

TOYS = ("breast_cancer", "diabetes", "digits", "iris", "wine")
SHAPES = ("circles", "moons")
NAMES = (*TOYS, *SHAPES)
SHAPE_ROWS = 500
ENDINGS = (".csv", ".tsv", ".txt", ".csv.gz", ".parquet", ".feather")


def is_bundled(name: str) -> bool:
    """Tell whether `name` is a data set rather than a file."""
    return name in NAMES


def bundled(name: str) -> Data:
    """Return one of scikit-learn's data sets.

    Columns in which every row is the same (the corner pixels of the digits) are left out.
    """
    data = _shape(name) if name in SHAPES else _toy(name)
    constant = [c for c, x in data.columns.items() if x.min() == x.max()]
    if not constant:
        return data
    return attrs.evolve(
        data,
        columns={c: x for c, x in data.columns.items() if c not in constant},
        features=tuple(c for c in data.features if c.name not in constant),
        notes=(f"left out, since constant: {', '.join(constant)}",),
    )


def _toy(name: str) -> Data:
    from sklearn import datasets

    bunch: Any = getattr(datasets, f"load_{name}")()
    columns = {
        str(n): bunch.data[:, i].astype("float64") for i, n in enumerate(bunch.feature_names)
    }
    features = tuple(Column(c, "number") for c in columns)
    source = f"scikit-learn's {name}"
    if name == "diabetes":
        target = bunch.target.astype("float64")
        return Data(name, source, columns, features, target, "progression", "regression")
    classes = tuple(map(str, bunch.target_names))
    target = bunch.target.astype("int64")
    return Data(name, source, columns, features, target, "class", "classification", classes)


def _shape(name: str) -> Data:
    from sklearn.datasets import make_circles, make_moons

    if name == "moons":
        X, y = make_moons(SHAPE_ROWS, noise=0.15, random_state=0)
    else:
        X, y = make_circles(SHAPE_ROWS, noise=0.08, factor=0.5, random_state=0)
    columns = {"x": X[:, 0], "y": X[:, 1]}
    features = (Column("x", "number"), Column("y", "number"))
    source = f"scikit-learn's {name} ({SHAPE_ROWS} points)"
    return Data(name, source, columns, features, y, "class", "classification", ("0", "1"))


def not_found(name: str) -> UnfitDataError:
    """Return the error for a name that is neither a bundled data set nor a file."""
    folder = Path(name).parent
    files = [str(f) for f in folder.iterdir()] if folder.is_dir() else []
    files = [
        f for f in files if f.endswith((".csv", ".tsv", ".txt", ".csv.gz", ".parquet", ".feather"))
    ]
    hint = near(name, [*NAMES, *files], 2)
    if "did you mean" not in hint:
        hint = f"; bundled are {', '.join(NAMES)}"
    return UnfitDataError(f"there is no file {name!r} and no bundled data set of that name{hint}")
