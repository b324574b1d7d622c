"""What inner loops do on processors that are not at hand: products, loads, spilled registers.

The bounds are those of the tile: a block of r rows and two vectors has 2 r sums, and needs r + 2
loads for as many products. What limits a loop is then its multiply-adds, since a core that starts
two of these in a cycle starts two loads too, and one that starts four three.
"""

import re

import pytest
from assembly import TARGETS, X86_256, bodies

import mgcompile
from mgcompile.autodiff.pipeline import input_gradient, param_gradient
from mgcompile.backends.llvm.lower import lower
from mgcompile.program.printer import format_program
from mgcompile.schedule.matrix_product_tiles import LATENCY
from mgcore import Value, ops

BACK_FROM_RARE = re.compile(r"(jmp|b)\s")
LOADS = {2: 2, 4: 3}  # that can start in a cycle, by how many multiply-adds can


@pytest.fixture(scope="module")
def net():
    """Return the program for the gradient of 784-128-10."""
    x, t, params = [Value(0.1) for _ in range(784)], [Value(0.1) for _ in range(10)], []

    def layer(inputs, count):
        rows = [[Value(0.1) for _ in range(len(inputs) + 1)] for _ in range(count)]
        params.extend(weight for row in rows for weight in row)
        return [ops.dot(*row[:-1], *inputs) + row[-1] for row in rows]

    scores = layer([ops.relu(z) for z in layer(x, 128)], 10)
    loss = ops.logsumexp(*scores) - ops.dot(*t, *scores)
    kernel = mgcompile.compile(loss, [*x, *t], params, dtype="float32", verify=False)
    return param_gradient(kernel.program)


@pytest.fixture(scope="module")
def price():
    """Return the program for the gradient of Black and Scholes' price of a call."""

    def call(s, k, t, r, v):
        root = v * ops.sqrt(t)
        d1 = (ops.log(s / k) + (r + 0.5 * v * v) * t) / root
        parts = [0.5 * (1.0 + ops.erf(d * 0.5**0.5)) for d in (d1, d1 - root)]
        return s * parts[0] - k * ops.exp(-r * t) * parts[1]

    return input_gradient(mgcompile.trace(call, 5, verify=False).program)


def _tiles(found):
    """Return the loops that have most products in a turn, and of these most sums at work."""
    most = max((body.products, body.sums) for body in found)
    return [body for body in found if (body.products, body.sums) == most]


def _matrix_products(found):
    """Return the loops that load less than they multiply and have most sums at work."""
    reused = [body for body in found if body.loads < body.products]
    most = max(body.sums for body in reused)
    return [body for body in reused if body.sums == most]


def _check_tile(body, target):
    rows = body.sums // 2
    assert body.spills == 0
    assert body.sums >= LATENCY * target.units  # none waits for the one before
    assert body.loads / body.products <= (rows + 2) / (2 * rows)
    assert body.loads / LOADS[target.units] <= body.products / target.units


def _sums_alone(found):
    """Return the loops of sums of products: no other arithmetic, no function."""
    return [body for body in found if body.products and body.arithmetic == body.products]


@pytest.mark.parametrize("cpu", TARGETS)
def test_matrix_products_and_weight_gradients(net, cpu):
    target = TARGETS[cpu]
    found = bodies(lower(net, "float32", target=target).text, cpu)
    products = _matrix_products(_sums_alone(found["tile0"]))
    assert len(products) >= 2  # the first layer, and what its units' gradients are made of
    for body in products:
        _check_tile(body, target)
    (weights,) = _tiles(found["outer0"])
    assert weights.sums == 6 * target.units
    _check_tile(weights, target)


@pytest.mark.parametrize("cpu", TARGETS)
def test_elementwise_bodies(price, cpu):
    target = TARGETS[cpu]
    found = bodies(lower(price, "float64", target=target).text, cpu)
    loops = [body for body in found["tile0"] if body.products >= 30]
    assert len(loops) >= 3  # fission has made loops that fit a core's registers
    for body in loops:
        # Loads, those of spilled numbers included, are not what limits the loop.
        assert body.loads <= len(body.lines) - body.loads
        if target is not X86_256:  # 32 registers have room for four vectors of every function
            assert body.spills <= len(body.lines) / 25


@pytest.mark.parametrize("cpu", TARGETS)
def test_quotients_by_reciprocals_have_one_branch_together(cpu):
    kernel = mgcompile.trace(lambda x, y, z: (x / y + z) / z, 3, verify=False)
    program = input_gradient(kernel.program)
    assert format_program(program).count("quotient(") == 2
    found = bodies(lower(program, "float64", target=TARGETS[cpu]).text, cpu)["tile0"]
    (usual,) = [body for body in found if not BACK_FROM_RARE.match(body.lines[-1])]
    assert usual.jumps == 2  # that one, and the one back to the beginning
