"""Turn the records of a tape into arrays: every symbol gets the number of the node it stands for.

A record is four objects: the symbol of a node, its op, and two operands, or a tuple of any number
of operands and None. Which symbol is which is told by addresses, as for recorded Values.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from mgcompile.support.csr import places_within, starts
from mgcompile.support.identities import addresses, as_array, distinct, identities, positions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from mgcore import Op

    Numbers = NDArray[np.int64]
    Objects = NDArray[np.object_]

__all__ = ["RECORD", "Block", "Nodes", "Numbered", "Recorded", "numbered"]

RECORD = 4
"""Objects on a tape for a node."""


@attrs.frozen(slots=True, eq=False)
class Nodes:
    """Nodes of ops, users first, as a walk from the outputs meets them. Leaves have lower numbers.

    Args:
        code: Which op each node applies; shape (n,).
        width: How many operands it has; shape (n,).
        operand: The numbers of the operands, node by node; shape (width.sum(),).
    """

    code: Numbers
    width: Numbers
    operand: Numbers


@attrs.frozen(slots=True, eq=False)
class Block:
    """Nodes that stand on a tape as arrays.

    Args:
        at: How many records stand before it.
        nodes: The nodes.
        leaves: The symbols from outside that are their leaves.
        made: Symbols for some of the nodes.
        places: Which of the nodes these are.
    """

    at: int
    nodes: Nodes
    leaves: Sequence[Any]
    made: Sequence[Any]
    places: Numbers


@attrs.frozen(slots=True, eq=False)
class Recorded:
    """A piece of a tape.

    Args:
        records: `RECORD` objects for each node, operands first.
        blocks: What stands between the records, in this order.
    """

    records: Sequence[Any]
    blocks: Sequence[Block]


@attrs.frozen(slots=True, eq=False)
class Numbered:
    """A piece of a tape as arrays.

    Args:
        nodes: Its nodes, those of blocks among them.
        leaves: Its leaves: those that were given, then the other symbols from outside.
        roots: The numbers of what was asked for.
    """

    nodes: Nodes
    leaves: list[Any]
    roots: Numbers


def numbered(
    piece: Recorded, leaves: Sequence[Any], roots: Sequence[Any], code: Callable[[Op], int]
) -> Numbered:
    """Return a piece of a tape as arrays.

    Args:
        piece: What was recorded.
        leaves: Symbols that it may read from outside.
        roots: Symbols whose numbers are wanted.
        code: Gives the code of an op.
    """
    objects, blocks = as_array(piece.records), piece.blocks[::-1]
    table = addresses(objects).reshape(-1, RECORD)[::-1]
    objects = objects.reshape(-1, RECORD)[::-1]
    tuples = objects[table[:, 3] == id(None), 2].tolist()
    width, operands = _operands(table, tuples)
    at = [len(table) - b.at for b in blocks]  # of what follows them
    places, begins = _places(len(table), at, blocks)
    known = [identities(leaves), table[:, 0], *(identities(b.made) for b in blocks)]
    wanted = [operands, *(identities(b.leaves) for b in blocks), identities(roots)]
    found, others = _found(np.concatenate(known), np.concatenate(wanted))
    count = len(leaves) + len(others)
    first, last = np.arange(len(leaves)), np.arange(len(leaves), count)
    made = [begin + b.places for b, begin in zip(blocks, begins, strict=True)]
    number = np.concatenate([first, *(count + x for x in (places, *made)), last])[found]
    operand, *read, root = np.split(number, np.cumsum([len(x) for x in wanted[:-1]]))
    nodes = Nodes(_codes(objects, table, code), width, operand)
    placed = [
        _placed(b.nodes, x, count + begin) for b, x, begin in zip(blocks, read, begins, strict=True)
    ]
    if others:
        outside = chain(piece.records, *tuples, *(b.leaves for b in blocks), roots)
        leaves = [*leaves, *_objects(others, outside)]
    return Numbered(_joined(nodes, placed, at), [*leaves], root)


def _operands(table: Numbers, tuples: Sequence[Any]) -> tuple[Numbers, Numbers]:
    """Return how many operands each record has, and who they are, record by record."""
    width = np.full(len(table), 2)
    if not tuples:
        return width, table[:, 2:].ravel()
    several = table[:, 3] == id(None)
    width[several] = [*map(len, tuples)]
    start = starts(width)
    operands = np.empty(start[-1], dtype=np.int64)
    two, more = start[:-1][~several], start[:-1][several]
    operands[two], operands[two + 1] = table[~several, 2], table[~several, 3]
    own = np.repeat(more, width[several]) + places_within(width[several])
    operands[own] = identities([*chain.from_iterable(tuples)])
    return width, operands


def _places(count: int, at: list[int], blocks: Sequence[Block]) -> tuple[Numbers, list[int]]:
    """Return where among all nodes those of the records are, and where those of a block begin."""
    records = np.arange(count)
    if not blocks:
        return records, []
    before = starts(np.array([len(b.nodes.code) for b in blocks]))
    records += before[np.searchsorted(at, records, side="right")]
    return records, (at + before[:-1]).tolist()


def _found(known: Numbers, wanted: Numbers) -> tuple[Numbers, list[int]]:
    """Return where each wanted identity is among the known ones, and the others, which follow."""
    found = positions(known, wanted, object.__basicsize__)
    missing = np.flatnonzero(found < 0)
    others: dict[int, int] = {}
    found[missing] = [
        len(known) + others.setdefault(x, len(others)) for x in wanted[missing].tolist()
    ]
    return found, [*others]


def _objects(identity: Sequence[int], among: Iterable[Any]) -> list[Any]:
    """Return the objects that have these identities."""
    found = {id(x): x for x in among}
    return [found[x] for x in identity]


def _codes(objects: Objects, table: Numbers, code: Callable[[Op], int]) -> Numbers:
    """Return the code of the op of each record."""
    first, which = distinct(table[:, 1])
    codes = np.array([code(op) for op in objects[first, 1].tolist()], dtype=np.int64)
    return codes[which]


def _placed(nodes: Nodes, leaves: Numbers, begin: int) -> Nodes:
    """Return the nodes of a block, given the numbers of its leaves and of its first node."""
    number = np.concatenate([leaves, np.arange(begin, begin + len(nodes.code))])
    return attrs.evolve(nodes, operand=number[nodes.operand])


def _joined(nodes: Nodes, blocks: Sequence[Nodes], at: list[int]) -> Nodes:
    """Return nodes with blocks among them, each before the node that `at` says."""
    if not blocks:
        return nodes
    edges = starts(nodes.width)[at]
    pieces = map(
        Nodes, np.split(nodes.code, at), np.split(nodes.width, at), np.split(nodes.operand, edges)
    )
    order = [next(pieces), *chain.from_iterable(zip(blocks, pieces, strict=True))]
    return Nodes(
        *(np.concatenate([getattr(x, f) for x in order]) for f in ("code", "width", "operand"))
    )
