"""The verifier of loop programs: each of its rules refuses a program that breaks it."""

import attrs
import numpy as np
import pytest

import mgcompile
from mgcompile.errors import InvalidProgramError
from mgcompile.program.ir import Access, Affine, Bundle, Scatter
from mgcompile.schedule.decisions import ElementSum, Place, Tile, Turn
from mgcompile.schedule.ir import Group, LoopUnit, Product, nested_units
from mgcompile.schedule.pipeline import schedule
from mgcompile.schedule.verifier import verify_loops
from mgcore import Value, ops
from mgnn import MLP


def scheduled(nin, nouts, kind="loss", activation="tanh"):
    x = [Value(0.1, label=f"x{i}") for i in range(nin)]
    model = MLP(nin, nouts, activation=activation, seed=1)
    out = model(x)
    loss = out * out if isinstance(out, Value) else ops.logsumexp(*out)
    kernel = mgcompile.compile(loss, inputs=x, params=model.parameters())
    return schedule(kernel._built.derived(kind), "float64", 4, None)


@pytest.fixture(scope="module")
def net():
    return scheduled(2, [8, 8, 1])


@pytest.fixture(scope="module")
def wide():
    return scheduled(45, [40, 35, 1])


@pytest.fixture(scope="module")
def recurrence():
    """Forty steps of a recurrence that becomes a loop."""
    a, x = Value(0.5, label="a"), Value(0.25, label="x")
    y, z = x, x * 0.5
    for _ in range(40):
        y, z = ops.tanh(a * y - z), ops.sin(z + y)
    kernel = mgcompile.compile(y + z, inputs=[x], params=[a])
    loops = schedule(kernel.program, "float64", 4, None)
    assert any(isinstance(unit, LoopUnit) for unit in loops.phases[0].tiled)
    return loops


def with_tiled(loops, tiled, number=0):
    phases = list(loops.phases)
    phases[number] = attrs.evolve(phases[number], tiled=tuple(tiled))
    return attrs.evolve(loops, phases=tuple(phases))


def refused(loops, *words):
    with pytest.raises(InvalidProgramError) as caught:
        verify_loops(loops)
    for word in words:
        assert word in str(caught.value)


def groups(loops):
    return [u for u in loops.phases[0].tiled if isinstance(u, Group) and len(u.bundles) > 1]


def replaced(loops, old, new):
    return with_tiled(loops, [new if unit is old else unit for unit in loops.phases[0].tiled])


def test_what_the_schedule_makes_is_accepted(net, wide, recurrence):
    for loops in (net, wide, recurrence):
        assert verify_loops(loops) is loops


def test_a_unit_before_what_it_reads(net):
    refused(with_tiled(net, reversed(net.phases[0].tiled)), "is read before it is made")


def test_a_unit_left_out(net):
    first = net.phases[0].tiled[0]
    refused(with_tiled(net, net.phases[0].tiled[1:]), "is read before it is made")
    assert isinstance(first, Bundle | Product | Group)


def test_an_output_that_nothing_makes(net):
    missing = attrs.evolve(net.program.outputs[0], array=len(net.program.arrays) - 1)
    arrays = (*net.program.arrays, net.program.arrays[-1])
    missing = attrs.evolve(missing, array=len(arrays) - 1)
    program = attrs.evolve(net.program, arrays=arrays, outputs=(*net.program.outputs, missing))
    refused(attrs.evolve(net, program=program), "nothing makes the output")


def test_an_array_that_is_made_twice(net):
    tiled = net.phases[0].tiled
    refused(with_tiled(net, (*tiled, tiled[0])), "is made twice")


def test_a_batched_array_made_once_for_all_samples(net):
    phase = net.phases[0]
    moved = attrs.evolve(phase, shared=(phase.tiled[0],), tiled=phase.tiled[1:])
    refused(attrs.evolve(net, phases=(moved, *net.phases[1:])), "is batched, and made once")


def test_a_sum_over_the_batch_read_in_its_own_phase(net):
    phases = (attrs.evolve(net.phases[0], tiled=net.phases[0].tiled),)
    total = next(u for u in net.phases[0].tiled if isinstance(u, Bundle) and u.over_batch)
    arrays = (*net.program.arrays, attrs.evolve(net.program.arrays[total.result]))
    size = arrays[-1].size
    reader = Bundle(len(arrays) - 1, ops.neg, (size,), (Access(total.result, Affine(0, (1,))),))
    tiled = (*phases[0].tiled, Group((reader,), True))
    program = attrs.evolve(net.program, arrays=arrays)
    changed = with_tiled(attrs.evolve(net, program=program), tiled)
    refused(changed, "is read too early")


def test_an_index_outside_of_its_array(net):
    group = groups(net)[0]
    bundle = group.bundles[0]
    access = bundle.operands[0]
    size = net.program.arrays[access.array].size
    far = Access(access.array, Affine(size, access.index.strides))
    wrong = attrs.evolve(bundle, operands=(far, *bundle.operands[1:]))
    changed = replaced(net, group, attrs.evolve(group, bundles=(wrong, *group.bundles[1:])))
    refused(changed, f"of a{access.array}[{size}]")


def test_a_fused_bundle_that_reads_another_point(net):
    group = next(g for g in groups(net) if g.shape)
    last = group.bundles[-1]
    own = {b.result for b in group.bundles}
    place = next(i for i, a in enumerate(last.operands) if a.array in own)
    access = last.operands[place]
    size = net.program.arrays[access.array].size
    turned = Access(access.array, Affine(size - 1, (-1,)))
    operands = (*last.operands[:place], turned, *last.operands[place + 1 :])
    wrong = attrs.evolve(last, operands=operands)
    changed = replaced(net, group, attrs.evolve(group, bundles=(*group.bundles[:-1], wrong)))
    refused(changed, "at another point")


def test_a_fused_bundle_of_another_shape(net):
    group = next(g for g in groups(net) if g.shape)
    wrong = attrs.evolve(group.bundles[0], shape=(*group.shape, 1))
    operands = tuple(
        Access(a.array, Affine(a.index.offset, (*a.index.strides, 0))) for a in wrong.operands
    )
    wrong = attrs.evolve(wrong, operands=operands)
    changed = replaced(net, group, attrs.evolve(group, bundles=(*group.bundles[1:], wrong)))
    refused(changed)


def test_two_arrays_alive_at_once_in_one_place(net):
    at = {array: place for array, place in net.places.items() if place.space == "tile"}
    for unit in net.phases[0].tiled:
        reads = [a.array for a in getattr(unit, "operands", ()) if a.array in at]
        made = getattr(unit, "result", None)
        if reads and made in at:
            places = {**net.places, made: net.places[reads[0]]}
            refused(attrs.evolve(net, places=places), "are alive at once")
            return
    group = next(g for g in groups(net) if any(b.result in at for b in g.bundles))
    made = next(b.result for b in group.bundles if b.result in at)
    read = next(a.array for b in group.bundles for a in b.operands if a.array in at)
    refused(attrs.evolve(net, places={**net.places, made: net.places[read]}), "are alive at once")


def test_what_a_loop_needs_in_each_iteration_loses_its_place(recurrence):
    unit = next(u for u in recurrence.phases[0].tiled if isinstance(u, LoopUnit))
    carry = unit.loop.carries[0]
    inner = next(
        b.result for u in unit.body if isinstance(u, Group) for b in u.bundles
        if b.result in recurrence.places and b.result != carry.following
    )  # fmt: skip
    places = {**recurrence.places, inner: recurrence.places[carry.array]}
    refused(attrs.evolve(recurrence, places=places), "are alive at once")


def test_a_place_outside_of_its_space(net):
    array = next(a for a, place in net.places.items() if place.space == "tile")
    places = {**net.places, array: Place("tile", net.sizes["tile"], True)}
    refused(attrs.evolve(net, places=places), "reaches outside of tile")


def test_sums_that_share_memory(net):
    arrays = [a for a, place in net.places.items() if place.space == "sums"]
    assert len(arrays) > 1
    places = {**net.places, arrays[1]: net.places[arrays[0]]}
    refused(attrs.evolve(net, places=places), "of the space sums")


def test_an_output_without_a_place(net):
    places = dict(net.places)
    del places[net.program.outputs[0].array]
    refused(attrs.evolve(net, places=places), "has no place")


def test_an_array_read_from_memory_that_was_left_in_a_register(net):
    made = {b.result for g in groups(net) for b in g.bundles}
    array = next(a for a in net.places if a in made)
    places = {a: place for a, place in net.places.items() if a != array}
    refused(attrs.evolve(net, places=places), f"a{array}", "has no place")


def test_two_statements_that_set_one_element(net):
    bundles = {s.result: s for s in net.program.statements if isinstance(s, Bundle)}
    plain = [s for s in bundles.values() if not s.over_batch and s.result not in net.destinations]
    whole = next(s for s in plain if len(s.shape) == 1)
    into = next(a for a in net.places if net.program.arrays[a].size >= whole.shape[0])
    destinations = {
        **net.destinations,
        whole.result: Access(into, Affine(0, (0,))),
    }
    refused(attrs.evolve(net, destinations=destinations), "two statements set an element")


def test_a_destination_outside_of_its_array(net):
    array, access = next(iter(net.destinations.items()))
    size = net.program.arrays[access.array].size
    far = Access(access.array, Affine(size, (0,) * len(access.index.strides)))
    refused(attrs.evolve(net, destinations={**net.destinations, array: far}), "goes outside")


def test_a_destination_of_no_statement(net):
    access = Access(len(net.program.arrays) - 1, Affine(0, ()))
    destinations = {**net.destinations, 10_000: access}
    refused(attrs.evolve(net, destinations=destinations), "has a destination, and no statement")


def test_a_tile_of_half_a_vector(net):
    refused(attrs.evolve(net, tile=Tile("float64", 4, 12)), "not whole pairs")


def test_a_block_that_is_not_whole_tiles(wide):
    assert any(phase.weight_gradients for phase in wide.phases)
    refused(attrs.evolve(wide, tile=Tile("float64", 4, 48)), "not whole tiles")


def test_a_loop_whose_body_lost_a_statement(recurrence):
    unit = next(u for u in recurrence.phases[0].tiled if isinstance(u, LoopUnit))
    last = unit.body[-1]
    shorter = attrs.evolve(last, bundles=last.bundles[:-1])
    changed = attrs.evolve(unit, body=(*unit.body[:-1], shorter))
    refused(replaced(recurrence, unit, changed))


def test_a_sum_that_starts_from_what_each_sample_has_of_its_own():
    net = scheduled(2, [8, 8, 1], activation="relu")
    product = next(u for u in net.phases[0].tiled if isinstance(u, Product) and u.start)
    batched = next(a.array for a in product.bundle.operands if net.program.arrays[a.array].batched)
    start = Access(batched, Affine(0, (0,) * len(product.start.index.strides)))
    refused(replaced(net, product, attrs.evolve(product, start=start)), "of its own")


def test_a_verified_program_computes_the_same_after_every_order_of_kernels():
    # The text of a kernel does not depend on what was compiled before it.
    from mgcompile.backends.llvm.lower import lower

    x = [Value(0.1, label=f"x{i}") for i in range(3)]
    kernel = mgcompile.compile(ops.tanh(x[0] * x[1]) / x[2], inputs=x)
    texts = {lower(kernel._built.derived("inputs"), "float64").text for _ in range(2)}
    scheduled(3, [4, 1])
    texts.add(lower(kernel._built.derived("inputs"), "float64").text)
    assert len(texts) == 1
    assert np.isfinite(kernel([0.1, 0.2, 0.3]))


def with_blockings(loops, change):
    array, blocks = next((a, b) for a, b in loops.blockings.items() if b[0].ranges)
    changed = {**loops.blockings, array: change(blocks)}
    return attrs.evolve(loops, blockings=changed)


def test_a_block_left_out_or_written_twice(net):
    refused(with_blockings(net, lambda blocks: blocks[1:]), "each result once")
    refused(with_blockings(net, lambda blocks: (*blocks, blocks[0])), "each result once")


def test_a_block_that_reaches_outside_of_its_part(net):
    def longer(blocks):
        part, *others = blocks[0].ranges
        part = attrs.evolve(part, step=part.stop - part.start + 1)
        return (attrs.evolve(blocks[0], ranges=(part, *others)), *blocks[1:])

    refused(with_blockings(net, longer), "outside of its part")


def test_parts_of_a_sum_that_its_terms_do_not_fill(net):
    turn = Turn(4, 3)

    def in_thirds(blockings):
        return tuple(attrs.evolve(each, turn=turn) for each in blockings)

    refused(with_blockings(net, in_thirds), "have no such parts")


@pytest.fixture(scope="module")
def shared():
    """Products of parameters alone: neighbouring results in the lanes, or terms of one sum."""
    w = [Value(0.1 * k, label=f"w{k}") for k in range(7 * 21)]
    rows = [ops.dot(*w[21 * k : 21 * k + 21], *w[:21]) for k in range(7)]
    kernel = mgcompile.compile(ops.sum(*(ops.tanh(row) for row in rows)), inputs=[], params=w)
    loops = schedule(kernel.program, "float64", 4, None)
    return verify_loops(loops)


@pytest.fixture(scope="module")
def alone():
    """The gradient of the net for one sample: all has elements in the lanes."""
    model = MLP(8, [8, 8, 1])
    inputs = [Value(0.1, label=f"x{k}") for k in range(8)]
    kernel = mgcompile.compile(model(inputs) ** 2, inputs=inputs, params=model.parameters())
    program = kernel.built.derived("loss")
    with pytest.MonkeyPatch.context() as patch:  # so that there are scatters
        patch.setenv("MGCOMPILE_SKIP", "scatter-elision,sink-scatter")
        return verify_loops(schedule(program, "float64", 4, None, one_sample=True))


def with_nest(loops, wanted, change):
    """Change the first nest that has lanes, of a group or of a part of a scatter."""
    units = [unit for unit, _ in nested_units(loops) if isinstance(unit, wanted)]
    arrays = [unit.results[0] if wanted is Group else unit.result for unit in units]
    nests = {array: list(loops.element_nests[array]) for array in arrays}
    array, k = next((a, k) for a in nests for k, n in enumerate(nests[a]) if n.lane is not None)
    nests[array][k] = change(nests[array][k])
    return attrs.evolve(loops, element_nests={**loops.element_nests, array: tuple(nests[array])})


@pytest.mark.parametrize("wanted", [Group, Scatter])
def test_a_nest_that_leaves_points_out(alone, wanted):
    def shorter(nest):
        return attrs.evolve(nest, shape=(*nest.shape[:-1], nest.shape[-1] - 1))

    refused(with_nest(alone, wanted, shorter), "leaves points out")


def test_lanes_along_no_axis(alone):
    def outside(nest):
        return attrs.evolve(nest, lane=len(nest.shape))

    refused(with_nest(alone, Group, outside), "along no axis")


def test_lanes_of_a_scatter_that_add_to_one_element(alone):
    (scatter,) = (unit for unit, _ in nested_units(alone) if isinstance(unit, Scatter))
    parts = [attrs.evolve(part, target=Affine(0, (0,) * len(part.shape))) for part in scatter.parts]
    still = attrs.evolve(scatter, parts=tuple(parts))

    def instead(units):
        return tuple(still if unit is scatter else unit for unit in units)

    phases = tuple(
        attrs.evolve(each, shared=instead(each.shared), tiled=instead(each.tiled))
        for each in alone.phases
    )
    refused(attrs.evolve(alone, phases=phases), "may be one element")


def with_element_sum(loops, change):
    array, chosen = next((a, e) for a, e in loops.element_sums.items() if e.across is not None)
    return attrs.evolve(loops, element_sums={**loops.element_sums, array: change(chosen)})


def test_results_of_a_sum_without_samples_left_out_or_written_twice(shared):
    def fewer(chosen):
        return attrs.evolve(chosen, blocks=chosen.blocks[1:])

    def more(chosen):
        return attrs.evolve(chosen, blocks=(*chosen.blocks, chosen.blocks[0]))

    refused(with_element_sum(shared, fewer), "each result once")
    refused(with_element_sum(shared, more), "each result once")
    refused(attrs.evolve(shared, element_sums={-1: ElementSum(())}), "each result once")


def test_lanes_that_hold_no_result(shared):
    def full(chosen):
        blocks = [attrs.evolve(block, live=4) for block in chosen.blocks]
        return attrs.evolve(chosen, blocks=tuple(blocks))

    refused(with_element_sum(shared, full), "hold no result")


def test_parts_of_a_sum_without_samples_that_its_terms_do_not_fill(shared):
    def in_thirds(chosen):
        blocks = [attrs.evolve(block, rest=Turn(4, 3)) for block in chosen.blocks]
        return attrs.evolve(chosen, blocks=tuple(blocks))

    refused(with_element_sum(shared, in_thirds), "have no such parts")


@pytest.mark.parametrize("vectors", [0, 3, 64])
def test_a_turn_of_more_vectors_than_code_is_written_for(net, vectors):
    phase = net.phases[0]
    first = next(k for k, unit in enumerate(phase.tiled) if isinstance(unit, Group))
    tiled = list(phase.tiled)
    tiled[first] = attrs.evolve(tiled[first], vectors=vectors)
    phase = attrs.evolve(phase, tiled=tuple(tiled))
    refused(attrs.evolve(net, phases=(phase, *net.phases[1:])), f"{vectors} vectors")


def test_rows_of_a_weight_gradient_left_out(wide):
    phase = wide.phases[0]
    first = phase.weight_gradients[0]
    fewer = attrs.evolve(first, row_blocks=first.row_blocks[1:])
    phase = attrs.evolve(phase, weight_gradients=(fewer, *phase.weight_gradients[1:]))
    refused(attrs.evolve(wide, phases=(phase, *wide.phases[1:])), "each result once")
