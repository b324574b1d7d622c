"""Gradients of the problems of GradBench, each written once for each system, in the same formulas.

``python benchmarks/gradbench.py`` measures all of them, ``... gradbench.py lse gmm`` some. Values
and derivatives are compared to 1e-8 before anything is timed; a disagreement ends the run.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

import attrs
from gradbench_problems.systems import SYSTEMS, flat
from harness import DISAGREES, OURS, Contestant, Result, Row, machine, pin, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

PROBLEMS = (
    "lse", "lse_chain", "logsumexp", "llsq", "ode", "gmm", "kmeans", "lstm", "det", "ba",
    "particle",
)  # fmt: skip
CHOICE = "MGCORE_BENCHMARK_GRADBENCH"
GRADIENT, VALUE = "gradient", "value"
RATIO = 5.0


@attrs.frozen
class Measured:
    """A problem of one size: of each system the two results, and how many gradients it takes."""

    title: str
    results: Mapping[str, Result]
    gradients: int


def contestant(system: str, kind: str, built: Callable[[], Any]) -> Contestant:
    """Return a system's function of one kind, in a process of its own."""
    distribution, make = SYSTEMS[system]

    def prepare() -> Any:
        problem, instance = built()
        return make(problem, instance)[kind == GRADIENT]

    modules = [distribution or "mgcompile"]
    return Contestant(
        f"{system}, {kind}", prepare, distribution, kind=kind, compared=flat, modules=modules
    )


def row() -> Row:
    """Return the row of the problem and size that the environment names."""
    os.environ["MGCORE_CACHE"] = "off"
    name, size = os.environ.get(CHOICE, "lse small").split()
    problem = importlib.import_module(f"gradbench_problems.{name}")
    built = cache(lambda: (problem, problem.instance(*problem.SIZES[size])))
    single = all(x.size == 1 for x in built()[1].params)
    systems = [system for system in SYSTEMS if single or system != "JAX, forward"]
    contestants = [
        contestant(system, kind, built) for system in systems for kind in (GRADIENT, VALUE)
    ]
    numbers = zip(problem.NAMES, problem.SIZES[size], strict=True)
    title = f"{name}, {', '.join(f'{label} = {number:,}' for label, number in numbers)}"
    return Row(
        title, "us a call", 1e-6, contestants, [], rtol=1e-8, atol=1e-9, rounds=5, patience=2.0
    )


def measured(names: list[str]) -> Iterator[Measured]:
    """Measure the sizes of the named problems; end the run where results disagree."""
    for name in names:
        problem = importlib.import_module(f"gradbench_problems.{name}")
        for size in [size for size in problem.SIZES if size != "tiny"]:
            os.environ[CHOICE] = f"{name} {size}"  # the contestants' processes read it
            made = row()
            results = {result.name: result for result in run(made, __file__)}
            for result in results.values():
                if result.problem.startswith(DISAGREES):
                    raise SystemExit(f"{made.title}: {result.name}: {result.problem}")
                if result.problem:
                    print(f"{result.name}: {result.problem}", file=sys.stderr)
            found = Measured(made.title, results, getattr(problem, "OUTPUTS", 1))
            print(line(found), file=sys.stderr, flush=True)
            yield found


def times(results: Mapping[str, Result], kind: str, which: str) -> dict[str, float]:
    """Return the times of the systems that were timed; of JAX's two modes the faster one counts."""
    found = {}
    for system in SYSTEMS:
        result = results.get(f"{system}, {kind}")
        if result is not None and result.median is not None:
            name = system.split(",")[0]
            found[name] = min(getattr(result, which), found.get(name, float("inf")))
    return found


def columns() -> list[str]:
    """Return the systems that have a column of their own."""
    return [system for system in SYSTEMS if "," not in system]


def line(measured: Measured) -> str:
    """Return a line of the table: medians, ratios of medians and of minima, two verdicts."""
    results = measured.results
    gradients, systems = times(results, GRADIENT, "median"), columns()
    cells = [f"{gradients[system]:.4g}" if system in gradients else "-" for system in systems]
    ratios, over = [], []
    for which in ("median", "fastest"):
        found = times(results, GRADIENT, which)
        ours, peers = found[OURS], [x for system, x in found.items() if system != OURS]
        ratios.append(ours / min(peers) if peers else float("nan"))
        over.append(ours / times(results, VALUE, which)[OURS] / measured.gradients)
    verdicts = [ratios[0] <= 1.0, over[0] <= RATIO]
    ahead, lean = ("met" if met else "**missed**" for met in verdicts)
    figures = [f"{a:.3g} ({b:.3g})" for a, b in (ratios, over)]
    return f"| {' | '.join([measured.title, *cells, figures[0], ahead, figures[1], lean])} |"


def table(found: list[Measured]) -> str:
    """Write the tables as Markdown."""
    systems = columns()
    results = [result for each in found for result in each.results.values()]
    versions = {each.name.split(",")[0]: each.version for each in results if each.version}
    heads = [f"{system} {versions.get(system, '')}".strip() for system in systems]
    lines = [
        "## GradBench: value and gradient, float64",
        "",
        "us a call, medians; ratios of medians, and in brackets of minima. The goals: ahead of",
        f"the best peer, and a gradient at most {RATIO:g} times the value (of ba, which has three",
        "outputs, a third of the blocks of its Jacobian).",
        "",
        f"| problem | {' | '.join(heads)} | of the best peer | ahead | of our value | lean |",
        "|---|" + "---|" * (len(systems) + 4),
        *[line(each) for each in found],
        "",
        "## GradBench: until the first gradient",
        "",
        "Seconds of processor time to record or trace, compile, call once; nothing is kept from",
        "before.",
        "",
        f"| problem | {' | '.join(systems)} |",
        "|---|" + "---|" * len(systems),
    ]
    for each in found:
        ready = [each.results[f"{system}, {GRADIENT}"].ready for system in systems]
        cells = ["-" if seconds is None else f"{seconds:.2f}" for seconds in ready]
        lines.append(f"| {each.title} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the tables; with ``--json`` inside a JSON object, for `make bench`."""
    names = [name for name in sys.argv[1:] if not name.startswith("-")]
    if unknown := set(names) - set(PROBLEMS):
        raise SystemExit(f"no such problem: {', '.join(sorted(unknown))}; there are {PROBLEMS}")
    core = pin()
    text = table(list(measured(names or list(PROBLEMS))))
    if "--json" in sys.argv:
        print(json.dumps({"table": text, "machine": machine()}))
    else:
        print(f"{machine()} (core {core})\n\n{text}")


if __name__ == "__main__":
    main()
