"""What can go wrong with a playground."""

from mgview.errors import ViewError


class BadPlaygroundError(ViewError, ValueError):
    """Say that a playground cannot begin with these settings or rows."""


class NoServerError(ViewError, RuntimeError):
    """Say that the playground cannot be served on this machine."""
