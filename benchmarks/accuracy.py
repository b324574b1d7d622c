"""Print how accurate the native elementwise functions and their partials are.

    python benchmarks/accuracy.py [--write] [samples] [ops]

Two tables, each against mpmath. Of values, in float64 and float32: the range, the worst error in
ulps, that of NumPy's or SciPy's function at the same points, and the operands of the worst. Of
partials as a kernel has them, in float64: the worst error in ulps of the partial, its condition
number there (|x f''/f'|, large where the partial crosses 0, beside which ulps of it say little),
and the worst error where that is at most 10. With --write they are written to docs/accuracy.md.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mgcompile.backends.llvm.math.emit import emit
from mgcompile.testing.accuracy import Subject, subjects, worst_error
from mgcompile.testing.accuracy_more import more_subjects
from mgcompile.testing.accuracy_partials import kernel_partials, worst_partial_error
from mgcompile.testing.array_functions import over_arrays
from mgcompile.testing.peers import array_peer
from mgcore import ops

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parent.parent / "docs" / "accuracy.md"
FEWER = 10  # a partial's reference takes so many times as long as a value's
HEAD = """\
# Accuracy

Written by `make bench`. What kernels compute, against mpmath, in ulps (distances of neighbouring
numbers at the exact result): the largest error over random operands of each range. "peer" is
NumPy's function of the same meaning, or else SciPy's, at the same points: what no peer has is
marked -. A few ops of the special functions call SciPy's code, and are as good as that.

The ranges leave out what double precision alone does not give to the last bits, here or in SciPy:
the neighbourhood of zeros of `lgamma` (1 and 2), `betaln`, and Bessel functions of the first kind
(from the first zero on), and the far tails of `gelu_tanh` (below -1.2) and `swish` (below -3),
where an exponential magnifies what the product in it loses. There results are right to a few
roundings of the terms that cancel.
"""
PARTIALS = """
## Partials

The local derivatives in a compiled gradient, in float64, in ulps of the exact derivative.
"condition" is |x f''(x) / f'(x)| at the operands of the largest error: where it is large the
partial lies beside a zero of its own or changes so fast that an error of one rounding in what it
is made of is magnified by about that factor, and ulps of it say little. "up to 10" is the largest
error over the operands whose condition is at most 10. Partials that have no closed form are left
out.
"""


def value_rows(name: str, subject: Subject, samples: int) -> Iterator[str]:
    """Yield the rows of one op in the table of values."""
    op = getattr(ops, name)
    for dtype, bound in subject.bounds.items():
        for ranges in subject.ranges:
            function = over_arrays(
                lambda block, *xs, op=op: emit(block, op, xs), len(ranges), dtype
            )
            generator = np.random.default_rng(1)
            operands = [r.draw(samples, generator, dtype) for r in ranges]
            worst = worst_error(function, subject.exact, operands)
            peer, theirs = array_peer(name, len(ranges)), "-"
            if peer is not None:
                theirs = f"{worst_error(peer, subject.exact, operands).ulps:.2f}"
            yield line(
                name,
                dtype,
                " x ".join(map(str, ranges)),
                f"{bound:g}",
                f"{worst.ulps:.2f}",
                theirs,
                numbers(worst.operands),
            )


def partial_rows(name: str, subject: Subject, samples: int) -> Iterator[str]:
    """Yield the rows of one op in the table of partials."""
    op = getattr(ops, name)
    for ranges in subject.ranges:
        generator = np.random.default_rng(2)
        operands = [r.draw(samples, generator, "float64") for r in ranges]
        found = kernel_partials(op, operands)
        for place, partial in enumerate(found):
            if np.isnan(partial).all():
                continue
            worst = worst_partial_error(partial, subject.exact, operands, place)
            yield line(
                name,
                str(place),
                " x ".join(map(str, ranges)),
                f"{worst.ulps:.2f}",
                f"{worst.condition:.3g}",
                f"{worst.well:.2f}",
                numbers(worst.operands),
            )


def numbers(operands: tuple[float, ...]) -> str:
    """Return operands to be typed again."""
    return ", ".join(f"{x:.17g}" for x in operands)


def line(*cells: str) -> str:
    """Return a row of a table in Markdown."""
    return f"| {' | '.join(cells)} |"


def table(head: tuple[str, ...], rows: Iterator[str], out: list[str]) -> None:
    """Print a table as its rows are found, and keep it."""
    for row in (line(*head), line(*["---"] * len(head))):
        print(row)
        out.append(row)
    for row in rows:
        print(row, flush=True)
        out.append(row)


def main(samples: int, names: list[str], *, write: bool) -> None:
    """Print the tables, of the named ops or of all."""
    warnings.simplefilter("ignore")  # of NumPy, about overflow
    chosen: dict[str, Any] = {
        name: subject
        for name, subject in {**subjects(), **more_subjects()}.items()
        if not names or name in names
    }
    text = [HEAD, "## Values", ""]
    head = ("op", "dtype", "operands", "bound", "ulp", "peer", "worst at")
    values = (row for name, s in chosen.items() for row in value_rows(name, s, samples))
    table(head, values, text)
    text.append(PARTIALS)
    print()
    head = ("op", "by", "operands", "ulp", "condition", "up to 10", "worst at")
    few = max(20, samples // FEWER)
    partials = (row for name, s in chosen.items() for row in partial_rows(name, s, few))
    table(head, partials, text)
    if write:
        PAGE.write_text("\n".join(text) + "\n")


if __name__ == "__main__":
    arguments = [x for x in sys.argv[1:] if x != "--write"]
    count = int(arguments.pop(0)) if arguments and arguments[0].isdigit() else 1000
    main(count, arguments, write="--write" in sys.argv)
