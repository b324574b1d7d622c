"""Reverse mode of a loop along depth: a loop that runs backwards over kept states.

The forward loop keeps its carried arrays as each iteration finds them; an iteration of the reverse
loop computes the inner values of its step again and walks them backwards. Inside, nothing is summed
over the batch: what leaves the loop towards an array that is not batched is summed afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from mgcompile.autodiff.active import active_arrays
from mgcompile.autodiff.adjoints import Adjoints, over_shape
from mgcompile.autodiff.matrix_product_adjoints import Contribution
from mgcompile.autodiff.symbols import Emitter, Number, Symbol
from mgcompile.errors import InvalidProgramError
from mgcompile.program.builder import Builder, affine
from mgcompile.program.index_maps import (
    dense_strides,
    moving_axes,
    only_axes,
    reversed_axis,
    shifted,
)
from mgcompile.program.ir import (
    CONSTS,
    Access,
    Affine,
    Carry,
    IndexMap,
    Loop,
    Statement,
    extent,
)
from mgcompile.program.traversal import renamed
from mgcore import ops

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Sink = Callable[[Contribution], None]
    WalkBlock = Callable[[Sequence[Statement], Builder, Adjoints, set[int], Sink], None]

__all__ = ["reverse_loop"]


def reverse_loop(
    loop: Loop,
    builder: Builder,
    adjoints: Adjoints,
    active: set[int],
    sink: Sink,
    walk_block: WalkBlock,
) -> None:
    """Write the reverse of `loop`, from the adjoints of its results to those of what it reads.

    Args:
        loop: The forward loop.
        builder: Where its reverse goes.
        adjoints: Seeds, and what is collected.
        active: Arrays whose adjoints are wanted.
        sink: What takes a contribution.
        walk_block: Walks the statements of a body backwards (`reverse.reverse_statements`, which
            calls this function).
    """
    finals = {carry.array: adjoints.take(carry.final) for carry in loop.carries}
    stacks = [(stack.source, adjoints.take(stack.result)) for stack in loop.stacks]
    seeds = [*finals.values(), *(access for _, access in stacks)]
    if all(access is None for access in seeds):
        return
    batched = any(builder.arrays[access.array].batched for access in seeds if access is not None)
    batched |= any(builder.arrays[array].batched for array in _made(loop))
    shared = [array for array in _made(loop) if batched and not builder.arrays[array].batched]
    if shared and not adjoints.per_sample:
        # Its adjoint would be the sum over all samples outside of the loop, each one's own inside.
        message = f"array {shared[0]} of a loop is shared by all samples, others are not"
        raise InvalidProgramError(message)
    states = builder.keep_carried(loop, loop.carries)
    moving = [carry for carry in loop.carries if carry.array in active]
    starts = [finals[carry.array] or _zeros(builder, len(adjoints.loops)) for carry in moving]
    reverse = _Reverse(loop, builder, adjoints.loops, batched, walk_block)
    reverse.open(states)
    for source, access in stacks:
        if access is not None:
            reverse.seed_stacked(source, access)
    carried = [reverse.seed_carried(carry) for carry in moving]
    pending = reverse.walk(active, {carry.array for carry in moving})
    for carry, array, start in zip(moving, carried, starts, strict=True):
        reverse.hand_on(carry, array, start)
    for item in pending:
        reverse.leave(item)
    reverse.close(sink)


def _made(loop: Loop) -> list[int]:
    return [carry.array for carry in loop.carries] + [stack.source for stack in loop.stacks]


def _zeros(builder: Builder, depth: int) -> Access:
    return affine(CONSTS, builder.constant(0.0), *(0,) * depth, 0)


@attrs.frozen(slots=True, eq=False)
class _Accumulated:
    """Contributions that all iterations add to the same elements of an array outside."""

    item: Contribution
    shape: tuple[int, ...]
    index: IndexMap
    terms: list[Access] = attrs.field(factory=list)


@attrs.define(slots=True)
class _Reverse:
    """A reverse loop in the making.

    Args:
        loop: The forward loop.
        builder: Where it goes.
        outer: Extents of the loops around it.
        batched: Whether the adjoints inside differ from sample to sample.
        walk_block: Walks the statements of a body backwards.
    """

    loop: Loop
    builder: Builder
    outer: tuple[int, ...]
    batched: bool
    walk_block: WalkBlock
    _local: Adjoints = attrs.field(init=False)
    _number: dict[int, int] = attrs.field(factory=dict)
    _state: dict[int, int] = attrs.field(factory=dict)
    _sums: dict[object, _Accumulated] = attrs.field(factory=dict)
    _carries: list[Carry] = attrs.field(factory=list)
    _stacked: list[int] = attrs.field(factory=list)
    _exits: list[Callable[[list[int]], Contribution]] = attrs.field(factory=list)
    _body: list[Statement] = attrs.field(factory=list)

    def __attrs_post_init__(self) -> None:
        self._local = Adjoints(self.builder, self._loops)

    @property
    def _depth(self) -> int:
        return len(self.outer)

    @property
    def _loops(self) -> tuple[int, ...]:
        return (*self.outer, self.loop.count)

    def open(self, states: list[int]) -> None:
        """Start the body: the state that the iteration began with, and its inner values again."""
        builder, depth, count = self.builder, self._depth, self.loop.count
        builder.open_loop()
        for carry, state in zip(self.loop.carries, states, strict=True):
            size = builder.arrays[carry.array].size
            strides = (*(0,) * depth, -size, 1)
            read = affine(state, (count - 1) * size, *strides)
            copy = builder.bundle(ops.sum, (size,), [read])
            self._number[carry.array] = copy
            self._state[copy] = state
        for statement in self.loop.body:
            for array in _results(statement):
                made = builder.arrays[array]
                self._number[array] = builder.new_array(made.size, batched=made.batched)
            clone = renamed(statement, self._read, self._number)
            builder.add(clone)
            self._body.append(clone)

    def _read(self, access: Access) -> Access:
        if access.array in self._number:
            return Access(self._number[access.array], access.index)
        return Access(access.array, reversed_axis(access.index, self._depth, self.loop.count))

    def _plain(self) -> IndexMap:
        return Affine(0, (*(0,) * (self._depth + 1), 1))

    def seed_stacked(self, source: int, access: Access) -> None:
        """Add the adjoint of what the forward loop stacked, read backwards."""
        size = self.builder.arrays[source].size
        spread = over_shape(access, (self.loop.count, size), 0, self._depth)
        index = reversed_axis(spread.index, self._depth, self.loop.count)
        plain = self._plain()
        read = Access(spread.array, index)
        if any(moving_axes(index)[: self._depth + 1]):
            read = Access(self.builder.bundle(ops.sum, (size,), [read]), plain)
        self._local.add_flat(self._number[source], read, (size,), plain)

    def seed_carried(self, carry: Carry) -> int:
        """Carry the adjoint of the state: at first it is that of the state the iteration makes."""
        size = self.builder.arrays[carry.array].size
        array = self.builder.new_array(size, batched=self.batched)
        plain = self._plain()
        following = self._number[carry.following]
        self._local.add_flat(following, Access(array, plain), (size,), plain)
        return array

    def walk(self, active: set[int], moving: set[int]) -> list[Contribution]:
        """Walk the body backwards; return what goes to arrays outside of the loop."""
        inside = set(self._number.values())
        wanted = {array for array in active if array not in self._number}
        wanted |= {self._number[array] for array in moving}
        pending: list[Contribution] = []

        def sink(item: Contribution) -> None:
            if item.target in inside:
                self._local.contribute(attrs.evolve(item, batched=False))
            else:
                pending.append(item)

        here = active_arrays(self._body, wanted)
        self.walk_block(self._body, self.builder, self._local, here, sink)
        # Inside, the adjoint of a number that all samples share is each sample's own share of it.
        left = (item for item in pending if not _is_zero(item))
        return [attrs.evolve(item, batched=self.batched) for item in left]

    def hand_on(self, carry: Carry, array: int, start: Access) -> None:
        """Close the circle of a carried adjoint; after the loop it belongs to the initial state."""
        size = self.builder.arrays[carry.array].size
        found = self._local.take(self._number[carry.array])
        following = self._whole(found, size)
        final = self.builder.new_array(size, batched=self.batched)
        self._carries.append(Carry(array, start, following, final))
        initial = carry.initial
        upstream = self._outside(affine(final, 0, *(0,) * self._depth, 1), (size,))
        self._exits.append(
            lambda _: Contribution(
                (size,), upstream, 1.0, initial.array, initial.index, self.batched
            )
        )

    def _outside(self, access: Access, domain: tuple[int, ...]) -> Number:
        return Emitter(self.builder, self.outer, domain).symbol(access)

    def _whole(self, access: Access | None, size: int) -> int:
        """Return an array of the body that holds what `access` reads over `(size,)`."""
        if access is None:
            return self.builder.scatter(size, [])
        carried = {carry.array for carry in self._carries}
        own = access.array in self._made_here() or access.array in carried
        whole = access.index == self._plain() and self.builder.arrays[access.array].size == size
        if own and whole:
            return access.array
        return self.builder.bundle(ops.sum, (size,), [access])

    def _made_here(self) -> set[int]:
        return {array for statement in self.builder.statements() for array in _results(statement)}

    def leave(self, item: Contribution) -> None:
        """Arrange for a contribution to an array outside: summed along the loop, or kept whole."""
        depth = self._depth
        factors = [x for x in item.factors if isinstance(x, Symbol)]
        product = extent(item.domain)
        separate = sum(self._footprint(x.access, item.domain) for x in factors)
        if len(factors) == 2 and product > separate:
            self._keep_factors(item)
            return
        shape, access, index = self._reduced(item)
        if moving_axes(index)[depth]:
            self._keep_product(item, shape, access, index)
        else:
            self._accumulate(item, shape, access, index)

    def _footprint(self, access: Access, domain: tuple[int, ...]) -> int:
        moves = moving_axes(access.index)[self._depth + 1 :]
        return extent(tuple(n for n, moving in zip(domain, moves, strict=True) if moving))

    def _keep_factors(self, item: Contribution) -> None:
        """Keep both factors of every iteration; their product is summed after the loop."""
        domain = (self.loop.count, *item.domain)
        reads = [self._kept(x, item.domain) for x in item.factors]

        def leave(results: list[int]) -> Contribution:
            first, second = (self._outside(read(results), domain) for read in reads)
            return Contribution(domain, first, second, item.target, item.index, item.batched)

        self._exits.append(leave)

    def _kept(self, number: Number, domain: tuple[int, ...]) -> Callable[[list[int]], Access]:
        """Return how to read, after the loop, what a factor was at every iteration."""
        depth = self._depth
        emitter = Emitter(self.builder, self._loops, domain)
        access = emitter.access(number)
        index = access.index
        if access.array in self._state:
            return lambda _: self._kept_state(access)
        local = set(self._number.values()) | self._made_here()
        local |= {carry.array for carry in self._carries}
        if access.array not in local:
            return lambda _: access
        size = self.builder.arrays[access.array].size
        place = self._stack(access.array)
        moved = _along(index, depth, size)
        return lambda results: Access(results[place], moved)

    def _kept_state(self, access: Access) -> Access:
        """Return how to read a state of the forward loop, which has kept it already."""
        size = self.builder.arrays[access.array].size
        moved = _along(access.index, self._depth, -size)
        return Access(self._state[access.array], shifted(moved, (self.loop.count - 1) * size))

    def _stack(self, array: int) -> int:
        if array not in self._stacked:
            self._stacked.append(array)
        return self._stacked.index(array)

    def _reduced(self, item: Contribution) -> tuple[tuple[int, ...], Access, IndexMap]:
        """Sum a contribution over the axes that its target does not see."""
        depth = self._depth + 1
        moves = moving_axes(item.index)[depth:]
        kept = tuple(axis for axis, moving in enumerate(moves) if moving)
        gone = tuple(axis for axis, moving in enumerate(moves) if not moving)
        shape = tuple(item.domain[axis] for axis in kept)
        emitter = Emitter(self.builder, self._loops, item.domain)
        read = emitter.access(emitter.chained(item.adjoint, item.partial))
        axes = (*range(depth), *(depth + axis for axis in kept))
        index = only_axes(item.index, axes)
        if extent(tuple(item.domain[axis] for axis in gone)) == 1:
            return shape, Access(read.array, only_axes(read.index, axes)), index
        order = (*axes, *(depth + axis for axis in gone))
        source = Access(read.array, only_axes(read.index, order))
        reduced = tuple(item.domain[axis] for axis in gone)
        total = self.builder.bundle(ops.sum, shape, [source], reduced)
        return shape, affine(total, 0, *(0,) * depth, *dense_strides(shape)), index

    def _copied(self, shape: tuple[int, ...], reads: list[Access]) -> int:
        return self.builder.bundle(ops.sum, shape, reads)

    def _keep_product(
        self, item: Contribution, shape: tuple[int, ...], access: Access, index: IndexMap
    ) -> None:
        """Keep a contribution of every iteration: each goes to elements of its own."""
        place = self._stack(self._copied(shape, [access]))
        domain = (self.loop.count, *shape)
        strides = (0,) * self._depth + dense_strides(domain)

        def leave(results: list[int]) -> Contribution:
            upstream = self._outside(affine(results[place], 0, *strides), domain)
            return Contribution(domain, upstream, 1.0, item.target, index, item.batched)

        self._exits.append(leave)

    def _accumulate(
        self, item: Contribution, shape: tuple[int, ...], access: Access, index: IndexMap
    ) -> None:
        """Add a contribution up along the loop, with all others to the same elements."""
        key = (item.target, shape, index, item.batched)
        if key not in self._sums:
            self._sums[key] = _Accumulated(item, shape, index)
        self._sums[key].terms.append(access)

    def _add_up(self, entry: _Accumulated) -> None:
        builder, depth, shape = self.builder, self._depth, entry.shape
        item, size = entry.item, extent(shape)
        total = builder.new_array(size, batched=self.batched)
        so_far = affine(total, 0, *(0,) * (depth + 1), *dense_strides(shape))
        following = self._copied(shape, [so_far, *entry.terms])
        final = builder.new_array(size, batched=self.batched)
        self._carries.append(Carry(total, _zeros(builder, depth), following, final))
        axes = (*range(depth), *range(depth + 1, depth + 1 + len(shape)))
        upstream = self._outside(affine(final, 0, *(0,) * depth, *dense_strides(shape)), shape)
        target = only_axes(entry.index, axes)
        self._exits.append(
            lambda _: Contribution(shape, upstream, 1.0, item.target, target, item.batched)
        )

    def close(self, sink: Callable[[Contribution], None]) -> None:
        """Append the loop, then hand on what leaves it."""
        for entry in self._sums.values():
            self._add_up(entry)
        results = self.builder.close_loop(self.loop.count, self._carries, self._stacked)
        for leave in self._exits:
            sink(leave(results))


def _along(index: IndexMap, axis: int, stride: int) -> IndexMap:
    """Return the map that moves by `stride` along an axis on which it did not depend."""
    strides = (*index.strides[:axis], stride, *index.strides[axis + 1 :])
    return index.rebuilt(strides)


def _is_zero(item: Contribution) -> bool:
    return any(not isinstance(x, Symbol) and x == 0.0 for x in item.factors)


def _results(statement: Statement) -> list[int]:
    if isinstance(statement, Loop):
        inside = [array for inner in statement.body for array in _results(inner)]
        return [
            *(carry.array for carry in statement.carries),
            *inside,
            *(carry.final for carry in statement.carries),
            *(stack.result for stack in statement.stacks),
        ]
    return [statement.result]
