"""Ops and kernels in PyTorch: its own checks, its own numbers, its own transformations."""

import math

import numpy as np
import pytest

import mgbridge
import mgcompile
from mgbridge.errors import NotBridgedError, TensorError
from mgcore import Op, Value, ops, register, unregister
from mgcore.errors import UnknownOpError

torch = pytest.importorskip("torch")

SAME_IN_TORCH = ["tanh", "sigmoid", "exp", "sin", "erf", "sqrt", "log1p"]


def points(*shape, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(shape, generator=generator, dtype=dtype) + 0.2


@pytest.fixture(scope="module")
def kernel():
    """Two outputs of three inputs and two parameters, entangled."""
    x = [Value(0.1 * k, f"x{k}") for k in range(3)]
    p, q = Value(0.7, "p"), Value(-0.4, "q")
    outputs = [ops.tanh(p * x[0] + q * x[1]) * x[2], ops.exp(x[0] * q) * x[1] ** 3 + p * p * x[2]]
    return mgcompile.compile(outputs, x, [p, q])


def by_torch(X, params):
    p, q = params
    x = X.unbind(-1)
    first = torch.tanh(p * x[0] + q * x[1]) * x[2]
    return torch.stack([first, torch.exp(x[0] * q) * x[1] ** 3 + p * p * x[2]], -1)


@pytest.mark.parametrize("name", SAME_IN_TORCH)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_an_op_gives_what_torch_s_own_gives_to_the_third_derivative(name, dtype):
    def derivatives(f):
        x = points(2, 5, dtype=dtype).requires_grad_()
        found = [f(x)]
        for _ in range(3):
            found += torch.autograd.grad(found[-1].sum(), x, create_graph=True)
        return found

    ours, theirs = derivatives(mgbridge.torch.op(name)), derivatives(getattr(torch, name))
    assert ours[0].dtype == dtype
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b)


def test_torch_s_own_checks_pass_for_ops_of_one_and_two_operands():
    for name, count in (("tanh", 1), ("pow", 2)):
        f = mgbridge.torch.op(name)
        operands = [points(4, seed=k).requires_grad_() for k in range(count)]
        assert torch.autograd.gradcheck(f, operands)
        assert torch.autograd.gradgradcheck(f, operands)
        registered = getattr(torch.ops.mgbridge, name)
        torch.library.opcheck(registered.default, (*operands, torch.empty(0, dtype=torch.float64)))


def test_torch_s_own_checks_pass_for_a_kernel(kernel):
    f = mgbridge.torch.function(kernel, name="checked")
    X = points(2, 3, 3).requires_grad_()
    params = torch.tensor([0.7, -0.4], dtype=torch.float64, requires_grad=True)
    for arguments in ((X,), (X, params)):
        assert torch.autograd.gradcheck(f, arguments)
        assert torch.autograd.gradgradcheck(f, arguments)
    space = torch.ops.mgbridge
    for registered in (space.checked_3_to_2, space.checked_3_to_2_of_params):
        torch.library.opcheck(registered.default, (X, params))
    # The pullbacks are operators like others.
    cotangent = points(2, 3, 2).requires_grad_()
    torch.library.opcheck(space.checked_3_to_2_pullback.default, (X, cotangent, params))
    torch.library.opcheck(space.checked_3_to_2_of_params_pullback.default, (X, cotangent, params))


def test_a_kernel_gives_what_torch_computes_with_its_params(kernel):
    f = mgbridge.torch.function(kernel)
    X, params = points(6, 3).requires_grad_(), torch.tensor([0.7, -0.4], dtype=torch.float64)
    torch.testing.assert_close(f(X), by_torch(X, params))
    torch.testing.assert_close(f(X[0]), by_torch(X, params)[0])
    other = torch.tensor([1.1, 0.3], dtype=torch.float64, requires_grad=True)
    weight = points(6, 2, seed=3)
    ours = torch.autograd.grad((f(X, other) * weight).sum(), [X, other])
    theirs = torch.autograd.grad((by_torch(X, other) * weight).sum(), [X, other])
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b)


def test_float32_is_computed_in_float32(kernel):
    f = mgbridge.torch.function(kernel)
    X = points(6, 3, dtype=torch.float32)
    assert f(X).dtype == torch.float32
    torch.testing.assert_close(f(X), by_torch(X, torch.tensor([0.7, -0.4])), rtol=1e-5, atol=1e-5)


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # inductor's own
@pytest.mark.parametrize("backend", ["aot_eager", "inductor"])
def test_compiled_functions_give_the_same_values_and_gradients(kernel, backend):
    tanh, f = mgbridge.torch.op("tanh"), mgbridge.torch.function(kernel)

    def loss(X, params):
        return (f(tanh(X) * 2.0, params) ** 2).sum()

    compiled = torch.compile(loss, backend=backend, fullgraph=True)
    X = points(5, 3).requires_grad_()
    params = torch.tensor([0.5, 0.25], dtype=torch.float64, requires_grad=True)
    torch.testing.assert_close(compiled(X, params), loss(X, params))
    ours = torch.autograd.grad(compiled(X, params), [X, params])
    for a, b in zip(ours, torch.autograd.grad(loss(X, params), [X, params]), strict=True):
        torch.testing.assert_close(a, b)


def test_vmap_maps_over_any_axis_of_operands_and_over_parameters(kernel):
    power, f = mgbridge.torch.op("pow"), mgbridge.torch.function(kernel)
    x, y = points(4, 3), points(4, seed=1)
    found = torch.vmap(power, in_dims=(1, None))(x, y)
    torch.testing.assert_close(found, (x ** y[:, None]).T)
    X, params = points(3, 5, 3), points(5, 2, seed=2)
    found = torch.vmap(f, in_dims=(1, 0))(X, params)
    wanted = torch.stack([by_torch(X[:, k], params[k]) for k in range(5)])
    torch.testing.assert_close(found, wanted)


def test_per_sample_gradients_to_parameters_by_vmap_of_grad(kernel):
    f = mgbridge.torch.function(kernel)
    X, params = points(4, 3), torch.tensor([0.5, 0.25], dtype=torch.float64)

    def slopes(g):
        return torch.vmap(torch.func.grad(lambda p, x: g(x, p).sum()), in_dims=(None, 0))(params, X)

    torch.testing.assert_close(slopes(f), slopes(by_torch))


def test_a_hessian_by_torch_func(kernel):
    f = mgbridge.torch.function(kernel)
    x, params = points(3), torch.tensor([0.7, -0.4], dtype=torch.float64)
    jacobian = torch.func.jacrev(torch.func.jacrev(f))(x)
    torch.testing.assert_close(
        jacobian, torch.func.jacrev(torch.func.jacrev(lambda x: by_torch(x, params)))(x)
    )


def test_a_module_trains_through_a_kernel(kernel):
    f = mgbridge.torch.function(kernel)
    wanted = torch.tensor([0.9, -0.2], dtype=torch.float64)
    X = points(50, 3)
    target = by_torch(X, wanted)
    params = torch.nn.Parameter(torch.tensor([0.7, -0.4], dtype=torch.float64))
    optimizer = torch.optim.LBFGS([params], max_iter=60, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = ((f(X, params) - target) ** 2).mean()
        loss.backward()
        return loss

    optimizer.step(closure)
    torch.testing.assert_close(params.detach(), wanted, rtol=1e-4, atol=1e-4)


def test_operands_broadcast_and_numbers_are_operands():
    power = mgbridge.torch.op("pow")
    x = points(3, 1).requires_grad_()
    y = points(4, seed=1).requires_grad_()
    torch.testing.assert_close(power(x, y), x**y)
    ours = torch.autograd.grad(power(x, y).sum(), [x, y])
    for a, b in zip(ours, torch.autograd.grad((x**y).sum(), [x, y]), strict=True):
        torch.testing.assert_close(a, b)
    torch.testing.assert_close(power(x, 2), x**2)
    assert mgbridge.torch.op("tanh")(torch.arange(3)).dtype == torch.float32
    assert mgbridge.torch.op("tanh")(points(0)).shape == (0,)
    assert math.isclose(mgbridge.torch.op("tanh")(points()).item(), math.tanh(points().item()))


def test_the_convention_at_a_kink_holds_in_torch():
    x = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.grad(mgbridge.torch.op("relu")(x), x)[0] == 0.0
    assert torch.autograd.grad(mgbridge.torch.op("abs")(x), x)[0] == 0.0


def test_an_op_of_one_s_own_works_at_once_and_again_when_it_is_registered_anew():
    for power in (2, 3):
        made = Op("gauge", lambda x, n=power: x**n, (lambda out, x, n=power: n * x ** (n - 1),))
        register(made)
        try:
            f = mgbridge.torch.op("gauge")
            assert f is mgbridge.torch.op("gauge")
            x = points(3).requires_grad_()
            assert torch.autograd.gradgradcheck(f, [x])
            torch.testing.assert_close(f(x), x**power)
        finally:
            unregister("gauge")


def test_what_does_not_fit_is_refused_by_name(kernel):
    f, tanh = mgbridge.torch.function(kernel), mgbridge.torch.op("tanh")
    with pytest.raises(TensorError, match="float16"):
        tanh(torch.zeros(3, dtype=torch.float16))
    with pytest.raises(TensorError, match="takes 1 operand, not 2"):
        tanh(points(3), points(3))
    with pytest.raises(TensorError, match=r"mgcore\.ops\.tanh"):
        tanh(0.5)
    with pytest.raises(TensorError, match=r"shape \(4, 2\).*3 inputs"):
        f(points(4, 2))
    with pytest.raises(TensorError, match=r"params has shape \(3,\), not \(2,\)"):
        f(points(4, 3), points(3))
    with pytest.raises(NotBridgedError, match="any number of operands"):
        mgbridge.torch.op("logsumexp")
    p = Value(1.0, "p")
    with pytest.raises(NotBridgedError, match="inputs=\\[\\]"):
        mgbridge.torch.function(mgcompile.compile(p * p, [], [p]))
    with pytest.raises(NotBridgedError, match="takes a kernel"):
        mgbridge.torch.function(np.tanh)
    with pytest.raises(UnknownOpError, match="tanh"):
        mgbridge.torch.op("thanh")
