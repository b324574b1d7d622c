"""Code with neighbouring elements in the lanes, against the interpreter of numpy's backend."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from random_programs import RandomProgram

import mgcompile
from mgcompile.autodiff.reverse import gradient_to_params
from mgcompile.backends.interface import Options, TrainCall
from mgcompile.backends.llvm.backend import backend as llvm
from mgcompile.backends.llvm.lower import lower
from mgcompile.backends.numpy.interpreter import backend as numpy_backend
from mgcompile.program.builder import Builder, affine, gather
from mgcompile.program.ir import INPUTS, Access, Affine, Array
from mgcompile.program.optimizer import OptimizerSpec
from mgcompile.program.verifier import verify
from mgcore import Value, ops
from mgnn import MLP

PROGRAMS = int(os.environ.get("MGCOMPILE_PROGRAMS", "40"))
TOLERANCE = {"float64": 1e-9, "float32": 3e-3}


class WideProgram(RandomProgram):
    """The same with axes longer than a vector, and strides of either sign."""

    def __init__(self, seed):
        super().__init__(seed)
        inputs, params = self.random.integers(1, 60, size=2).tolist()
        self.builder.n_inputs, self.builder.n_params = inputs, params
        self.builder.arrays[0] = Array(inputs, batched=True)
        self.builder.arrays[1] = Array(params, batched=False)

    def shape(self):
        longest = int(self.random.choice([3, 9, 20]))
        axes = self.random.integers(1, longest, size=self.random.integers(4)).tolist()
        self.shapes.append(tuple(axes))
        return self.shapes[self.random.integers(len(self.shapes))]

    def access(self, visible, domain, loops):
        found = super().access(visible, domain, loops)
        index, axes = found.index, loops + domain
        if isinstance(index, Affine) and self.random.random() < 0.3:
            last = sum(s * (n - 1) for s, n in zip(index.strides, axes, strict=True))
            strides = tuple(-s for s in index.strides)
            return Access(found.array, Affine(index.offset + last, strides))
        return found

    def reduction(self, visible, loops):
        if self.random.random() < 0.5:
            return super().reduction(visible, loops)
        reduced = tuple(self.random.integers(1, 20, size=self.random.integers(1, 3)).tolist())
        shape = self.shape()
        operands = [self.access(visible, shape + reduced, loops) for _ in range(2)]
        return self.builder.bundle(ops.dot, shape, operands, reduced)


def unlike(program, dtype, count, seed, options):
    """Return the outputs that are not what the interpreter gives."""
    random = np.random.default_rng(seed)
    params = random.normal(size=program.n_params).astype(dtype)
    inputs = random.normal(size=(count, program.n_inputs)).astype(dtype)
    with np.errstate(all="ignore"):
        expected = numpy_backend.build(program, Options(dtype))(inputs, count, params)
        found = llvm.build(program, options)(inputs, count, params)
    wrong = []
    for output, ours, theirs in zip(program.outputs, found, expected, strict=True):
        scale = max(1.0, np.max(np.abs(theirs), initial=0.0))
        near = np.max(np.abs(ours - theirs), initial=0.0) <= TOLERANCE[dtype] * scale
        if ours.shape != theirs.shape or not near:
            wrong.append(output.name)
    return wrong


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("seed", range(PROGRAMS))
def test_a_random_program_for_one_sample_at_a_time(seed, dtype):
    program = WideProgram(seed).build()
    options = Options(dtype, one_sample=True, threads=1 + seed % 2)
    assert not unlike(program, dtype, [1, 2, 5, 40][seed % 4], seed, options)
    assert lower(program, dtype, one_sample=True).tile.samples == 1


@pytest.mark.parametrize("seed", range(PROGRAMS))
def test_a_random_program_on_what_all_samples_share(seed):
    maker = WideProgram(seed)
    maker.builder.arrays[0] = Array(0, batched=True)
    maker.builder.n_inputs = 0
    visible = [1, 2, 3]
    for _ in range(maker.random.integers(3, 14)):
        visible.append(maker.elementwise(visible, ()))
        visible.append(maker.reduction(visible, ()))
        visible.append(maker.scatter(visible, ()))
    outputs = [(f"output{array}", int(array)) for array in visible[3:]]
    program = verify(maker.builder.finish(outputs))
    assert not unlike(program, "float64", 1, seed, Options())


@pytest.mark.parametrize(("terms", "looped"), [(2, False), (40, True)])
def test_entries_of_tables_are_read_while_code_is_written_where_no_loop_leads_through(
    terms, looped
):
    random = np.random.default_rng(terms)
    builder = Builder(50, 0)
    squares = builder.bundle(ops.mul, (50,), [affine(INPUTS, 0, 1), affine(INPUTS, 0, 1)])
    reads = [gather(array, random.permutation(50)[:terms]) for array in (INPUTS, squares)]
    total = builder.bundle(ops.dot, (), reads, (terms,))
    program = verify(builder.finish([("total", total)]))
    assert ("load i32, ptr" in lower(program, "float64", one_sample=True).text) == looped
    assert not unlike(program, "float64", 1, terms, Options(one_sample=True))


def net(sizes, seed):
    """Return a model's squared error as a program, by way of a kernel, and its parameters."""
    model = MLP(sizes[0], sizes[1:], activation="tanh", seed=seed)
    inputs = [Value(0.1 * k, f"x{k}") for k in range(sizes[0])]
    error = model(inputs) - 0.5
    return mgcompile.compile(error * error, inputs=inputs, params=model.parameters(), cache=False)


@pytest.mark.parametrize("rule", [OptimizerSpec("sgd", momentum=0.5), OptimizerSpec("adam")])
@pytest.mark.parametrize("batch_size", [1, 2])
def test_training_on_few_samples_at_a_time(rule, batch_size):
    kernel = net((5, 13, 9, 1), 3)
    program = gradient_to_params(kernel.program)
    rows = np.random.default_rng(1).normal(size=(7, 5))
    orders = np.stack([np.random.default_rng(k).permutation(7) for k in range(3)])
    reached = []
    for backend, options in ((llvm, Options(one_sample=True)), (numpy_backend, Options())):
        trainer = backend.build_trainer(program, rule, options)
        params = kernel.params.copy()
        state = np.zeros((rule.state_rows, len(params)))
        rates = np.full((3, -(-7 // batch_size)), 0.01)
        losses = trainer(TrainCall(rows, 7, params, state, 0, batch_size, rates, orders))
        reached.append(np.concatenate([params, losses]))
    np.testing.assert_allclose(*reached, rtol=1e-9, atol=1e-12)


def test_a_call_of_few_samples_gives_what_one_of_many_does():
    kernel = net((20, 64, 64, 1), 0)
    rows = np.random.default_rng(0).normal(size=(64, 20))
    values, slopes = kernel.value_and_grad(rows)
    for count in (1, 2, 3, 5):
        found = kernel.value_and_grad(rows[:count])
        np.testing.assert_allclose(found[0], values[:count], rtol=1e-12)
        np.testing.assert_allclose(found[1], slopes[:count], rtol=1e-11, atol=1e-14)
    value, slope = kernel.value_and_grad(rows[0])
    assert value == pytest.approx(values[0], rel=1e-12)
    np.testing.assert_allclose(slope, slopes[0], rtol=1e-11, atol=1e-14)
    columns = {f"x{k}": rows[:1, k] for k in range(20)}
    np.testing.assert_allclose(kernel(columns), values[:1], rtol=1e-12)
    names = [check.program for check in kernel.verified.checks]
    assert {"inputs (output 0)", "inputs (output 0), few samples"} <= set(names)


def test_the_form_for_few_samples_is_made_once_whoever_asks_for_it():
    kernel = net((20, 64, 64, 1), 0)
    rows = np.random.default_rng(0).normal(size=(1, 20))
    kernel.value_and_grad(np.repeat(rows, 64, axis=0))
    with ThreadPoolExecutor(4) as pool:
        found = [pool.submit(kernel.value_and_grad, rows) for _ in range(4)]
    assert len({each.result()[0].tobytes() for each in found}) == 1
    names = [check.program for check in kernel.verified.checks]
    assert len(names) == len(set(names))
