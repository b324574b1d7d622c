"""Formulas as trees: applied ops simplify them, and Python's text comes out of them."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, TypeAlias

from mgcore import ops

__all__ = ["Tree", "replaced", "shared", "simplified", "subtrees", "text_of"]

# A number, a name, or an op's name with the trees of its operands.
Tree: TypeAlias = float | str | tuple[Any, ...]

INFIX = {
    "add": (" + ", 1),
    "sub": (" - ", 1),
    "mul": (" * ", 2),
    "div": (" / ", 2),
    "pow": ("**", 4),
}
NEGATION, ATOM = 3, 5


def simplified(name: str, *operands: Tree) -> Tree:
    """Return the tree of an op applied, in a form that a person would write.

    Numbers are worked out, ones and zeros vanish, signs move outward, and quotients of one divisor
    are added above it.
    """
    numbers = [x for x in operands if isinstance(x, float)]
    if numbers and len(numbers) == len(operands):
        return float(getattr(ops, name)(*numbers))
    if name == "select" and isinstance(operands[0], float):
        chosen: Tree = operands[1] if operands[0] != 0.0 else operands[2]
        return chosen
    if name == "neg":
        return _negated(operands[0])
    rule = _RULES.get(name)
    found = rule(*operands) if rule is not None else None
    return (name, *operands) if found is None else found


def _negated(x: Tree) -> Tree:
    if isinstance(x, float):
        return -x
    match x:
        case ("neg", y):
            inner: Tree = y
            return inner
        case ("sub", y, z):
            return ("sub", z, y)
        case (("mul" | "div") as name, float(factor), y):
            return simplified(name, -factor, y)
    return ("neg", x)


def _added(x: Tree, y: Tree) -> Tree | None:
    if x == 0.0 or y == 0.0:
        return y if x == 0.0 else x
    match x, y:
        case _, ("neg", z):
            return simplified("sub", x, z)
        case ("neg", z), _:
            return simplified("sub", y, z)
        case _, (("mul" | "div") as name, float(factor), z) if factor < 0.0:
            return simplified("sub", x, simplified(name, -factor, z))
        case ("div", a, b), ("div", c, d) if b == d:
            return simplified("div", simplified("add", a, c), b)
        case _ if x == y:
            return simplified("mul", 2.0, x)
    return None


def _subtracted(x: Tree, y: Tree) -> Tree | None:
    if x == 0.0 or y == 0.0:
        return x if y == 0.0 else _negated(y)
    match x, y:
        case _, ("neg", z):
            return simplified("add", x, z)
        case ("neg", z), _:
            return _negated(simplified("add", z, y))
        case _, (("mul" | "div") as name, float(factor), z) if factor < 0.0:
            return simplified("add", x, simplified(name, -factor, z))
        case ("div", a, b), ("div", c, d) if b == d:
            return simplified("div", simplified("sub", a, c), b)
        case _ if x == y:
            return 0.0
    return None


def _multiplied(x: Tree, y: Tree) -> Tree | None:
    if 0.0 in (x, y):
        return 0.0
    if 1.0 in (x, y):
        return y if x == 1.0 else x
    if -1.0 in (x, y):
        return _negated(y if x == -1.0 else x)
    match x, y:
        case (_, float()) if not isinstance(x, float):
            return simplified("mul", y, x)
        case ("neg", z), _:
            return _negated(simplified("mul", z, y))
        case _, ("neg", z):
            return _negated(simplified("mul", x, z))
        case float(), ("mul", float(factor), z):
            return simplified("mul", x * factor, z)
        case float(), ("div", float(factor), z):
            return simplified("div", x * factor, z)
        case ("div", a, b), _:
            return simplified("div", simplified("mul", a, y), b)
        case _, ("div", a, b):
            return simplified("div", simplified("mul", x, a), b)
        case _, ("mul", float(factor), z):
            return simplified("mul", factor, simplified("mul", x, z))
        case _, ("mul", a, b):
            return simplified("mul", simplified("mul", x, a), b)
    return None


def _divided(x: Tree, y: Tree) -> Tree | None:
    if x == 0.0:
        return 0.0
    if y == 1.0:
        return x
    match x:
        case ("neg", z):
            return _negated(simplified("div", z, y))
    return None


def _raised(x: Tree, y: Tree) -> Tree | None:
    if y in (0.0, 1.0):
        return x if y == 1.0 else 1.0
    return None


_RULES = {
    "add": _added,
    "sub": _subtracted,
    "mul": _multiplied,
    "div": _divided,
    "pow": _raised,
}


def replaced(tree: Tree, part: Tree, name: str) -> Tree:
    """Return the tree with every occurrence of a part called by a name."""
    if tree == part:
        return name
    if not isinstance(tree, tuple):
        return tree
    head, *operands = tree
    return (str(head), *(replaced(x, part, name) for x in operands))


def subtrees(tree: Tree) -> Iterator[tuple[Any, ...]]:
    """Yield the applied ops in a tree, operands first, each as often as it occurs."""
    if isinstance(tree, tuple):
        for x in tree[1:]:
            yield from subtrees(x)
        yield tree


def shared(tree: Tree) -> list[tuple[Any, ...]]:
    """Return the applied ops that occur more than once in a tree, the smallest first."""
    counts = Counter(subtrees(tree))
    return [part for part, count in counts.items() if count > 1 and part[0] != "neg"]


def text_of(tree: Tree) -> str:
    """Return a tree as Python, written with operators and ``ops``."""
    return _written(tree)[0]


def _written(tree: Tree) -> tuple[str, int]:
    if isinstance(tree, float):
        return (repr(tree), ATOM if tree >= 0.0 else NEGATION)
    if isinstance(tree, str):
        return tree, ATOM
    name, *operands = tree
    if name == "neg":
        return f"-{_wrapped(operands[0], NEGATION)}", NEGATION
    if name in INFIX and len(operands) == 2:
        sign, binding = INFIX[name]
        left = _wrapped(operands[0], binding + (name == "pow"))
        # A power's exponent may begin with a sign; the others' right sides do not associate.
        right = _wrapped(operands[1], NEGATION if name == "pow" else binding + (name != "add"))
        return f"{left}{sign}{right}", binding
    function = "abs" if name == "abs" else f"ops.{name}"
    return f"{function}({', '.join(text_of(x) for x in operands)})", ATOM


def _wrapped(tree: Tree, least: int) -> str:
    text, binding = _written(tree)
    return text if binding >= least else f"({text})"
