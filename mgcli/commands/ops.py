"""``mg ops``: every op, its state, and the distribution and version that it came from."""

import json
import shutil
from collections import Counter
from pathlib import Path

import click
from rich.text import Text

from mgcli.errors import CliError
from mgcli.op_docs import write_docs
from mgcli.op_plot import curves_of, draw_in_terminal, write_png
from mgcli.screen import console, plain_lines, plain_table, strangers_on_stderr, visible
from mgcore import Op, PluginInfo, plugins
from mgcore.explain.description import description
from mgcore.plugins.registry import registry

__all__ = ["command"]

WIDE = 110  # columns of a terminal from which on the operands' names have room
MANY = 200  # rows from which on lines are not wrapped, since laying them out would take long
STYLES = {"broken": "bold red", "disabled": "dim", "shadowed": "yellow"}


@click.command(
    short_help="List every operator and where it came from.",
    epilog="Examples: mg ops, mg ops tanh --plot, mg ops my-package --docs docs",
)
@click.argument("names", nargs=-1, metavar="[NAME ...]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@click.option("--plot", is_flag=True, help="Draw the op and its derivatives in the terminal.")
@click.option("--png", type=click.Path(path_type=Path), help="Draw them into this picture.")
@click.option(
    "--docs", type=click.Path(path_type=Path), help="Write pages of Markdown into this folder."
)
def command(
    names: tuple[str, ...], as_json: bool, plot: bool, png: Path | None, docs: Path | None
) -> None:
    """List every operator that is installed, whether it works or not, or tell all of one.

    Each with its operands, symbol, formula, state, and the distribution and version that it came
    from; for one that is broken or not used, the cause. NAME is an op or a package. Of a single op:
    what it declares and what its module says, how accurate it is, and how fast in a kernel,
    measured on the spot.
    """
    with strangers_on_stderr():  # what a plugin prints is none of the listing
        rows = plugins(load=True)
        pairs = _named(names, rows) if names else [(row.op, row) for row in rows if row.op]
    if docs is not None:
        for page in write_docs(pairs, docs):
            click.echo(f"wrote {page}")
        return
    if names and not as_json and len(pairs) == 1:
        _tell(*pairs[0])
    elif as_json:
        shown = [row for _, row in pairs] if names else rows
        text = json.dumps([_record(row) for row in shown], indent=2, ensure_ascii=False)
        click.echo("\n".join(map(_escaped, text.split("\n"))))
    else:
        _show([row for _, row in pairs] if names else rows)
    _draw(pairs, names, plot, png)
    registry.vet()  # under MGCORE_STRICT a problem is an error, once it has been shown


def _named(names: tuple[str, ...], rows: list[PluginInfo]) -> list[tuple[Op, PluginInfo]]:
    """Return the ops that are meant, each with its row; a family's, of a member."""
    from mgcore.testing.selection import ops_of

    found = {row.name: row for row in rows if row.op is not None}
    return [(op, found[op.name.partition(":")[0]]) for op in ops_of(names)]


def _tell(op: Op, row: PluginInfo) -> None:
    from mgcli.op_measures import measured_accuracy, measured_speed

    screen = console()
    screen.print(visible(description(op, _origin(row))).replace("\\n", "\n"), soft_wrap=True)
    with strangers_on_stderr():
        accuracy, speed = measured_accuracy(op), measured_speed(op)
    screen.print()
    screen.print(f"Accuracy: {accuracy or 'not measured; pip install mgcore[kit]'}", soft_wrap=True)
    screen.print(f"Speed: {speed or 'not measured; pip install mgcore[compile]'}", soft_wrap=True)


def _draw(
    pairs: list[tuple[Op, PluginInfo]], names: tuple[str, ...], plot: bool, png: Path | None
) -> None:
    if not plot and png is None:
        return
    if not names or (png is not None and len(pairs) != 1):
        raise CliError("name one op to draw, as in mg ops tanh --plot")
    for op, _ in pairs:
        curves = curves_of(op)
        if plot:
            click.echo(draw_in_terminal(curves, shutil.get_terminal_size().columns))
        if png is not None:
            write_png(curves, png)
            click.echo(f"wrote {png}")


def _record(row: PluginInfo) -> dict[str, object]:
    op = row.op
    return {
        "name": row.name,
        "arity": op.arity if op else None,
        "operands": list(row.operands) if row.operands is not None else None,
        "symbol": op.symbol if op else None,
        "formula": op.doc if op else None,
        "domain": list(op.domain) if op and op.domain else None,
        "robust": list(op.robust) if op and op.robust else None,
        "settings": dict(op.settings) if op and op.settings else None,
        "state": row.state,
        "distribution": row.distribution,
        "version": row.version or None,
        "cause": row.cause or None,
    }


def _escaped(line: str) -> str:
    """Return a line of JSON with what steers a terminal, or is no text, as JSON escapes it."""
    if line.isprintable():
        return line
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in line)


def _show(rows: list[PluginInfo]) -> None:
    screen = console()
    header = ("op", "arity", "symbol", "formula", "state", "from")
    cells = [_cells(row, wide=screen.width >= WIDE) for row in rows]
    if len(rows) > MANY:
        for line in plain_lines(header, cells):
            screen.print(line, soft_wrap=True)
    else:
        table = plain_table(*header, right=("arity",))
        for column in table.columns:
            column.no_wrap = column.header != "formula"
        for row, shown in zip(rows, cells, strict=True):
            table.add_row(*shown[:4], Text(row.state, STYLES.get(row.state, "")), shown[5])
        screen.print(table)
    screen.print()
    counts = Counter(row.state for row in rows)
    screen.print(", ".join(f"{n} {state}" for state, n in counts.most_common()))
    for row in rows:
        if row.cause:
            head = f"{visible(row.name)} of {_origin(row)}: {row.state}"
            screen.print()
            screen.print(Text(head, STYLES.get(row.state, "")))
            screen.print("  " + "\n".join(map(visible, row.cause.split("\n"))))


def _cells(row: PluginInfo, *, wide: bool) -> tuple[str, ...]:
    op, name = row.op, row.name
    if op is not None and wide:
        name = f"{name}({', '.join(row.operands or ())})"
    arity = "" if op is None else "any" if op.arity is None else str(op.arity)
    symbol, formula = (op.symbol, op.doc or "") if op is not None else ("", "")
    return visible(name), arity, visible(symbol), visible(formula), row.state, _origin(row)


def _origin(row: PluginInfo) -> str:
    return visible(f"{row.distribution} {row.version}".strip())
