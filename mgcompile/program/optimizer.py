"""The update that a training loop makes of a gradient, as data."""

from __future__ import annotations

from typing import Literal

import attrs

__all__ = ["OptimizerSpec"]


@attrs.frozen(slots=True)
class OptimizerSpec:
    """An optimiser's update.

    g is the gradient times 1/n, plus `weight_decay * p`.

    With `clip_norm` greater than 0, the gradient times 1/n is first multiplied by
    `min(1, clip_norm / (norm + 1e-6))`, norm being that of all parameters together.

    - "sgd": `m = momentum * m + g; p -= lr * m`. State: m, shape (1, n_params), or none when
      the momentum is 0 (then m = g).
    - "adam": `m = beta1 m + (1 - beta1) g; s = beta2 s + (1 - beta2) g^2;
      p -= lr * (m / (1 - beta1^t)) / (sqrt(s / (1 - beta2^t)) + epsilon)`, t counting from 1.
      State: m and s, shape (2, n_params).
    - "adamw": the same, but `weight_decay` is not in g: before the update `p -= lr * decay * p`.

    With `l1` greater than 0, each parameter then goes `lr * l1` closer to 0, and to 0 where it is
    closer already.

    The learning rate is an argument of each run: a schedule may change it between updates.
    """

    kind: Literal["sgd", "adam", "adamw"]
    momentum: float = 0.0
    weight_decay: float = 0.0
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    clip_norm: float = 0.0
    l1: float = 0.0

    @property
    def has_moments(self) -> bool:
        """Return whether it is of Adam's kind."""
        return self.kind != "sgd"

    @property
    def state_rows(self) -> int:
        """Return how many arrays of n_params the optimiser remembers."""
        if self.has_moments:
            return 2
        return 1 if self.momentum else 0
