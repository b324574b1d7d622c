"""Write the documentation of a package of ops: a page of Markdown, and a picture of each op."""

from collections.abc import Sequence
from pathlib import Path

from mgcli.errors import CliError
from mgcli.op_measures import measured_accuracy
from mgcli.op_plot import curves_of, write_png
from mgcore import Op, PluginInfo
from mgcore.explain.description import call_of, facts, notes

__all__ = ["write_docs"]

PROMISE = (
    "Each draws itself, differentiates to any order, works in a net by its name and compiles to "
    "native code."
)


def write_docs(pairs: Sequence[tuple[Op, PluginInfo]], folder: Path) -> list[Path]:
    """Write one page for each distribution that brings one of the ops.

    Args:
        pairs: the ops, each with where it came from.
        folder: where to; made if it is not there.

    Returns:
        The pages, ``DISTRIBUTION.md``.

    """
    folder.mkdir(parents=True, exist_ok=True)
    pages = []
    for distribution in dict.fromkeys(row.distribution for _, row in pairs):
        ours = [(op, row) for op, row in pairs if row.distribution == distribution]
        page = folder / f"{_file_name(distribution)}.md"
        page.write_text(_page(ours, folder), encoding="utf-8")
        pages.append(page)
    return pages


def _page(pairs: Sequence[tuple[Op, PluginInfo]], folder: Path) -> str:
    row = pairs[0][1]
    lines = [
        f"# {row.distribution}",
        "",
        f"Operators of {row.distribution} {row.version} for mgcore. {PROMISE}",
        "",
        "| op | operands | result |",
        "|---|---|---|",
    ]
    for op, _ in pairs:
        operands = ", ".join(op.operand_names)
        lines.append(f"| [`{op.name}`](#{op.name}) | `{operands}` | {_code(op.doc or '')} |")
    return "\n".join([*lines, *(line for op, _ in pairs for line in _section(op, folder))]) + "\n"


def _section(op: Op, folder: Path) -> list[str]:
    rows = [("Call", f"ops.{call_of(op)}"), *facts(op)]
    found = measured_accuracy(op)
    said = notes(op)
    lines = ["", f"## {op.name}", "", *([said, ""] if said else []), "| | |", "|---|---|"]
    lines += [f"| {name} | {_code(text)} |" for name, text in rows]
    lines += [f"| Accuracy | {found} |"] if found is not None else []
    picture = f"{op.name.replace(':', '_')}.png"
    try:
        write_png(curves_of(op), folder / picture)
    except CliError:
        return lines  # nothing to draw, or nothing to draw with
    return [*lines, "", f"![{op.name} and its derivatives]({picture})"]


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|") + "`" if text else ""


def _file_name(distribution: str) -> str:
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in distribution)
