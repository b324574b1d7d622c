"""What a training run is made of: the optimiser as a rule, orders of samples, chunks of epochs."""

from __future__ import annotations

import inspect
import random
import time
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Literal

import attrs
import numpy as np

from mgcompile.backends.interface import TrainCall
from mgcompile.errors import InputError, OptionError
from mgcompile.program.optimizer import OptimizerSpec
from mgcompile.runtime.python_optimizer import StepwiseTrainer
from mgcompile.support.aligned import aligned_zeros

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mgcompile.backends.interface import Trainer
    from mgcompile.runtime.compiled_programs import Built

    Floats = NDArray[Any]

__all__ = [
    "OptimizerState",
    "TrainingRun",
    "epoch_order",
    "learning_rates",
    "rule_of",
    "run_training",
    "steps_itself",
    "trainer_of",
    "update_size",
]

# A backend need not hear Ctrl-C itself, so no call for several epochs should take much longer.
_SECONDS_PER_CALL = 0.1


def steps_itself(optimizer: Any) -> bool:
    """Tell whether an optimiser has an update of its own: ``lr``, and a ``start`` not of mgnn."""
    maker = _maker_of_start(optimizer)
    own = maker is not None and not maker.__module__.startswith("mgnn.")
    return own and callable(optimizer.start) and hasattr(optimizer, "lr")


def _maker_of_start(optimizer: Any) -> type | None:
    """Return the class that defines how an optimiser updates, if it says so at all."""
    return next((each for each in type(optimizer).__mro__ if "start" in vars(each)), None)


def rule_of(optimizer: Any) -> OptimizerSpec:
    """Return the update rule that an optimiser describes.

    Args:
        optimizer: `mgnn.optim.SGD`, `Adam` or `AdamW`, one derived from them that updates as they
            do, or anything with the same name and settings that has no update of its own.

    Raises:
        OptionError: for any other optimiser.
    """
    kind = (_maker_of_start(optimizer) or type(optimizer)).__name__
    named = kind in ("SGD", "Adam", "AdamW") and hasattr(optimizer, "lr")
    known = named and not steps_itself(optimizer)
    decay = float(getattr(optimizer, "weight_decay", 0.0)) if known else 0.0
    clip = float(getattr(optimizer, "clip_norm", None) or 0.0) if known else 0.0
    l1 = float(getattr(optimizer, "l1", 0.0)) if known else 0.0
    if kind == "SGD" and known:
        momentum = float(getattr(optimizer, "momentum", 0.0))
        return OptimizerSpec("sgd", momentum, decay, clip_norm=clip, l1=l1)
    if known:
        beta1, beta2 = getattr(optimizer, "betas", (0.9, 0.999))
        epsilon = float(getattr(optimizer, "eps", 1e-8))
        name: Literal["adam", "adamw"] = "adamw" if kind == "AdamW" else "adam"
        return OptimizerSpec(name, 0.0, decay, float(beta1), float(beta2), epsilon, clip, l1)
    message = (
        f"optimizer is {optimizer!r}, of which no native update is known; give optim.SGD(lr=...), "
        "optim.Adam(lr=...) or optim.AdamW(lr=...) of mgnn; kernel.train also takes one of your "
        "own that has `lr` and `start(parameters)`, as mgnn.optim.Optimizer describes"
    )
    raise OptionError(message)


def update_size(count: int, epochs: object, batch_size: int | None) -> int:
    """Return the number of samples of an update, at most all `count`.

    Args:
        count: Number of samples.
        epochs: As the user gave it.
        batch_size: As the user gave it; None for all samples at once.

    Raises:
        InputError: if there are no samples.
        OptionError: for numbers that cannot be.
    """
    _check_count("epochs", epochs)
    if not count:
        message = "X has no samples to train on"
        raise InputError(message)
    if batch_size is None:
        return count
    _check_count("batch_size", batch_size)
    return min(batch_size, count)


def _check_count(name: str, count: object) -> None:
    if not isinstance(count, Integral) or isinstance(count, bool) or count < 1:
        message = f"{name} is {count!r}; it is a whole number of at least 1"
        raise OptionError(message)


def trainer_of(
    built: Built, optimizer: Any, rule: OptimizerSpec, batch_size: int | None, count: int
) -> Trainer:
    """Return the training loop that takes `batch_size` of `count` samples at a time.

    Args:
        built: A kernel's programs.
        optimizer: As the user gave it.
        rule: Its update, for one that has none of its own.
        batch_size: As the user gave it; None for all samples at once.
        count: Number of samples.

    Raises:
        OptionError: if the loss was recorded over its data set and is no mean or sum over it.
    """
    whole = batch_size is None or (built.program.data is not None and batch_size >= count)
    if built.takes_data or whole:
        return _trainer(built, optimizer, rule, "loss", count if whole else batch_size)
    try:
        return _trainer(built, optimizer, rule, "minibatch", batch_size)
    except OptionError as error:
        message = (
            f"batch_size is {batch_size}, but the loss was recorded over its whole data set "
            f"and cannot be cut: {error}. Leave batch_size out, or compile the loss of one "
            "sample with inputs=[...]"
        )
        raise OptionError(message) from error


def _trainer(
    built: Built, optimizer: Any, rule: OptimizerSpec, kind: str, size: int | None
) -> Trainer:
    if not steps_itself(optimizer):
        return built.trainer(rule, kind, size)
    recorded = kind == "loss" and not built.takes_data
    return StepwiseTrainer(built.executable(kind, final=True), recorded, optimizer)


def learning_rates(
    optimizer: Any, first: int, epochs: int, per_epoch: int, start: tuple[int, int] = (0, 0)
) -> NDArray[np.float64]:
    """Return the learning rates of some epochs, shape (epochs, per_epoch).

    Args:
        optimizer: Its `lr` is a number, a function of the update's number, or one whose only
            argument is called `epoch`; both count from 0.
        first: The first of these epochs, counted from the beginning of the run.
        epochs: How many.
        per_epoch: Updates of an epoch.
        start: Updates and epochs done before this run.

    Raises:
        OptionError: naming the update or the epoch whose rate is no finite number.
    """
    lr, shape = optimizer.lr, (epochs, per_epoch)
    if not callable(lr):
        return np.broadcast_to(_rate(lr, "learning rate"), shape)
    if _takes_epoch(lr):
        numbers = range(start[1] + first, start[1] + first + epochs)
        rates = [_rate(lr(n), f"learning rate of epoch {n + 1}") for n in numbers]
        return np.broadcast_to(np.array(rates)[:, None], shape)
    done = start[0] + first * per_epoch
    numbers = range(done, done + epochs * per_epoch)
    rates = [_rate(lr(n), f"learning rate of update {n + 1}") for n in numbers]
    return np.array(rates).reshape(shape)


def _takes_epoch(schedule: Callable[[int], object]) -> bool:
    """Tell whether a schedule is one of the epoch, by the name of its only argument."""
    try:
        return [*inspect.signature(schedule).parameters] == ["epoch"]
    except (TypeError, ValueError):  # some builtins do not tell
        return False


def _rate(rate: object, what: str) -> float:
    if not isinstance(rate, Real) or not np.isfinite(float(rate)):
        message = f"the {what} is {rate!r}, which is no finite number"
        raise OptionError(message)
    return float(rate)


def epoch_order(seed: int | str, epoch: int, count: int) -> NDArray[np.int64]:
    """Return the order of samples in an epoch, from seed and epoch alone."""
    keys = random.Random(f"{seed}/{epoch}").randbytes(8 * count)  # noqa: S311 - no secret
    return np.argsort(np.frombuffer(keys, dtype="<u8"), kind="stable").astype(np.int64, copy=False)


@attrs.define(slots=True, eq=False)
class OptimizerState:
    """How far an optimiser has come, so that training goes on where it stopped.

    Args:
        kind: "sgd", "adam" or "adamw"; empty before any training.
        rows: What it remembers of each parameter: nothing, the momentum, or Adam's two moments,
            shape (0 or 1 or 2, n_params); None before any training.
        updates: Updates done.
        epochs: Epochs done.
    """

    kind: str = ""
    rows: Floats | None = None
    updates: int = 0
    epochs: int = 0

    def copy(self) -> OptimizerState:
        """Return a copy that shares nothing."""
        return attrs.evolve(self, rows=None if self.rows is None else self.rows.copy())

    def started(self, rule: OptimizerSpec, params: Floats) -> Floats:
        """Return `rows`; afresh if they are not those of the rule and the parameters."""
        shape = rule.state_rows, len(params)
        if self.kind != rule.kind or self.rows is None or self.rows.shape != shape:
            self.kind, self.rows = rule.kind, aligned_zeros(shape, params.dtype)
            self.updates = self.epochs = 0
        self.rows = np.ascontiguousarray(self.rows, dtype=params.dtype)
        return self.rows


@attrs.frozen(slots=True, eq=False)
class TrainingRun:
    """All that a training run needs.

    `order(epoch)` gives the order of samples, None means as they come; `rates(first, count)` the
    learning rates of updates; both count from the beginning of this run. `progress` is called after
    every epoch with its number, loss and the parameters, and before it `diverged`, with the numbers
    of epoch and mini-batch, when the loss is not finite. The optimiser goes on from `state`.
    """

    trainer: Trainer
    rule: OptimizerSpec
    inputs: Floats | tuple[Floats, ...]
    count: int
    epochs: int
    batch_size: int
    order: Callable[[int], NDArray[np.int64]] | None
    rates: Callable[[int, int], NDArray[np.float64]]
    progress: Callable[[int, float, Floats], object] | None = None
    diverged: Callable[[int, int], object] | None = None
    state: OptimizerState = attrs.field(factory=OptimizerState)


def run_training(training: TrainingRun, params: Floats, losses: list[float]) -> None:
    """Train, writing `params` in place and each epoch's loss to the end of `losses`.

    Native calls cover several epochs, as many as take about a tenth of a second, so that Ctrl-C is
    heard; with `progress` one each. What was finished before an exception stays.
    """
    state = training.state.started(training.rule, params)
    updates = -(-training.count // training.batch_size)
    epoch, chunk = 0, 1
    while epoch < training.epochs:
        chunk = 1 if training.progress else min(chunk, training.epochs - epoch)
        orders = None
        if training.order is not None:
            chunk = min(chunk, max(1, 10_000_000 // max(1, training.count)))
            orders = np.stack([training.order(e) for e in range(epoch, epoch + chunk)])
        before = (params.copy(), state.copy()) if training.diverged else None
        began = time.perf_counter()
        call = TrainCall(
            training.inputs, training.count, params, state, training.state.updates,
            training.batch_size, training.rates(epoch, chunk), orders,
        )  # fmt: skip
        found = training.trainer(call)
        seconds = time.perf_counter() - began
        losses += found.tolist()
        epoch += chunk
        training.state.epochs += chunk
        training.state.updates += chunk * updates
        if before is not None and not np.all(np.isfinite(found)):
            bad = int(np.flatnonzero(~np.isfinite(found))[0])
            del losses[len(losses) - chunk + bad + 1 :]
            again = attrs.evolve(call, params=before[0], state=before[1])
            _tell_divergence(training, again, epoch - chunk, bad)
        if training.progress is not None:
            training.progress(epoch - 1, losses[-1], params)
        chunk = max(1, min(64 * chunk, int(chunk * _SECONDS_PER_CALL / max(seconds, 1e-9))))


def _tell_divergence(training: TrainingRun, call: TrainCall, first: int, bad: int) -> None:
    """Call `diverged` for the first epoch of a call whose loss is not finite.

    Args:
        training: The training run, after the call.
        call: The call, with parameters and state as it began.
        first: The call's first epoch.
        bad: Which of its epochs diverged.
    """
    orders = call.orders
    if bad:
        some = None if orders is None else orders[:bad]
        training.trainer(attrs.evolve(call, rates=call.rates[:bad], orders=some))
    epoch = attrs.evolve(
        call,
        inputs=np.asarray(call.inputs)[slice(None) if orders is None else orders[bad]],
        step=call.step + bad * call.rates.shape[1],
        rates=call.rates[bad : bad + 1],
        orders=None,
    )
    batch = _first_bad_batch(training.trainer, epoch)
    if training.diverged is not None:
        training.diverged(first + bad, batch)


def _first_bad_batch(trainer: Trainer, epoch: TrainCall) -> int:
    """Return the first mini-batch of an epoch whose loss is not finite, by bisection."""
    low, high = 1, epoch.rates.shape[1]  # the fewest, and the most, batches that are not finite
    while low < high:
        middle = (low + high) // 2
        inputs = epoch.inputs[: middle * epoch.batch_size]
        part = attrs.evolve(
            epoch,
            inputs=inputs,
            count=len(inputs),
            params=epoch.params.copy(),
            state=epoch.state.copy(),
            rates=epoch.rates[:, :middle],
        )
        (loss,) = trainer(part)
        low, high = (middle + 1, high) if np.isfinite(loss) else (low, middle)
    return low - 1
