"""Run a program along directions, and put what it gives into the places of a matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from mgcompile.errors import MiscompiledError
from mgcompile.verification.reference import vector

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mgcompile.backends.interface import Executable
    from mgcompile.runtime.jacobian_plan import Mode, Part

    Floats = NDArray[Any]

__all__ = ["Sweeps", "place_entries", "prove_entries"]

_ALLOWED = {"float64": 1e-6, "float32": 1e-2}
"""How far entries may be from a sweep for all of them, beside their size."""

_OTHER_MODE = "kernel.jacobian(..., mode=...) of the other mode may do"

_AT_ONCE = 1 << 20
"""Numbers that go into a call at most: samples with their directions."""


@attrs.frozen(slots=True, eq=False)
class Sweeps:
    """A program with the directions that every sample goes through it with.

    Args:
        mode: Of the program.
        run: What runs it.
        directions: Shape (sweeps, width).
        columns: Of X.
    """

    mode: Mode
    run: Executable
    directions: Floats
    columns: int
    at_once: int = attrs.field(init=False)
    _one: Floats = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Work out how many samples a call takes, and lay out the directions for one."""
        count, width = self.directions.shape
        lanes = np.zeros((count, self.columns + width), self.directions.dtype)
        lanes[:, self.columns :] = self.directions
        object.__setattr__(self, "_one", lanes)
        object.__setattr__(self, "at_once", max(1, _AT_ONCE // max(1, lanes.size)))

    def along_each(self, rows: Floats, params: Floats) -> Floats:
        """Run the program for every row with every direction; shape (rows, sweeps, size)."""
        n = len(rows)
        count, width = self._one.shape
        if n == 1:
            lanes = self._one.copy()
            lanes[:, : self.columns] = rows
        else:
            some = np.empty((n, count, width), self._one.dtype)
            some[...] = self._one
            some[:, :, : self.columns] = rows[:, None]
            lanes = some.reshape(n * count, width)
        (found,) = self.run(lanes, n * count, params)
        if found.ndim == 1:  # the same for all samples: the derivative is 0
            found = np.broadcast_to(found, (n * count, len(found)))
        return found.reshape(n, count, found.shape[1])

    def once(self, rows: Floats, params: Floats) -> Floats:
        """Run the program for one row with every direction; shape (sweeps, size)."""
        found: Floats = self.along_each(rows, params)[0]
        return found

    def matrix(self, results: Floats) -> Floats:
        """Return (rows, outputs, leaves) of results along the unit vectors."""
        return results.transpose(0, 2, 1) if self.mode == "forward" else results


def prove_entries(
    part: Part, along: Callable[[Floats], Floats], shape: tuple[int, int], what: str
) -> None:
    """Hold the entries that a part gives, at one point, to one sweep for all of them.

    The programs are right along any direction (see `proof`); that no entry was left out when
    directions were put together shows in a direction that is in none of them.

    Args:
        part: Its directions and entries.
        along: Runs the sweeps along some directions; shape (sweeps, size).
        shape: Of the matrix.
        what: "Jacobian" or "Hessian".

    Raises:
        MiscompiledError: if they differ by more than rounding may.
    """
    probe = vector(part.directions.shape[1], "float64") * part.directions.any(axis=0)
    results = along(np.vstack([part.directions, probe]))
    entries = np.zeros((1, *shape), results.dtype)
    place_entries(part, results[None, :-1], entries)
    _check_entries(part, entries[0], probe.astype(results.dtype), results[-1], what)


def _check_entries(part: Part, entries: Floats, probe: Floats, swept: Floats, what: str) -> None:
    """Compare what entries say of a direction with what a sweep along it gave."""
    along = entries if part.mode == "forward" else entries.T
    made, size = along @ probe, np.abs(along) @ np.abs(probe)
    own = along.any(axis=1)  # of the others the entries are another part's
    allowed = _ALLOWED[entries.dtype.name] * size
    wrong = own & np.isfinite(swept) & np.isfinite(made) & (np.abs(made - swept) > allowed)
    if wrong.any():
        place = int(np.flatnonzero(wrong)[0])
        where, other = {
            "Jacobian": ("output" if part.mode == "forward" else "leaf", _OTHER_MODE),
            "Hessian": ("slope", "kernel.hvp along unit vectors may do"),
        }[what]
        message = (
            f"the {what} is put together wrongly and is not handed out: along a direction, "
            f"{where} {place} moves by {swept[place]!r}, its entries say {made[place]!r}. This is "
            f"a fault of the compiler: please report it. Meanwhile {other}, or verify=False"
        )
        raise MiscompiledError(message)


def place_entries(part: Part, sweeps: Floats, found: Floats) -> None:
    """Write what the sweeps gave, (n, sweeps, size), to its places in (n, outputs, leaves)."""
    if part.rows is None:
        found[...] = sweeps.transpose(0, 2, 1) if part.mode == "forward" else sweeps
        return
    element = part.rows if part.mode == "forward" else part.columns
    found[:, part.rows, part.columns] = sweeps[:, part.sweep, element]
