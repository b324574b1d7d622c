"""Write the module of an op around a function of a library: SciPy's, mpmath's, or your own."""

import importlib
import math
from collections.abc import Callable, Sequence
from typing import Any

import attrs

from mgcli.errors import CliError

__all__ = ["Target", "module_around", "target_of"]


@attrs.frozen
class Target:
    """Hold a function that an op is to be made around.

    Attributes:
        module: where it is imported from.
        name: its name there.
        function: the function.
        precise: the function of the same name in mpmath; None if there is none.

    """

    module: str
    name: str
    function: Callable[..., Any]
    precise: Callable[..., Any] | None

    @property
    def path(self) -> str:
        """Return module and name as they are written in a program."""
        return f"{self.module}.{self.name}"

    def value(self, *operands: float) -> float:
        """Return its result as the op will give it; NaN where it gives none."""
        try:
            out = self.function(*operands)
            out = out.real if isinstance(out, complex) or hasattr(out, "imag") else out
            return float(out)
        except (ArithmeticError, ValueError):
            return math.nan


def target_of(path: str) -> Target:
    """Find the function that ``scipy.special.j0`` names.

    Raises:
        CliError: if there is no such function.

    """
    module, _, name = path.rpartition(".")
    try:
        function = getattr(importlib.import_module(module), name)
    except (ImportError, ValueError, AttributeError) as error:
        raise CliError(f"--around {path!r}: {error}; write it as scipy.special.j0") from error
    if not callable(function):
        raise CliError(f"--around {path!r} is no function")
    try:
        precise = getattr(importlib.import_module("mpmath"), name, None)
    except ImportError:
        precise = None
    return Target(module, name, function, precise if callable(precise) else None)


def module_around(
    name: str,
    target: Target,
    operands: Sequence[str],
    partials: Sequence[str],
    domain: Sequence[str],
) -> str:
    """Return the source of a module with an op around a function.

    Args:
        name: of the op.
        target: the function.
        operands: names of the operands.
        partials: their partials as Python; empty to have mpmath differentiate.
        domain: of each operand; empty for the whole real line.

    Raises:
        CliError: if there are no partials, and mpmath has no function of that name.

    """
    if not partials and target.precise is None:
        raise CliError(
            f"mpmath has no function {target.name!r} to differentiate {target.path} with; give its "
            'partial as a formula in the operands and out, as in --partial "-out*x"'
        )
    more = "".join(f'    domain=("{text}",),\n' for text in domain[:1]) if len(domain) == 1 else ""
    if len(domain) > 1:
        texts = ", ".join(f'"{text}"' for text in domain)
        more = f"    domain=({texts}),\n"
    write = _with_partials if partials else _with_mpmath
    return write(name, target, list(operands), list(partials), more)


def _call(target: Target, operands: Sequence[str], sample: Any) -> str:
    call = f"{target.path}({', '.join(operands)})"
    return f"float({call}.real)" if isinstance(sample, complex) else f"float({call})"


def _sampled(target: Target, count: int) -> Any:
    try:
        return target.function(*[0.7] * count)
    except Exception:  # only its type is of interest
        return 0.0


def _with_partials(
    name: str, target: Target, operands: list[str], partials: list[str], more: str
) -> str:
    taken = ", ".join(operands)
    rules = "".join(f"        lambda out, {taken}: {text},\n" for text in partials)
    uses = "Op, ops" if "ops." in rules else "Op"
    return f'''"""{name}: {target.path}({taken})."""

import {target.module}

from mgcore import {uses}

{name} = Op(
    "{name}",
    forward=lambda {taken}: {_call(target, operands, _sampled(target, len(operands)))},
    partials=(
{rules}    ),
{more}    doc="{target.path}({taken})",
)
'''


def _with_mpmath(name: str, target: Target, operands: list[str], _: list[str], more: str) -> str:
    taken = ", ".join(operands)
    typed = ", ".join(f"{x}: float" for x in operands)
    count = len(operands)
    point = taken if count == 1 else f"({taken})"
    orders = "orders[0]" if count == 1 else "orders"
    rules = "".join(
        f"            lambda out, {taken}: derivative({_raised(i, count)})({taken}),\n"
        for i in range(count)
    )
    imports = "\n".join(sorted({"import mpmath", f"import {target.module}"}))
    zeros = ", ".join("0" for _ in operands) + "," * (count == 1)
    indented = more.replace("    domain", "        domain")
    return f'''"""{name}: {target.path}({taken}).

The result is {target.path}'s. Its derivatives, of every order, are mpmath's, which differentiates
at high precision. Where you know the partial as a formula, put it in: it is faster.
"""

import functools

{imports}

from mgcore import Op


@functools.cache
def derivative(orders: tuple[int, ...]) -> Op:
    """Return the derivative of these orders, one per operand, as an op; its partials follow."""

    def forward({typed}) -> float:
        if not any(orders):
            return {_call(target, operands, _sampled(target, count))}
        return float(mpmath.re(mpmath.diff(mpmath.{target.name}, {point}, {orders})))

    return Op(
        "_".join(["{name}", *map(str, orders)]) if any(orders) else "{name}",
        forward,
        partials=(
{rules}        ),
{indented}        doc="{target.path}({taken})",
    )


{name} = derivative(({zeros}))
'''


def _raised(i: int, count: int) -> str:
    parts = [f"orders[{k}] + 1" if k == i else f"orders[{k}]" for k in range(count)]
    return f"({', '.join(parts)}{',' * (count == 1)})"
