"""Write a program as the body of a C function: passes over the samples, and what is between them.

Nothing of a sample is kept from one pass to the next: what a later pass needs again, it computes
again. So a function needs the memory of one sample, however many there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from mgcompile.backends.c.names import Names
from mgcompile.backends.c.slices import levels, needed, sums_samples
from mgcompile.backends.c.statements import Memory, Writer
from mgcompile.backends.c.text import indented
from mgcompile.program.ir import INPUTS, PARAMS, SAMPLES, Bundle, Loop
from mgcompile.program.traversal import made, read

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mgcompile.backends.c.functions import Functions
    from mgcompile.backends.c.names import Layout, Tables
    from mgcompile.program.ir import Program, Statement

__all__ = ["body"]


@attrs.frozen(slots=True, eq=False)
class _Function:
    """One function at work: its program, and the names in it."""

    program: Program
    writer: Writer
    each: str
    rows: str

    @property
    def names(self) -> Names:
        """Return the names of the function."""
        return self.writer.names


def body(
    program: Program,
    layout: Layout,
    tables: Tables,
    functions: Functions,
    finish: Callable[[Names], list[str]],
    *,
    each: str,
    rows: str = "",
) -> list[str]:
    """Return the lines of a function that runs a program.

    Args:
        program: Verified.
        layout: What the caller sees.
        tables: Gets the tables that are read.
        functions: Gets the functions that are called.
        finish: Returns the lines that hand over the outputs.
        each: How many samples there are, as an expression; "" for one, which `x` points to.
        rows: What the samples are rows of: the name of an array.
    """
    names = Names(program, layout, tables)
    memory = Memory.of([array.size for array in program.arrays[SAMPLES + 1 :]])
    at_work = _Function(program, Writer(names, functions, memory), each, rows)
    lines = _passes(at_work, finish)
    return [*_prelude(at_work), *lines, *(["free(work);"] if memory.used else []), "return 0;"]


def _passes(function: _Function, finish: Callable[[Names], list[str]]) -> list[str]:
    program, arrays = function.program, function.program.arrays
    outputs = [output.array for output in program.outputs]
    level, live = levels(program), needed(program.statements, outputs)
    sums = [x for x in live if isinstance(x, Bundle) and sums_samples(x)]
    once = _once(program, live)
    lines: list[str] = []
    for number in range(1 + max((level[x.result] for x in sums), default=0)):
        now = [x for x in sums if level[x.result] == number]
        for each in now:
            lines += function.writer.zeroed(each.result, each.op.name)
        if now:
            lines += _over_samples(
                function,
                [array for each in now for array in read(each)],
                lambda now=now: [line for each in now for line in function.writer.added(each)],  # type: ignore[misc] # the default binds the loop's variable
            )
        for statement in once:
            if max(level[array] for array in made(statement)) == number:
                lines += function.writer.statement(statement)
    if not any(arrays[array].batched for array in outputs):
        return lines + finish(function.names)
    return lines + _over_samples(function, outputs, lambda: finish(function.names))


def _once(program: Program, live: Sequence[Statement]) -> list[Statement]:
    """Return what is computed once for all samples; of a loop, what is the same for all."""
    shared = {i for i, array in enumerate(program.arrays) if not array.batched}
    found: list[Statement] = []
    for statement in live:
        results = shared.intersection(made(statement))
        if results and not (isinstance(statement, Bundle) and statement.over_batch):
            found += needed([statement], results) if isinstance(statement, Loop) else [statement]
    return found


def _over_samples(
    function: _Function, wanted: Sequence[int], last: Callable[[], list[str]]
) -> list[str]:
    """Return lines that compute arrays for every sample, and then do something with them."""
    program, names = function.program, function.names
    given = [i for i, array in enumerate(program.arrays) if not array.batched]
    statements = [x for x in program.statements if not sums_samples(x)]
    before = set(names.read)
    names.read.discard(INPUTS)
    lines = [
        line
        for statement in needed(statements, wanted, given=[INPUTS, *given])
        for line in function.writer.statement(statement)
    ]
    lines += last()
    if not function.each:
        names.read |= before
        return lines
    if INPUTS in names.read:
        lines.insert(0, f"const double *x = {function.rows} + s * {program.n_inputs};")
    names.read |= before
    head = f"for (size_t s = 0; s < {function.each}; s++) {{"
    return [head, *indented(lines), "}"]


def _prelude(function: _Function) -> list[str]:
    """Return the lines before the first pass: what the others turned out to need."""
    program, names, memory = function.program, function.names, function.writer.memory
    lines = []
    if program.n_params and PARAMS not in names.read:
        lines.append("(void)p;")
    if program.n_inputs and program.data is None and INPUTS not in names.read:
        lines.append("(void)x;" if not function.each else "(void)inputs;")
    if SAMPLES in names.read:
        count = f"(double){function.each}" if function.each else "1.0"
        lines.append(f"const double samples = {count};")
    if names.params_by_number:
        members = ", ".join(f"p->{name}" for name in names.layout.params or ())
        lines.append(f"const double params[{program.n_params}] = {{{members}}};")
    if memory.used:
        lines.append(f"double *const work = malloc({memory.used} * sizeof *work);")
        lines += ["if (work == NULL) {", "    return 1;", "}"]
    return lines
