"""All passes of the compiler, in the order in which they run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgcompile.autodiff.pipeline import PASSES as DERIVATIVES
from mgcompile.graph.pipeline import PASSES as GRAPH
from mgcompile.reroll.pipeline import PASSES as REROLL
from mgcompile.schedule.pipeline import PASSES as SCHEDULE

if TYPE_CHECKING:
    from mgcompile.support.passes import Pass

__all__ = ["passes"]


def passes() -> tuple[Pass, ...]:
    """Return every pass: its name, the level of what it returns, what it does.

    A pass that is `optional` is left out where `MGCOMPILE_SKIP` names it; `MGCOMPILE_PRINT` prints
    the form after those that it names. See `docs/compiler.md`.

    >>> [each.name for each in passes() if each.name.startswith("f")]
    ['fold-constants', 'flatten-sums', 'forward', 'fusion', 'fission', 'fused-sgd']
    """
    return (*GRAPH, *REROLL, *DERIVATIVES, *SCHEDULE)
