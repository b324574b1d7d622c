"""Derivatives of all outputs along directions: the programs that Jacobians are made of.

A forward sweep gives J v, how all outputs move along v; a reverse sweep gives J^T w, the gradient
of the outputs weighted by w. Directions are data: one program serves all of them.
"""

from __future__ import annotations

from typing import Literal

import attrs

__all__ = ["SWEEPS", "Sweep"]


@attrs.frozen(slots=True)
class Sweep:
    """A program that takes a direction.

    Args:
        mode: Forward, whose direction has a number for each leaf, or reverse, with one for each
            output.
        source: The leaves that the derivatives are to.
        shared: Whether the direction stands behind the parameters, the same for all samples (then a
            reverse sweep to the parameters is summed over them); else behind the columns of X, one
            for each sample.
    """

    mode: Literal["forward", "reverse"]
    source: Literal["inputs", "params"]
    shared: bool = False

    @property
    def kind(self) -> str:
        """Return the name of the program among those of a kernel."""
        return f"{self.source}_{self.mode}" + ("_shared" if self.shared else "")

    @property
    def summed(self) -> bool:
        """Tell whether the result is summed over the samples."""
        return self.shared and self.mode == "reverse"

    def __str__(self) -> str:
        """Return the name that people read."""
        return f"Jacobian to {self.source}, {self.mode} mode" + (", summed" if self.shared else "")


SWEEPS = {
    sweep.kind: sweep
    for sweep in (
        Sweep("forward", "inputs"),
        Sweep("reverse", "inputs"),
        Sweep("forward", "params"),
        Sweep("reverse", "params"),
        Sweep("forward", "params", shared=True),
        Sweep("reverse", "params", shared=True),
    )
}
"""All there are, by the names of their programs."""
