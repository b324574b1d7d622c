"""``mg ops``: every op, its state, and the distribution and version that it came from."""

import json
from collections import Counter

import click
from rich.text import Text

from mgcli.screen import console, plain_lines, plain_table, strangers_on_stderr, visible
from mgcore import PluginInfo, plugins
from mgcore.plugins.registry import registry

__all__ = ["command"]

WIDE = 110  # columns of a terminal from which on the operands' names have room
MANY = 200  # rows from which on lines are not wrapped, since laying them out would take long
STYLES = {"broken": "bold red", "disabled": "dim", "shadowed": "yellow"}


@click.command(short_help="List every operator and where it came from.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def command(as_json: bool) -> None:
    """List every operator that is installed, whether it works or not.

    Each with its operands, symbol, formula, state, and the distribution and version that it came
    from; for one that is broken or not used, the cause.
    """
    # What a plugin prints while it is imported is none of the listing.
    with strangers_on_stderr():
        rows = plugins(load=True)
    if as_json:
        text = json.dumps([_record(row) for row in rows], indent=2, ensure_ascii=False)
        click.echo("\n".join(map(_escaped, text.split("\n"))))
    else:
        _show(rows)
    registry.vet()  # under MGCORE_STRICT a problem is an error, once it has been shown


def _record(row: PluginInfo) -> dict[str, object]:
    op = row.op
    return {
        "name": row.name,
        "arity": op.arity if op else None,
        "operands": list(row.operands) if row.operands is not None else None,
        "symbol": op.symbol if op else None,
        "formula": op.doc if op else None,
        "domain": list(op.domain) if op and op.domain else None,
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
