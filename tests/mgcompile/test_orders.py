"""The pullbacks of pullbacks: held against PyTorch, which writes them its own way."""

import numpy as np
import pytest

import mgcompile
from mgcompile.autodiff.orders import contraction, gradient, next_order, pullback
from mgcompile.backends.interface import Options
from mgcompile.backends.registry import find_backend
from mgcore import Value, ops

torch = pytest.importorskip("torch")
SAMPLES = 5


def chain(library, x, p):
    """Return two outputs of a recurrence, which becomes a loop, and a third without inputs."""
    state = x[0]
    for _ in range(12):
        state = library.tanh(p[0] * state + x[1] * p[1])
    return [state * x[0], x[1] ** 3 * p[0] + state, p[0] * p[1]]


@pytest.fixture(scope="module")
def program():
    x, p = [Value(0.3, "x"), Value(0.4, "y")], [Value(1.2, "p"), Value(0.7, "q")]
    return mgcompile.compile(chain(ops, x, p), x, p).program


def run(made, columns, params, backend):
    return find_backend(backend).build(made, Options())(columns, SAMPLES, params)


def by_torch(x, cotangents, params):
    outputs = chain(torch, x.unbind(-1), params.unbind(-1))
    stacked = torch.stack([torch.broadcast_to(y, x.shape[:-1]) for y in outputs], -1)
    return (cotangents * stacked).sum()


@pytest.mark.parametrize("backend", ["llvm", "numpy"])
def test_every_order_is_the_gradient_of_the_last_along_a_direction(program, backend):
    rng = np.random.default_rng(0)
    z = torch.tensor(rng.uniform(0.2, 0.9, (SAMPLES, 5)), requires_grad=True)
    p = torch.tensor([1.1, 0.6], dtype=torch.float64, requires_grad=True)
    wanted = by_torch(z[:, :2], z[:, 2:], p)
    to_z, to_p = torch.autograd.grad(wanted, [z, p], create_graph=True)

    found = run(pullback(program, to_params=True), z.detach().numpy(), p.detach().numpy(), backend)
    np.testing.assert_allclose(found[0], to_z[:, :2].detach(), rtol=1e-12)
    np.testing.assert_allclose(found[1], to_p.detach(), rtol=1e-12)

    scalar, to_inputs, to_params = contraction(program), [z], [p]
    for _ in range(3):
        leaves = [*to_inputs, *to_params]
        slopes = torch.autograd.grad(wanted, leaves, create_graph=True, materialize_grads=True)
        columns, vector = torch.cat(to_inputs, -1).detach(), torch.cat(to_params).detach()
        made = gradient(scalar, to_params=True)
        found = run(made, columns.numpy(), vector.numpy(), backend)
        ours = [*np.split(found[0], len(to_inputs), -1), *np.split(found[1], len(to_params))]
        for a, b in zip(ours, slopes, strict=True):
            np.testing.assert_allclose(a, b.detach(), rtol=1e-10, atol=1e-12)
        moved = [torch.tensor(rng.uniform(-1, 1, x.shape), requires_grad=True) for x in leaves]
        wanted = sum((g * along).sum() for g, along in zip(slopes, moved, strict=True))
        count = len(to_inputs)
        to_inputs, to_params = to_inputs + moved[:count], to_params + moved[count:]
        scalar = next_order(scalar, to_params=True)


def test_the_pullback_to_inputs_alone_reads_the_parameters_as_constants(program):
    made = pullback(program, to_params=False)
    assert [output.name for output in made.outputs] == ["input_gradient"]
    assert made.n_params == program.n_params
