"""The playground's data sets: two columns and a class of 0 or 1, drawn as the page draws them.

Every number comes from `random.Random`, which the page has too, so that one seed gives the same
rows there and here, to the rounding of a sine.
"""

import random
from collections.abc import Callable, Sequence
from math import cos, floor, pi, sin
from typing import TypeAlias

from mgnn.errors import near_matches
from mgview.playground.errors import BadPlaygroundError

Rows: TypeAlias = list[list[float]]
Labels: TypeAlias = list[int]
Point: TypeAlias = tuple[float, float, int]


def _circle(rng: random.Random, i: int, _: int) -> Point:
    inside = i % 2
    radius = rng.uniform(0.0, 1.0) if inside else rng.uniform(1.4, 2.0)
    angle = rng.uniform(0.0, 2.0 * pi)
    return radius * cos(angle), radius * sin(angle), inside


def _xor(rng: random.Random, _: int, __: int) -> Point:
    x, y = rng.uniform(-2.0, 2.0), rng.uniform(-2.0, 2.0)
    gap_x, gap_y = (-0.1 if z < 0 else 0.1 for z in (x, y))
    return x + gap_x, y + gap_y, int(x * y >= 0)


def _gauss(rng: random.Random, i: int, _: int) -> Point:
    centre = 1.0 if i % 2 else -1.0
    x = rng.gauss(centre, 0.5)
    return x, rng.gauss(centre, 0.5), i % 2


def _spiral(_: random.Random, i: int, n: int) -> Point:
    along = (i // 2) / max(1, n // 2)
    angle = 1.75 * along * 2.0 * pi + (pi if i % 2 else 0.0)
    radius = 0.15 + 1.85 * along
    return radius * sin(angle), radius * cos(angle), i % 2


def _moons(rng: random.Random, i: int, _: int) -> Point:
    angle = rng.uniform(0.0, pi)
    x, y = (1.0 - cos(angle), 0.5 - sin(angle)) if i % 2 else (cos(angle), sin(angle))
    return 1.3 * (x - 0.5), 1.3 * (y - 0.25), i % 2


DATA_SETS: dict[str, Callable[[random.Random, int, int], Point]] = {
    "circle": _circle,
    "xor": _xor,
    "gauss": _gauss,
    "spiral": _spiral,
    "moons": _moons,
}


def draw(
    name: str, *, samples: int = 500, noise: float = 0.1, seed: int = 7
) -> tuple[Rows, Labels]:
    """Draw a data set.

    Args:
        name: "circle", "xor", "gauss", "spiral" or "moons".
        samples: how many rows, at least 2.
        noise: standard deviation of what is added to both columns, unitless; all sets lie in about
            -2..2.
        seed: of every number drawn.

    Returns:
        Rows of two numbers, and their classes.

    Raises:
        BadPlaygroundError: there is no such set, with near matches.

    >>> draw("moons", samples=2, noise=0.0)[1]
    [0, 1]

    """
    if name not in DATA_SETS:
        raise BadPlaygroundError(
            f"no data set is called {name!r}{near_matches(name, DATA_SETS)}; give rows and classes "
            "of your own as playground(X, y)"
        )
    rng = random.Random(f"{name}/{seed}")  # noqa: S311 - no secret
    rows, labels = [], []
    for i in range(samples):
        x, y, label = DATA_SETS[name](rng, i, samples)
        rows.append([rng.gauss(x, noise), rng.gauss(y, noise)])
        labels.append(label)
    return rows, labels


def split(
    rows: Sequence[Sequence[float]], labels: Sequence[int], *, share: float, seed: int
) -> tuple[tuple[Rows, Labels], tuple[Rows, Labels]]:
    """Part rows at random into some to train on and some to test with; each part has one at least.

    Args:
        rows: n rows of two numbers, n at least 2.
        labels: their classes.
        share: of the rows to train on, in 0..1.
        seed: of the order.

    Returns:
        ``(rows, labels)`` to train on, and the same of the rest.

    """
    n = len(rows)
    keys = random.Random(f"split/{seed}").randbytes(8 * n)  # noqa: S311 - no secret
    order = sorted(range(n), key=lambda i: int.from_bytes(keys[8 * i : 8 * i + 8], "little"))
    count = max(1, min(n - 1, floor(share * n + 0.5)))
    parts = order[:count], order[count:]
    first, second = (([list(rows[i]) for i in part], [labels[i] for i in part]) for part in parts)
    return first, second


def standardise(rows: Sequence[Sequence[float]]) -> Rows:
    """Return rows whose columns have mean 0 and standard deviation 1; a constant column gives 0."""
    columns = []
    for column in zip(*rows, strict=True):
        mean = sum(column) / len(column)
        deviation = (sum((x - mean) ** 2 for x in column) / len(column)) ** 0.5
        columns.append([(x - mean) / (deviation or 1.0) for x in column])
    return [list(row) for row in zip(*columns, strict=True)]


def targets(part: tuple[Rows, Labels], loss: str) -> tuple[Rows, Labels]:
    """Return rows and what a loss wants of their classes: -1 and 1, or 0 and 1 for the logistic."""
    rows, labels = part
    return rows, labels if loss == "binary_cross_entropy" else [2 * label - 1 for label in labels]
