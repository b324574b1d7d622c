"""Write docs/ops.md: every shipped op, from the op itself and the docstring of its module.

python tools/ops_page.py            # writes the page
"""

from __future__ import annotations

import sys
from inspect import cleandoc
from pathlib import Path

import mgcore
from mgcore.places import home

PAGE = Path(mgcore.__file__).parents[1] / "docs" / "ops.md"

HEAD = """# The ops

All come through the [door that every plugin uses](plugins.md); each is a module of its name. An op
is called as `ops.tanh(x)`, or as a method, `x.tanh()`: on plain numbers it gives a float, on a
Value a Value. Every op passes [every check](checks.md). This page is written by
`tools/ops_page.py` from the ops and the docstrings of their modules: formula, domain, partials,
what holds at a kink, and where it is from.

Functions whose text says "By SciPy" need it when they are computed (`pip install "mgcore[math]"`):
eager numbers come from scipy.special, and kernels call its machine code. All others need the core
alone.

PyTorch's `softsign` is left to you: it is the op that the README has you write, as a first example,
`x / (1 + |x|)` with the partial `(1 + |x|)**-2`.
"""

COLUMNS = "| op | operands | result | domain | rules and conventions |\n|---|---|---|---|---|\n"
PACKAGES = {
    "mgops_basic": "Arithmetic, elementary functions, choice, and functions of many operands",
    "mgops_activations": "Activations and their like",
    "mgops_math": "Special functions and probability",
}


def page() -> str:
    """Return the text of the page."""
    shipped = (x.op for x in mgcore.plugins(load=True) if x.distribution == "mgcore")
    ops = sorted(filter(None, shipped), key=lambda op: op.name)
    parts = [HEAD]
    for package, title in PACKAGES.items():
        rows = [row(op) for op in ops if home(op).startswith(f"{package}.")]
        parts.append(f"\n## {title} (`{package}`)\n\n{COLUMNS}" + "".join(rows))
    return "".join(parts)


def row(op: mgcore.Op) -> str:
    """Return an op's line of the table."""
    domain = "all reals"
    if op.domain:
        each = dict.fromkeys(op.domain) if len(set(op.domain)) == 1 else op.domain
        domain = "; ".join(f"`{part}`" for part in each)
    names = ", ".join(op.operand_names)
    cells = (f"`{op.name}`", f"`{names}`", f"`{op.doc}`", domain, rules(op))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def rules(op: mgcore.Op) -> str:
    """Return what the module of an op says, on one line."""
    return " ".join(cleandoc(sys.modules[home(op)].__doc__ or "").split()).replace("*", "\\*")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
