"""The outputs of a net for many rows at once."""

from typing import TYPE_CHECKING, Any

from mgcore import MgcoreError, Value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["forward"]

WORTH_COMPILING = 200_000  # rows x parameters; below it the engine is done before the compiler


def forward(net: Any, X: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return the net's outputs: by native code where that is installed and worth it.

    Args:
        net: an MLP.
        X: its inputs, shape (n, inputs).

    Returns:
        Shape (n, outputs).

    """
    import numpy as np

    if len(X) * len(net.parameters()) >= WORTH_COMPILING:
        try:
            return _compiled(net, X)
        except (ImportError, MgcoreError):
            pass  # not installed, or an op that it cannot lower: the engine can do it
    from mgnn.eager import predict

    return np.array(predict(net, X.tolist()), dtype=np.float64)


def _compiled(net: Any, X: "NDArray[np.float64]") -> "NDArray[np.float64]":
    import numpy as np

    import mgcompile

    inputs = [Value(0.0, label=f"x{i}") for i in range(X.shape[1])]
    out = net(inputs)
    outputs = [out] if isinstance(out, Value) else out
    kernel = mgcompile.compile(outputs, inputs=inputs, params=net.parameters())
    return np.stack(kernel(X), axis=1)
