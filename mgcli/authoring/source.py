"""Write the module of an op that was derived from a formula."""

import textwrap
from collections.abc import Mapping, Sequence

import attrs

from mgcli.authoring.derive import Derived, tree_of
from mgcli.authoring.trees import Tree, replaced, shared, text_of
from mgcli.errors import CliError
from mgcli.expression import Expression

__all__ = ["Rule", "module_of", "text_of_rule"]

WIDTH = 88
KINK = "# Zero where a part of the formula has no derivative."
LOCALS = "uvwpqrst"
NEWLINES = ("\n", "\n\n")  # before a variable and before a function


@attrs.frozen
class Rule:
    """Hold a rule as Python: an expression, and the names that are bound before it."""

    bound: tuple[tuple[str, str], ...]
    text: str


def module_of(
    name: str, formula: str, derived: Derived, domain: Sequence[str], settings: Mapping[str, float]
) -> str:
    """Return the source of a module with the op `name`.

    Args:
        name: of the op.
        formula: as the user wrote it.
        derived: what follows from it.
        domain: of each operand; empty for the whole real line.
        settings: name -> usual value; empty for an op that is of no family.

    """
    operands = ", ".join(derived.names)
    rules = [_rule(tree) for tree in derived.partials]
    definitions, references = [], []
    for rule, operand in zip(rules, derived.names, strict=True):
        one_line = f"lambda out, {operands}: {rule.text}"
        if rule.bound or len(one_line) > WIDTH - 8:
            function = "_partial" if len(rules) == 1 else f"_by_{operand}"
            definitions.append(_function(function, f"out, {operands}", rule))
            references.append(function)
        else:
            references.append(one_line)
    arguments = [
        f'"{name}"',
        f"forward=lambda {operands}: {text_of(derived.forward)}",
        _tuple("partials", references),
        *([_tuple("domain", [f'"{text}"' for text in domain])] if domain else []),
        *(
            [f"{KINK}\nkink=lambda {operands}: {text_of(derived.kink)}"]
            if derived.kink is not None
            else []
        ),
        f'doc="{formula}"',
    ]
    call = "Op(\n" + "".join(f"{textwrap.indent(x, '    ')},\n" for x in arguments) + ")"
    if settings:
        body = "\n".join([*definitions, f"return {call}"])
        parameters = ", ".join(f"{k}: {type(v).__name__} = {v!r}" for k, v in settings.items())
        code = (
            f"@op_family\ndef {name}({parameters}) -> Op:\n"
            f'    """Return the op with these settings."""\n\n{textwrap.indent(body, "    ")}\n'
        )
    else:
        code = "\n\n".join([*definitions, f"{name} = {call}\n"])
    imports = ["Op", *(["op_family"] if settings else []), *(["ops"] if "ops." in code else [])]
    typing = "from typing import Any\n\n" if "Any" in code else ""
    pairs = zip(derived.names, rules, strict=True)
    slopes = "\n".join(f"d/d{x}: {_in_words(rule)}" for x, rule in pairs)
    return (
        f'"""{name}: {formula}.\n\n'
        "Made from the formula, the partials by differentiating it (out is the result):\n\n"
        f'{textwrap.indent(slopes, "    ")}\n"""\n\n'
        f"{typing}from mgcore import {', '.join(imports)}\n{NEWLINES[code[0] in 'd@']}{code}"
    )


def _rule(tree: Tree) -> Rule:
    """Bind what a rule uses more than once to a name."""
    bound: list[tuple[str, str]] = []
    for letter in LOCALS:
        parts = shared(tree)
        if not parts:
            break
        part = parts[0]  # operands come first, so that none in it occurs twice
        bound.append((letter, text_of(part)))
        tree = replaced(tree, part, letter)
    return Rule(tuple(bound), text_of(tree))


def _function(name: str, parameters: str, rule: Rule) -> str:
    typed = ", ".join(f"{p}: Any" for p in parameters.split(", "))
    lines = [f"{letter} = {text}" for letter, text in rule.bound]
    body = "\n".join([*lines, f"return {rule.text}"])
    return f"def {name}({typed}) -> Any:\n{textwrap.indent(body, '    ')}\n"


def _tuple(name: str, parts: Sequence[str]) -> str:
    inside = ", ".join(parts)
    if len(inside) + len(name) < WIDTH - 10:
        return f"{name}=({inside}{',' * (len(parts) == 1)})"
    return f"{name}=(\n" + "".join(f"    {part},\n" for part in parts) + ")"


def _in_words(rule: Rule) -> str:
    where = ", ".join(f"{letter} = {text}" for letter, text in rule.bound)
    words = f"{rule.text} with {where}" if where else rule.text
    return words if len(words) <= WIDTH else "see below"


def text_of_rule(expression: Expression, names: Sequence[str]) -> str:
    """Return a partial that was given as a formula as Python.

    Raises:
        CliError: if it has other names in it than those of the operands and ``out``.

    """
    strangers = [name for name in expression.names if name not in {*names, "out"}]
    if strangers:
        allowed = ", ".join((*names, "out"))
        raise CliError(f"the partial has the name {strangers[0]!r} in it; it has {allowed}")
    return text_of(tree_of(expression))
