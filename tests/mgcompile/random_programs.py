"""Random programs of every kind of statement, each told by its seed."""

from __future__ import annotations

import numpy as np

from mgcompile.program.builder import Builder
from mgcompile.program.ir import (
    CONSTS,
    INPUTS,
    PARAMS,
    SAMPLES,
    Access,
    Affine,
    Array,
    Carry,
    Gather,
    extent,
)
from mgcompile.program.verifier import verify
from mgcore import ops

ELEMENTWISE = (ops.add, ops.mul, ops.sub, ops.neg, ops.abs, ops.gt, ops.le)


class RandomProgram:
    """Write a random program: elementwise bundles, sums, dots, scatters, nested loops."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        inputs, params = self.random.integers(1, 6, size=2)
        self.builder = Builder(int(inputs), int(params), list(self.random.normal(size=3)))
        self.builder.arrays[CONSTS] = Array(3, batched=False)
        self.inside = dict.fromkeys((INPUTS, PARAMS, CONSTS, SAMPLES), 0)  # of how many loops
        self.shapes = [(4,)]

    def build(self):
        visible = [INPUTS, PARAMS, CONSTS, SAMPLES]
        for _ in range(self.random.integers(3, 14)):
            visible += self.statement(visible, ())
        outputs = [(f"output{array}", int(array)) for array in visible[4:]]
        return verify(self.builder.finish(outputs))

    def shape(self):
        self.shapes.append(tuple(self.random.integers(1, 6, size=self.random.integers(3)).tolist()))
        return self.shapes[self.random.integers(len(self.shapes))]

    def access(self, visible, domain, loops):
        array = int(self.random.choice(visible))
        first = self.inside.get(array, 0)
        axes, size = loops + domain, self.builder.arrays[array].size
        if self.random.random() < 0.3:
            shape = [
                length if axis >= first and self.random.random() < 0.7 else 1
                for axis, length in enumerate(axes)
            ]
            return Access(array, Gather(self.random.integers(size, size=shape), (0,) * len(axes)))
        strides, room = [0] * len(axes), size - 1
        for axis in range(first, len(axes)):
            most = room // (axes[axis] - 1) if axes[axis] > 1 else 0
            strides[axis] = int(self.random.integers(most + 1))
            room -= strides[axis] * (axes[axis] - 1)
        return Access(array, Affine(int(self.random.integers(room + 1)), tuple(strides)))

    def identity(self, visible, shape, loops):
        fitting = [a for a in visible if self.builder.arrays[a].size == extent(shape)]
        if not fitting or self.random.random() < 0.3:
            return self.access(visible, shape, loops)
        strides = [extent(shape[axis + 1 :]) for axis in range(len(shape))]
        return Access(int(self.random.choice(fitting)), Affine(0, (*(0 for _ in loops), *strides)))

    def statement(self, visible, loops):
        kind = self.random.random()
        if kind < 0.5:
            made = [self.elementwise(visible, loops)]
        elif kind < 0.8:
            made = [self.reduction(visible, loops)]
        elif kind < 0.9 or len(loops) > 2:
            made = [self.scatter(visible, loops)]
        else:
            made = self.loop(visible, loops)
        self.inside.update(dict.fromkeys(made, len(loops)))
        return made

    def elementwise(self, visible, loops):
        op, shape = ELEMENTWISE[self.random.integers(len(ELEMENTWISE))], self.shape()
        operands = [self.identity(visible, shape, loops) for _ in range(op.arity)]
        return self.builder.bundle(op, shape, operands)

    def reduction(self, visible, loops):
        op = (ops.sum, ops.dot)[self.random.integers(2)]
        shape = tuple(self.random.integers(1, 20, size=2).tolist())
        shape = shape if self.random.random() < 0.3 else self.shape()
        reduced = tuple(self.random.integers(1, 5, size=self.random.integers(3)).tolist())
        count = 2 if op is ops.dot else self.random.integers(1, 4)
        operands = [self.access(visible, shape + reduced, loops) for _ in range(count)]
        over_batch = not loops and self.builder.is_batched(operands) and self.random.random() < 0.5
        return self.builder.bundle(op, shape, operands, reduced, over_batch=bool(over_batch))

    def scatter(self, visible, loops):
        size, parts = int(self.random.integers(1, 10)), []
        for _ in range(self.random.integers(1, 4)):
            shape = self.shape()
            table = self.random.integers(size, size=(1,) * len(loops) + shape)
            target = Gather(table, (0,) * table.ndim)
            parts.append((shape, self.access(visible, shape, loops), target))
        return self.builder.scatter(size, parts)

    def loop(self, visible, loops):
        count, size = self.random.integers(1, 4, size=2).tolist()
        state = [self.builder.new_array(size, batched=True) for _ in range(3)]
        initial = [self.access(visible, (size,), loops) for _ in state]
        self.builder.open_loop()
        self.inside.update(dict.fromkeys(state, len(loops) + 1))
        own = list(state)
        for _ in range(self.random.integers(1, 6)):
            own += self.statement([*visible, *own], (*loops, count))
        fitting = [array for array in own if self.builder.arrays[array].size == size]
        carries = [
            Carry(
                array,
                first,
                int(self.random.choice(fitting)),
                self.builder.new_array(size, batched=True),
            )
            for array, first in zip(state, initial, strict=True)
        ]
        kept = self.random.choice(own, size=2, replace=False).tolist()
        return [carry.final for carry in carries] + self.builder.close_loop(count, carries, kept)
