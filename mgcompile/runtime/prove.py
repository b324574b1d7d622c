"""Give a kernel its proof: what was recorded, and the way to build another graph when one fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from mgcompile.graph.pipeline import canonicalize
from mgcompile.program.verifier import verify
from mgcompile.reroll.pipeline import reroll, with_recorded
from mgcompile.runtime.compiled_programs import Built
from mgcompile.runtime.proof import Proof
from mgcompile.verification.check import Subject, Verifier
from mgcompile.verification.number_types import refuse_rules_that_ask_for_types
from mgcompile.verification.points import Recorded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mgcompile.backends.interface import Backend, Options
    from mgcompile.graph.ir import Graph
    from mgcompile.program.ir import Program
    from mgcompile.program.optimizer import OptimizerSpec
    from mgcompile.verification.check import Level
    from mgcompile.verification.compare import Mismatch
    from mgcore import Value

    Floats = NDArray[Any]

__all__ = ["numbers_of", "prove"]


def numbers_of(
    roots: Sequence[Value], inputs: Sequence[Value], params: Sequence[Value]
) -> Recorded:
    """Return the numbers that a recorded graph carries."""
    return Recorded(*(np.array([x.data for x in some], float) for some in (inputs, params, roots)))


def prove(
    graph: Graph,
    recorded: Recorded,
    program: Program,
    options: Options,
    backend: str | Backend,
    level: Level,
) -> Proof:
    """Return what checks the programs of a graph.

    Args:
        graph: As captured.
        recorded: Its numbers.
        program: Its forward program.
        options: How it is built.
        backend: By what.
        level: How much is checked.

    Raises:
        RuleError: if a rule gives another number for a float than where it is followed.
    """
    refuse_rules_that_ask_for_types(graph.ops)
    plain = attrs.evolve(options, cache=None)

    def examine(
        subject: Subject, rule: OptimizerSpec | None, other: Graph, numbers: Recorded
    ) -> Mismatch | None:
        kin = attrs.evolve(other, strict=graph.strict)
        made = verify(reroll(canonicalize(kin), len(numbers.inputs), len(numbers.params)))
        made = with_recorded(made, kin)
        built = Built(made, plain, backend)
        verifier = Verifier(other, numbers, made.data, options.dtype, "full")
        if rule is not None:
            trainer = built.trainer(rule, subject.kind)
            return verifier.check_trainer(
                subject.kind, rule, trainer, calls_back=subject.calls_back
            )[1]
        run = built.executable(subject.kind, min(subject.output, len(numbers.roots) - 1))
        output = min(subject.output, len(numbers.roots) - 1)
        return verifier.check(attrs.evolve(subject, run=run, output=output))[1]

    return Proof(graph, recorded, program.data, options, level, examine)
