"""Name what can go wrong at the doors."""

from mgcore import MgcoreError

__all__ = ["BridgeError", "NotBridgedError", "TensorError"]


class BridgeError(MgcoreError):
    """Base of every error of the doors."""


class NotBridgedError(BridgeError, TypeError):
    """Report an op or a kernel that another library cannot be given."""


class TensorError(BridgeError, TypeError):
    """Report operands that fit no op and no kernel: device, dtype, shape or count."""
