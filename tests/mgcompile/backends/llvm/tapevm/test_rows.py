"""Rows, steps and order of a tape keep its meaning, by running the stream in Python."""

from __future__ import annotations

import numpy as np
import pytest

from mgcompile.backends.llvm.codegen.codegen_context import MEMORY_SPACES
from mgcompile.backends.llvm.tapevm.opcodes import AREA_BITS, HALT, Opcodes
from mgcompile.backends.llvm.tapevm.stream import write_stream
from mgcompile.program.ir import Access, Affine, Tape
from mgcompile.schedule.decisions import Place
from mgcore import ops

TABLE = (ops.add, ops.mul, ops.neg, ops.sum, ops.dot, ops.logsumexp)


def random_tape(count, seed, pool=6):
    generator = np.random.default_rng(seed)
    widths = {0: [2], 1: [2], 2: [1], 3: [1, 3, 4, 5, 9, 30], 4: [2, 6, 8, 22], 5: [2, 5, 11]}
    code = generator.integers(0, len(TABLE), count)
    width = np.array([generator.choice(widths[c]) for c in code.tolist()])
    start = np.concatenate([[0], np.cumsum(width)])
    operand = np.concatenate(
        [generator.integers(max(0, i - 30), pool + i, w) for i, w in enumerate(width.tolist())]
    )
    externals = (Access(1, Affine(0, (1,))), Access(0, Affine(1, (0,))))
    return Tape(9, externals, (pool - 1, 1), TABLE, code, start, operand)


PLACES = {
    0: Place("inputs", 0, batched=True),
    1: Place("params", 0, batched=False),
    9: Place("tile", 100, batched=True),
}


def interpret(words, opcodes, memory):
    """Run a stream on memory {(area, element): number}."""
    at = 0
    while words[at] != HALT:
        action = opcodes[words[at] - 1].action
        places = [
            (MEMORY_SPACES[w & 15], w >> AREA_BITS) for w in words[at + 1 : at + 2 + action.arity]
        ]
        target, *sources = places
        numbers = [memory.get(place) for place in sources]
        assert None not in numbers, "a row is read before it is written"
        if action.onto:
            half = (len(numbers) - 1) // 2
            out = numbers[0] + ops.dot(*numbers[1 : 1 + half], *numbers[1 + half :])
        else:
            out = action.op(*numbers)
        memory[target] = out
        at += 2 + action.arity
    return memory


@pytest.mark.parametrize("seed", range(6))
def test_the_stream_computes_every_result_that_is_read_outside(seed):
    tape = random_tape(700, seed)
    tape = Tape(tape.result, tape.externals, tape.lengths, (*TABLE, ops.tanh), *bounded(tape))
    kept = np.random.default_rng(seed).random(len(tape.code)) < 0.1
    pool = [0.3, -0.7, 1.1, 0.2, -1.3, 0.9]
    opcodes = Opcodes()
    words = write_stream(tape, PLACES, kept, opcodes)
    memory = {("params", k): x for k, x in enumerate(pool[:5])}
    memory["inputs", 1] = pool[5]
    interpret(words.tolist(), list(opcodes.by_kind[True]), memory)
    expected = run(tape, pool)
    for number in np.flatnonzero(kept).tolist():
        assert memory["tile", 100 + number] == pytest.approx(expected[number], rel=1e-9, abs=1e-12)
    rows = {element for area, element in memory if area == "tile"}
    assert len(rows) < 0.6 * len(tape.code)  # the others share rows
    assert rows <= set(range(100, 100 + len(tape.code)))


def bounded(tape):
    """Return the tables of a tape in which a tanh follows each instruction and takes its users."""
    pool, count = sum(tape.lengths), len(tape.code)
    width = np.diff(tape.start)
    operand = np.where(tape.operand < pool, tape.operand, pool + 2 * (tape.operand - pool) + 1)
    code = np.stack([tape.code, np.full(count, len(TABLE))], axis=1).ravel()
    widths = np.stack([width, np.ones(count, dtype=np.int64)], axis=1).ravel()
    start = np.concatenate([[0], np.cumsum(widths)])
    table = np.zeros(start[-1], dtype=np.int64)
    within = np.arange(len(operand)) - np.repeat(tape.start[:-1], width)
    table[np.repeat(start[0:-1:2], width) + within] = operand
    table[start[1:-1:2]] = pool + 2 * np.arange(count)
    return code, start, table


def run(tape, pool):
    results = list(pool)
    for i, code in enumerate(tape.code.tolist()):
        operands = [results[k] for k in tape.operand[tape.start[i] : tape.start[i + 1]]]
        results.append(tape.ops[code](*operands))
    return results[len(pool) :]
