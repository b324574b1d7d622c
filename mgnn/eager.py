"""The eager backend: record each sample, walk back, update; the reference for all others."""

from collections.abc import Sequence
from typing import Any

from mgcore import Value
from mgcore.errors import NonFiniteError, RangeError
from mgnn.job import Training
from mgnn.optim import Stepper

__all__ = ["fit_eager", "outputs_of", "predict"]


def fit_eager(training: Training) -> None:
    """Train as `mgnn.backends` says, through the engine, one sample's graph at a time."""
    parameters = training.model.parameters()
    update = _stepper(training, parameters)
    n, size = len(training.X), training.batch_size
    for epoch in range(training.epochs):
        order, rates = training.order(epoch), training.epoch_rates(epoch)
        total = 0.0
        for batch, start in enumerate(range(0, n, size)):
            samples = order[start : start + size]
            for p in parameters:
                p.grad = 0.0
            try:
                total += _add_gradients(training, samples)
                if not abs(total) < float("inf"):
                    raise training.diverged(epoch, batch)
                update(rates[batch % len(rates)])
            except (RangeError, NonFiniteError, OverflowError) as error:
                raise training.diverged(epoch, batch) from error
        try:
            score = training.score(predict(training.model, training.X.rows))
            validation = _validated(training)
        except (RangeError, OverflowError) as error:  # the square of a wild output may overflow
            raise training.diverged(epoch) from error
        training.on_epoch(epoch, total / n, score, validation)


def _stepper(training: Training, parameters: list[Value]) -> Stepper:
    """Return the optimiser's update, with the state that the last call left."""
    known, step = training.memory.get("eager", ((), None))
    if step is None or [*map(id, known)] != [*map(id, parameters)]:
        step = training.optimizer.start(parameters)
        training.memory["eager"] = parameters, step
    found: Stepper = step
    return found


def _validated(training: Training) -> tuple[float, float] | None:
    """Return mean loss and score of the validation data, if there is any."""
    if training.validation is None:
        return None
    X, targets = training.validation
    outputs = predict(training.model, X.rows)
    total = 0.0
    for row, target in zip(outputs, targets.rows, strict=True):
        total += training.loss.sample([Value(out) for out in row], target).data
    return total / len(X), training.score(outputs, targets)


def _add_gradients(training: Training, samples: Sequence[int]) -> float:
    """Add the gradient of the mean loss of `samples` to the parameters; return the loss's sum.

    Sample by sample: the gradient of a sum is the sum of gradients, and so one small graph is in
    memory instead of one per sample.
    """
    model, sample_loss = training.model, training.loss.sample
    X, targets = training.X.rows, training.targets.rows
    share = 1.0 / len(samples)
    total = 0.0
    for i in samples:
        loss = sample_loss(outputs_of(model, X[i]), targets[i])
        (loss * share).backward()
        total += loss.data
    return total


def outputs_of(model: Any, row: Sequence[float]) -> list[Any]:
    """Return the model's outputs for one row as a list, also where it has one."""
    out = model(row)
    return [out] if isinstance(out, Value) else list(out)


def predict(model: Any, rows: Sequence[Sequence[float]]) -> list[list[float]]:
    """Return the model's outputs for each row, as numbers."""
    return [[out.data for out in outputs_of(model, row)] for row in rows]
