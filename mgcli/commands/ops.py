"""``mg ops``: every op, its state, and the distribution and version that it came from."""

import contextlib
import json
import sys
from collections import Counter

import click
from rich.text import Text

from mgcli.screen import console, plain_table
from mgcore import PluginInfo, plugins
from mgcore.registry import registry

__all__ = ["command"]

WIDE = 110  # columns of a terminal from which on the operands' names have room
STYLES = {"broken": "bold red", "disabled": "dim", "shadowed": "yellow"}


@click.command(short_help="List every operator and where it came from.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def command(as_json: bool) -> None:
    """List every operator that is installed, whether it works or not.

    Each with its operands, symbol, formula, state, and the distribution and version that it came
    from; for one that is broken or not used, the cause.
    """
    # What a plugin prints while it is imported is none of the listing.
    with contextlib.redirect_stdout(sys.stderr):
        rows = plugins(load=True)
    if as_json:
        click.echo(json.dumps([_record(row) for row in rows], indent=2, ensure_ascii=False))
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


def _show(rows: list[PluginInfo]) -> None:
    screen = console()
    wide = screen.width >= WIDE
    table = plain_table("op", "arity", "symbol", "formula", "state", "from", right=("arity",))
    for column in table.columns:
        column.no_wrap = column.header != "formula"
    for row in rows:
        op = row.op
        table.add_row(
            f"{row.name}({', '.join(row.operands or ())})" if op and wide else row.name,
            "" if op is None else "any" if op.arity is None else str(op.arity),
            op.symbol if op else "",
            (op.doc or "") if op else "",
            Text(row.state, STYLES.get(row.state, "")),
            f"{row.distribution} {row.version}".strip(),
        )
    screen.print(table)
    screen.print()
    counts = Counter(row.state for row in rows)
    screen.print(", ".join(f"{n} {state}" for state, n in counts.most_common()))
    for row in rows:
        if row.cause:
            origin = f"{row.distribution} {row.version}".strip()
            screen.print()
            screen.print(Text(f"{row.name} of {origin}: {row.state}", STYLES.get(row.state, "")))
            screen.print(f"  {row.cause}")
