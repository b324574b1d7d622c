"""Programs of every kind of statement, compared with the interpreter of the numpy backend."""

from __future__ import annotations

import itertools
import math

import attrs
import numpy as np
import pytest
from random_programs import RandomProgram

from mgcompile.autodiff.reverse import gradient_to_params
from mgcompile.backends.interface import Options, TrainCall
from mgcompile.backends.llvm.backend import backend as llvm
from mgcompile.backends.llvm.lower import lower
from mgcompile.backends.llvm.runtime.executable import LlvmExecutable
from mgcompile.backends.numpy.interpreter import backend as numpy_backend
from mgcompile.errors import InvalidProgramError
from mgcompile.program.builder import Builder, affine
from mgcompile.program.ir import (
    INPUTS,
    PARAMS,
    Carry,
)
from mgcompile.program.optimizer import OptimizerSpec
from mgcompile.program.verifier import verify
from mgcompile.schedule import pipeline
from mgcompile.schedule.batch_tile import tile_of
from mgcompile.schedule.decisions import Tile
from mgcompile.schedule.ir import BLOCK, LoopProgram, Phase
from mgcore import Op, ops

TOLERANCE = {"float64": 1e-9, "float32": 3e-3}


def assert_same(program, dtype, inputs, count, params, threads=1):
    options = Options(dtype, threads)
    with np.errstate(all="ignore"):
        expected = numpy_backend.build(program, options)(inputs, count, params)
    found = llvm.build(program, options)(inputs, count, params)
    for output, ours, theirs in zip(program.outputs, found, expected, strict=True):
        scale = max(1.0, np.max(np.abs(theirs), initial=0.0))
        difference = np.max(np.abs(ours - theirs), initial=0.0)
        assert difference <= TOLERANCE[dtype] * scale, output.name


@pytest.mark.parametrize("seed", range(16))
def test_a_random_program_gives_what_the_interpreter_gives(seed):
    program = RandomProgram(seed).build()
    random = np.random.default_rng(seed)
    params = random.normal(size=program.n_params)
    matrix = random.normal(size=([1, 3, 37, 2100][seed % 4], program.n_inputs))
    columns = [np.ascontiguousarray(column) for column in matrix.T]
    inputs = (matrix, np.asfortranarray(matrix), columns, matrix[::-1])[seed // 4]
    assert_same(program, "float64", inputs, len(matrix), params, threads=1 + seed % 2)


@pytest.mark.filterwarnings("ignore::mgcompile.errors.PythonCallbackWarning")
@pytest.mark.parametrize("backend", [llvm, numpy_backend], ids=["llvm", "numpy"])
@pytest.mark.parametrize(
    ("options", "needed", "runs"),
    [
        (Options(), np.zeros(9), False),
        (Options(), np.arange(9) == 5, True),
        (Options(one_sample=True), np.zeros(1), False),
        (Options(one_sample=True), np.ones(1), True),
    ],
)
def test_a_loop_runs_where_a_sample_needs_it_and_else_not_at_all(backend, options, needed, runs):
    seen = []

    def noted(x):
        seen.append(x)
        return math.atan(x)

    op = Op("noted", noted, (lambda out, x: 1.0,))
    builder = Builder(2, 0)
    builder.open_loop()
    made = builder.bundle(op, (1,), [affine(INPUTS, 0, 0, 1)])
    (all_of,) = builder.close_loop(3, [], [made], needed=affine(INPUTS, 1))
    chosen = builder.bundle(
        ops.select, (3,), [affine(INPUTS, 1, 0), affine(all_of, 0, 1), affine(INPUTS, 0, 0)]
    )
    program = verify(builder.finish([("value", chosen)]))
    inputs = np.stack([np.linspace(1.0, 2.0, len(needed)), needed], axis=1)
    run = backend.build(program, options)
    seen.clear()
    (found,) = run(inputs, len(needed), np.zeros(0))
    expected = np.where(needed, np.arctan(inputs[:, 0]), inputs[:, 0])
    np.testing.assert_allclose(found, np.repeat(expected[:, None], 3, axis=1), rtol=1e-15)
    assert bool(seen) == runs


def layers(sizes):
    """Return the forward program of an MLP with tanh, every layer one dot, one add and one tanh."""
    builder = Builder(sizes[0], sum((m + 1) * n for m, n in itertools.pairwise(sizes)))
    source, offset = INPUTS, 0
    for m, n in itertools.pairwise(sizes):
        weights, values = affine(PARAMS, offset, m + 1, 1), affine(source, 0, 0, 1)
        products = builder.bundle(ops.dot, (n,), [weights, values], (m,))
        bias = affine(PARAMS, offset + m, m + 1)
        sums = builder.bundle(ops.add, (n,), [affine(products, 0, 1), bias])
        source = builder.bundle(ops.tanh, (n,), [affine(sums, 0, 1)])
        offset += n * (m + 1)
    return builder, source


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("count", [0, 1, 7, 64, 1000])
def test_every_number_of_samples_and_every_block_size_of_a_layer(dtype, count):
    builder, last = layers((3, 7, 13, 5, 1))
    program = verify(builder.finish([("value", last)]))
    random = np.random.default_rng(count)
    inputs = random.normal(size=(count, 3)).astype(dtype)
    params = random.normal(size=program.n_params).astype(dtype)
    assert_same(program, dtype, inputs, count, params)


@pytest.mark.parametrize("vectors", range(2, 18, 2))
def test_a_tile_of_any_even_number_of_vectors_stays_within_the_memory_of_results(
    vectors, monkeypatch
):
    def narrow(loops):
        tile = Tile(loops.dtype, loops.width, vectors * loops.width)
        return attrs.evolve(loops, tile=tile)

    def guarded(executable, count, order):
        buffer = np.full((count + 100) * 5, 77.0)
        buffers.append(buffer)
        result = buffer[: count * 5].reshape((count, 5), order=order)
        return (result,)

    buffers = []
    passes = [
        attrs.evolve(each, run=narrow) if each.name == "batch-tile" else each
        for each in pipeline.PASSES
    ]
    monkeypatch.setattr(pipeline, "PASSES", passes)
    monkeypatch.setattr(LlvmExecutable, "_new_results", guarded)
    builder, last = layers((3, 5))
    program = verify(builder.finish([("value", last)]))
    random = np.random.default_rng(vectors)
    params = random.normal(size=program.n_params)
    for tiles in (1, 3):
        matrix = random.normal(size=(tiles * vectors * lower(program, "float64").tile.width, 3))
        columns = [np.ascontiguousarray(column) for column in matrix.T]
        assert_same(program, "float64", columns, len(matrix), params)
    assert len(buffers) == 2
    assert all(np.all(buffer[-500:] == 77.0) for buffer in buffers)


@pytest.mark.parametrize("width", [2, 4, 8, 16])
def test_blocks_of_wide_products_are_made_of_whole_tiles(width):
    for elements, dtype in itertools.product(range(8, 400, 8), ("float64", "float32")):
        sizes = {"inputs": elements, "tile": elements}
        program = Builder(elements, 0).finish([])
        phases = (Phase(weight_gradients=("one",)),)
        loops = LoopProgram(program, dtype, width, phases=phases, sizes=sizes)
        assert BLOCK % tile_of(loops).samples == 0


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("count", [1, 64, 150])
@pytest.mark.parametrize("container", ["rows", "reversed rows", "columns"])
def test_gradients_of_wide_layers_are_summed_block_by_block(dtype, count, container):
    builder, last = layers((45, 37, 35, 1))
    program = gradient_to_params(verify(builder.finish([("value", last)])))
    assert lower(program, dtype).loops.phases[0].weight_gradients
    random = np.random.default_rng(count)
    inputs = random.normal(size=(count, 45)).astype(dtype)
    if container == "reversed rows":
        inputs = inputs[:, ::-1]
    elif container == "columns":
        inputs = [np.ascontiguousarray(column) for column in inputs.T]
    params = random.normal(size=program.n_params).astype(dtype) / 6
    assert_same(program, dtype, inputs, count, params)


@pytest.mark.parametrize("batch_size", [64, 70])
@pytest.mark.parametrize(
    "rule", [OptimizerSpec("sgd", weight_decay=0.1), OptimizerSpec("sgd", momentum=0.5)]
)
def test_a_wide_net_trains_on_samples_in_any_order(rule, batch_size):
    # A batch of one block updates the weights where their gradients are summed, without momentum.
    builder, last = layers((45, 37, 1))
    program = gradient_to_params(verify(builder.finish([("value", last)])))
    random = np.random.default_rng(1)
    inputs = random.normal(size=(200, 45))
    start = random.normal(size=program.n_params) / 6
    orders = np.stack([random.permutation(200) for _ in range(2)])
    found, losses = [], []
    for backend in (llvm, numpy_backend):
        params = start.copy()
        trainer = backend.build_trainer(program, rule, Options())
        state = np.zeros((rule.state_rows, len(params)))
        rates = np.broadcast_to([[0.1], [0.05]], (2, -(-200 // batch_size)))
        call = TrainCall(inputs, 200, params, state, 0, batch_size, rates, orders)
        losses.append(trainer(call))
        found.append(params)
    np.testing.assert_allclose(*found, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(*losses, rtol=1e-10)


def test_a_loop_that_mixes_shared_and_own_arrays_is_not_differentiated():
    builder = Builder(1, 1)
    states = [builder.new_array(1, batched=batched) for batched in (True, False)]
    builder.open_loop()
    following = [
        builder.bundle(ops.mul, (1,), [affine(state, 0, 0, 0), affine(PARAMS, 0, 0, 0)])
        for state in states
    ]
    carries = [
        Carry(state, affine(source, 0, 0), made, builder.new_array(1, batched=source == INPUTS))
        for state, source, made in zip(states, (INPUTS, PARAMS), following, strict=True)
    ]
    builder.close_loop(3, carries, [])
    finals = [affine(carry.final, 0, 0) for carry in carries]
    program = verify(builder.finish([("value", builder.bundle(ops.mul, (1,), finals))]))
    with pytest.raises(InvalidProgramError, match="shared by all samples"):
        gradient_to_params(program)


def test_what_fills_up_the_last_tile_is_kept_out_of_sums_over_the_batch():
    builder = Builder(1, 2)
    inverse = builder.bundle(ops.div, (1,), [affine(PARAMS, 0, 0), affine(INPUTS, 0, 0)])
    both = [affine(inverse, 0, 0), affine(PARAMS, 1, 0)]
    total = builder.bundle(ops.sum, (1,), both, over_batch=True)
    program = verify(builder.finish([("total", total)]))
    run = llvm.build(program, Options())
    (result,) = run(np.full((13, 1), 2.0), 13, np.array([1.0, 10.0]))
    assert result == pytest.approx([13 * 10.5])


def test_sums_are_the_same_bits_for_one_and_two_threads_and_from_run_to_run():
    builder, last = layers((2, 6, 1))
    total = builder.bundle(ops.sum, (1,), [affine(last, 0, 0)], over_batch=True)
    program = verify(builder.finish([("value", last), ("total", total)]))
    random = np.random.default_rng(5)
    inputs, params = random.normal(size=(20_011, 2)), random.normal(size=program.n_params)
    one = llvm.build(program, Options(threads=1))
    two = llvm.build(program, Options(threads=2))
    (_, first), (_, again), (_, other) = (run(inputs, 20_011, params) for run in (one, one, two))
    assert first.tobytes() == again.tobytes() == other.tobytes()
