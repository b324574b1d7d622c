"""``mg step``: a page that steps through the forward and the backward pass of an expression."""

from pathlib import Path

import click

from mgcli.arguments import EXPRESSION_SETTINGS, expression_arguments, read_expression
from mgcli.errors import CliError
from mgcli.screen import console
from mgcore import Value, raise_nonfinite

__all__ = ["command"]


@click.command(
    context_settings=EXPRESSION_SETTINGS,
    short_help="Step through backpropagation in a web page.",
    epilog='Example: mg step "(a*b + c) * f" a=2 b=-3 c=10 f=-2 --show',
)
@expression_arguments
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("step.html"),
    show_default=True,
    help="Where to save the page; a name ending in .html.",
)
@click.option("--show", is_flag=True, help="Open the page in the web browser as well.")
@raise_nonfinite()
def command(expression: str, values: tuple[str, ...], output: Path, show: bool) -> None:
    """Save a web page that goes through EXPRESSION forwards and backwards, node by node.

    The page needs no network. In it numbers can be changed, gradients predicted before they are
    shown, and backpropagation broken on purpose.
    """
    from mgview import files, stepper

    parsed, result, _ = read_expression(expression, values)
    text = " ".join(parsed.text.split())
    if not isinstance(result, Value):
        raise CliError(f"{text} has no variables, so it has no gradients to step through")
    if not result.label:
        result.label = "out"
    page = stepper(result, title=f"Backpropagation through {text}").save(output)
    console().print(f"saved {page}", soft_wrap=True)
    if show:
        files.show(page)
