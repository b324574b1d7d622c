"""What makes a kernel ready does each thing once: counted here, since times are no test."""

from __future__ import annotations

import itertools
import math
import random
from collections import Counter

import numpy as np
import pytest

import mgcompile
from mgcompile.backends.registry import find_backend
from mgcompile.graph import cse, levels
from mgcompile.graph.capture import capture
from mgcompile.graph.pipeline import canonicalize
from mgcompile.graph.tape import Tape
from mgcompile.reroll import isomorphism
from mgcompile.schedule import fusion
from mgcompile.support import uniform_partial
from mgcompile.verification import evaluate
from mgcompile.verification import reference as reference_module
from mgcompile.verification.evaluate import shallow_levels
from mgcompile.verification.numbers import Lanes, Noise
from mgcompile.verification.reference import Reference
from mgcompile.verification.wide import wide_of
from mgcore import Op, Value, ops
from mgcore.errors import OperandTypeError

NUMBERS = {
    "apart": [0.5, -1.25, 2.0, 0.75, 1.5, -0.5],
    "tied": [1.0, 2.0, -1.0, 2.0, 0.5, 2.0],
    "far apart": [0.0, -40.0, -60.0, -45.0, -50.0, -41.0],
    "large": [700.0, 800.0, 799.0, -900.0, 3.0, 800.0],
    "infinite": [math.inf, 1.0, 2.0, -1.0, 0.0, 3.0],
    "not a number": [1.0, math.nan, 2.0, -1.0, 0.0, 3.0],
}


@pytest.mark.parametrize("case", NUMBERS)
@pytest.mark.parametrize("op", [ops.sum, ops.dot, ops.max, ops.min, ops.logsumexp])
def test_what_is_evaluated_on_all_operands_at_once_is_the_rule_of_the_op(op, case):
    numbers = NUMBERS[case]
    out = op.forward(*numbers)
    try:
        wanted = np.array(op.partials(out, *numbers), float)
    except ZeroDivisionError:  # none of the operands is the largest beside a NaN
        wanted = np.full(len(numbers), math.nan)
    wide, reads = wide_of(op), np.array(numbers)[None, :, None]
    with np.errstate(all="ignore"):
        value = wide.forward(reads, None)
        slopes = wide.locals_(value, reads, None)[0, :, 0]
    np.testing.assert_allclose(value, [[out]], rtol=1e-14)
    np.testing.assert_allclose(slopes, wanted, rtol=1e-13)


def test_an_op_of_the_same_name_is_evaluated_by_its_own_rule():
    other = Op("max", lambda *xs: sum(xs), lambda out, *xs: tuple(1.0 for _ in xs))
    assert wide_of(other) is None
    assert wide_of(ops.max) is not None


def test_noise_moves_a_sum_and_the_shares_of_a_logsumexp():
    reads = np.tile(np.array(NUMBERS["apart"])[None, :, None], (1, 1, 8))
    noise = Noise(np.full(8, 1e-9), np.random.default_rng(0))
    for op in (ops.sum, ops.logsumexp):
        wide = wide_of(op)
        value = wide.forward(reads, noise)
        assert len(set(value[0].tolist())) > 1
        assert value == pytest.approx(wide.forward(reads, None), rel=1e-7)
    slopes = wide.locals_(value, reads, noise)
    assert np.ptp(slopes, axis=2).min() > 0.0


@pytest.mark.parametrize("name", ["max", "min", "logsumexp", "sum"])
def test_the_check_of_an_op_of_many_operands_does_not_take_them_one_by_one(monkeypatch, name):
    counted = Counter()
    apply = Lanes.__mgcore_apply__

    def applied(op, operands):
        counted[size] += 1
        return apply(op, operands)

    monkeypatch.setattr(Lanes, "__mgcore_apply__", staticmethod(applied))
    for size in (500, 2_000):
        numbers = np.linspace(-1.0, 1.0, size).tolist()
        kernel = mgcompile.trace(
            lambda xs: ops.exp(getattr(ops, name)(*xs)), (numbers,), cache=False
        )
        kernel.value_and_grad(np.array(numbers))
        assert all(check.compared for check in kernel.verified.checks)
    assert 0 < counted[500] == counted[2_000]


def test_programs_at_the_same_points_are_held_to_one_evaluation(monkeypatch):
    counted = Counter()
    for name in ("forward", "gradient"):
        function = getattr(reference_module, name)

        def called(*args, function=function, name=name):
            counted[name] += 1
            return function(*args)

        monkeypatch.setattr(reference_module, name, called)
    numbers = np.linspace(0.5, 1.0, 400).tolist()
    kernel = mgcompile.trace(lambda xs: ops.sum(*map(ops.tanh, xs)), (numbers,), cache=False)
    kernel.value_and_grad(np.array(numbers))
    kernel.value_and_grad(np.array([numbers] * 40))
    programs = [check.program for check in kernel.verified.checks]
    assert programs == ["forward", "inputs (output 0), few samples", "inputs (output 0)"]
    points = 2  # calls: at the recorded point, and at those beside it
    assert counted == {"forward": points, "gradient": points}


def test_a_bundle_is_looked_at_once_however_many_groups_it_might_join(monkeypatch):
    seen = []
    runs_by_tile = fusion.runs_by_tile

    def looked_at(program, statement):
        seen.append(statement)
        return runs_by_tile(program, statement)

    monkeypatch.setattr(fusion, "runs_by_tile", looked_at)
    kinds = [ops.sin, ops.cos, ops.tanh, ops.exp, ops.sigmoid, ops.atan]
    x = [Value(0.1 * i, f"x{i}") for i in range(12)]
    pairs = list(itertools.product(kinds, repeat=2))
    rows = [[f(g(xi)) for xi in x[: 2 + i % 11]] for i, (f, g) in enumerate(pairs)]
    total = ops.sum(*[ops.dot(*row, *row[::-1]) for row in rows])
    mgcompile.compile(total, x, cache=False)
    assert len(seen) > 40
    assert len(set(map(id, seen))) == len(seen)


def test_the_form_that_a_call_does_not_need_is_not_compiled(monkeypatch):
    built = []
    build = type(find_backend("llvm")).build

    def counted(self, program, options):
        built.append("few" if options.one_sample else "many")
        return build(self, program, options)

    monkeypatch.setattr(type(find_backend("llvm")), "build", counted)
    numbers = np.linspace(0.5, 1.0, 400)
    kernel = mgcompile.trace(
        lambda xs: ops.sum(*map(ops.tanh, xs)), (numbers.tolist(),), cache=False
    )
    assert built == ["many"]  # the values, for any number of samples
    wanted = 1.0 - np.tanh(numbers) ** 2
    for X in (numbers, numbers[None], numbers.tolist()):
        np.testing.assert_allclose(np.ravel(kernel.value_and_grad(X)[1]), wanted, rtol=1e-12)
    assert built == ["many", "few"]
    slopes = kernel.value_and_grad(np.tile(numbers, (40, 1)))[1]
    np.testing.assert_allclose(slopes, np.tile(wanted, (40, 1)), rtol=1e-12)
    assert built == ["many", "few", "many"]


def test_a_value_times_a_symbol_is_recorded_without_asking_the_value_first(monkeypatch):
    asked = []
    apply = Value.__mgcore_apply__

    def counted(op, operands):
        asked.append(op)
        return apply(op, operands)

    monkeypatch.setattr(Value, "__mgcore_apply__", staticmethod(counted))
    w = [Value(0.5 * i) for i in range(4)]

    def f(x):
        return (w[0] * x + w[1]) / (w[2] - x) + (w[3] + x)

    kernel = mgcompile.trace(f, 1, w, cache=False)
    assert not asked
    assert kernel([0.25]) == pytest.approx((0.0 * 0.25 + 0.5) / (1.0 - 0.25) + 1.75, rel=1e-14)


def test_a_type_that_takes_nothing_over_is_no_operand_of_a_value():
    class Idle:
        @staticmethod
        def __mgcore_apply__(op, operands):
            return NotImplemented

    with pytest.raises(OperandTypeError):
        Value(1.0) * Idle()


def chain(length, operand):
    """Return a graph in which one operand of every node but the last is a node below."""
    x = [Value(0.1 * i) for i in range(3)]
    out = x[0]
    for _ in range(length):
        operands = [x[1], x[2]]
        operands.insert(operand, out)
        out = ops.sum(*operands)
    return capture([out], x, [])


@pytest.mark.parametrize("operand", [0, 1, 2])
@pytest.mark.parametrize("length", [0, 1, 23, 24, 31, 32, 33, 100])
def test_levels_are_found_on_whole_arrays_where_there_are_fewer_than_24(operand, length):
    graph = chain(length, operand)
    found = shallow_levels(graph)
    assert (found is None) == (length > 23)
    if found is not None:
        assert sorted(found.tolist()) == sorted([0, 0, 0, *range(1, length + 1)])


def test_a_deep_graph_is_found_out_once_and_quickly(monkeypatch):
    counted = []
    shallow = reference_module.shallow_levels
    monkeypatch.setattr(
        reference_module, "shallow_levels", lambda graph: counted.append(1) or shallow(graph)
    )
    reduced = []
    monkeypatch.setattr(evaluate, "np", Counting(reduced))
    reference = Reference(chain(100, 0), "float64")
    assert not reference.is_shallow
    assert len(reference.order[1]) == 100
    assert len(counted) == 1
    assert not reduced  # nothing was summed up over all edges, level by level


class Counting:
    """NumPy, with each reduction over edges counted."""

    def __init__(self, found):
        self.maximum = self
        self._found = found

    def reduceat(self, *given):
        self._found.append(1)
        return np.maximum.reduceat(*given)

    def __getattr__(self, name):
        return getattr(np, name)


def test_the_time_of_every_step_is_printed_where_it_is_asked_for(monkeypatch, capsys):
    x = [Value(0.25 * i, f"x{i}") for i in range(3)]
    monkeypatch.setenv("MGCOMPILE_TIME", "1")
    mgcompile.compile(ops.tanh(ops.dot(*x, *x)), x, cache=False)
    lines = capsys.readouterr().err.splitlines()
    steps = [line.split()[-1] for line in lines]
    assert [steps[0], *steps[-3:]] == ["capture", "code", "machine-code", "check"]
    assert steps.index("cse") < steps.index("emit") < steps.index("fusion")
    milliseconds = [float(line.split()[1]) for line in lines]
    assert all(number >= 0.0 for number in milliseconds)
    monkeypatch.setenv("MGCOMPILE_TIME", "off")
    mgcompile.compile(ops.tanh(ops.dot(*x, *x)), x, cache=False)
    assert not capsys.readouterr().err


def short_dots():
    rng = random.Random(3)
    nodes = [Value(rng.uniform(-1, 1), f"x{i}") for i in range(6)]
    inputs = list(nodes)
    for turn in range(120):
        chosen = [rng.choice(nodes[-20:]) for _ in range(2 * rng.randint(1, 5))]
        nodes.append(ops.dot(*chosen) if turn % 3 else ops.tanh(chosen[0]))
    return capture([ops.sum(*nodes)], inputs, [])


def test_short_dots_are_put_in_order_as_long_ones_are(monkeypatch):
    graph = short_dots()
    found = isomorphism.find_classes(graph)
    monkeypatch.setattr(isomorphism, "_FEW_PAIRS", 0)
    wanted = isomorphism.find_classes(graph)
    for name in ("group", "place", "start", "members"):
        np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name))
    np.testing.assert_array_equal(found.graph.operand, wanted.graph.operand)
    assert not np.array_equal(found.graph.operand, graph.operand)


def test_hashes_are_found_among_a_few():
    rng = np.random.default_rng(0)
    hashes = rng.integers(-(2**62), 2**62, 3000)
    hashes[::7] = hashes[1::7][: len(hashes[::7])] + (1 << 16)  # alike in their remainders
    few = np.concatenate([hashes[::50], hashes[1:60] + (1 << 20)])
    np.testing.assert_array_equal(cse._among(hashes, few), np.isin(hashes, few))


def levels_one_by_one(graph):
    """Return the level of every node, each looked up as often as it takes."""
    found = [0] * len(graph.code)
    for _ in range(len(found)):
        for node in range(len(found)):
            read = graph.operand[graph.start[node] : graph.start[node + 1]].tolist()
            found[node] = 1 + max(found[x] for x in read) if read else 0
    return found


@pytest.mark.parametrize("recorded", ["trace", "inserted", "values"])
def test_levels_of_nodes_in_order_are_found_in_one_go(monkeypatch, recorded):
    followed = []
    follow = levels._levels_followed
    monkeypatch.setattr(levels, "_levels_followed", lambda r: followed.append(1) or follow(r))

    def f(x, y):
        for i in range(9):
            x, y = (
                ops.sin(x * y) + ops.dot(x, y, y, x) + ops.sum(x, y, 0.5, x * y),
                x - y * 0.25 * i,
            )
        return x

    if recorded == "values":
        graph = capture([f(*(x := [Value(0.5), Value(0.25)]))], x, [])
    else:
        tape = Tape([], 2, None)
        graph = tape.graph([f(*tape.inputs)])
        graph = canonicalize(graph) if recorded == "inserted" else graph
    found, order = levels.levels(graph)
    assert found.tolist() == levels_one_by_one(graph)
    assert sorted(order.tolist()) == np.flatnonzero(found).tolist()
    assert np.all(np.diff(found[order]) >= 0)
    assert bool(followed) == (recorded == "values")


def test_values_are_evaluated_as_the_gradient_at_the_same_points_is():
    x = [Value(0.1 * i + 0.3) for i in range(40)]
    chain = x[0]
    for each in x[1:] * 40:
        chain = ops.sin(chain * each) + each
    for out in (chain, ops.sum(*map(ops.exp, x))):
        reference = Reference(capture([out], x, []), "float64")
        assert reference.is_deep("forward", 1) == reference.is_deep("inputs", 1)


@pytest.mark.parametrize("op", [ops.max, ops.min, ops.logsumexp])
def test_the_rule_of_a_shipped_op_is_written_out_for_a_few_operands_only(monkeypatch, op):
    few = uniform_partial.shared_partial(op, 3)
    assert all(uniform_partial._partial(op, count) == (True, few) for count in (4, 9, 50))
    asked = []
    partial = uniform_partial._partial
    monkeypatch.setattr(
        uniform_partial, "_partial", lambda op, count: asked.append(count) or partial(op, count)
    )
    assert uniform_partial.is_reducible(op, 70_000)
    assert uniform_partial.shared_partial(op, 70_000) == few
    assert set(asked) == {3}


def test_the_rule_of_a_strange_op_is_looked_at_with_all_its_operands():
    def partials(out, *xs):
        return tuple(1.0 if i < 5 else 2.0 for i in range(len(xs)))

    odd = Op("first_five", lambda *xs: sum(xs[:5]) + 2.0 * sum(xs[5:]), partials)
    assert uniform_partial.is_reducible(odd, 4)
    assert not uniform_partial.is_reducible(odd, 12)


def test_what_nodes_read_is_looked_at_once_where_no_operand_moves(monkeypatch):
    counted = []
    reads_of = levels.reads_of
    for module in (isomorphism, levels):
        monkeypatch.setattr(module, "reads_of", lambda g: counted.append(1) or reads_of(g))
    x, y = Value(0.5), Value(0.25)
    out = x
    for _ in range(20):
        out = ops.sin(out) / (y - out)
    isomorphism.find_classes(capture([out], [x, y], []))
    assert len(counted) == 1
