"""Run every benchmark file in a process of its own and write docs/benchmarks.md."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "benchmarks.md"
HEAD = """\
# Benchmarks

Written by `make bench`. Every contestant runs in a process of its own, pinned to one core; they are
timed in turn, and medians of processor times shown. Results are compared with ours before anything
is timed.
"""


def rows() -> list[Path]:
    """List the files that hold a row of the table, in alphabetical order."""
    files = (path for path in sorted(HERE.glob("*.py")) if path.name != Path(__file__).name)
    return [path for path in files if "from harness import" in path.read_text()]


def run(path: Path) -> tuple[str, str]:
    """Run one file; return its table and the machine's description, or the error as a table."""
    command = [sys.executable, str(path), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    last = (done.stdout.strip().splitlines() or [""])[-1]
    if done.returncode or not last.startswith("{"):
        reason = (done.stderr.strip().splitlines() or ["no output"])[-1]
        return f"## {path.stem}\n\nfailed: `{reason}`\n", ""
    outcome = json.loads(last)
    return outcome["table"], outcome["machine"]


def main() -> None:
    """Collect the tables; a row that fails is named with its error and does not stop the rest."""
    tables, machines = [], []
    for path in rows():
        print(f"-- {path.name}", file=sys.stderr)
        text, machine = run(path)
        print(text)
        tables.append(text)
        machines.append(machine)
    described = next(filter(None, machines), "unknown")
    PAGE.write_text("\n".join([HEAD, f"Machine: {described}.\n", *tables]))
    sys.exit(not all(machines))


if __name__ == "__main__":
    main()
