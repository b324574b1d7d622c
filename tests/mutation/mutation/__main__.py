"""Write docs/verification.md: ``PYTHONPATH=tests/mutation python -m mutation``."""

from __future__ import annotations

from pathlib import Path

from mgcompile.runtime import proof
from mutation.mutants import MUTANTS
from mutation.run import outcome

HEAD = """# What a broken compiler does

`compile` checks every program against an independent evaluation of the recorded graph before it
hands it out (see [Proof](compiler.md#proof-verification)). Whether the check would notice is tried
by breaking the compiler: each row below is one change to one function
(`tests/mutation/mutation/mutants.py`), with which a small corpus is compiled. "Refused" is a
`MiscompiledError`; an "error" is raised by a verifier of the compiler on the way, and hands
nothing out either. Of {count} mutants {noticed} are noticed, {refused} of them by the check.

Made by `PYTHONPATH=tests/mutation python -m mutation`.

| broken | in | noticed | on |
|---|---|---|---|
"""


def table() -> str:
    """Compile the corpus with every mutant; return the page."""
    proof._SECONDS = 0.0  # graphs need not be reduced here
    rows, noticed, refused = [], 0, 0
    for mutant in MUTANTS:
        found = outcome(mutant, mutant.graphs or None)
        where = f"{found.graph}, {found.program}" if found.graph else mutant.note
        rows.append(f"| {mutant.name} | `{mutant.where}` | {found.kind} | {where} |")
        noticed += found.kind != "handed out"
        refused += found.kind == "refused"
        print(rows[-1], flush=True)
    counts = {"count": len(rows), "noticed": noticed, "refused": refused}
    return HEAD.format(**counts) + "\n".join(rows) + "\n"


if __name__ == "__main__":
    Path("docs/verification.md").write_text(table(), encoding="utf-8")
