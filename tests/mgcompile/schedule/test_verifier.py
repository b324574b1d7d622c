"""The verifier of loop programs: each of its rules refuses a program that breaks it."""

from functools import cache

import attrs
import numpy as np
import pytest
from verifier_rules import Rules

import mgcompile
from mgcompile.program.builder import Builder, affine
from mgcompile.program.ir import INPUTS, PARAMS, Access, Affine, Array, Bundle, Scatter
from mgcompile.schedule import verifier, verify_order, verify_places
from mgcompile.schedule.decisions import ElementSum, Place, Tile, Turn
from mgcompile.schedule.ir import Group, LoopUnit, Product, ScatterUnit, nested_units
from mgcompile.schedule.long_sums import MOST_TERMS
from mgcompile.schedule.pipeline import schedule
from mgcompile.schedule.verifier import verify_loops
from mgcore import Value, ops
from mgnn import MLP

RULES = Rules(verify_loops, verifier, verify_order, verify_places)


def scheduled(nin, nouts, kind="loss", activation="tanh"):
    x = [Value(0.1, label=f"x{i}") for i in range(nin)]
    model = MLP(nin, nouts, activation=activation, seed=1)
    out = model(x)
    loss = out * out if isinstance(out, Value) else ops.logsumexp(*out)
    kernel = mgcompile.compile(loss, inputs=x, params=model.parameters())
    return schedule(kernel._built.derived(kind), "float64", 4, None)


@cache
def the_net():
    return scheduled(2, [8, 8, 1])


@cache
def the_wide():
    return scheduled(45, [40, 35, 1])


@cache
def the_recurrence():
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


def groups(loops):
    return [u for u in loops.phases[0].tiled if isinstance(u, Group) and len(u.bundles) > 1]


def replaced(loops, old, new):
    return with_tiled(loops, [new if unit is old else unit for unit in loops.phases[0].tiled])


def test_what_the_schedule_makes_is_accepted():
    for loops in (the_net(), the_wide(), the_recurrence()):
        assert verify_loops(loops) is loops


@RULES.case
def a_unit_before_what_it_reads():
    net = the_net()
    yield with_tiled(net, reversed(net.phases[0].tiled)), "is read before it is made"


@RULES.case
def a_unit_left_out():
    net = the_net()
    first = net.phases[0].tiled[0]
    yield with_tiled(net, net.phases[0].tiled[1:]), "is read before it is made"
    assert isinstance(first, Bundle | Product | Group)


@RULES.case
def an_output_that_nothing_makes():
    net = the_net()
    missing = attrs.evolve(net.program.outputs[0], array=len(net.program.arrays) - 1)
    arrays = (*net.program.arrays, net.program.arrays[-1])
    missing = attrs.evolve(missing, array=len(arrays) - 1)
    program = attrs.evolve(net.program, arrays=arrays, outputs=(*net.program.outputs, missing))
    yield attrs.evolve(net, program=program), "nothing makes the output"


@RULES.case
def an_array_that_is_made_twice():
    net = the_net()
    tiled = net.phases[0].tiled
    yield with_tiled(net, (*tiled, tiled[0])), "is made twice"


@RULES.case
def a_batched_array_made_once_for_all_samples():
    net = the_net()
    phase = net.phases[0]
    moved = attrs.evolve(phase, shared=(phase.tiled[0],), tiled=phase.tiled[1:])
    yield attrs.evolve(net, phases=(moved, *net.phases[1:])), "is batched, and made once"


@RULES.case
def a_sum_over_the_batch_read_in_its_own_phase():
    net = the_net()
    phases = (attrs.evolve(net.phases[0], tiled=net.phases[0].tiled),)
    total = next(u for u in net.phases[0].tiled if isinstance(u, Bundle) and u.over_batch)
    arrays = (*net.program.arrays, attrs.evolve(net.program.arrays[total.result]))
    size = arrays[-1].size
    reader = Bundle(len(arrays) - 1, ops.neg, (size,), (Access(total.result, Affine(0, (1,))),))
    tiled = (*phases[0].tiled, Group((reader,), True))
    program = attrs.evolve(net.program, arrays=arrays)
    changed = with_tiled(attrs.evolve(net, program=program), tiled)
    yield changed, "is read too early"


@RULES.case
def an_index_outside_of_its_array():
    net = the_net()
    group = groups(net)[0]
    bundle = group.bundles[0]
    access = bundle.operands[0]
    size = net.program.arrays[access.array].size
    far = Access(access.array, Affine(size, access.index.strides))
    wrong = attrs.evolve(bundle, operands=(far, *bundle.operands[1:]))
    changed = replaced(net, group, attrs.evolve(group, bundles=(wrong, *group.bundles[1:])))
    yield changed, f"of a{access.array}[{size}]"


@RULES.case
def a_fused_bundle_that_reads_another_point():
    net = the_net()
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
    yield changed, "at another point"


def with_axes(bundle, strides=(0,), **fields):
    """Return a bundle whose operands are read over more axes."""
    operands = tuple(
        Access(a.array, Affine(a.index.offset, (*a.index.strides, *strides)))
        for a in bundle.operands
    )
    return attrs.evolve(bundle, operands=operands, **fields)


@RULES.case
def a_fused_bundle_of_another_shape():
    net = the_net()
    group = next(g for g in groups(net) if g.shape)
    first, *others = group.bundles
    wrong = with_axes(first, shape=(*group.shape, 1))
    changed = replaced(net, group, attrs.evolve(group, bundles=(wrong, *others)))
    yield changed, f"is fused over {wrong.shape}"


@RULES.case
def a_fused_bundle_that_adds_up():
    net = the_net()
    group = next(g for g in groups(net) if g.shape)
    first, *others = group.bundles
    wrong = with_axes(first, reduced=(1,))
    changed = replaced(net, group, attrs.evolve(group, bundles=(wrong, *others)))
    yield changed, f"a{first.result} is no one loop"


@RULES.case
def a_sum_that_is_finished_over_another_shape():
    net = scheduled(2, [8, 8, 1], activation="relu")
    product = next(u for u in net.phases[0].tiled if isinstance(u, Product) and u.group)
    group = product.group
    bundles = tuple(with_axes(each, shape=(*each.shape, 1)) for each in group.bundles)
    changed = attrs.evolve(product, group=attrs.evolve(group, bundles=bundles))
    yield replaced(net, product, changed), "a sum is finished over another shape"


@RULES.case
def an_array_of_the_body_read_by_the_number_of_the_iteration():
    recurrence = the_recurrence()
    unit = next(u for u in recurrence.phases[0].tiled if isinstance(u, LoopUnit))
    group = next(u for u in unit.body if isinstance(u, Group) and len(u.bundles) > 1)
    last, own = group.bundles[-1], set(group.results)
    operands = tuple(
        Access(a.array, Affine(0, (1, *a.index.strides[1:]))) if a.array in own else a
        for a in last.operands
    )
    assert operands != last.operands
    wrong = attrs.evolve(
        group, bundles=(*group.bundles[:-1], attrs.evolve(last, operands=operands))
    )
    body = tuple(wrong if each is group else each for each in unit.body)
    changed = replaced(recurrence, unit, attrs.evolve(unit, body=body))
    yield changed, "is made in each iteration, and read by its number"


@RULES.case
def a_parameter_that_a_statement_makes():
    net = the_net()
    group = groups(net)[-1]
    first, *others = group.bundles
    wrong = attrs.evolve(group, bundles=(attrs.evolve(first, result=PARAMS), *others))
    yield replaced(net, group, wrong), "a1 is not for a statement to make"


@RULES.case
def a_sum_over_the_batch_made_once():
    net = the_net()
    program = attrs.evolve(net.program, arrays=(*net.program.arrays, Array(1, False)))
    result = len(net.program.arrays)
    total = Bundle(result, ops.sum, (), (Access(INPUTS, Affine(0, ())),), over_batch=True)
    phase = attrs.evolve(net.phases[0], shared=(total, *net.phases[0].shared))
    changed = attrs.evolve(net, program=program, phases=(phase, *net.phases[1:]))
    yield changed, f"a{result} is a sum over the batch, and made once"


@cache
def the_long_sum():
    builder = Builder(6, 0)
    sines = builder.bundle(ops.sin, (6,), [affine(INPUTS, 0, 1)])
    reads = [affine((INPUTS, sines)[k % 2], k % 5) for k in range(3 * MOST_TERMS)]
    total = builder.bundle(ops.sum, (), reads)
    return schedule(builder.finish([("total", total)]), "float64", 4, None)


@RULES.case
def a_link_of_a_long_sum_left_out():
    loops = the_long_sum()
    first, second, _ = (u for u in loops.phases[0].tiled if u.bundles[0].op is ops.sum)
    for link in (first, second):
        rest = [unit for unit in loops.phases[0].tiled if unit is not link]
        yield with_tiled(loops, rest), f"a{link.results[-1]} is read before it is made"


@RULES.case
def a_link_of_a_long_sum_without_an_operand():
    loops = the_long_sum()
    link = next(u for u in loops.phases[0].tiled if u.bundles[0].op is ops.sum)
    (bundle,) = link.bundles
    less = attrs.evolve(bundle, operands=bundle.operands[1:])
    changed = replaced(loops, link, attrs.evolve(link, bundles=(less,)))
    yield changed, f"a{bundle.result} adds other operands than its statement"


@RULES.case
def two_arrays_alive_at_once_in_one_place():
    net = the_net()
    at = {array: place for array, place in net.places.items() if place.space == "tile"}
    for unit in net.phases[0].tiled:
        reads = [a.array for a in getattr(unit, "operands", ()) if a.array in at]
        made = getattr(unit, "result", None)
        if reads and made in at:
            places = {**net.places, made: net.places[reads[0]]}
            yield attrs.evolve(net, places=places), "are alive at once"
            return
    group = next(g for g in groups(net) if any(b.result in at for b in g.bundles))
    made = next(b.result for b in group.bundles if b.result in at)
    read = next(a.array for b in group.bundles for a in b.operands if a.array in at)
    yield attrs.evolve(net, places={**net.places, made: net.places[read]}), "are alive at once"


@RULES.case
def what_a_loop_needs_in_each_iteration_loses_its_place():
    recurrence = the_recurrence()
    unit = next(u for u in recurrence.phases[0].tiled if isinstance(u, LoopUnit))
    carry = unit.loop.carries[0]
    inner = next(
        b.result for u in unit.body if isinstance(u, Group) for b in u.bundles
        if b.result in recurrence.places and b.result != carry.following
    )  # fmt: skip
    places = {**recurrence.places, inner: recurrence.places[carry.array]}
    yield attrs.evolve(recurrence, places=places), "are alive at once"


@RULES.case
def a_place_outside_of_its_space():
    net = the_net()
    array = next(a for a, place in net.places.items() if place.space == "tile")
    places = {**net.places, array: Place("tile", net.sizes["tile"], True)}
    yield attrs.evolve(net, places=places), "reaches outside of tile"


@RULES.case
def sums_that_share_memory():
    net = the_net()
    arrays = [a for a, place in net.places.items() if place.space == "sums"]
    assert len(arrays) > 1
    places = {**net.places, arrays[1]: net.places[arrays[0]]}
    yield attrs.evolve(net, places=places), "of the space sums"


@RULES.case
def an_output_without_a_place():
    net = the_net()
    places = dict(net.places)
    del places[net.program.outputs[0].array]
    yield attrs.evolve(net, places=places), "has no place"


@RULES.case
def an_array_read_from_memory_that_was_left_in_a_register():
    net = the_net()
    made = {b.result for g in groups(net) for b in g.bundles}
    array = next(a for a in net.places if a in made)
    places = {a: place for a, place in net.places.items() if a != array}
    yield attrs.evolve(net, places=places), f"a{array} is read from memory, and has no place"


@RULES.case
def two_statements_that_set_one_element():
    net = the_net()
    bundles = {s.result: s for s in net.program.statements if isinstance(s, Bundle)}
    plain = [s for s in bundles.values() if not s.over_batch and s.result not in net.destinations]
    whole = next(s for s in plain if len(s.shape) == 1)
    into = next(a for a in net.places if net.program.arrays[a].size >= whole.shape[0])
    destinations = {
        **net.destinations,
        whole.result: Access(into, Affine(0, (0,))),
    }
    yield attrs.evolve(net, destinations=destinations), "two statements set an element"


@RULES.case
def a_destination_outside_of_its_array():
    net = the_net()
    array, access = next(iter(net.destinations.items()))
    size = net.program.arrays[access.array].size
    far = Access(access.array, Affine(size, (0,) * len(access.index.strides)))
    yield attrs.evolve(net, destinations={**net.destinations, array: far}), "goes outside"


@RULES.case
def a_destination_of_no_statement():
    net = the_net()
    access = Access(len(net.program.arrays) - 1, Affine(0, ()))
    destinations = {**net.destinations, 10_000: access}
    yield attrs.evolve(net, destinations=destinations), "has a destination, and no statement"


@RULES.case
def a_tile_of_several_samples_for_one():
    wrong = attrs.evolve(the_alone(), tile=Tile("float64", 4, 8))
    yield wrong, "a tile of 8 samples is not one sample"


@RULES.case
def a_tile_of_half_a_vector():
    net = the_net()
    yield attrs.evolve(net, tile=Tile("float64", 4, 12)), "not whole pairs"


@RULES.case
def a_block_that_is_not_whole_tiles():
    wide = the_wide()
    assert any(phase.weight_gradients for phase in wide.phases)
    yield attrs.evolve(wide, tile=Tile("float64", 4, 48)), "not whole tiles"


@RULES.case
def a_loop_whose_body_lost_a_statement():
    recurrence = the_recurrence()
    unit = next(u for u in recurrence.phases[0].tiled if isinstance(u, LoopUnit))
    last = unit.body[-1]
    shorter = attrs.evolve(last, bundles=last.bundles[:-1])
    changed = attrs.evolve(unit, body=(*unit.body[:-1], shorter))
    yield replaced(recurrence, unit, changed), "is read before it is made"
    # One that nothing else would miss:
    longer = attrs.evolve(unit.loop, body=(*unit.loop.body, unit.loop.body[0]))
    changed = attrs.evolve(unit, loop=longer)
    yield replaced(recurrence, unit, changed), "a loop's body has lost a statement"


@RULES.case
def a_sum_that_starts_from_what_each_sample_has_of_its_own():
    net = scheduled(2, [8, 8, 1], activation="relu")
    product = next(u for u in net.phases[0].tiled if isinstance(u, Product) and u.start)
    batched = next(a.array for a in product.bundle.operands if net.program.arrays[a.array].batched)
    start = Access(batched, Affine(0, (0,) * len(product.start.index.strides)))
    yield replaced(net, product, attrs.evolve(product, start=start)), "of its own"


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


@RULES.case
def a_block_left_out_or_written_twice():
    net = the_net()
    yield with_blockings(net, lambda blocks: blocks[1:]), "each result once"
    yield with_blockings(net, lambda blocks: (*blocks, blocks[0])), "each result once"


@RULES.case
def a_block_that_reaches_outside_of_its_part():
    net = the_net()

    def longer(blocks):
        part, *others = blocks[0].ranges
        part = attrs.evolve(part, step=part.stop - part.start + 1)
        return (attrs.evolve(blocks[0], ranges=(part, *others)), *blocks[1:])

    yield with_blockings(net, longer), "outside of its part"


@RULES.case
def parts_of_a_sum_that_its_terms_do_not_fill():
    net = the_net()
    turn = Turn(4, 3)

    def in_thirds(blockings):
        return tuple(attrs.evolve(each, turn=turn) for each in blockings)

    yield with_blockings(net, in_thirds), "have no such parts"


@cache
def the_shared():
    """Products of parameters alone: neighbouring results in the lanes, or terms of one sum."""
    w = [Value(0.1 * k, label=f"w{k}") for k in range(7 * 21)]
    rows = [ops.dot(*w[21 * k : 21 * k + 21], *w[:21]) for k in range(7)]
    kernel = mgcompile.compile(ops.sum(*(ops.tanh(row) for row in rows)), inputs=[], params=w)
    loops = schedule(kernel.program, "float64", 4, None)
    return verify_loops(loops)


@cache
def the_alone():
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


@RULES.case
def a_nest_that_leaves_points_out():
    alone = the_alone()

    def shorter(nest):
        return attrs.evolve(nest, shape=(*nest.shape[:-1], nest.shape[-1] - 1))

    for wanted in (Group, Scatter):
        yield with_nest(alone, wanted, shorter), "leaves points out"


@RULES.case
def lanes_along_no_axis():
    alone = the_alone()

    def outside(nest):
        return attrs.evolve(nest, lane=len(nest.shape))

    yield with_nest(alone, Group, outside), "along no axis"


@RULES.case
def lanes_of_a_scatter_that_add_to_one_element():
    alone = the_alone()
    (scatter,) = (unit for unit, _ in nested_units(alone) if isinstance(unit, Scatter))
    parts = [attrs.evolve(part, target=Affine(0, (0,) * len(part.shape))) for part in scatter.parts]
    still = attrs.evolve(scatter, parts=tuple(parts))

    def instead(units):
        return tuple(still if unit is scatter else unit for unit in units)

    phases = tuple(
        attrs.evolve(each, shared=instead(each.shared), tiled=instead(each.tiled))
        for each in alone.phases
    )
    yield attrs.evolve(alone, phases=phases), "may be one element"


def with_element_sum(loops, change):
    array, chosen = next((a, e) for a, e in loops.element_sums.items() if e.across is not None)
    return attrs.evolve(loops, element_sums={**loops.element_sums, array: change(chosen)})


@RULES.case
def results_of_a_sum_without_samples_left_out_or_written_twice():
    shared = the_shared()

    def fewer(chosen):
        return attrs.evolve(chosen, blocks=chosen.blocks[1:])

    def more(chosen):
        return attrs.evolve(chosen, blocks=(*chosen.blocks, chosen.blocks[0]))

    yield with_element_sum(shared, fewer), "each result once"
    yield with_element_sum(shared, more), "each result once"
    yield attrs.evolve(shared, element_sums={-1: ElementSum(())}), "each result once"


@RULES.case
def lanes_that_hold_no_result():
    shared = the_shared()

    def full(chosen):
        blocks = [attrs.evolve(block, live=4) for block in chosen.blocks]
        return attrs.evolve(chosen, blocks=tuple(blocks))

    yield with_element_sum(shared, full), "hold no result"


@RULES.case
def parts_of_a_sum_without_samples_that_its_terms_do_not_fill():
    shared = the_shared()

    def in_thirds(chosen):
        blocks = [attrs.evolve(block, rest=Turn(4, 3)) for block in chosen.blocks]
        return attrs.evolve(chosen, blocks=tuple(blocks))

    yield with_element_sum(shared, in_thirds), "have no such parts"


@RULES.case
def a_turn_of_more_vectors_than_code_is_written_for():
    net = the_net()
    phase = net.phases[0]
    first = next(k for k, unit in enumerate(phase.tiled) if isinstance(unit, Group))
    for vectors in (0, 3, 64):
        tiled = list(phase.tiled)
        tiled[first] = attrs.evolve(tiled[first], vectors=vectors)
        yield with_tiled(net, tiled), f"{vectors} vectors"


@RULES.case
def rows_of_a_weight_gradient_left_out():
    wide = the_wide()
    phase = wide.phases[0]
    first = phase.weight_gradients[0]
    fewer = attrs.evolve(first, row_blocks=first.row_blocks[1:])
    phase = attrs.evolve(phase, weight_gradients=(fewer, *phase.weight_gradients[1:]))
    yield attrs.evolve(wide, phases=(phase, *wide.phases[1:])), "each result once"


@cache
def the_triangle():
    """The gradient of |L x|^2, L of parameters: a scatter adds products computed on the spot."""
    params = [Value(0.1 * k) for k in range(21)]

    def squares(x):
        rows = []
        for i in range(6):
            row = params[i * (i + 1) // 2 : (i + 1) * (i + 2) // 2]
            rows.append(ops.dot(*row, *[ops.tanh(each) for each in x[: i + 1]]))
        return ops.sum(*[row**2 for row in rows])

    kernel = mgcompile.trace(squares, ([0.1] * 6,), params=params)
    return schedule(kernel._built.derived("inputs"), "float64", 4, None)


def with_scatter(change):
    loops = the_triangle()
    unit = next(u for u in loops.phases[0].tiled if isinstance(u, ScatterUnit))
    return replaced(loops, unit, change(unit))


@RULES.case
def a_product_in_a_scatter_that_is_added_twice():
    def twice(unit):
        made = unit.bundles[0].result
        part = next(p for p in unit.scatter.parts if p.source.array == made)
        scatter = attrs.evolve(unit.scatter, parts=(*unit.scatter.parts, part))
        return attrs.evolve(unit, scatter=scatter)

    yield with_scatter(twice), "is added 2 times"


@RULES.case
def a_product_in_a_scatter_that_is_added_at_another_point():
    def turned(unit):
        made = next(b.result for b in unit.bundles if b.shape and b.shape[-1] > 1)
        parts = []
        for part in unit.scatter.parts:
            if part.source.array == made:
                last = part.shape[-1] - 1
                strides = (*part.source.index.strides[:-1], -1)
                part = attrs.evolve(part, source=Access(made, Affine(last, strides)))
            parts.append(part)
        return attrs.evolve(unit, scatter=attrs.evolve(unit.scatter, parts=tuple(parts)))

    yield with_scatter(turned), "is added at another point"


@RULES.case
def a_shared_call_where_nothing_is_made():
    net = the_net()
    result = groups(net)[0].results[0]
    for place in ((len(net.program.arrays), 0), (result, 1), (result, -1)):
        words = f"no call {place[1]} makes an element of a{place[0]}"
        yield attrs.evolve(net, shared_calls=frozenset([place])), words


@pytest.mark.parametrize("case", RULES.cases, ids=lambda case: case.__name__)
def test_what_breaks_a_rule_is_refused(case):
    assert RULES.broken(case)


def test_every_rule_is_broken_by_a_case():
    assert RULES.unbroken() == []
