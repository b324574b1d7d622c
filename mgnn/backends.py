"""What `fit` asks of a training backend, and how it finds one.

A backend is a callable, declared under the entry-point group ``mgcore.backends``::

    [project.entry-points."mgcore.backends"]
    compiled = "mgcompile.fit_backend:fit_compiled"

It is called as ``backend(training)`` with one `Training` and trains ``training.model`` in place:

- Epoch e (from 0) takes the samples in the order ``training.order(e)`` (a list) or
  ``training.order_array(e)`` (the same as an array), cut into mini-batches of
  ``training.batch_size``; the last one may be smaller.
- A mini-batch's loss is the mean over its samples of ``training.loss.sample(outputs, targets)``,
  outputs being the model's for a row of X; the gradient of that mean goes to
  ``training.optimizer``'s update with the rate ``training.rate(u)``, u counting updates from 0. The
  state of the optimiser is in ``training.memory``, where the backend left it, or starts at zero.
- After each epoch it calls ``training.on_epoch(e, loss, score, validation)``: `loss` is the mean
  over all samples of the loss at the time each was used, `score` is ``training.score(outputs)`` of
  the model's outputs for all of X after the epoch, and `validation` a pair, the mean loss and the
  score of ``training.validation`` after the epoch, or None where there is none. Where
  ``training.watched`` is true, the model's parameters have to be up to date at that moment.
- ``on_epoch`` may raise: KeyboardInterrupt, `StopTraining`, an error of a callback, or
  `DivergenceError`. The backend lets it pass, and sees to it that the model's parameters are those
  of the last finished update.
- It may have an attribute ``predictor``: ``predictor(model, X)``, with a `Table`, returns a
  function of an array (m, columns) and the parameters' numbers that gives the model's outputs, an
  array (m, outputs). What it cannot do it refuses there by any `MgcoreError`.
- It may have an attribute ``load``, as "dask" has, which makes of the user's X and y the rows and
  targets that it then finds as ``training.X`` and ``training.targets``; these name it as their
  ``backend``.
- What it cannot train it refuses by raising ``training.refused(reason)`` before it trains anything,
  and ``backend="auto"`` goes on to the eager engine. A loss that is not finite is reported with
  ``training.diverged(e, batch)``, or left to ``on_epoch``, which checks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from mgnn.eager import fit_eager
from mgnn.errors import BackendError, BackendMissingError, near_matches
from mgnn.job import PROGRESS, Training

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["GROUP", "PROGRESS", "Backend", "Training", "find"]

GROUP = "mgcore.backends"

Backend: TypeAlias = "Callable[[Training], None]"


def installed() -> dict[str, Any]:
    """Return the entry points of the group by name; nothing of theirs is imported."""
    # Imported here: reading metadata is slow, and a network needs none to be called.
    from importlib_metadata import entry_points

    return {point.name: point for point in entry_points(group=GROUP)}


def find(name: str) -> Backend:
    """Return the backend `name`, importing it.

    Raises:
        BackendMissingError: if it is not installed, with near matches.
        BackendError: if it does not load (chained).

    """
    if name == "eager":
        return fit_eager
    points = installed()
    if name == "compiled" and name not in points:
        raise BackendMissingError(
            'the training backend "compiled" is not installed; pip install "mgcore[compile]", or '
            'take backend="eager"'
        )
    if name == "dask" and name not in points:
        raise BackendMissingError(
            'the training backend "dask" is not installed; pip install "mgcore[dask]"'
        )
    if name not in points:
        raise BackendMissingError(
            f"no training backend is called {name!r}"
            f"{near_matches(name, ['auto', 'eager', *points])}"
        )
    try:
        backend: Backend = points[name].load()
    except Exception as error:
        extra = "dask" if name == "dask" else "compile"
        raise BackendError(
            f"the training backend {name!r} ({points[name].value}) could not be loaded: {error}. "
            f'Repair the package, install its extra (pip install "mgcore[{extra}]"), or take '
            'backend="eager"'
        ) from error
    if not callable(backend):
        raise BackendError(
            f"{points[name].value}, declared as the backend {name!r}, runs programs but does not "
            'train; take backend="auto", "compiled" or "eager"'
        )
    return backend
