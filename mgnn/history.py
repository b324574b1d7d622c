"""What is told of a training: each epoch while it runs, and all of them afterwards."""

from typing import Any

import attrs

from mgcore.explain.html import Plot, card, table

__all__ = ["Epoch", "History"]


@attrs.frozen
class Epoch:
    """Tell a callback about a finished epoch.

    Attributes:
        number: from 1.
        loss: mean over all samples, each at the time it was used.
        score: accuracy or R^2 over all samples after the epoch.
        seconds: since training began.
        model: as it is now.
        validation_loss: mean over the validation data after the epoch; None without such data.
        validation_score: of the validation data after the epoch; None without such data.

    """

    number: int
    loss: float
    score: float
    seconds: float
    model: Any
    validation_loss: float | None = None
    validation_score: float | None = None


@attrs.define
class History:
    """Hold what happened while training.

    Attributes:
        loss: of each epoch: the mean over all samples, each at the time it was used.
        score: of each epoch, after it: accuracy, R^2 for mse.
        validation_loss: of each epoch, after it, on the validation data; empty without such data.
            `mg train` fills in what the trainings gave that chose the number of epochs.
        validation_score: the same for the score.
        best_epoch: the number, from 1, of the epoch whose parameters early stopping kept; None
            without early stopping.
        score_name: "accuracy" or "R2".
        seconds: of all epochs together, without checking the data.
        backend: "eager" or "compiled": who trained.
        note: why the training ended early, or why the eager engine had to step in; else empty.

    """

    score_name: str
    loss: list[float] = attrs.field(factory=list)
    score: list[float] = attrs.field(factory=list)
    seconds: float = 0.0
    backend: str = ""
    note: str = ""
    validation_loss: list[float] = attrs.field(factory=list)
    validation_score: list[float] = attrs.field(factory=list)
    best_epoch: int | None = None

    def _repr_html_(self) -> str:
        """Show the curve of the loss, and how it ended, in a notebook."""
        curves = Plot("loss of each epoch")
        curves.add("training", self.loss)
        rows: list[tuple[object, ...]] = [("epochs", len(self.loss))]
        if self.loss:
            rows.append(("loss", f"{self.loss[0]:.4g}, in the end {self.loss[-1]:.4g}"))
        if self.score:
            rows.append((self.score_name, f"{self.score[-1]:.4g}"))
        if self.validation_loss:
            curves.add("validation", self.validation_loss, dash="4 3")
            told = f"loss {self.validation_loss[-1]:.4g}"
            if self.validation_score:
                told += f", {self.score_name} {self.validation_score[-1]:.4g}"
            rows.append(("validation", told))
        if self.best_epoch is not None:
            rows.append(("parameters kept", f"those of epoch {self.best_epoch}"))
        rows.append(("trained by", f"{self.backend}, in {self.seconds:.2f} s"))
        if self.note:
            rows.append(("note", self.note))
        return card("Training", curves.html(), table(rows))
