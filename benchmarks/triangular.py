"""Triangular matrices: z_i is the sum of L_ij x_j over j up to i, the loss the sum of z_i squared.

Sizes grow in steps of 8 without a jump, and a triangle is not to be slow beside a square.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from harness import Contestant, Goal, Row, main

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SAMPLES, STEP = 1000, 8
SIZES = (56, 64, 72, 128, 136, 248, 256)
SQUARES = (64, 128, 256)
JUMP, SHARE = 1.5, 0.6


def name(size: int, *, square: bool = False) -> str:
    return f"mgcore, {'a square' if square else 'a triangle'} of {size}"


def ours(size: int, *, square: bool = False) -> Callable[[], Any]:
    import mgcompile
    from mgcore import Value, ops

    lengths = [size if square else i + 1 for i in range(size)]
    rows = [[Value(0.01 * ((7 * i + j) % 11 - 5)) for j in range(n)] for i, n in enumerate(lengths)]

    def loss(x: Any) -> Any:
        z = [ops.dot(*row, *x[: len(row)]) for row in rows]
        return ops.sum(*[each * each for each in z])

    params = [weight for row in rows for weight in row]
    kernel = mgcompile.trace(loss, ([0.1] * size,), params=params)
    X = samples(size)
    return lambda: kernel.loss_and_grad(X)


def samples(size: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(-1.0, 1.0, size=(SAMPLES, size))


def numpy_by_hand() -> Callable[[], Any]:
    """Return the same of the largest triangle, as a masked product of matrices."""
    size = SIZES[-1]
    i, j = np.indices((size, size))
    weights, X = np.tril(0.01 * ((7 * i + j) % 11 - 5)), samples(size)

    def run() -> Any:
        z = X @ weights.T
        return np.mean((z * z).sum(1)), (2.0 * z.T @ X / SAMPLES)[np.tril_indices(size)]

    return run


def jump() -> Goal:
    """Return the goal that no size takes much longer than the one before, per product."""

    def decide(medians: Mapping[str, float]) -> tuple[str, bool]:
        pairs = [(size, size + STEP) for size in SIZES if size + STEP in SIZES]
        ratios = {pair: medians[name(pair[1])] / medians[name(pair[0])] for pair in pairs}
        worst = max(ratios, key=lambda pair: ratios[pair])
        return f"{ratios[worst]:.3g} from {worst[0]} to {worst[1]}", ratios[worst] <= JUMP

    return Goal(f"no jump above {JUMP:g} from a size to one of {STEP} more", decide)


def rate(size: int) -> Goal:
    """Return the goal for products a second: a triangle has a little more than half of them."""

    def decide(medians: Mapping[str, float]) -> tuple[str, bool]:
        products = (size + 1) / (2 * size)
        figure = products * medians[name(size, square=True)] / medians[name(size)]
        return f"{figure:.0%}", figure >= SHARE

    return Goal(f"{size}: at least {SHARE:.0%} of the products a second of a square", decide)


def row() -> Row:
    def triangle(size: int) -> Contestant:
        return Contestant(name(size), lambda: ours(size), kind=f"{size}")

    def square(size: int) -> Contestant:
        return Contestant(
            name(size, square=True), lambda: ours(size, square=True), kind=f"square {size}"
        )

    return Row(
        title=f"Triangular products: loss and gradient, {SAMPLES:,} samples, float64",
        unit="us a call",
        seconds=1e-6,
        contestants=[
            *map(triangle, SIZES),
            *(square(size) for size in SQUARES),
            Contestant(
                "NumPy", numpy_by_hand, "numpy", kind=f"{SIZES[-1]}", note="256, by hand, masked"
            ),
        ],
        goals=[jump(), *map(rate, SQUARES)],
        rtol=1e-9,
        atol=1e-11,
        rounds=5,
    )


if __name__ == "__main__":
    main(row)
