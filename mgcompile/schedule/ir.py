"""The loop program: a program's schedule as data, which code generation follows to the letter.

A `LoopProgram` starts as a program and nothing decided, and each pass of the schedule decides one
thing more: which statements only say where results go, the phases of a run, what is fused into one
loop, where each array lives, how many samples a tile has. `verifier` holds it to its rules after
each pass, `printer` prints it.

=========  =====================================================================================
space      what is there
=========  =====================================================================================
inputs     the columns of the tile at work, copied there before anything else runs, and the address
           of each: of the copy, or of the caller's memory (see `LoopProgram.in_place`)
tile       batched arrays of one phase, for one tile: [element][sample]; one space for each thread
store      batched arrays that a later phase reads, for all tiles
block      batched arrays whose outer products are summed, for the tiles of a block of samples
packed     what stands in the columns of these products: [sample of the block][element]
own        unbatched arrays made in a tile's loop; one space for each thread
shared     unbatched arrays that all threads read
sums       sums over the batch; one space for each chunk of the batch, added up after the phase
params, consts, samples: as the caller gives them
=========  =====================================================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen

from mgcompile.program.index_maps import constant_place
from mgcompile.program.ir import (
    Access,
    Bundle,
    Loop,
    Program,
    Scatter,
    Statement,
    Tape,
)
from mgcompile.program.traversal import read

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from mgcompile.program.optimizer import OptimizerSpec
    from mgcompile.schedule.decisions import (
        Blocking,
        ElementNest,
        ElementSum,
        Place,
        Tile,
        WeightGradient,
    )

__all__ = [
    "BLOCK",
    "PANEL",
    "SPACES",
    "Group",
    "LoopProgram",
    "LoopUnit",
    "Phase",
    "Product",
    "ScatterUnit",
    "Unit",
    "block_units",
    "members",
    "nested_units",
    "reads",
]

BLOCK = 64
"""Samples that are kept before their outer products are added up."""

PANEL = 4
"""Pairs of vectors of columns that are kept for these samples in the first-level cache."""

SPACES = ("inputs", "tile", "store", "block", "packed", "own", "shared", "sums")
"""Those whose size the schedule decides."""


@frozen
class Group:
    """Elementwise bundles over one shape; each reads the others at its own point alone.

    Attributes:
        bundles: in the order in which they are computed.
        tiled: whether there is a point for every sample.
        vectors: of samples that a turn works on: one, a pair, or several side by side, whose
            special lanes are computed once more.
    """

    bundles: tuple[Bundle, ...]
    tiled: bool
    vectors: int = 1

    @property
    def shape(self) -> tuple[int, ...]:
        """The axes that all of the bundles have."""
        return self.bundles[0].shape

    @property
    def results(self) -> tuple[int, ...]:
        """The arrays that the bundles make."""
        return tuple(bundle.result for bundle in self.bundles)

    def outside_reads(
        self, loops: LoopProgram, inside: Sequence[int] | None = None
    ) -> list[Access]:
        """Return what it reads from memory, each once: no constants, no arrays `inside` it."""
        known = self.results if inside is None else inside
        accesses = (access for bundle in self.bundles for access in bundle.operands)
        found = dict.fromkeys(a for a in accesses if a.array not in known)
        return [access for access in found if loops.constant(access) is None]


@frozen
class Product:
    """A sum or dot, what it starts from, and the group that takes its results from registers.

    ``start`` is read over the shape of the bundle and is not batched.
    """

    bundle: Bundle
    group: Group | None
    start: Access | None = None


@frozen
class ScatterUnit:
    """A scatter, and the elementwise bundles that are computed where it adds what they make.

    Each is read by one part of the scatter, over the same axes and point by point.
    """

    scatter: Scatter
    bundles: tuple[Bundle, ...]


@frozen
class LoopUnit:
    """A loop, and its body as units."""

    loop: Loop
    body: tuple[Unit, ...]
    tiled: bool


Unit = Group | Product | Bundle | Scatter | ScatterUnit | Tape | LoopUnit


@frozen
class Phase:
    """Units run once (`shared`), and then for every tile (`tiled`), in this order.

    ``tile_outputs`` are handed over after a tile. ``weight_gradients`` are summed block by block
    instead, and stand among the tiled units no longer. ``sums`` is the range of elements of the
    space `sums` that this phase fills; ``needs_inputs`` says whether a tile reads X.
    """

    shared: tuple[Unit, ...] = ()
    tiled: tuple[Unit, ...] = ()
    weight_gradients: tuple[WeightGradient, ...] = ()
    tile_outputs: tuple[int, ...] = ()
    sums: tuple[int, int] = (0, 0)
    needs_inputs: bool = False


@frozen(eq=False)
class LoopProgram:
    """A program and what has been decided of its schedule so far.

    Args:
        program: the program; its statements are those that the phases run.
        dtype: "float64" or "float32".
        width: elements of a vector register of the target.
        optimizer: the update that a training loop makes of the gradient, if there is one.
        destinations: for an array that is written as a part of another one, which elements of it.
        phases: in the order in which they run.
        places: where each array lives that is in memory.
        packed: for an array whose elements are packed, where in the space `packed`.
        sizes: elements of each space; of `tile`, `store`, `inputs`, `block` for each sample.
        batched_outputs: the outputs that have a row for each sample.
        serial: whether what all samples share is made once for each tile, which one thread alone
            may do.
        streamed: elements of a tile that are written or read once, in order.
        in_place: whether inputs are found by their addresses, so that dense columns need no copy.
        live_outs: for the array of each tape, which of its results are read outside of it.
        interpreted: the arrays of tapes that are run by the machine for tapes.
        tile: the sizes of a tile; None until they are chosen.
        blockings: for each sum or dot with samples in the lanes, by its array, how it is cut.
        element_nests: for what else has none: for a group, by its first array; for each part of a
            scatter.
        element_sums: for each sum or dot without, by its array, what is there instead.
        shared_calls: the places, an array and an instruction of a tape, at which an op's function
            is called and not written in place.
        one_sample: whether code is made for one sample at a time: its elements are in the lanes.
        units: multiply-adds of vectors that can start in a cycle of the target.
        left_to_update: the parameters that `weight_gradients` do not update on the spot; None where
            all are updated after the gradient is complete.
    """

    program: Program
    dtype: str
    width: int
    optimizer: OptimizerSpec | None = None
    destinations: Mapping[int, Access] = field(factory=dict)
    phases: tuple[Phase, ...] = ()
    places: Mapping[int, Place] = field(factory=dict)
    packed: Mapping[int, int] = field(factory=dict)
    sizes: Mapping[str, int] = field(factory=lambda: dict.fromkeys(SPACES, 0))
    batched_outputs: tuple[int, ...] = ()
    serial: bool = False
    streamed: int = 0
    in_place: bool = False
    live_outs: Mapping[int, NDArray[np.bool_]] = field(factory=dict)
    interpreted: frozenset[int] = frozenset()
    tile: Tile | None = None
    blockings: Mapping[int, tuple[Blocking, ...]] = field(factory=dict)
    element_nests: Mapping[int, tuple[ElementNest, ...]] = field(factory=dict)
    element_sums: Mapping[int, ElementSum] = field(factory=dict)
    shared_calls: frozenset[tuple[int, int]] = frozenset()
    left_to_update: NDArray[np.int64] | None = None
    one_sample: bool = False
    units: int = 2

    @property
    def outputs(self) -> tuple[int, ...]:
        """The arrays that are handed back, each once."""
        return tuple(dict.fromkeys(output.array for output in self.program.outputs))

    def samples_in_lanes(self, bundle: Bundle) -> bool:
        """Tell whether a bundle makes, or adds up over the batch, a vector of samples at a time."""
        batched = bundle.over_batch or self.program.arrays[bundle.result].batched
        return batched and not self.one_sample

    def batched(self, array: int) -> bool:
        """Tell whether an array, or the one it is a part of, has a copy for every sample."""
        if array in self.destinations:
            array = self.destinations[array].array
        return self.program.arrays[array].batched

    def stored(self, array: int) -> bool:
        """Tell whether an array is kept in memory."""
        return array in self.places or array in self.destinations

    def constant(self, access: Access) -> float | None:
        """Return the number that an access reads when it is one and the same known now."""
        place = constant_place(access)
        return None if place is None else float(self.program.consts[place])

    @property
    def chosen_tile(self) -> Tile:
        """The tile, once it has been chosen."""
        assert self.tile is not None, "the tile is chosen by the pass batch-tile"  # noqa: S101 - a caller's bug
        return self.tile


def members(unit: Unit) -> tuple[Statement, ...]:
    """Return the statements of a unit; a loop counts as one."""
    match unit:
        case Group():
            return unit.bundles
        case Product():
            return (unit.bundle, *(unit.group.bundles if unit.group else ()))
        case ScatterUnit():
            return (*unit.bundles, unit.scatter)
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


def block_units(block: Sequence[Unit]) -> Iterator[Unit]:
    """Yield the units of a block and those of the loops in it, in order."""
    pending = list(reversed(block))
    while pending:
        unit = pending.pop()
        yield unit
        if isinstance(unit, LoopUnit):
            pending.extend(reversed(unit.body))


def nested_units(loops: LoopProgram) -> Iterator[tuple[Unit, int]]:
    """Yield every unit that is no loop, and how many loops are around it."""
    units = (unit for phase in loops.phases for unit in (*phase.shared, *phase.tiled))
    pending: list[tuple[Unit, int]] = [(unit, 0) for unit in units]
    while pending:
        unit, depth = pending.pop()
        if isinstance(unit, LoopUnit):
            pending += [(inner, depth + 1) for inner in unit.body]
        else:
            yield unit, depth
