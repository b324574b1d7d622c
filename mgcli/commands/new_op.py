"""``mg new-op``: a complete package with an op of one's own, from the template beside this one."""

import keyword
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click

from mgcli.errors import CliError
from mgcore.op import RESERVED_NAMES

if TYPE_CHECKING:
    from mgcli.authoring.draft import Draft

__all__ = ["TEMPLATE", "command"]

TEMPLATE = Path(__file__).parent.parent / "op_template"
MOST_OPERANDS = 6
LICENCES = ("MIT", "BSD-3-Clause", "Apache-2.0", "none")


@click.command(
    "new-op",
    short_help="Start a package with an op of your own.",
    epilog='Examples: mg new-op softsign --from "x/(1+abs(x))"; mg new-op j0 --around '
    'scipy.special.j0; mg new-op leaky --from "maximum(x,0)+slope*minimum(x,0)" '
    "--settings slope=0.01",
)
@click.argument("name")
@click.option("--package", help="Name of the package; mg_NAME by default.")
@click.option("--operands", help="Number of operands, or any.")
@click.option("--from", "formula", metavar="FORMULA", help="Write both rules from a formula.")
@click.option("--settings", metavar="NAME=NUMBER,...", help="Make a family with these settings.")
@click.option("--around", metavar="PATH", help="Make it of a function, as scipy.special.j0.")
@click.option("--partial", "partials", multiple=True, help="With --around: its partial, a formula.")
@click.option("--domain", "domains", multiple=True, help='Where it is defined, as "(0, inf)".')
@click.option("--author", help="Your name.")
@click.option("--licence", type=click.Choice(LICENCES), help="Licence of the package.")
@click.option("--defaults", is_flag=True, help="Ask nothing: take the defaults.")
@click.option(
    "--into",
    type=click.Path(path_type=Path),
    help="Folder to make; one named after the package by default.",
)
def command(
    name: str,
    into: Path | None,
    defaults: bool,
    package: str | None,
    operands: str | None,
    author: str | None,
    licence: str | None,
    **wanted: Any,
) -> None:
    """Make a package with the op NAME: rules, entry point, tests, README, licence, CI file.

    The rules are an example to put yours in place of; or those of a formula, the partials by
    differentiating it; or those around a function of a library, whose partials you give or mpmath
    finds. Asks for what no option says, four questions at most. Works without a network.
    """
    _check_name(name)
    _check_package(package or f"mg_{name}")
    folder = into if into is not None else Path((package or f"mg_{name}").replace("_", "-"))
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CliError(f"{folder} is there already; choose another folder with --into")
    draft = _draft(name, operands, **wanted)
    given = {"package": package, "operands": operands, "author": author, "licence": licence}
    answers: dict[str, Any] = {"op": name}
    answers |= {key: value for key, value in given.items() if value is not None}
    if draft is not None:  # how many operands there are, its module says
        answers |= attrs.asdict(draft) | {"names": list(draft.operands), "operands": "1"}
        answers |= {key: answers[key].rstrip("\n") for key in ("module", "tests")}
    _copy(folder, answers, ask=not defaults and sys.stdin.isatty())
    module = _module(folder, name)
    then = f"and look at the rules in {module}" if draft else f"and put your formula into {module}"
    click.echo(
        f"made {folder}. Next:\n  pip install -e {_as_path(folder)}\n  mg check {name}\n{then}"
    )


def _draft(
    name: str,
    operands: str | None,
    formula: str | None,
    settings: str | None,
    around: str | None,
    partials: tuple[str, ...],
    domains: tuple[str, ...],
) -> "Draft | None":
    """Return the draft of an op that is more than an example; None for an example."""
    count = _count(operands)
    if around is not None:
        if formula is not None or settings is not None:
            raise CliError("--around makes an op of a function; leave out --from and --settings")
        from mgcli.authoring.draft import draft_around

        return draft_around(name, around, count or 1, partials, domains)
    if partials:
        raise CliError("--partial goes with --around; --from finds the partials itself")
    if formula is None and settings is None and (count is None or count <= 2) and not domains:
        return None
    from mgcli.authoring.draft import draft_from, example_formula, settings_of

    chosen = settings_of(settings or "")
    if formula is None:
        formula = example_formula(count or 1, list(chosen))
    elif count is not None:
        raise CliError("--from counts the operands itself; leave out --operands")
    return draft_from(name, formula, chosen, domains)


def _count(operands: str | None) -> int | None:
    if operands is None or operands == "any":
        return None
    if not operands.isdigit() or not 1 <= int(operands) <= MOST_OPERANDS:
        raise CliError(f"--operands is {operands!r}; give 1 to {MOST_OPERANDS}, or any")
    return int(operands)


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
