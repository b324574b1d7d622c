"""What a native training loop should do: two updates by the graph's gradient, then mini-batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from mgcompile.support.train_call import TrainCall
from mgcompile.verification.compare import Part
from mgcompile.verification.tolerance import REPEATS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from mgcompile.verification.points import Trial
    from mgcompile.verification.reference import Reference

    Floats = NDArray[Any]

__all__ = ["updates"]


@attrs.frozen(slots=True, eq=False)
class _Update:
    """An optimiser's rule (`mgcompile.backends.interface.Rule`) and where it stands."""

    rule: Any
    params: Floats
    state: Floats
    step: int
    rate: float


def updates(
    reference: Reference, kind: str, rule: Any, trainer: Any, trial: Trial, rows: Floats
) -> Iterator[Part]:
    """Run a training loop and yield what is to be compared.

    Args:
        reference: The graph.
        kind: Of the program that is trained, "loss" or "minibatch".
        rule: The optimiser's update.
        trainer: The loop (see `mgcompile.backends.interface.Trainer`).
        trial: Where it starts.
        rows: The samples.
    """
    count, batch = len(rows), len(reference.inputs) > 0
    weights = trial.weights() / count if batch else np.ones(1)
    state = np.zeros((rule.state_rows, len(trial.params)), dtype=trial.params.dtype)
    update = _Update(rule, trial.params, state, 0, 0.0)
    for _ in range(2):
        here = attrs.evolve(trial, params=update.params)
        loss, slopes = reference.wanted("loss", 0, here)
        sizes = np.abs(loss) @ weights, np.abs(slopes) @ weights
        loss, slopes = loss @ weights, slopes @ weights
        update = attrs.evolve(update, rate=update.rate or _rate_for(update.params, slopes))
        params, state = update.params.copy(), update.state.copy()
        rates = np.array([[update.rate]])
        losses = trainer(TrainCall(rows, count, params, state, update.step, count, rates))

        def noisy(which: int, thorough: bool, here: Trial = here) -> Floats:
            found = reference.wanted("loss", 0, here, REPEATS, thorough=thorough)
            return (found[which] @ weights).T

        yield Part(
            "loss",
            losses[:, None],
            loss[:, None],
            sizes[0][:, None],
            lambda thorough: noisy(0, thorough)[:, :, None],
        )
        reached = params, state
        yield from _of_optimiser(update, slopes, sizes[1], reached, lambda t: noisy(1, t))
        update = _Update(rule, params, state, update.step + 1, update.rate)
    if batch and kind == "loss" and count >= 3:
        yield _mini_batches(rule, trainer, rows, trial.params, update.rate)


def _of_optimiser(
    update: _Update,
    slopes: Floats,
    size: Floats,
    reached: tuple[Floats, Floats],
    noisy: Callable[[bool], Floats],
) -> Iterator[Part]:
    """Yield the state that an update left behind, and the parameters."""
    params, state = reached
    if update.rule.state_rows:
        positive = attrs.evolve(update, params=np.abs(update.params), state=np.abs(update.state))
        yield Part(
            "optimiser state",
            state.reshape(-1, 1),
            _next_state(update, slopes).reshape(-1, 1),
            np.abs(_next_state(positive, size)).reshape(-1, 1),
            lambda thorough: np.stack(
                [_next_state(update, g).reshape(-1, 1) for g in noisy(thorough)]
            ),
        )

    def after(gradient: Floats) -> Floats:
        moved = update.params.astype(np.float64) - _step(update, gradient, state)
        size = np.maximum(np.abs(moved) - update.rate * update.rule.l1, 0.0)
        shrunk: Floats = np.copysign(size, moved)[:, None]
        return shrunk

    # A step of Adam is of the size of the rate, however small the gradient.
    wanted = after(slopes)
    size = np.abs(update.params) + update.rate * (size + np.abs(update.params))
    yield Part(
        "parameter after an update,",
        params[:, None],
        wanted,
        size[:, None] + np.abs(wanted),
        lambda thorough: np.stack([after(g) for g in noisy(thorough)]),
    )


def _rate_for(params: Floats, gradient: Floats) -> float:
    """Return a learning rate that moves the parameters by about what they are."""
    steepest = float(np.max(np.abs(gradient), initial=0.0))
    largest = max(1.0, float(np.max(np.abs(params), initial=0.0)))
    if not np.isfinite(steepest) or not steepest:
        return 0.125
    return float(2.0 ** np.clip(np.round(np.log2(largest / steepest)), -10, 10))


def _direction(update: _Update, gradient: Floats) -> Floats:
    """Return what the optimiser takes for the gradient: clipped, and with the decay in it."""
    rule = update.rule
    if rule.clip_norm:
        norm = float(np.sqrt(np.sum(gradient * gradient)))
        gradient = gradient * min(1.0, rule.clip_norm / (norm + 1e-6))
    if rule.kind == "adamw":
        return gradient
    found: Floats = gradient + rule.weight_decay * update.params
    return found


def _next_state(update: _Update, gradient: Floats) -> Floats:
    """Return the optimiser's state after the update; `gradient` is of the mean loss."""
    rule, state = update.rule, update.state.astype(np.float64)
    g = _direction(update, gradient)
    if rule.kind in ("adam", "adamw"):
        first = rule.beta1 * state[0] + (1 - rule.beta1) * g
        return np.stack([first, rule.beta2 * state[1] + (1 - rule.beta2) * g * g])
    found: Floats = rule.momentum * state[0] + g
    return found[None, :]


def _step(update: _Update, gradient: Floats, state: Floats) -> Floats:
    """Return by how much the update moves the parameters, given the state that it has reached."""
    rule, reached = update.rule, state.astype(np.float64)
    along: Floats
    if rule.kind in ("adam", "adamw"):
        steps = update.step + 1
        second = np.sqrt(reached[1] / (1 - rule.beta2**steps))
        along = reached[0] / (1 - rule.beta1**steps) / (second + rule.epsilon)
        if rule.kind == "adamw":
            along = along + rule.weight_decay * update.params
    elif rule.momentum:
        along = reached[0]
    else:
        along = _direction(update, gradient)
    return update.rate * along


def _mini_batches(rule: Any, trainer: Any, rows: Floats, params: Floats, rate: float) -> Part:
    """Compare an epoch of two mini-batches in another order with two updates, one by one."""
    count = len(rows)
    size = count // 2 + 1
    order = np.random.default_rng(5).permutation(count)
    rates = np.full((1, 2), rate)
    together, state = params.copy(), np.zeros((rule.state_rows, len(params)), params.dtype)
    trainer(TrainCall(rows, count, together, state, 0, size, rates, order[None, :]))
    apart, state = params.copy(), np.zeros_like(state)
    for step, some in enumerate((order[:size], order[size:])):
        part = np.ascontiguousarray(rows[some])
        trainer(TrainCall(part, len(part), apart, state, step, len(part), rates[:, :1]))
    magnitude = np.abs(params) + np.abs(apart - params)
    # The loops sum the same numbers in the same order: what rounding does, it does to both.
    return Part(
        "parameter after two mini-batches,",
        together[:, None],
        apart.astype(np.float64)[:, None],
        magnitude[:, None],
        lambda _: np.repeat(apart[None, :, None], REPEATS, axis=0),
    )
