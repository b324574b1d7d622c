"""Ops and kernels in JAX: its own checks, its own numbers, its own transformations."""

import numpy as np
import pytest

import mgbridge
import mgcompile
from mgbridge.errors import NotBridgedError, TensorError
from mgcore import Op, Value, ops

jax = pytest.importorskip("jax")
import jax.numpy as jnp  # noqa: E402 - only where there is JAX
from jax.test_util import check_grads  # noqa: E402 - as above


@pytest.fixture(autouse=True)
def _float64():
    # Not for this thread alone: JAX calls back in threads of its own.
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


@pytest.fixture(scope="module")
def kernel():
    """Two outputs of three inputs and two parameters, entangled."""
    x = [Value(0.1 * k, f"x{k}") for k in range(3)]
    p, q = Value(0.7, "p"), Value(-0.4, "q")
    outputs = [ops.tanh(p * x[0] + q * x[1]) * x[2], ops.exp(x[0] * q) * x[1] ** 3 + p * p * x[2]]
    return mgcompile.compile(outputs, x, [p, q])


KNOWN = np.array([0.7, -0.4])


def by_jax(X, params=KNOWN):
    p, q = params
    x, y, z = X[..., 0], X[..., 1], X[..., 2]
    return jnp.stack([jnp.tanh(p * x + q * y) * z, jnp.exp(x * q) * y**3 + p * p * z], -1)


def points(*shape, seed=0, dtype=np.float64):
    return np.random.default_rng(seed).uniform(0.2, 1.2, shape).astype(dtype)


def same(ours, theirs, **tolerances):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, **tolerances), ours, theirs)


@pytest.mark.parametrize(
    ("name", "theirs"),
    [("tanh", jnp.tanh), ("sigmoid", jax.nn.sigmoid), ("erf", jax.scipy.special.erf)],
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_an_op_gives_what_jax_s_own_gives_to_the_third_derivative(name, theirs, dtype):
    ours, x = mgbridge.jax.op(name), points(5, dtype=dtype)
    tolerance = 1e-12 if dtype == np.float64 else 2e-5
    for order in range(4):
        f, g = ours, theirs
        for _ in range(order):
            f, g = jax.grad(f), jax.grad(g)
        found = jax.jit(jax.vmap(f))(x)
        assert found.dtype == dtype
        same(found, jax.vmap(g)(x), rtol=tolerance, atol=tolerance)


def test_jax_s_own_checks_pass_in_both_modes_for_ops_of_one_and_two_operands():
    check_grads(mgbridge.jax.op("tanh"), (points(4),), order=3, modes=["fwd", "rev"])
    check_grads(mgbridge.jax.op("pow"), (points(4), points(4, seed=1)), 2, modes=["fwd", "rev"])


def test_mixed_partials_of_an_op_of_two_operands():
    ours = jax.hessian(mgbridge.jax.op("pow"), argnums=(0, 1))(1.3, 0.7)
    same(ours, jax.hessian(jnp.power, argnums=(0, 1))(1.3, 0.7), rtol=1e-12)


def test_jax_s_own_checks_pass_for_a_kernel(kernel):
    f = mgbridge.jax.function(kernel)
    X = points(4, 3)
    check_grads(f, (X,), order=3, modes=["rev"])
    check_grads(f, (X, jnp.array([0.5, 0.3])), order=2, modes=["rev"])
    g = mgbridge.jax.function(kernel, forward=True)
    check_grads(g, (X,), order=3, modes=["fwd", "rev"])


def test_a_kernel_gives_what_jax_computes_under_jit_vmap_and_grad_of_grad(kernel):
    f = mgbridge.jax.function(kernel)
    X, params = points(2, 5, 3), jnp.array([0.9, 0.2])
    same(jax.jit(f)(X), by_jax(X), rtol=1e-12)
    same(jax.vmap(f)(X), by_jax(X), rtol=1e-12)
    same(f(X, params), by_jax(X, params), rtol=1e-12)

    def loss(g):
        return lambda X, params: (g(X, params) ** 2).sum()

    def twice(g):
        return lambda X, params: sum(
            (d**2).sum() for d in jax.grad(loss(g), argnums=(0, 1))(X, params)
        )

    for make in (loss, twice):
        ours = jax.jit(jax.grad(make(f), argnums=(0, 1)))(X, params)
        same(ours, jax.grad(make(by_jax), argnums=(0, 1))(X, params), rtol=1e-10)


def test_per_sample_gradients_to_parameters_by_vmap_of_grad(kernel):
    f = mgbridge.jax.function(kernel)
    X, params = points(4, 3), jnp.array([0.9, 0.2])

    def slopes(g):
        return jax.vmap(jax.grad(lambda p, x: g(x, p).sum()), in_axes=(None, 0))(params, X)

    same(slopes(f), slopes(by_jax), rtol=1e-10)
    same(
        jax.vmap(f, in_axes=(None, 0))(X, jnp.stack([params, 2 * params])),
        jnp.stack([by_jax(X, params), by_jax(X, 2 * params)]),
        rtol=1e-12,
    )


def test_a_hessian_in_forward_mode(kernel):
    f = mgbridge.jax.function(kernel, forward=True)
    X = points(4, 3)
    same(jax.vmap(jax.hessian(f))(X), jax.vmap(jax.hessian(by_jax))(X), rtol=1e-10, atol=1e-12)
    same(jax.vmap(jax.jacfwd(f))(X), jax.vmap(jax.jacfwd(by_jax))(X), rtol=1e-12)


def test_dtypes_are_jax_s_own(kernel):
    f, tanh = mgbridge.jax.function(kernel), mgbridge.jax.op("tanh")
    assert f(points(2, 3, dtype=np.float32)).dtype == np.float32
    assert tanh(jnp.arange(3)).dtype == np.float64
    assert tanh(jnp.arange(3, dtype=jnp.float32)).dtype == np.float32
    with jax.enable_x64(False):
        assert tanh(jnp.arange(3)).dtype == np.float32
        same(tanh(points(5)), np.tanh(points(5)), rtol=1e-6)


def test_large_arrays_go_through_jit():
    x = points(1 << 20)
    same(jax.jit(mgbridge.jax.op("tanh"))(x), np.tanh(x), rtol=1e-12)


def test_xla_calls_the_code_of_an_op_itself():
    f, x = mgbridge.jax.op("tanh"), points(7)
    for g in (f, jax.grad(f), jax.grad(jax.grad(f))):
        text = jax.jit(jax.vmap(g)).lower(x).as_text()
        assert "mgbridge_tanh_" in text
        assert "callback" not in text
    nested = jax.vmap(jax.vmap(mgbridge.jax.op("pow"), in_axes=(0, None)), in_axes=(None, 0))
    same(nested(x, points(3)), jnp.power(x[None, :], points(3)[:, None]), rtol=1e-12)
    assert jax.jit(f)(jnp.zeros((0, 3))).shape == (0, 3)


@pytest.mark.filterwarnings("ignore::mgcompile.errors.PythonCallbackWarning")
def test_a_rule_that_only_python_runs_is_called_back():
    whole = Op("whole", lambda x: float(int(x)), (lambda out, x: 0.0,))
    f = mgbridge.jax.op(whole)
    same(jax.jit(f)(jnp.array([1.5, 2.5])), [1.0, 2.0])
    assert "callback" in jax.jit(f).lower(jnp.ones(2)).as_text()


def test_the_convention_at_a_kink_and_an_op_of_one_s_own():
    assert jax.grad(mgbridge.jax.op("relu"))(0.0) == 0.0
    cube = Op("cube", lambda x: x * x * x, (lambda out, x: 3 * x * x,))
    assert jax.grad(jax.grad(mgbridge.jax.op(cube)))(2.0) == 12.0
    same(mgbridge.jax.op("pow")(points(3, 1), points(4)), points(3, 1) ** points(4), rtol=1e-12)


def test_what_does_not_fit_is_refused_by_name(kernel):
    f = mgbridge.jax.function(kernel)
    with pytest.raises(TensorError, match="bfloat16"):
        mgbridge.jax.op("tanh")(jnp.zeros(3, jnp.bfloat16))
    with pytest.raises(TensorError, match="takes 2 operands, not 1"):
        mgbridge.jax.op("pow")(1.0)
    with pytest.raises(TensorError, match=r"shape \(4, 2\).*3 inputs"):
        f(points(4, 2))
    with pytest.raises(TensorError, match=r"params has shape \(3,\), not \(2,\)"):
        f(points(4, 3), points(3))
    with pytest.raises(TensorError, match="forward=True"):
        mgbridge.jax.function(kernel, forward=True)(points(4, 3), KNOWN)
    with pytest.raises(NotBridgedError, match="any number of operands"):
        mgbridge.jax.op("sum")
