"""Cut a loss that was recorded over its data set into the losses of single samples.

A mini-batch needs a loss whose mean over the samples is the recorded one. There is one when the
recorded loss is affine in its sums over the samples: c * (l_1 + ... + l_n) + r is the mean of
n * c * l_i + r. Means and sums, weighted or not, with penalties on parameters, are of that form.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgcompile.errors import OptionError
from mgcompile.program.builder import Builder, affine
from mgcompile.program.dce import needed_only
from mgcompile.program.index_maps import dense_strides
from mgcompile.program.ir import (
    CONSTS,
    FIRST_RESULT,
    Access,
    Bundle,
    Program,
    Scatter,
    Statement,
)
from mgcompile.program.traversal import accesses, renamed
from mgcore import ops

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mgcore import Op

__all__ = ["of_one_sample"]


def of_one_sample(program: Program) -> Program:
    """Return the program of one sample's loss.

    Args:
        program: A forward program that takes no X.

    Returns:
        A forward program whose inputs are the columns of the recorded data: the mean of its `value`
        over all samples is that of `program`.

    Raises:
        OptionError: saying why there is none.
    """
    if program.data is None:
        message = "no data set of 4 samples or more, all treated alike, was found in its graph"
        raise OptionError(message)
    return _Cut(program, len(program.data)).run()


def _refused(what: str) -> OptionError:
    return OptionError(
        f"{what} a sum over the samples, so it is no mean or sum over them, with terms added that "
        "no sample goes into"
    )


def _is_affine(op: Op, depends: Sequence[bool]) -> bool:
    """Tell whether `op` is affine in the operands, taken together, that `depends` marks."""
    if op is ops.mul or op is ops.dot:
        return sum(depends) == 1
    if op is ops.div:
        return not depends[1]
    return op is ops.sum or op is ops.add or op is ops.sub or op is ops.neg


class _Cut:
    """Write the program again, with `n` times one sample's term for each sum over the samples."""

    def __init__(self, program: Program, samples: int) -> None:
        self.program = program
        consts = [float(c) for c in program.consts]
        self.builder = Builder(program.n_inputs, program.n_params, consts)
        self.builder.strict = program.strict
        self.builder.chooses = program.takes_anything
        self.builder.guarded = program.guarded
        self.builder.arrays += program.arrays[FIRST_RESULT:]
        self.samples = self.builder.constant(float(samples))
        self.number = {array: array for array in range(len(program.arrays))}
        self.sums: set[int] = set()

    def run(self) -> Program:
        for statement in self.program.statements:
            if any(access.array in self.sums for access in accesses(statement)):
                self._write_affine(statement)
            elif isinstance(statement, Bundle) and statement.over_batch:
                self._take_apart(statement)
            else:
                self.builder.add(renamed(statement, self._read, self.number))
        value = self.number[self.program.output("value")]
        return needed_only(self.builder.finish([("value", value)]))

    def _read(self, access: Access) -> Access:
        return Access(self.number[access.array], access.index)

    def _moved(self, old: int, new: int) -> None:
        self.sums.add(old)
        self.number[old] = new

    def _take_apart(self, bundle: Bundle) -> None:
        """Append `n` times the term of one sample instead of the sum over all."""
        shape = bundle.shape
        operands = [self._read(access) for access in bundle.operands]
        term = self.builder.bundle(bundle.op, shape, operands, bundle.reduced)
        scale = affine(CONSTS, self.samples, *(0,) * len(shape))
        factors = [scale, affine(term, 0, *dense_strides(shape))]
        self._moved(bundle.result, self.builder.bundle(ops.mul, shape, factors))

    def _write_affine(self, statement: Statement) -> None:
        """Append a statement that reads what depends on a sum over the samples."""
        if isinstance(statement, Scatter):
            parts = [(part.shape, self._read(part.source), part.target) for part in statement.parts]
            size = self.program.arrays[statement.result].size
            self._moved(statement.result, self.builder.scatter(size, parts))
            return
        if not isinstance(statement, Bundle):
            what = "its graph goes on without a pattern from"
            raise _refused(what)
        per_sample = self.program.arrays[statement.result].batched or statement.over_batch
        depends = [access.array in self.sums for access in statement.operands]
        if per_sample or not _is_affine(statement.op, depends):
            what = f"it applies {statement.op.name} to"
            raise _refused(what)
        operands = [self._read(access) for access in statement.operands]
        made = self.builder.bundle(statement.op, statement.shape, operands, statement.reduced)
        self._moved(statement.result, made)
