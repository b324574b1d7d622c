"""The data sets that come with scikit-learn, by name."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mgcli.data import Data, UnfitDataError, near

if TYPE_CHECKING:
    from mgcli.frames import Kind

__all__ = ["NAMES", "bundled", "is_bundled", "not_found"]

TOYS = ("breast_cancer", "diabetes", "digits", "iris", "wine")
SHAPES = ("circles", "moons")
NAMES = (*TOYS, *SHAPES)
SHAPE_ROWS = 500


def is_bundled(name: str) -> bool:
    """Tell whether `name` is a data set rather than a file."""
    return name in NAMES


def bundled(name: str) -> Data:
    """Return one of scikit-learn's data sets.

    Columns in which every row is the same (the corner pixels of the digits) are left out.
    """
    data = _shape(name) if name in SHAPES else _toy(name)
    constant = [c for c in data.frame.columns if data.frame[c].nunique() == 1]
    if not constant:
        return data
    import attrs

    return attrs.evolve(
        data,
        frame=data.frame.drop(columns=constant),
        kinds={c: kind for c, kind in data.kinds.items() if c not in constant},
        notes=(f"left out, since constant: {', '.join(constant)}",),
    )


def _toy(name: str) -> Data:
    from sklearn import datasets

    bunch: Any = getattr(datasets, f"load_{name}")(as_frame=True)
    kinds: dict[str, Kind] = dict.fromkeys(map(str, bunch.data.columns), "number")
    frame = bunch.data.astype("float64")
    source = f"scikit-learn's {name}"
    if name == "diabetes":
        target = bunch.target.to_numpy(dtype="float64")
        return Data(name, source, frame, kinds, target, "progression", "regression")
    classes = tuple(map(str, bunch.target_names))
    target = bunch.target.to_numpy(dtype="int64")
    return Data(name, source, frame, kinds, target, "class", "classification", classes)


def _shape(name: str) -> Data:
    import pandas as pd
    from sklearn.datasets import make_circles, make_moons

    if name == "moons":
        X, y = make_moons(SHAPE_ROWS, noise=0.15, random_state=0)
    else:
        X, y = make_circles(SHAPE_ROWS, noise=0.08, factor=0.5, random_state=0)
    frame = pd.DataFrame(X, columns=["x", "y"])
    kinds: dict[str, Kind] = {"x": "number", "y": "number"}
    source = f"scikit-learn's {name} ({SHAPE_ROWS} points)"
    return Data(name, source, frame, kinds, y, "class", "classification", ("0", "1"))


def not_found(name: str) -> UnfitDataError:
    """Return the error for a name that is neither a bundled data set nor a file."""
    folder = Path(name).parent
    files = [str(f) for f in folder.iterdir()] if folder.is_dir() else []
    files = [f for f in files if f.endswith((".csv", ".tsv", ".txt"))]
    hint = near(name, [*NAMES, *files], 2)
    if "did you mean" not in hint:
        hint = f"; bundled are {', '.join(NAMES)}"
    return UnfitDataError(f"there is no file {name!r} and no bundled data set of that name{hint}")
