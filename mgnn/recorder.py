"""Write down each epoch, move the bar, and call the callbacks."""

import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from mgnn.history import Epoch, History

__all__ = ["Recorder"]


class Recorder:
    """Follow one training.

    Args:
        model: what is trained.
        epochs: how many there are to be.
        history: what is written to.
        callbacks: called with an `Epoch` after each.

    """

    def __init__(
        self,
        model: Any,
        epochs: int,
        history: History,
        callbacks: Sequence[Callable[[Epoch], Any]],
    ) -> None:
        self.model = model
        self.epochs = epochs
        self.history = history
        self.callbacks = tuple(callbacks)
        self._bar: Any = None
        self._began = 0.0
        self._shown = 0.0

    def bar(self, progress: bool) -> AbstractContextManager[Any]:
        """Return the progress bar as a context; an empty one if there is to be none."""
        if not progress:
            return nullcontext()
        try:
            with warnings.catch_warnings():
                # In a notebook without ipywidgets the bar is one of text; nothing is wrong then.
                warnings.simplefilter("ignore")
                from tqdm.auto import tqdm
        except ImportError:  # the extra `nn` is not installed: train without a bar
            return nullcontext()
        self._bar = tqdm(total=self.epochs, desc="training", unit="epoch", leave=True)
        bar: AbstractContextManager[Any] = self._bar
        return bar

    def start(self) -> None:
        """Begin to count seconds."""
        self._began = time.perf_counter()

    def report(
        self, epoch: int, loss: float, score: float, validation: tuple[float, float] | None = None
    ) -> None:
        """Take note of a finished epoch, counted from 0."""
        history = self.history
        history.loss.append(loss)
        history.score.append(score)
        if validation is not None:
            history.validation_loss.append(validation[0])
            history.validation_score.append(validation[1])
        seconds = time.perf_counter() - self._began
        if self._bar is not None:
            self._show(epoch, loss, score, validation, seconds)
        if self.callbacks:
            told = Epoch(epoch + 1, loss, score, seconds, self.model, *(validation or ()))
            for callback in self.callbacks:
                callback(told)

    def _show(
        self,
        epoch: int,
        loss: float,
        score: float,
        validation: tuple[float, float] | None,
        seconds: float,
    ) -> None:
        # Formatting costs more than a compiled epoch: ten times a second is enough to read.
        if seconds - self._shown > 0.1 or epoch + 1 == self.epochs:
            self._shown = seconds
            text = f"loss {loss:.4g}, {self.history.score_name} {score:.3f}"
            if validation is not None:
                text += f", validation {validation[0]:.4g}, {validation[1]:.3f}"
            self._bar.set_postfix_str(text, refresh=False)
        self._bar.update()

    def interrupted(self) -> None:
        """Note that the user pressed Ctrl-C."""
        done = len(self.history.loss)
        self.history.note = f"interrupted in epoch {done + 1} of {self.epochs}"

    def stop(self) -> None:
        """Note how long it took."""
        self.history.seconds = time.perf_counter() - self._began
