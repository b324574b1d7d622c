"""Functions of scipy.special, imported when one is first computed: ops are found without SciPy.

Given a float they return one; a compiler's number takes over, and finds the machine code.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from mgcore.errors import MissingPackageError

__all__ = ["scipy_function"]


def scipy_function(name: str) -> Callable[..., Any]:
    """Return a rule that computes the function of scipy.special of that name.

    Raises:
        MissingPackageError: when it is called and SciPy is not installed.

    """

    def rule(*operands: Any) -> Any:
        return _loaded(name)(*operands)

    rule.__doc__ = f"Compute scipy.special.{name}."
    return rule


@cache
def _loaded(name: str) -> Callable[..., Any]:
    try:
        from scipy import special
    except ImportError as error:
        raise MissingPackageError(
            f"scipy.special.{name} computes this op, but SciPy is not installed; "
            "pip install 'mgcore[math]'"
        ) from error
    function: Callable[..., Any] = getattr(special, name)
    return function
