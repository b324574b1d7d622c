"""Name what can go wrong at the doors."""

from mgcore import MgcoreError

__all__ = ["BridgeError", "MissingNeighbourError", "NotBridgedError", "TensorError", "missing"]


class BridgeError(MgcoreError):
    """Base of every error of the doors."""


class MissingNeighbourError(BridgeError, ImportError):
    """Report a door to a library that is not installed."""


class NotBridgedError(BridgeError, TypeError):
    """Report an op or a kernel that another library cannot be given."""


class TensorError(BridgeError, TypeError):
    """Report operands that fit no op and no kernel: device, dtype, shape or count."""


def missing(door: str, extra: str, error: ModuleNotFoundError) -> MissingNeighbourError:
    """Return the error of a door whose library is not installed; it names the remedy."""
    message = (
        f'mgbridge.{door} needs {error.name}, which is not installed; pip install "mgcore[{extra}]"'
    )
    return MissingNeighbourError(message, name=error.name)
