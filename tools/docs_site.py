"""Build the documentation site from docs/, without a network: build/site/html.

python tools/docs_site.py             # builds it; every warning is an error

Beside the pages of docs/ it writes, from the code, a reference of every public name, of every op
and of every command. A page that docs/index.md names nowhere comes under "More pages".
"""

from __future__ import annotations

import importlib
import inspect
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mgcore
from mgcore.explain.description import description

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(mgcore.__file__).parents[1]
DOCS = ROOT / "docs"
BUILD = ROOT / "build" / "site"
SOURCE, HTML = BUILD / "source", BUILD / "html"

MODULES = {
    "mgcore": "The engine: values, ops, derivatives, plugins.",
    "mgcore.numeric": "The derivative by its definition, and the gradient check.",
    "mgcore.errors": "Every error of the engine.",
    "mgcore.testing": "The conformance kit.",
    "mgnn": "Nets and their training.",
    "mgnn.losses": "Losses.",
    "mgnn.optim": "Optimisers.",
    "mgnn.sklearn": "Estimators of scikit-learn.",
    "mgnn.errors": "Every error of nets and trainings.",
    "mgcompile": "Recorded graphs as native kernels.",
    "mgcompile.dask": "Kernels over the blocks of Dask.",
    "mgcompile.errors": "Every error of the compiler.",
    "mgbridge": "Doors to NumPy, PyTorch and JAX.",
    "mgbridge.numpy": "Ops as ufuncs of NumPy.",
    "mgbridge.torch": "Ops and kernels in PyTorch.",
    "mgbridge.jax": "Ops and kernels in JAX.",
    "mgbridge.errors": "Every error of the doors.",
    "mgview": "Pictures and pages.",
    "mgview.report": "A training as one page.",
    "mgview.recorder": "Watch the layers while a net learns.",
    "mgview.training": "Pictures of trainings.",
    "mgview.errors": "Every error of pictures.",
}
"""The modules whose names are public, each a page of the reference."""

_SHOWN = 200
"""Letters of a constant that the reference shows."""

PLACE_OF_OTHERS = "<!-- the pages that are named nowhere else -->"


def public_names(module: ModuleType) -> list[str]:
    """Return the public names of a module that are no modules themselves."""
    own = [
        n
        for n, thing in vars(module).items()
        if getattr(thing, "__module__", "") == module.__name__
    ]
    names = [str(n) for n in getattr(module, "__all__", own) if not n.startswith("_")]
    return [name for name in names if not inspect.ismodule(getattr(module, name))]


def reference(name: str) -> str:
    """Return the page of a module's public names."""
    module = importlib.import_module(name)
    lines = [f"# {name}", "", "```{eval-rst}", f".. automodule:: {name}", ""]
    for each in sorted(public_names(module), key=str.lower):
        thing = getattr(module, each)
        if inspect.isclass(thing):
            lines += [f".. autoclass:: {name}.{each}", "   :members:", "   :show-inheritance:"]
            if not issubclass(thing, Exception):
                lines.append("   :special-members: __call__")
            # Made by scikit-learn, and documented there.
            made = [m for m in dir(thing) if re.fullmatch(r"set_\w+_request", m)]
            if made:
                lines.append(f"   :exclude-members: {', '.join(made)}")
            lines.append("")
        elif callable(thing) and not isinstance(thing, mgcore.Op):
            lines += [f".. autofunction:: {name}.{each}", ""]
        else:
            lines += [f".. py:data:: {each}", f"   :module: {name}", ""]
            lines += [f"   ``{_short(thing)}``", ""]
    return "\n".join([*lines, "```", ""])


def _short(thing: object) -> str:
    text = " ".join(repr(thing).split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def reference_index() -> str:
    """Return the page that lists the pages of the reference."""
    rows = [f"| [{name}]({name}.md) | {about} |" for name, about in MODULES.items()]
    table = ["| module | what it has |", "|---|---|", *rows]
    pages = [*MODULES, "all-ops", "commands"]
    tree = ["```{toctree}", ":hidden:", "", *pages, "```"]
    more = "[Every op](all-ops.md) and [every command](commands.md) have pages of their own."
    return "\n".join(["# Reference", "", more, "", *table, "", *tree, ""])


def all_ops() -> str:
    """Return the page of every shipped op: the table, then what ``help`` says of each."""
    rows = [row for row in mgcore.plugins(load=True) if row.distribution == "mgcore"]
    lines = [
        "# Every op",
        "",
        "Written from the ops themselves; `help(ops.tanh)` says the same.",
        "",
    ]
    lines += ["| op | operands | result | domain |", "|---|---|---|---|"]
    details = []
    for row in rows:
        op = row.op
        if op is None:
            continue
        domain = "; ".join(op.domain) if op.domain else "all reals"
        cells = (f"[{op.name}](#op-{op.name})", ", ".join(op.operand_names), op.doc or "", domain)
        lines.append(f"| {' | '.join(_cell(cell, code=k > 0) for k, cell in enumerate(cells))} |")
        text = description(op, f"{row.distribution} {row.version}")
        details += [f"(op-{op.name})=", f"## {op.name}", "", "```text", text, "```", ""]
    return "\n".join([*lines, "", *details])


def _cell(text: str, *, code: bool) -> str:
    escaped = text.replace("|", "\\|")
    return f"`{escaped}`" if code and text else escaped


def commands() -> str:
    """Return the page of every command: what its ``--help`` says."""
    import click

    from mgcli.commands import TABLE

    lines = ["# Commands", "", "What `mg COMMAND --help` says.", ""]
    for name, row in TABLE.items():
        module, attribute = row.place.split(":")
        command: Any = getattr(importlib.import_module(module), attribute)
        with click.Context(command, info_name=f"mg {name}", max_content_width=80) as context:
            text = command.get_help(context)
        lines += [f"## mg {name}", "", "```text", text, "```", ""]
    return "\n".join(lines)


def with_other_pages(index: str, pages: list[str]) -> str:
    """Return the landing page with the pages that it names nowhere, and no folder's index does.

    Args:
        index: The text of docs/index.md.
        pages: Names of all pages beside it, without their suffix.

    Raises:
        SystemExit: if the landing page has no place for them.
    """
    if PLACE_OF_OTHERS not in index:
        message = (
            f"docs/index.md has no line {PLACE_OF_OTHERS!r}, where pages go that it leaves out"
        )
        raise SystemExit(message)
    trees = re.findall(r"^```\{toctree\}\n(.*?)^```", index, re.MULTILINE | re.DOTALL)
    named = {line.split("<")[-1].rstrip(">").strip() for tree in trees for line in tree.split("\n")}
    return index.replace(PLACE_OF_OTHERS, "\n".join(page for page in pages if page not in named))


def write_source() -> None:
    """Write what Sphinx reads: copies of the pages, and those made from the code."""
    shutil.rmtree(BUILD, ignore_errors=True)
    shutil.copytree(DOCS, SOURCE)
    pages = sorted(path.stem for path in SOURCE.glob("*.md") if path.stem != "index")
    decisions = sorted(f"decisions/{path.stem}" for path in (SOURCE / "decisions").glob("*.md"))
    for path in SOURCE.glob("*.md"):  # files beside docs/ are not on the site
        text = path.read_text(encoding="utf-8")
        path.write_text(re.sub(r"\[([^\]]+)\]\(\.\./[^)]*\)", r"`\1`", text), encoding="utf-8")
    index = SOURCE / "index.md"
    index.write_text(with_other_pages(index.read_text(encoding="utf-8"), pages), encoding="utf-8")
    tree = "\n".join(["# Decisions", "", "```{toctree}", *(f"/{d}" for d in decisions), "```", ""])
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").replace("](docs/", "](")
    written = {
        "decisions/index.md": tree,
        "changelog.md": changes,
        "api/index.md": reference_index(),
        "api/all-ops.md": all_ops(),
        "api/commands.md": commands(),
        **{f"api/{name}.md": reference(name) for name in MODULES},
    }
    for name, text in written.items():
        path = SOURCE / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


def build() -> int:
    """Build the site; return what Sphinx returns."""
    write_source()
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-W", "--keep-going", "-q"]
    return subprocess.run([*command, str(SOURCE), str(HTML)], check=False).returncode  # noqa: S603 - our own


if __name__ == "__main__":
    code = build()
    if code == 0:
        print(f"wrote {HTML / 'index.html'}")
    sys.exit(code)
