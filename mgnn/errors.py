"""Every error that mgnn raises, by name; each also derives from the builtin a reader expects."""

import difflib
from collections.abc import Iterable

from mgcore.errors import MgcoreError

__all__ = [
    "BackendError",
    "BackendMissingError",
    "BackendRefusalError",
    "DataError",
    "DivergenceError",
    "ExportError",
    "LabelError",
    "ModelFileError",
    "ShapeError",
    "StateError",
    "StopTraining",
    "TrainingSettingError",
    "UnknownNameError",
    "near_matches",
]


class ShapeError(MgcoreError, ValueError):
    """Report a number of inputs, outputs, rows or columns that does not fit."""


class StateError(MgcoreError, ValueError):
    """Report the numbers of a model's parameters that do not fit another model."""


class DataError(MgcoreError, ValueError):
    """Report a sample or target that is no finite number."""


class LabelError(DataError):
    """Report a class label that the loss has no meaning for."""


class ModelFileError(MgcoreError, ValueError):
    """Report a file that is no model, is damaged, or needs what is not installed."""


class ExportError(MgcoreError, ValueError):
    """Report a model, or a part of one, that another format cannot express."""


class UnknownNameError(MgcoreError, ValueError):
    """Report a loss, optimiser, initialisation or backend by a name that there is not."""


class TrainingSettingError(MgcoreError, ValueError):
    """Report a number of epochs, a batch size or a learning rate that makes no sense."""


class DivergenceError(MgcoreError, ArithmeticError):
    """Report a loss that became infinite or NaN while training."""


class BackendError(MgcoreError, RuntimeError):
    """Report a training backend that is not installed, or broken."""


class BackendMissingError(BackendError):
    """Report a training backend that is not installed."""


class BackendRefusalError(BackendError):
    """Say that a backend cannot train this model; raised before anything is trained."""


class StopTraining(Exception):  # noqa: N818 - a request, not an error, as StopIteration is
    """End training after this epoch; raise it in a callback."""


def near_matches(name: object, known: Iterable[str]) -> str:
    """Return "; did you mean ...?" or a list of what there is."""
    names = sorted(known)
    near = difflib.get_close_matches(str(name), names, n=3)
    return f"; did you mean {' or '.join(near)}?" if near else f"; choose from {', '.join(names)}"
