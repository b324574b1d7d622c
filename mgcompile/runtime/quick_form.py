"""Choose a form of a kernel that gives results at once, and how long it is used.

Most of the time to a first result goes into machine code. Where a program has few statements,
NumPy interprets it, with no code at all; where it has very many, LLVM takes a second or more for
them, and the machine for tapes takes a tenth of that. Where loops go round often, or there is a
long tape anyway, nothing is ready sooner than the code itself.

Times here are rough and the same on every machine: what is done must not depend on a clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.graph.ir import SUM_OVER_SAMPLES, applies
from mgcompile.program.cost import cost, repeated
from mgcompile.program.ir import Tape
from mgcompile.program.traversal import with_loops
from mgcompile.reroll.one_tape import on_tapes
from mgcompile.support.sweeps import SWEEPS

if TYPE_CHECKING:
    from mgcompile.backends.interface import Options
    from mgcompile.graph.ir import Graph
    from mgcompile.program.ir import Program

__all__ = ["QuickForm", "quick_form"]

MANY_STATEMENTS = 100
"""From so many on a program goes to the machine for tapes."""

EDGES_A_STATEMENT = 400
"""Where statements do more than this, they are matrix products, which a tape would write out."""

MOST_INTERPRETED = 1_000
"""Statements and instructions of tapes that NumPy may do in a call."""

_FIRST, _STATEMENT = 0.05, 0.004
"""Seconds to compile anything, and each statement."""

_INTERPRETED, _FLOP = 1e-4, 1e-9
"""Seconds of a statement that NumPy does, and of a flop."""

_STEP = 2e-9
"""Seconds of a flop on a tape."""

_LANES = 8
"""Samples that a tape computes at least."""


@attrs.frozen(slots=True)
class QuickForm:
    """A form of a kernel that is ready at once.

    Args:
        name: "interpreted" or "on a tape".
        program: The forward program.
        backend: What builds it; None: what builds the kernel.
        compiling: About how many seconds the machine code of the forward program takes.
        call: About how many a call of the quick form takes whatever it is given.
        sample: And for each sample.
        least: Samples that a call computes at least.
    """

    name: str
    program: Program
    backend: str | None
    compiling: float
    call: float
    sample: float
    least: int = 1

    def seconds(self, kind: str, count: int) -> float:
        """Return about how long a call takes."""
        return _work(kind) * (self.call + self.sample * max(count, self.least))

    def budget(self, kind: str) -> float:
        """Return how long the quick form is used: as long as compiling takes."""
        return _FIRST + _work(kind) * self.compiling


def quick_form(graph: Graph, program: Program, options: Options, backend: str) -> QuickForm | None:
    """Return what gives results sooner than machine code does; None: nothing.

    Args:
        graph: In canonical form.
        program: Its forward program.
        options: How it will be built.
        backend: Name of what builds it. There is a quick form beside "llvm" alone.
    """
    if backend != "llvm" or program.strict:
        return None
    statements = list(with_loops(program))
    looped = any(loops for _, loops in statements)
    work = cost(program, options.dtype)
    compiling = _STATEMENT * len(statements)
    regular = len(graph.operand) > EDGES_A_STATEMENT * len(statements)
    if len(statements) >= MANY_STATEMENTS and not (regular or looped or program.data is not None):
        if np.any(applies(graph, SUM_OVER_SAMPLES)):
            return None
        tape = on_tapes(graph, program.n_inputs, program.n_params)
        flops = cost(tape, options.dtype)
        return QuickForm(
            "on a tape", tape, None, compiling, _STEP * flops.per_call,
            _STEP * flops.per_sample, _LANES,
        )  # fmt: skip
    done = sum(
        times * (len(statement.code) if isinstance(statement, Tape) else 1)
        for statement, times in repeated(program.statements)
    )
    if done > MOST_INTERPRETED:
        return None
    return QuickForm(
        "interpreted", program, "numpy", compiling,
        _INTERPRETED * done + _FLOP * work.per_call, _FLOP * work.per_sample,
    )  # fmt: skip


def _work(kind: str) -> float:
    """Return about how many times a forward program's work one of a kind is."""
    if kind == "forward":
        return 1.0
    if kind in ("input_product", "param_product"):
        return 8.0
    if kind in SWEEPS and SWEEPS[kind].mode == "forward":
        return 2.5
    return 4.0
