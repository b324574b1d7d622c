"""Click arguments that several commands share."""

from collections.abc import Callable, Iterable
from typing import Any

import click

from mgcli.expression import Expression, assignments, record
from mgcli.parser import parse
from mgcli.screen import note
from mgcore import Value

__all__ = ["EXPRESSION_SETTINGS", "expression_arguments", "read_expression"]

# "-a*b" is an expression and "-b=2" never an option.
EXPRESSION_SETTINGS = {"ignore_unknown_options": True}


def expression_arguments(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the arguments ``EXPRESSION [NAME=NUMBER ...]``.

    They arrive as ``expression: str, values: tuple[str, ...]``, for `read_expression`; the command
    needs ``context_settings=EXPRESSION_SETTINGS``.
    """
    command = click.argument("values", nargs=-1, metavar="[NAME=NUMBER ...]")(command)
    return click.argument("expression", metavar="EXPRESSION")(command)


def read_expression(
    expression: str, values: Iterable[str]
) -> tuple[Expression, Value | float, dict[str, Value]]:
    """Read and record an expression; variables that it does not use are named on stderr.

    Returns:
        The expression, its result (a float if it has no variables), and the leaves by name.

    Raises:
        ExpressionError: naming the column of what is wrong.

    """
    words = [expression, *values]
    for word in words:
        if word.startswith("--") and word[2:3].isalpha():
            raise click.NoSuchOption(word, ctx=click.get_current_context())
    parsed = parse(expression)
    given = assignments(words[1:])
    result, leaves = record(parsed, given)
    unused = [name for name in given if name not in leaves]
    if unused:
        verb = "is" if len(unused) == 1 else "are"
        note(f"{', '.join(unused)} {verb} not in the expression, and left aside")
    return parsed, result, leaves
