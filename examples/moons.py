"""The moons, classified by MLP(2, [16, 16, 1]), in the words of a micrograd script.

Everything but the import is as it would be written for micrograd; `demo_moons.py` does the same
with `mgnn.fit`, mini-batches and a picture.
"""

import random

from sklearn.datasets import make_moons

from mgcore import Value
from mgnn import MLP


def main(steps: int = 30) -> tuple[list[float], float]:
    """Train by full-batch gradient descent; return the losses and the last accuracy."""
    random.seed(1337)
    X, y = make_moons(n_samples=100, noise=0.1, random_state=1)
    y = y * 2 - 1
    model = MLP(2, [16, 16, 1])
    print(f"number of parameters {len(model.parameters())}")

    history = []
    accuracy = 0.0
    for k in range(steps):
        inputs = [list(map(Value, row)) for row in X]
        scores = list(map(model, inputs))
        margins = [(1 + -yi * si).relu() for yi, si in zip(y, scores, strict=True)]
        data_loss = sum(margins) * (1.0 / len(margins))
        penalty = 1e-4 * sum(p * p for p in model.parameters())
        loss = data_loss + penalty
        accuracy = sum((yi > 0) == (si.data > 0) for yi, si in zip(y, scores, strict=True)) / len(y)

        model.zero_grad()
        loss.backward()
        rate = 1.0 - 0.9 * k / 100
        for p in model.parameters():
            p.data -= rate * p.grad
        history.append(loss.data)
        if k % 5 == 0 or k == steps - 1:
            print(f"step {k} loss {loss.data:.4f}, accuracy {accuracy:.0%}")
    return history, accuracy


if __name__ == "__main__":
    main()
