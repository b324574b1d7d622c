"""Optimisers: SGD with momentum, and Adam, by PyTorch's formulas.

An optimiser is a frozen description; `start` gives the mutable state for some parameters. So one
optimiser can train several models, and a backend can read the description and do the updates
itself.
"""

from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any, Protocol, TypeAlias

import attrs

from mgcore import Value
from mgnn.errors import TrainingSettingError, UnknownNameError, near_matches
from mgnn.settings import real_of

__all__ = ["SGD", "Adam", "Optimizer", "Rate", "Stepper", "by_name"]

Rate: TypeAlias = float | Callable[[int], float]
Stepper: TypeAlias = Callable[[float], None]


class Optimizer(Protocol):
    """An update rule for parameters."""

    @property
    def lr(self) -> Rate:
        """Give the learning rate, or a function of the epoch (from 0) that gives it."""
        ...

    def start(self, parameters: Sequence[Value]) -> Stepper:
        """Return a function that updates `parameters` once by their ``.grad``, given the rate."""
        ...


def _positive(low: float, high: float, bounds: str) -> Any:
    def check(optimizer: object, attribute: Any, value: object) -> None:
        ok = isinstance(value, (int, float)) and low <= value < high and isfinite(value)
        if not ok or isinstance(value, bool):
            raise TrainingSettingError(
                f"{type(optimizer).__name__}: {attribute.name} is {value!r}; it must be {bounds}"
            )

    return check


def _check_rate(optimizer: object, attribute: Any, value: object) -> None:
    if not callable(value):
        _positive(0.0, float("inf"), "a number of at least 0, or a function of the epoch")(
            optimizer, attribute, value
        )


def _reals(values: Any) -> tuple[Any, ...]:
    return tuple(real_of(value) for value in values)


_at_least_0 = _positive(0.0, float("inf"), "a number of at least 0")
_fraction = _positive(0.0, 1.0, "in [0, 1)")


@attrs.frozen
class SGD:
    """Stochastic gradient descent.

    With g = gradient + weight_decay * p: ``m = momentum * m + g``, then ``p -= lr * m``. At the
    first step m = g (torch.optim.SGD with dampening 0).

    Args:
        lr: the learning rate, or a function of the epoch (from 0) that gives it.
        momentum: in [0, 1).
        weight_decay: pulls parameters to 0; ``2 * alpha`` for a penalty alpha * sum(p**2).

    """

    lr: Rate = attrs.field(default=0.01, converter=real_of, validator=_check_rate)
    momentum: float = attrs.field(default=0.0, converter=real_of, validator=_fraction)
    weight_decay: float = attrs.field(default=0.0, converter=real_of, validator=_at_least_0)

    def start(self, parameters: Sequence[Value]) -> Stepper:
        """Return a function that does one update, given the learning rate."""
        momentum, decay = self.momentum, self.weight_decay
        velocity = [0.0] * len(parameters)

        def step(lr: float) -> None:
            for i, p in enumerate(parameters):
                m = p.grad + decay * p.data
                if momentum:
                    m += momentum * velocity[i]
                    velocity[i] = m
                p.data -= lr * m

        return step


@attrs.frozen
class Adam:
    """Adam (Kingma and Ba 2015, algorithm 1), with weight decay added to the gradient.

    With g = gradient + weight_decay * p, at step t = 1, 2, ...:
    ``m = beta1 m + (1 - beta1) g``, ``s = beta2 s + (1 - beta2) g**2``,
    ``p -= lr (m / (1 - beta1**t)) / (sqrt(s / (1 - beta2**t)) + eps)`` (torch.optim.Adam).

    Args:
        lr: the learning rate, or a function of the epoch (from 0) that gives it.
        betas: the decay rates of the two moments, each in [0, 1).
        eps: keeps the division finite; greater than 0.
        weight_decay: pulls parameters to 0.

    """

    lr: Rate = attrs.field(default=0.001, converter=real_of, validator=_check_rate)
    betas: tuple[float, float] = attrs.field(default=(0.9, 0.999), converter=_reals)
    eps: float = attrs.field(
        default=1e-8,
        converter=real_of,
        validator=_positive(5e-324, float("inf"), "greater than 0"),
    )
    weight_decay: float = attrs.field(default=0.0, converter=real_of, validator=_at_least_0)

    @betas.validator
    def _check_betas(self, attribute: Any, value: Any) -> None:
        if len(value) != 2:
            raise TrainingSettingError(f"Adam: betas is {value!r}; give two numbers in [0, 1)")
        for beta in value:
            _fraction(self, attribute, beta)

    def start(self, parameters: Sequence[Value]) -> Stepper:
        """Return a function that does one update, given the learning rate."""
        beta1, beta2 = self.betas
        eps, decay = self.eps, self.weight_decay
        first = [0.0] * len(parameters)
        second = [0.0] * len(parameters)
        t = 0

        def step(lr: float) -> None:
            nonlocal t
            t += 1
            scale1, scale2 = 1.0 - beta1**t, 1.0 - beta2**t
            for i, p in enumerate(parameters):
                g = p.grad + decay * p.data
                first[i] = m = beta1 * first[i] + (1.0 - beta1) * g
                second[i] = s = beta2 * second[i] + (1.0 - beta2) * g * g
                p.data -= lr * (m / scale1) / ((s / scale2) ** 0.5 + eps)

        return step


OPTIMIZERS: dict[str, Callable[[], Optimizer]] = {"sgd": SGD, "adam": Adam}


def by_name(optimizer: "str | Optimizer") -> Optimizer:
    """Return the optimiser, by default settings if a name is given.

    Raises:
        UnknownNameError: with the near matches.

    """
    if not isinstance(optimizer, str):
        if hasattr(optimizer, "start") and not isinstance(optimizer, type):
            return optimizer
        given = optimizer.__name__ if isinstance(optimizer, type) else repr(optimizer)
        raise UnknownNameError(f"{given} is no optimiser; give optim.SGD(lr=0.1) or optim.Adam()")
    if optimizer.lower() in OPTIMIZERS:
        return OPTIMIZERS[optimizer.lower()]()
    raise UnknownNameError(
        f"no optimiser is called {optimizer!r}{near_matches(optimizer.lower(), OPTIMIZERS)}"
    )


def rate_at(optimizer: Optimizer, epoch: int) -> float:
    """Return the learning rate of `epoch`, counted from 0.

    Raises:
        TrainingSettingError: if a schedule gives something else than a finite number.

    """
    lr = real_of(optimizer.lr(epoch) if callable(optimizer.lr) else optimizer.lr)
    if not isinstance(lr, float) or not isfinite(lr):
        raise TrainingSettingError(f"the learning rate of epoch {epoch + 1} is {lr!r}, no number")
    return float(lr)
