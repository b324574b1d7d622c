"""``mg stubs``: types of all installed ops, third-party ones too, for editors and checkers."""

import sysconfig
from pathlib import Path

import click

from mgcli.stubs import methods_stub, ops_stub
from mgcore import plugins

__all__ = ["command"]

FOLDER = "mgcore-stubs"  # the name by which checkers know stubs of mgcore


@click.command(short_help="Write the types of all installed ops, for editors.")
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder to write mgcore-stubs into; that of installed packages by default.",
)
def command(into: Path | None) -> None:
    """Write a stub package with every op that is installed, yours and strangers' too.

    mypy, pyright and editors then complete and check `ops.yours` and `x.yours()`. Write it again
    when a package of ops has come or gone; delete the folder to go back to the shipped ops.
    """
    folder = (into or Path(sysconfig.get_path("purelib"))) / FOLDER
    rows = plugins(load=True)
    found = [row.op for row in rows if row.op is not None]
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "py.typed": "partial\n",  # everything else of mgcore has its types in its own files
        "ops.pyi": ops_stub(found, "mg stubs"),
        "op_methods.pyi": methods_stub(found, "mg stubs"),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    strangers = sum(row.op is not None and row.distribution != "mgcore" for row in rows)
    click.echo(f"{len(found)} ops, {strangers} of them third-party: {folder}")
    for row in rows:
        if row.state == "broken":
            click.echo(f"left out {row.name} of {row.distribution}: broken (see mg ops)")
