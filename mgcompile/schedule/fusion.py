"""Group elementwise bundles of one shape, so that what one makes stays in a register for the next.

A group becomes one loop over its points. Groups are kept short: a loop body much longer than what
a core looks ahead (some hundred instructions) runs slower than two bodies that meet in the cache.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from mgcompile.backends.llvm.math.op_table import lowering_of
from mgcompile.program.ir import Affine, Bundle, Loop, Program, Scatter, Statement, Tape
from mgcompile.schedule.fission import HEAVY, cut, weight
from mgcompile.schedule.phases import made, read, runs_by_tile, touched

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mgcompile.program.ir import Access, IndexMap

__all__ = [
    "Group",
    "LoopUnit",
    "Product",
    "Unit",
    "elementwise",
    "is_cheap",
    "is_heavy",
    "is_identity",
    "units",
]

LONGEST_SPAN = 600
"""Instructions, estimated, of the bundles that are looked at together to be cut into loops."""

WINDOW = 400
"""How many statements are looked at to find one that joins a group."""

MOST_CHEAP = 8
"""Bundles of a group, all of them cheap, that is short beside the loop around it."""

_CHEAP = frozenset(
    [
        "add",
        "sub",
        "mul",
        "neg",
        "abs",
        "maximum",
        "minimum",
        "select",
        "relu",
        "leaky_relu",
        "gt",
        "ge",
        "lt",
        "le",
    ]
)


@frozen
class Group:
    """Elementwise bundles over one shape; each reads the others at its own point alone."""

    bundles: tuple[Bundle, ...]
    tiled: bool

    @property
    def shape(self) -> tuple[int, ...]:
        """The axes that all of the bundles have."""
        return self.bundles[0].shape

    @property
    def results(self) -> tuple[int, ...]:
        """The arrays that the bundles make."""
        return tuple(bundle.result for bundle in self.bundles)

    @property
    def cheap(self) -> bool:
        """Whether its loop's own instructions, loads and stores count beside what it computes."""
        return len(self.bundles) <= MOST_CHEAP and all(is_cheap(b) for b in self.bundles)


@frozen
class Product:
    """A sum or dot, what it starts from, and the group that takes its results from registers.

    ``start`` is read over the shape of the bundle and is not batched.
    """

    bundle: Bundle
    group: Group | None
    start: Access | None = None


@frozen
class LoopUnit:
    """A loop, and its body as units."""

    loop: Loop
    body: tuple[Unit, ...]
    tiled: bool


Unit = Group | Product | Bundle | Scatter | Tape | LoopUnit


def is_cheap(bundle: Bundle) -> bool:
    """Tell whether a bundle's op takes a few instructions."""
    return bundle.op.name in _CHEAP


def is_heavy(group: Group) -> bool:
    """Tell whether a group has an op of many instructions and code written for all of its ops."""
    return any(weight(b) >= HEAVY for b in group.bundles) and all(
        lowering_of(b.op) is not None for b in group.bundles
    )


def elementwise(statement: Statement) -> bool:
    """Tell whether a statement makes every element of its result from single elements."""
    return isinstance(statement, Bundle) and not statement.reduced and not statement.over_batch


def is_identity(index: IndexMap, loops: int, shape: tuple[int, ...]) -> bool:
    """Tell whether a map reads, at each point of `shape`, the element of the same number."""
    if not isinstance(index, Affine) or index.offset or any(index.strides[:loops]):
        return False
    expected = 1
    for length, stride in zip(reversed(shape), reversed(index.strides[loops:]), strict=True):
        if length > 1 and stride != expected:
            return False
        expected *= length
    return True


def _joins(
    bundle: Bundle, shape: tuple[int, ...], inside: set[int], skipped: set[int], loops: int
) -> bool:
    """Tell whether a bundle can be executed at the points of a group that makes `inside`."""
    if bundle.shape != shape:
        return False
    for access in bundle.operands:
        if access.array in skipped:
            return False
        if access.array in inside and not is_identity(access.index, loops, shape):
            return False
    return True


def _group(
    program: Program, targets: Mapping[int, Access], statements: list[Statement], loops: int
) -> tuple[list[int], bool]:
    """Return the places of the statements that can be executed together with the first one."""
    first = statements[0]
    assert isinstance(first, Bundle)  # noqa: S101 - the caller asked elementwise()
    tiled = runs_by_tile(program, first)
    chosen, inside = [0], set(made(first))
    skipped = set(touched(first, targets)) - inside  # complete only after the group
    length = weight(first)
    for place in range(1, min(len(statements), WINDOW)):
        statement = statements[place]
        if (
            isinstance(statement, Bundle)
            and elementwise(statement)
            and runs_by_tile(program, statement) == tiled
            and length + weight(statement) <= LONGEST_SPAN
            and _joins(statement, first.shape, inside, skipped, loops)
        ):
            chosen.append(place)
            inside.update(made(statement))
            skipped.update(set(touched(statement, targets)) - set(made(statement)))
            length += weight(statement)
        else:
            skipped.update(touched(statement, targets))
    return chosen, tiled


def units(
    program: Program,
    targets: Mapping[int, Access],
    statements: Sequence[Statement],
    loops: int = 0,
) -> tuple[Unit, ...]:
    """Turn statements, in order, into what is executed as one loop nest each.

    Args:
        program: the program that they belong to.
        targets: for arrays that are part of another one, which (see `placing`).
        statements: a block in topological order.
        loops: how many loops the block stands in.

    Returns:
        The units in an order that keeps operands first.
    """
    found: list[Unit] = []
    waiting = list(statements)
    while waiting:
        statement = waiting[0]
        if isinstance(statement, Loop):
            body = units(program, targets, statement.body, loops + 1)
            found.append(LoopUnit(statement, body, runs_by_tile(program, statement)))
        elif elementwise(statement):
            chosen, tiled = _group(program, targets, waiting, loops)
            bundles: list[Bundle] = [waiting[place] for place in chosen]  # type: ignore[misc]  # _group chooses bundles
            found += [Group(body, tiled) for body in cut(bundles)]
            for place in reversed(chosen[1:]):
                del waiting[place]
        else:
            found.append(statement)
        del waiting[0]
    return tuple(found)


def members(unit: Unit) -> tuple[Statement, ...]:
    """Return the statements of a unit; a loop counts as one."""
    match unit:
        case Group():
            return unit.bundles
        case Product():
            return (unit.bundle, *(unit.group.bundles if unit.group else ()))
        case LoopUnit():
            return (unit.loop,)
        case _:
            return (unit,)


def reads(unit: Unit) -> set[int]:
    """Return the arrays that a unit reads."""
    found = {array for statement in members(unit) for array in read(statement)}
    if isinstance(unit, Product) and unit.start is not None:
        found.add(unit.start.array)
    return found
