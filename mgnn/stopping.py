"""Early stopping: end when nothing gets better any more, and keep the best parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import attrs

from mgnn.errors import StopTraining, TrainingSettingError
from mgnn.settings import count_of, real_of

if TYPE_CHECKING:
    from mgcore import Value
    from mgnn.history import Epoch

__all__ = ["EarlyStopping", "Watch", "stopping_of"]

Monitor: TypeAlias = Literal["loss", "score", "validation_loss", "validation_score"]
_MONITORS = ("loss", "score", "validation_loss", "validation_score")


def _patience(value: Any) -> Any:
    return count_of("patience", value)


@attrs.frozen
class EarlyStopping:
    """Say when training ends early.

    Args:
        patience: so many epochs in a row without getting better end the training; at least 1.
        min_delta: better means by more than this; at least 0.
        monitor: what has to get better: "loss" or "score", or the same of the validation data; the
            loss of the validation data if not given, or without such data that of training.
        restore_best: whether the parameters of the best epoch are put back at the end, however it
            came; else the last ones stay.

    Raises:
        TrainingSettingError: for an impossible setting.

    """

    patience: int = attrs.field(default=10, converter=_patience)
    min_delta: float = attrs.field(default=0.0, converter=real_of)
    monitor: Monitor | None = attrs.field(default=None)
    restore_best: bool = True

    @min_delta.validator
    def _check_min_delta(self, _: Any, value: Any) -> None:
        if not isinstance(value, float) or not 0.0 <= value < float("inf"):
            raise TrainingSettingError(f"min_delta is {value!r}; it must be a number of at least 0")

    @monitor.validator
    def _check_monitor(self, _: Any, value: Any) -> None:
        if value is not None and value not in _MONITORS:
            raise TrainingSettingError(
                f"monitor is {value!r}; it must be one of {', '.join(_MONITORS)}"
            )


def stopping_of(wanted: EarlyStopping | bool | None, *, validated: bool) -> EarlyStopping | None:
    """Return what `fit` was given as a setting with its monitor chosen, or None.

    Raises:
        TrainingSettingError: if there is no validation data to monitor.

    """
    if wanted is None or wanted is False:
        return None
    if wanted is True:
        wanted = EarlyStopping()
    if not isinstance(wanted, EarlyStopping):
        raise TrainingSettingError(
            f"early_stopping is {wanted!r}; give True or mgnn.EarlyStopping(patience=10)"
        )
    monitor = wanted.monitor or ("validation_loss" if validated else "loss")
    if monitor.startswith("validation") and not validated:
        raise TrainingSettingError(
            f"early stopping monitors {monitor}, but there is no validation data; give "
            "validation_data=(X, y), or monitor='loss'"
        )
    return attrs.evolve(wanted, monitor=monitor)


class Watch:
    """Follow one training: know the best epoch, keep its parameters, and say when to end."""

    def __init__(self, stopping: EarlyStopping, parameters: list[Value]) -> None:
        self.stopping = stopping
        self.best_epoch: int | None = None
        self._parameters = parameters
        self._best: list[float] = []
        self._best_result = float("inf")

    def __call__(self, epoch: Epoch) -> None:
        """Take note of an epoch.

        Raises:
            StopTraining: when patience is at its end.

        """
        monitor = self.stopping.monitor or "loss"
        result = getattr(epoch, monitor) * (-1.0 if monitor.endswith("score") else 1.0)
        if self.best_epoch is None or result < self._best_result - self.stopping.min_delta:
            self._best_result, self.best_epoch = result, epoch.number
            if self.stopping.restore_best:
                self._best = [p.data for p in self._parameters]
        elif epoch.number - self.best_epoch >= self.stopping.patience:
            name = monitor.replace("_", " ")
            raise StopTraining(
                f"stopped after epoch {epoch.number}: the {name} has not got better since epoch "
                f"{self.best_epoch}"
            )

    def restore(self) -> None:
        """Put the best parameters back, if they were kept."""
        for p, number in zip(self._parameters, self._best, strict=False):
            p.data = number
