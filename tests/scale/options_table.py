"""Options to price: the same table for every test."""

import numpy as np

NAMES = ("spot", "strike", "years", "rate", "sigma")


def options(count: int, seed: int = 7) -> np.ndarray:
    """Return some options, a row each, in the order of NAMES."""
    draw = np.random.default_rng(seed).uniform
    low, high = (50, 50, 0.1, 0.0, 0.1), (150, 150, 2.0, 0.05, 0.5)
    return draw(low, high, (count, 5))
