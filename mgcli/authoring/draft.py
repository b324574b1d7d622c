"""Draft an op for a new package: its module, its tests, and what they need."""

from collections.abc import Callable, Mapping, Sequence

import attrs

from mgcli.authoring.around import module_around, target_of
from mgcli.authoring.derive import derive
from mgcli.authoring.domains import domain_of, given_domain, points_in
from mgcli.authoring.source import module_of, text_of_rule
from mgcli.errors import CliError
from mgcli.expression import assignments
from mgcli.parser import parse
from mgcore import Value

__all__ = ["Draft", "draft_around", "draft_from", "example_formula", "settings_of"]

SHOWN = 5  # values that the tests hold
LETTERS = "xyzuvw"


@attrs.frozen
class Draft:
    """Hold what the template of a package needs to know of an op.

    Args:
        operands: their names.
        module: the source of the op's module.
        tests: the source of its tests.
        requires: the packages that the module imports, beside mgcore.

    """

    operands: tuple[str, ...]
    module: str
    tests: str
    requires: tuple[str, ...] = ()


def settings_of(text: str) -> dict[str, float]:
    """Read ``slope=0.01,power=2``; a whole number makes a whole setting.

    Raises:
        CliError: if it is no such thing.

    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    found = assignments(words)
    numbers = {word.partition("=")[0].strip(): word.partition("=")[2].strip() for word in words}
    return {
        name: int(x) if numbers[name].lstrip("+-").isdigit() else x for name, x in found.items()
    }


def names_of_operands(count: int) -> tuple[str, ...]:
    """Return names for so many operands."""
    return tuple(LETTERS[:count]) if count <= len(LETTERS) else tuple(f"x{i}" for i in range(count))


def example_formula(count: int, settings: Sequence[str]) -> str:
    """Return a formula of so many operands with these settings in it, to be replaced."""
    first, *others = names_of_operands(count)
    if settings:
        return f"maximum({first}, 0) + ({' + '.join(settings)})*minimum({first}, 0)" + "".join(
            f" + {x}" for x in others
        )
    return f"{first} / (1 + {' + '.join(f'{x}*{x}' for x in others)})"


def draft_from(
    name: str, formula: str, settings: Mapping[str, float], domain: Sequence[str]
) -> Draft:
    """Draft an op from a formula.

    Args:
        name: of the op.
        formula: of operands, settings, numbers, operators and installed ops.
        settings: name -> usual value; the other names in the formula are the operands.
        domain: one for each operand, or one for all; empty to find it out.

    Raises:
        ExpressionError: if the formula cannot be read.
        CliError: if it has no operands, does not use a setting, or has no value in the domain.

    """
    expression = parse(formula)
    names = tuple(n for n in expression.names if n not in settings)
    unused = [s for s in settings if s not in expression.names]
    if not names or unused:
        what = f"has no setting {unused[0]!r} in it" if unused else "has no operand"
        raise CliError(f"the formula {formula!r} {what}")

    def value(*xs: float) -> float:
        try:
            found = expression.evaluate({**dict(zip(names, xs, strict=True)), **settings})
        except CliError:
            return float("nan")
        return found.data if isinstance(found, Value) else float(found)

    chosen = given_domain(domain, len(names)) or domain_of(expression, names)
    points = points_in(chosen, len(names), value, f"the formula {formula!r}")
    module = module_of(name, formula, derive(expression, names), chosen, settings)
    return Draft(names, module, _tests(name, points, value, settings, None))


def draft_around(
    name: str, path: str, count: int, partials: Sequence[str], domain: Sequence[str]
) -> Draft:
    """Draft an op around a function of a library.

    Args:
        name: of the op.
        path: of the function, such as ``scipy.special.j0``.
        count: of its operands.
        partials: formulas in the operands and ``out``; empty to have mpmath differentiate.
        domain: one for each operand, or one for all; empty for the whole real line.

    Raises:
        CliError: if there is no such function, or it has no value in the domain.
        ExpressionError: if a partial cannot be read.

    """
    names, target = names_of_operands(count), target_of(path)
    if partials and len(partials) != count:
        raise CliError(f"{len(partials)} partials for {count} operands")
    rules = [text_of_rule(parse(text), names) for text in partials]
    chosen = given_domain(domain, count)
    points = points_in(chosen, count, target.value, path)
    module = module_around(name, target, names, rules, chosen)
    roots = {target.module.partition(".")[0]} | ({"mpmath"} if not partials else set())
    reference = f"mpmath.{target.name}" if target.precise is not None else None
    tests = _tests(name, points, target.value, {}, reference)
    return Draft(names, module, tests, tuple(sorted(roots)))


def _tests(
    name: str,
    points: Sequence[tuple[float, ...]],
    value: Callable[..., float],
    settings: Mapping[str, float],
    reference: str | None,
) -> str:
    """Return the tests: every check of the kit, values, and slopes by nudging."""
    examined = [name]
    if settings:
        examined.append(f"{name}:{','.join(repr(x + 1) for x in settings.values())}")
    shown = points[:SHOWN]
    values = "".join(f"    ({xs!r}, {value(*xs)!r}),\n" for xs in shown)
    ops_line = ", ".join(f'"{x}"' for x in examined)
    given = f', references={{"{name}": {reference}}}' if reference else ""
    imports = "import mpmath\nimport pytest\n" if reference else "import pytest\n"
    return f"""from collections.abc import Callable

{imports}
from mgcore import Op, check_gradient, ops
from mgcore.testing import parametrize_with_checks


# By name: that the op is found proves the entry point.
@parametrize_with_checks([{ops_line}]{given})
def test_{name}_passes_every_check(op: Op, check: Callable[[Op], None]) -> None:
    check(op)


# What the {"function" if reference else "formula"} gave when the package was made.
VALUES = [
{values}]


@pytest.mark.parametrize(("operands", "expected"), VALUES)
def test_{name}_has_these_values(operands: tuple[float, ...], expected: float) -> None:
    assert ops.{name}(*operands) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("operands", [operands for operands, _ in VALUES])
def test_the_partials_of_{name}_are_its_slopes(operands: tuple[float, ...]) -> None:
    check_gradient(ops.{name}, list(operands))
"""
