"""Large graphs of every shape compile within bounded memory, and compute what was recorded."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import mgcompile
from mgcompile.api import MOST_OPERANDS
from mgcompile.errors import OperandCountError
from mgcore import Op, Value

NODES = 40_000
"""What takes eight bytes for every pair of them does not fit into the memory."""

MEMORY = 3 << 30
"""Bytes of address space: about what the libraries reserve, and a share for the graph."""

SHAPES = {
    "chain": """
v = x
for _ in range(N): v = ops.sin(v)
out = v * y
""",
    "chain of two kinds": """
v = x
for _ in range(N // 2): v = ops.sin(v) * y if rng.random() < 0.5 else ops.cos(v) + x
out = v * y
""",
    "star": """
h = ops.tanh(x)
out = ops.sum(*[h * (1.0 + i / N) for i in range(N)]) / N + y
""",
    "star in binary additions": """
h, out = ops.tanh(x), y
for i in range(N // 2): out = out + h * (i / N / N)
""",
    "comb": """
v, teeth = x, []
for _ in range(N // 3):
    v = ops.sin(v)
    teeth.append(v * y)
out = ops.sum(*teeth)
""",
    "random graph": """
nodes = [x, y]
for _ in range(N // 2):
    a, b, kind = rng.choice(nodes), rng.choice(nodes), rng.random()
    nodes.append(a * 0.5 + b * 0.3 if kind < 0.4 else ops.sin(a * b) if kind < 0.7 else a - b)
    if abs(nodes[-1].data) > 2.0: nodes[-1] = ops.tanh(nodes[-1])
out = ops.sum(*nodes) / N
""",
    "narrow random graph, added up": """
nodes = [x, y]
for _ in range(N // 3):
    near, far = rng.choice(nodes[-50:]), rng.choice(nodes)
    nodes.append(ops.tanh(near * rng.uniform(-1, 1) + far))
out = ops.sum(*nodes) / N
""",
    "different constants": """
out = ops.sum(*[ops.sin(x * rng.random()) * rng.random() for _ in range(N // 4)]) / N + y
""",
    "constants alone, deep": """
v = Value(0.5)
for _ in range(N): v = ops.sin(v)
out = v * x + y
""",
    "logsumexp of operands of several kinds": """
mixed = [ops.sin(x * (1.0 + i / N)) if rng.random() < 0.5 else y * rng.random() + i / N
         for i in range(N // 20)]
out = ops.logsumexp(x, y, 0.5, *mixed)
""",
    "many outputs": """
out = [ops.sin(x * (1.0 + i / N)) + y * rng.random() for i in range(N // 4)]
""",
}

PROGRAM = """
import random, resource, sys
resource.setrlimit(resource.RLIMIT_AS, ({memory}, {memory}))
import numpy as np
import mgcompile
from mgcore import Value, ops
N, rng = {nodes}, random.Random(3)
x, y = Value(0.6, "x"), Value(0.8, "y")
{shape}
kernel = mgcompile.compile(out, inputs=[x, y], cache=False)
outs = out if isinstance(out, list) else [out]
np.testing.assert_allclose(
    np.ravel(kernel(np.array([[0.6, 0.8]]))), [o.data for o in outs], rtol=1e-9, atol=1e-12
)
if len(outs) == 1:
    out.backward()
    _, gradients = kernel.value_and_grad(np.array([[0.6, 0.8]]))
    np.testing.assert_allclose(np.ravel(gradients), [x.grad, y.grad], rtol=1e-7, atol=1e-12)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit of memory is enforced on Linux")
@pytest.mark.parametrize("shape", SHAPES)
def test_a_large_graph_compiles_in_bounded_memory_to_what_was_recorded(shape: str) -> None:
    program = PROGRAM.format(memory=MEMORY, nodes=NODES, shape=SHAPES[shape])
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # it reserves memory for every core
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_an_op_of_too_many_operands_is_refused_by_name() -> None:
    total = Op("plain_total", lambda *xs: sum(xs), lambda _, *xs: [1.0] * len(xs))
    x = Value(0.5, "x")
    out = total(*[x] * (MOST_OPERANDS + 1))
    with pytest.raises(OperandCountError, match=r"plain_total is applied to 2,049 operands"):
        mgcompile.compile(out, inputs=[x])
