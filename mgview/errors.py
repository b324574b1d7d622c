"""The errors of this package: each names what was given, where, and what to do instead."""

from mgcore.errors import MgcoreError


class ViewError(MgcoreError):
    """Stand for every error that a picture can raise."""


class NotAValueError(ViewError, TypeError):
    """Say that something other than a Value was handed over to be drawn."""


class GraphTooLargeError(ViewError, ValueError):
    """Say that a graph has more nodes than a picture can hold."""


class UnknownFormatError(ViewError, ValueError):
    """Say that a file name ends in a format that no picture is saved in."""


class UnknownBoxError(ViewError, KeyError):
    """Say that a drawing has no box of that name to open."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class NoSuchStepError(ViewError, IndexError):
    """Say that a pass has no step of that number."""


class CannotWriteError(ViewError, OSError):
    """Say that a file could not be written."""


class NoBrowserError(ViewError, RuntimeError):
    """Say that no web browser could be opened on this machine."""


class BadHistoryError(ViewError, ValueError):
    """Say that a training history lacks what a picture needs."""


class BadModelError(ViewError, ValueError):
    """Say that a model does not fit the picture asked for."""
