"""``mg grad``: the value of an expression, its gradients, and a numerical check beside each."""

import json
import math

import attrs
import click

from mgcli.arguments import EXPRESSION_SETTINGS, expression_arguments, read_expression
from mgcli.errors import ExpressionError
from mgcli.expression import Expression
from mgcli.screen import console, note, plain_table, strangers_on_stderr
from mgcore import Value, grad, numeric, raise_nonfinite
from mgcore.errors import RangeError

__all__ = ["Row", "command", "rows_of"]

AGREE = 1e-4  # relative; a central difference is right to about 1e-9 where the function is smooth


@attrs.frozen
class Row:
    """Hold one variable's derivative by the chain rule and by nudging; NaN where none exists."""

    name: str
    at: float
    gradient: float
    numerical: float
    why_none: str = ""

    @property
    def difference(self) -> float:
        """Return how far apart the two are."""
        return abs(self.gradient - self.numerical)

    @property
    def agrees(self) -> bool:
        """Tell whether the difference is within what nudging can resolve."""
        scale = max(1.0, abs(self.gradient), abs(self.numerical))
        return math.isnan(self.numerical) or self.difference <= AGREE * scale


@click.command(
    context_settings=EXPRESSION_SETTINGS,
    short_help="Differentiate an expression and check it.",
    epilog='Example: mg grad "a*b + tanh(c)" a=2 b=-3 c=10',
)
@expression_arguments
@click.option("--json", "as_json", is_flag=True, help="Print full-precision JSON for programs.")
@raise_nonfinite()
def command(expression: str, values: tuple[str, ...], as_json: bool) -> None:
    """Print the value of EXPRESSION, and its derivative by each variable.

    Beside each derivative stands the numerical one, found by nudging the variable up and down, and
    the difference of the two. EXPRESSION is made of numbers, names, + - * / ** and the ops that
    `mg ops` lists.
    """
    with strangers_on_stderr():
        parsed, result, leaves = read_expression(expression, values)
        value = result.data if isinstance(result, Value) else result
        rows = rows_of(parsed, result, leaves)
    if as_json:
        gradients = [
            {**attrs.asdict(row, filter=_is_number), "difference": row.difference} for row in rows
        ]
        record = {"expression": parsed.text, "value": value, "gradients": gradients}
        click.echo(json.dumps(_without_nan(record), indent=2))
        return
    _show(parsed.text, value, rows)


def rows_of(expression: Expression, result: Value | float, leaves: dict[str, Value]) -> list[Row]:
    """Return one row per variable, in the order of the expression."""
    if not isinstance(result, Value) or not leaves:
        return []
    gradients = grad(result, list(leaves.values()))
    point = {name: leaf.data for name, leaf in leaves.items()}
    return [
        Row(name, point[name], d, *_nudged(expression, point, name))
        for name, d in zip(leaves, gradients, strict=True)
    ]


def _nudged(expression: Expression, point: dict[str, float], name: str) -> tuple[float, str]:
    """Return the central difference, with a smaller nudge near a border; NaN and why if none is."""
    x = point[name]
    why = "a nudge is lost beside a number of this size"

    def f(moved: float) -> float:
        return float(expression.evaluate({**point, name: moved}))

    for h in (6e-6 * max(1.0, abs(x)), 6e-6 * abs(x)):
        try:
            return numeric.derivative(f, x, h=h, method="central"), ""
        except ExpressionError as error:
            large = isinstance(error.__cause__, RangeError)
            why = (
                "beside the point the result is too large for a float64"
                if large
                else "the point is at the border of the domain"
            )
        except ValueError:  # a nudge of 0
            continue
    return math.nan, why


def _show(text: str, value: float, rows: list[Row]) -> None:
    screen = console()
    screen.print(f"{text.strip()} = {value!r}", style="bold", soft_wrap=True)
    if not rows:
        screen.print("no variables, so no derivatives")
        return
    table = plain_table("", "at", "gradient", "numerical", "difference")
    for row in rows:
        none = math.isnan(row.numerical)
        table.add_row(
            row.name,
            f"{row.at:.6g}",
            f"{row.gradient:.10g}",
            "none" if none else f"{row.numerical:.10g}",
            "" if none else f"{row.difference:.1e}",
            style=None if row.agrees else "bold red",
        )
    screen.print()
    screen.print(table)
    _remark(rows)


def _remark(rows: list[Row]) -> None:
    for row in rows:
        if not row.agrees:
            note(
                f"the two disagree in {row.name}: the expression has a kink or a jump there, or "
                "rises too steeply for a nudge; if neither, an op's rule is wrong (try mg check)"
            )
        elif math.isnan(row.numerical):
            note(f"no numerical derivative in {row.name}: {row.why_none}")


def _is_number(field: "attrs.Attribute[object]", _: object) -> bool:
    return field.name != "why_none"


def _without_nan(record: dict[str, object]) -> object:
    """Put null for NaN and infinity, which JSON does not know."""
    text = json.dumps(record)
    return json.loads(text, parse_constant=lambda _: None)
