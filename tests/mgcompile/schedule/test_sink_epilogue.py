"""Where cheap elementwise work is done: in the registers of sums, or where its result is read."""

import mgcompile
from mgcompile.program.ir import PARAMS
from mgcompile.schedule.ir import Group, Product
from mgcompile.schedule.matrix_product_tiles import even
from mgcompile.schedule.pipeline import schedule
from mgcore import Value, ops
from mgnn import MLP


def layout(kind, activation="relu"):
    """Lay out the program of a net with two hidden layers."""
    x = [Value(0.0, label=name) for name in ("x0", "x1", "y")]
    model = MLP(2, [8, 8, 1], activation=activation, seed=1)
    loss = ops.relu(1 - x[2] * model(x[:2]))
    kernel = mgcompile.compile(loss, inputs=x, params=model.parameters())
    return schedule(kernel._built.derived(kind), "float64", 4, None)


def products(plan):
    return [unit for phase in plan.phases for unit in phase.tiled if isinstance(unit, Product)]


def names(unit):
    return [bundle.op.name for bundle in unit.group.bundles]


def test_a_layer_starts_from_its_bias_and_applies_relu_in_registers():
    first, second = products(layout("forward"))[:2]
    for layer in (first, second):
        assert layer.start.array == PARAMS
        assert names(layer) == ["relu"]


def test_what_only_registers_hold_has_no_place_in_memory():
    plan = layout("forward")
    assert all(unit.bundle.result not in plan.places for unit in products(plan))


def test_an_expensive_activation_keeps_a_loop_of_its_own():
    plan = layout("forward", activation="tanh")
    groups = [unit for unit in plan.phases[0].tiled if isinstance(unit, Group)]
    assert any("tanh" in [bundle.op.name for bundle in group.bundles] for group in groups)
    assert not any("tanh" in names(unit) for unit in products(plan) if unit.group)


def test_the_derivative_of_relu_is_computed_where_it_is_multiplied():
    units = layout("loss").phases[0].tiled
    groups = [unit if isinstance(unit, Group) else unit.group for unit in units
              if isinstance(unit, Group) or (isinstance(unit, Product) and unit.group)]  # fmt: skip
    compared = [[b.op.name for b in group.bundles] for group in groups if group.shape == (8,)]
    multiplied = [found for found in compared if "mul" in found]
    assert len(multiplied) == 2
    assert [found for found in compared if "gt" in found] == multiplied


def test_an_axis_is_cut_into_blocks_of_nearly_one_size():
    for length in range(1, 40):
        for most in range(1, 9):
            sizes = [part.step for part in even(length, most) for _ in
                     range(part.start, part.stop, part.step)]  # fmt: skip
            assert sum(sizes) == length
            assert len(sizes) == -(-length // most)
            assert max(sizes) - min(sizes) <= 1
