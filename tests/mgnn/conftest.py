"""What the tests of mgnn share."""

import math
import random

import pytest

Samples = tuple[list[list[float]], list[int]]


@pytest.fixture(scope="session")
def moons() -> Samples:
    """Two half circles with noise, 40 points each, labels 0 and 1."""
    rng = random.Random(3)
    X, y = [], []
    for i in range(80):
        angle = math.pi * (i // 2) / 39
        x1, x2 = math.cos(angle), math.sin(angle)
        if i % 2:
            x1, x2 = 1.0 - x1, 0.5 - x2
        X.append([x1 + rng.gauss(0.0, 0.08), x2 + rng.gauss(0.0, 0.08)])
        y.append(i % 2)
    return X, y
