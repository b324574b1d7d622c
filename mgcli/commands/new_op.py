"""``mg new-op``: a complete package with an op of one's own, from the template beside this one."""

import keyword
import sys
from pathlib import Path
from typing import Any

import click

from mgcli.errors import CliError
from mgcore.op import RESERVED_NAMES

__all__ = ["TEMPLATE", "command"]

TEMPLATE = Path(__file__).parent.parent / "op_template"
LICENCES = ("MIT", "BSD-3-Clause", "Apache-2.0", "none")


@click.command(
    "new-op",
    short_help="Start a package with an op of your own.",
    epilog="Example: mg new-op softsign --defaults",
)
@click.argument("name")
@click.option("--package", help="Name of the package; mg_NAME by default.")
@click.option("--operands", type=click.IntRange(1, 2), help="Number of operands.")
@click.option("--author", help="Your name.")
@click.option("--licence", type=click.Choice(LICENCES), help="Licence of the package.")
@click.option("--defaults", is_flag=True, help="Ask nothing: take the defaults.")
@click.option(
    "--into",
    type=click.Path(path_type=Path),
    help="Folder to make; one named after the package by default.",
)
def command(name: str, into: Path | None, defaults: bool, **given: Any) -> None:
    """Make a package with the op NAME: rules, entry point, tests, README, licence, CI file.

    Asks for what no option says, four questions at most. Works without a network.
    """
    answers = {key: value for key, value in given.items() if value is not None}
    _check_name(name)
    package = answers.get("package", f"mg_{name}")
    _check_package(package)
    folder = into if into is not None else Path(package.replace("_", "-"))
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CliError(f"{folder} is there already; choose another folder with --into")
    _copy(folder, {"op": name, **answers}, ask=not defaults and sys.stdin.isatty())
    click.echo(
        f"made {folder}. Next:\n  pip install -e {_as_path(folder)}\n  mg check {name}\n"
        f"and put your formula into {_module(folder, name)}"
    )


def _copy(folder: Path, answers: dict[str, Any], *, ask: bool) -> None:
    try:
        from copier import run_copy
        from copier.errors import CopierError
    except ImportError as error:
        raise CliError("mg new-op needs copier; pip install 'mgcore[kit]'") from error
    try:
        run_copy(str(TEMPLATE), folder, data=answers, defaults=not ask, quiet=True)
    except CopierError as error:
        raise CliError(f"the package could not be made: {error}") from error


def _as_path(folder: Path) -> str:
    """Return the folder so that pip takes it for a path, never for a name."""
    return str(folder) if folder.is_absolute() else f"./{folder.as_posix()}"


def _module(folder: Path, name: str) -> Path:
    return next(folder.glob(f"*/{name}.py"))


def _check_name(name: str) -> None:
    if not name.isidentifier() or keyword.iskeyword(name):
        raise CliError(
            f"{name!r} cannot be an op's name: it must be a Python identifier, such as softsign"
        )
    if name.startswith("_") or name in RESERVED_NAMES:
        raise CliError(
            f"{name!r} cannot be an op's name: it starts with an underscore or is an attribute of "
            "Value"
        )
    from mgcore import plugins

    for row in plugins():
        if row.name == name:
            owner = f"{row.distribution} {row.version}".strip()
            raise CliError(f"the op {name!r} is taken: {owner} brings it; choose another name")


def _check_package(package: str) -> None:
    if not package.isidentifier() or keyword.iskeyword(package):
        raise CliError(f"{package!r} cannot be a package's name: write it as my_ops")
    if package in sys.stdlib_module_names:
        raise CliError(f"{package!r} is a module of Python itself; choose another --package")
