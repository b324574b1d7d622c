"""Types of results whose form depends on numbers; for type checkers alone."""

from typing import Any

import numpy as np

class Numbers(np.ndarray[Any, np.dtype[Any]], float):  # type: ignore[misc]  # as said below
    """An array with a number for each sample, or a float where X is one sample.

    Which of them it is depends on X's shape, which no type tells; so it passes for both, and for
    nothing else.
    """
