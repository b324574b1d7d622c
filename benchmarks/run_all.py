"""Run every benchmark file in a process of its own and write docs/benchmarks.md.

``python benchmarks/run_all.py`` measures all rows, which takes about an hour of an idle machine;
``... run_all.py powers rk4`` some of them. Each outcome is kept in build/benchmarks as soon as it
is known, and the page is made of what lies there, so that a run that was interrupted goes on with
``--resume`` and rows can be measured again one by one.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import attrs

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "benchmarks.md"
KEPT = HERE.parent / "build" / "benchmarks"
HEAD = """\
# Benchmarks

Written by `make bench`. Every contestant runs in a process of its own, pinned to one core; they are
timed in turn, and medians of processor times shown. Results are compared with ours before anything
is timed. [Rows on AVX2](benchmarks-avx2.md).
"""


@attrs.frozen
class Outcome:
    """What a file of benchmarks has found: its tables, or why it has none, and on which machine."""

    table: str
    machine: str = ""

    def save(self, path: Path) -> None:
        """Keep it in a file, whose folder is made where it is missing."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(attrs.asdict(self)))

    @classmethod
    def load(cls, path: Path) -> Outcome:
        """Read what ``save`` has kept."""
        return cls(**json.loads(path.read_text()))


def rows() -> list[Path]:
    """List the files that hold a row of the table, in alphabetical order."""
    files = (path for path in sorted(HERE.glob("*.py")) if path.name != Path(__file__).name)
    return [path for path in files if "from harness import" in path.read_text()]


def run(path: Path) -> Outcome:
    """Run one file; return what it found, or its error as a table."""
    command = [sys.executable, str(path), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    last = (done.stdout.strip().splitlines() or [""])[-1]
    if done.returncode or not last.startswith("{"):
        reason = (done.stderr.strip().splitlines() or ["no output"])[-1]
        return Outcome(f"## {path.stem}\n\nfailed: `{reason}`\n")
    return Outcome(**json.loads(last))


def page(outcomes: list[Outcome]) -> str:
    """Put the tables on one page; one that was measured on another machine than most says so."""
    machines = [outcome.machine for outcome in outcomes if outcome.machine]
    usual = max(machines, key=machines.count, default="unknown")
    parts = [HEAD, f"Machine: {usual}.\n"]
    for outcome in outcomes:
        title, _, rest = outcome.table.partition("\n")
        elsewhere = outcome.machine not in ("", usual)
        parts.append(
            f"{title}\n\nMachine: {outcome.machine}.\n{rest}" if elsewhere else outcome.table
        )
    return "\n".join(parts)


def main() -> None:
    """Collect the tables; a row that fails is named with its error and does not stop the rest."""
    names = [path.stem for path in rows()]
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("row", nargs="*", help=f"rows to measure (all): {', '.join(names)}")
    parser.add_argument("--resume", action="store_true", help="leave out what build/ has already")
    asked = parser.parse_args()
    if unknown := set(asked.row) - set(names):
        parser.error(f"no row is called {', '.join(sorted(unknown))}")
    kept = {name: KEPT / f"{name}.json" for name in names}
    for path in rows():
        if asked.row and path.stem not in asked.row:
            continue
        if asked.resume and kept[path.stem].exists():
            continue
        begun = time.perf_counter()
        outcome = run(path)
        outcome.save(kept[path.stem])
        print(outcome.table)
        print(f"-- {path.name}: {time.perf_counter() - begun:.0f} s", file=sys.stderr)
    if missing := [name for name in names if not kept[name].exists()]:
        sys.exit(f"docs/benchmarks.md is left as it is: not measured yet: {', '.join(missing)}")
    outcomes = [Outcome.load(kept[name]) for name in names]
    PAGE.write_text(page(outcomes))
    sys.exit(not all(outcome.machine for outcome in outcomes))


if __name__ == "__main__":
    main()
