"""``mg explain``: the chain rule for an expression, written out path by path."""

import click

from mgcli.arguments import EXPRESSION_SETTINGS, expression_arguments, read_expression
from mgcli.errors import CliError
from mgcore import Value, explain, raise_nonfinite
from mgcore.plugins.catalogue import near_matches

__all__ = ["command"]


@click.command(
    context_settings=EXPRESSION_SETTINGS,
    short_help="Write the chain rule for an expression out.",
    epilog='Example: mg explain "a*b + tanh(a)" a=2 b=-3 --wrt a',
)
@expression_arguments
@click.option(
    "--wrt", metavar="NAME", multiple=True, help="Differentiate by this variable; all by default."
)
@raise_nonfinite()
def command(expression: str, values: tuple[str, ...], wrt: tuple[str, ...]) -> None:
    """Explain the derivatives of EXPRESSION.

    Each local derivative stands with its formula and its number, then every path from the result
    to the variable with the product along it; the products add up to the derivative. Large
    expressions are summarised.
    """
    parsed, result, leaves = read_expression(expression, values)
    if not isinstance(result, Value) or not leaves:
        raise CliError(f"{parsed.text.strip()} has no variables, so there is nothing to explain")
    for name in wrt:
        if name not in leaves:
            there = near_matches(name, leaves) or ", ".join(leaves)
            raise CliError(f"{name!r} is no variable of the expression; did you mean {there}?")
    if not result.label:
        result.label = "result"
    click.echo(f"result = {parsed.text.strip()} = {result.data!r}\n")
    texts = [str(explain(result, leaves[name])) for name in wrt or leaves]
    click.echo(f"\n\n{'-' * 40}\n\n".join(texts))
