"""Optimisers: SGD with momentum, Adam and AdamW, by PyTorch's formulas.

An optimiser is a frozen description; `start` gives the mutable state for some parameters. So one
optimiser can train several models, and a backend can read the description and do the updates
itself.
"""

from collections.abc import Callable, Sequence
from inspect import signature
from math import copysign, cos, isfinite, pi, sqrt
from typing import Any, Protocol, TypeAlias

import attrs

from mgcore import Value
from mgnn.errors import TrainingSettingError, UnknownNameError, near_matches
from mgnn.settings import count_of, real_of

__all__ = ["SGD", "Adam", "AdamW", "Cosine", "Optimizer", "Rate", "Stepper", "by_name"]

Rate: TypeAlias = float | Callable[[int], float]
Stepper: TypeAlias = Callable[[float], None]


class Optimizer(Protocol):
    """An update rule for parameters."""

    @property
    def lr(self) -> Rate:
        """Give the learning rate, or a function that gives it: see `SGD`."""
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
        _positive(0.0, float("inf"), "a number of at least 0, or a function of the update")(
            optimizer, attribute, value
        )


def _reals(values: Any) -> tuple[Any, ...]:
    return tuple(real_of(value) for value in values)


def _number_or_none(value: Any) -> Any:
    return None if value is None else real_of(value)


def _clip_norm() -> Any:
    """Return the field that all optimisers have."""
    check = _positive(5e-324, float("inf"), "greater than 0, or None")
    return attrs.field(
        default=None, converter=_number_or_none, validator=attrs.validators.optional(check)
    )


def _factor(parameters: Sequence[Value], clip_norm: float | None) -> float:
    """Return what the gradient is multiplied by, so that its norm is `clip_norm` at most."""
    if clip_norm is None:
        return 1.0
    norm = sqrt(sum(p.grad * p.grad for p in parameters))
    return min(1.0, clip_norm / (norm + 1e-6))


_at_least_0 = _positive(0.0, float("inf"), "a number of at least 0")
_greater_than_0 = _positive(5e-324, float("inf"), "greater than 0")
_fraction = _positive(0.0, 1.0, "in [0, 1)")


@attrs.frozen
class SGD:
    """Stochastic gradient descent.

    With g = gradient + weight_decay * p: ``m = momentum * m + g``, then ``p -= lr * m``. At the
    first step m = g (torch.optim.SGD with dampening 0).

    Args:
        lr: the learning rate, or a function of the update's number (from 0) that gives it; a
            function whose only argument is called ``epoch`` gets the number of the epoch.
        momentum: in [0, 1).
        weight_decay: pulls parameters to 0; ``2 * alpha`` for a penalty alpha * sum(p**2).
        clip_norm: a longer gradient is shortened to this, before the rest: all of it by the factor
            clip_norm / (norm + 1e-6) (torch.nn.utils.clip_grad_norm_). None for never.
        l1: for a penalty l1 * sum(abs(p)): after the rest, each parameter goes ``lr * l1`` towards
            0, and to 0 where it is nearer than that (the proximal operator of the penalty: Parikh
            and Boyd 2014, section 6.5.2).

    """

    lr: Rate = attrs.field(default=0.01, converter=real_of, validator=_check_rate)
    momentum: float = attrs.field(default=0.0, converter=real_of, validator=_fraction)
    weight_decay: float = attrs.field(default=0.0, converter=real_of, validator=_at_least_0)
    clip_norm: float | None = _clip_norm()
    l1: float = attrs.field(default=0.0, converter=real_of, validator=_at_least_0)

    def start(self, parameters: Sequence[Value]) -> Stepper:
        """Return a function that does one update, given the learning rate."""
        momentum, decay, clip, l1 = self.momentum, self.weight_decay, self.clip_norm, self.l1
        velocity = [0.0] * len(parameters)

        def step(lr: float) -> None:
            shortened = _factor(parameters, clip)
            for i, p in enumerate(parameters):
                m = p.grad * shortened + decay * p.data
                if momentum:
                    m += momentum * velocity[i]
                    velocity[i] = m
                p.data -= lr * m
            _shrink(parameters, lr * l1)

        return step


def _shrink(parameters: Sequence[Value], by: float) -> None:
    """Bring parameters closer to 0, and to 0 where they are closer already."""
    if by:
        for p in parameters:
            size = abs(p.data) - by
            p.data = 0.0 if size <= 0.0 else copysign(size, p.data)


def _checked_betas(optimizer: object, attribute: Any, value: Any) -> None:
    if len(value) != 2:
        name = type(optimizer).__name__
        raise TrainingSettingError(f"{name}: betas is {value!r}; give two numbers in [0, 1)")
    for beta in value:
        _fraction(optimizer, attribute, beta)


@attrs.frozen
class Adam:
    """Adam (Kingma and Ba 2015, algorithm 1), with weight decay added to the gradient.

    With g = gradient + weight_decay * p, at step t = 1, 2, ...:
    ``m = beta1 m + (1 - beta1) g``, ``s = beta2 s + (1 - beta2) g**2``,
    ``p -= lr (m / (1 - beta1**t)) / (sqrt(s / (1 - beta2**t)) + eps)`` (torch.optim.Adam).

    Args:
        lr: see `SGD`.
        betas: the decay rates of the two moments, each in [0, 1).
        eps: keeps the division finite; greater than 0.
        weight_decay: pulls parameters to 0.
        clip_norm: see `SGD`.
        l1: see `SGD`; beside the moments.

    """

    lr: Rate = attrs.field(default=0.001, converter=real_of, validator=_check_rate)
    betas: tuple[float, float] = attrs.field(
        default=(0.9, 0.999), converter=_reals, validator=_checked_betas
    )
    eps: float = attrs.field(default=1e-8, converter=real_of, validator=_greater_than_0)
    weight_decay: float = attrs.field(default=0.0, converter=real_of, validator=_at_least_0)
    clip_norm: float | None = _clip_norm()
    l1: float = attrs.field(default=0.0, converter=real_of, validator=_at_least_0)

    def start(self, parameters: Sequence[Value]) -> Stepper:
        """Return a function that does one update, given the learning rate."""
        return _adam(self, parameters, in_gradient=self.weight_decay, beside_it=0.0)


@attrs.frozen
class AdamW:
    """Adam with weight decay beside the gradient (Loshchilov and Hutter 2019).

    As `Adam` without weight decay, but each step begins with ``p -= lr * weight_decay * p``
    (torch.optim.AdamW).

    Args:
        lr: see `SGD`.
        betas: the decay rates of the two moments, each in [0, 1).
        eps: keeps the division finite; greater than 0.
        weight_decay: pulls parameters to 0.
        clip_norm: see `SGD`.
        l1: see `SGD`; beside the moments.

    """

    lr: Rate = attrs.field(default=0.001, converter=real_of, validator=_check_rate)
    betas: tuple[float, float] = attrs.field(
        default=(0.9, 0.999), converter=_reals, validator=_checked_betas
    )
    eps: float = attrs.field(default=1e-8, converter=real_of, validator=_greater_than_0)
    weight_decay: float = attrs.field(default=0.01, converter=real_of, validator=_at_least_0)
    clip_norm: float | None = _clip_norm()
    l1: float = attrs.field(default=0.0, converter=real_of, validator=_at_least_0)

    def start(self, parameters: Sequence[Value]) -> Stepper:
        """Return a function that does one update, given the learning rate."""
        return _adam(self, parameters, in_gradient=0.0, beside_it=self.weight_decay)


def _adam(
    rule: Adam | AdamW, parameters: Sequence[Value], *, in_gradient: float, beside_it: float
) -> Stepper:
    """Return Adam's update with its two kinds of weight decay."""
    beta1, beta2 = rule.betas
    eps, clip, l1 = rule.eps, rule.clip_norm, rule.l1
    first = [0.0] * len(parameters)
    second = [0.0] * len(parameters)
    t = 0

    def step(lr: float) -> None:
        nonlocal t
        t += 1
        scale1, scale2 = 1.0 - beta1**t, 1.0 - beta2**t
        shortened = _factor(parameters, clip)
        for i, p in enumerate(parameters):
            g = p.grad * shortened + in_gradient * p.data
            first[i] = m = beta1 * first[i] + (1.0 - beta1) * g
            second[i] = s = beta2 * second[i] + (1.0 - beta2) * g * g
            p.data -= lr * beside_it * p.data
            p.data -= lr * (m / scale1) / ((s / scale2) ** 0.5 + eps)
        _shrink(parameters, lr * l1)

    return step


def _updates(count: Any) -> int:
    return count_of("updates", count)


def _warmup(count: Any) -> int:
    return 0 if count == 0 else count_of("warmup", count)


@attrs.frozen
class Cosine:
    """Let the learning rate rise along a line, then fall along half a cosine; give it as ``lr``.

    Args:
        lr: the highest rate.
        updates: after so many it is at its end, and stays there.
        warmup: for so many it rises, from lr / warmup on.
        end: the last rate.

    >>> schedule = Cosine(0.4, updates=4)
    >>> [round(schedule(update), 3) for update in range(6)]
    [0.4, 0.341, 0.2, 0.059, 0.0, 0.0]

    """

    lr: float = attrs.field(converter=real_of, validator=_at_least_0)
    updates: int = attrs.field(converter=_updates)
    warmup: int = attrs.field(default=0, converter=_warmup)
    end: float = attrs.field(default=0.0, converter=real_of, validator=_at_least_0)

    def __call__(self, update: int) -> float:
        """Return the rate of an update, counted from 0."""
        if update < self.warmup:
            return self.lr * (update + 1) / self.warmup
        done = min(1.0, (update - self.warmup) / max(1, self.updates - self.warmup))
        return self.end + (self.lr - self.end) * (1.0 + cos(pi * done)) / 2.0


OPTIMIZERS: dict[str, Callable[[], Optimizer]] = {"sgd": SGD, "adam": Adam, "adamw": AdamW}


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


def takes_epoch(schedule: Callable[[int], float]) -> bool:
    """Tell whether a schedule is one of the epoch, by the name of its only argument."""
    try:
        return [*signature(schedule).parameters] == ["epoch"]
    except (TypeError, ValueError):  # some builtins do not tell
        return False


def rate_at(optimizer: Optimizer, number: int) -> float:
    """Return the learning rate of an update, or of the epoch for a schedule of the epoch.

    Args:
        optimizer: whose.
        number: of the update or the epoch, from 0.

    Raises:
        TrainingSettingError: if a schedule gives something else than a finite number.

    """
    lr = real_of(optimizer.lr(number) if callable(optimizer.lr) else optimizer.lr)
    if not isinstance(lr, float) or not isfinite(lr):
        by_epoch = callable(optimizer.lr) and takes_epoch(optimizer.lr)
        raise TrainingSettingError(
            f"the learning rate of {'epoch' if by_epoch else 'update'} {number + 1} is {lr!r}, no "
            "finite number"
        )
    return lr
