"""Sums of many operands become chains of shorter ones: the same order, and the same bits."""

from functools import cache

import numpy as np
import pytest

from mgcompile.backends.interface import Options
from mgcompile.backends.llvm.backend import backend as llvm
from mgcompile.backends.llvm.lower import lower
from mgcompile.backends.numpy.interpreter import backend as numpy_backend
from mgcompile.program.builder import Builder, affine
from mgcompile.program.ir import INPUTS, PARAMS, Carry
from mgcompile.program.verifier import verify
from mgcompile.schedule.ir import block_units, members
from mgcompile.schedule.long_sums import MOST_TERMS
from mgcompile.schedule.pipeline import schedule
from mgcore import ops

COUNT = 3 * MOST_TERMS + 5
ROW = 3


def mixed(arrays, loops=0):
    """Return accesses to rows of arrays of six elements each, that follow no stride."""
    random = np.random.default_rng(11)
    axes = (0,) * loops + (1,)
    return [
        affine(int(random.choice(arrays)), int(random.integers(ROW + 1)), *axes)
        for _ in range(COUNT)
    ]


def finished(builder, **results):
    return verify(builder.finish(list(results.items())))


@cache
def in_tiles():
    """A sum of numbers of every kind, what it reads made beside it, and a second sum of it."""
    builder = Builder(6, 6)
    sines = builder.bundle(ops.sin, (6,), [affine(INPUTS, 0, 1)])
    squares = builder.bundle(ops.mul, (ROW,), [affine(INPUTS, 1, 1), affine(PARAMS, 0, 1)])
    shared = builder.bundle(ops.exp, (6,), [affine(PARAMS, 0, 1)])
    reads = mixed([INPUTS, PARAMS, sines, shared])
    reads[70] = reads[150] = affine(squares, 0, 1)
    total = builder.bundle(ops.sum, (ROW,), reads)
    half = builder.bundle(ops.mul, (ROW,), [affine(total, 0, 1), affine(squares, 0, 1)])
    more = [affine(half, 0, 1), *reads, affine(total, 0, 1)]
    again = builder.bundle(ops.sum, (ROW,), more)
    return finished(builder, total=total, again=again)


@cache
def once():
    """A sum that all samples share."""
    builder = Builder(1, 6)
    shared = builder.bundle(ops.exp, (6,), [affine(PARAMS, 0, 1)])
    total = builder.bundle(ops.sum, (ROW,), mixed([PARAMS, shared]))
    made = builder.bundle(ops.mul, (ROW,), [affine(total, 0, 1), affine(INPUTS, 0, 0)])
    return finished(builder, made=made)


@cache
def in_a_loop():
    """A sum within a loop, of its state and of what is outside."""
    builder = Builder(6, 6)
    sines = builder.bundle(ops.sin, (6,), [affine(INPUTS, 0, 1)])
    state, final = (builder.new_array(ROW, batched=True) for _ in range(2))
    builder.open_loop()
    reads = mixed([INPUTS, sines, PARAMS], loops=1)
    reads[3] = reads[100] = affine(state, 0, 0, 1)
    total = builder.bundle(ops.sum, (ROW,), reads)
    small = builder.bundle(ops.tanh, (ROW,), [affine(total, 0, 0, 1)])
    builder.close_loop(4, [Carry(state, affine(INPUTS, 0, 1), small, final)])
    return finished(builder, final=final)


PROGRAMS = {"tiles": in_tiles, "once": once, "loop": in_a_loop}


def sums(plan):
    """Return the sums of a schedule that is done, in order."""
    units = [unit for p in plan.phases for unit in block_units((*p.shared, *p.tiled))]
    made = [each for unit in units for each in members(unit)]
    return [each for each in made if getattr(each, "op", None) is ops.sum]


def results(program, samples, one_sample, monkeypatch, left_out):
    monkeypatch.setenv("MGCOMPILE_SKIP", left_out)
    monkeypatch.setenv("MGCOMPILE_VERIFY", "1")
    random = np.random.default_rng(5)
    X, params = random.normal(size=(samples, program.n_inputs)), random.normal(size=6)
    made = llvm.build(program, Options(one_sample=one_sample))(X, samples, params)
    monkeypatch.delenv("MGCOMPILE_SKIP")
    wanted = numpy_backend.build(program, Options())(X, samples, params)
    for ours, theirs in zip(made, wanted, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)
    return made


@pytest.mark.parametrize("one_sample", [False, True])
@pytest.mark.parametrize("name", PROGRAMS)
def test_links_are_short_and_add_the_operands_in_their_order(name, one_sample, monkeypatch):
    program = PROGRAMS[name]()
    links = {
        b.result: b for b in sums(schedule(program, "float64", 4, None, one_sample=one_sample))
    }
    assert max(len(link.operands) for link in links.values()) <= MOST_TERMS + 1
    monkeypatch.setenv("MGCOMPILE_SKIP", "long-sums")
    plan = schedule(program, "float64", 4, None, one_sample=one_sample)
    for whole in sums(plan):
        added = list(links[whole.result].operands)
        while len(added) < len(whole.operands):
            added[:1] = links[added[0].array].operands
        assert added == list(whole.operands)


@pytest.mark.parametrize(("samples", "one_sample"), [(1, True), (1, False), (77, False)])
@pytest.mark.parametrize("name", PROGRAMS)
def test_the_bits_are_those_of_the_whole_sum(name, samples, one_sample, monkeypatch):
    program = PROGRAMS[name]()
    cut = results(program, samples, one_sample, monkeypatch, "")
    whole = results(program, samples, one_sample, monkeypatch, "long-sums")
    for ours, theirs in zip(cut, whole, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_functions_of_machine_code_stay_short():
    """LLVM's time grows faster than a function does: ten times the operands, ten times as many."""

    def longest(count):
        builder = Builder(6, 0)
        sines = builder.bundle(ops.sin, (6,), [affine(INPUTS, 0, 1)])
        random = np.random.default_rng(2)
        reads = [affine(int(a), int(random.integers(6))) for a in random.choice([0, sines], count)]
        program = finished(builder, total=builder.bundle(ops.sum, (), reads))
        functions = lower(program, "float64").text.split("\n\n")
        return max(len(each.splitlines()) for each in functions)

    assert longest(20_000) <= 1.2 * longest(2_000)
