"""What users type, as the design promises it: names, shapes, containers, and errors."""

import pickle

import numpy as np
import pytest

import mgcompile
import mgcore
from mgcore import Op, Value, grad, ops, register
from mgnn import MLP, fit, losses, optim


def test_every_op_of_the_design_is_there():
    promised = [
        "add",
        "sub",
        "mul",
        "div",
        "neg",
        "pow",
        "exp",
        "log",
        "sqrt",
        "abs",
        "sin",
        "cos",
        "erf",
        "maximum",
        "minimum",
        "gt",
        "ge",
        "lt",
        "le",
        "select",
        "sum",
        "dot",
        "relu",
        "leaky_relu",
        "elu",
        "tanh",
        "sigmoid",
        "softplus",
        "silu",
        "gelu",
        "logsumexp",
    ]
    listed = {p.name: p for p in mgcore.plugins()}
    for name in promised:
        assert listed[name].distribution == "mgcore"
        assert isinstance(getattr(ops, name), Op)


def test_the_shipped_ops_use_the_public_door_alone():
    from importlib.metadata import entry_points

    points = {p.name for p in entry_points(group="mgcore.ops") if p.dist.name == "mgcore"}
    assert {p.name for p in mgcore.plugins() if p.distribution == "mgcore"} == points


def test_register_and_unregister_an_op_in_a_running_program():
    softsign = Op(
        "contract_softsign",
        forward=lambda x: x / (1 + abs(x)),
        partials=(lambda out, x: (1 + abs(x)) ** -2,),
    )
    register(softsign)
    try:
        x = Value(-3.0)
        assert x.contract_softsign().data == -0.75
        assert ops.contract_softsign is softsign
        model = MLP(2, [4, 1], activation="contract_softsign", seed=1)
        assert isinstance(model([0.5, -1.0]), Value)
    finally:
        mgcore.unregister("contract_softsign")
    with pytest.raises(AttributeError):
        _ = ops.contract_softsign


@pytest.fixture
def moons():
    from sklearn.datasets import make_moons

    X, labels = make_moons(n_samples=60, noise=0.1, random_state=1)
    return X, 2.0 * labels - 1


def test_fit_trains_the_same_on_both_backends(moons):
    X, y = moons
    finals = []
    for backend in ("eager", "compiled"):
        model = MLP(2, [8, 8, 1], activation="tanh", seed=7)
        history = fit(
            model,
            X,
            y,
            loss="hinge",
            optimizer=optim.SGD(lr=0.1),
            epochs=5,
            batch_size=32,
            seed=7,
            backend=backend,
            progress=False,
        )
        assert len(history.loss) == 5
        assert history.loss[-1] < history.loss[0]
        finals.append([p.data for p in model.parameters()])
    assert finals[0] == pytest.approx(finals[1], rel=1e-9)


def test_modules_name_and_clear_their_parameters():
    model = MLP(2, [16, 16, 1])
    assert len(model.parameters()) == 337
    assert [p for _, p in model.named_parameters()] == model.parameters()
    model([1.0, 2.0]).backward()
    model.zero_grad()
    assert all(p.grad == 0.0 for p in model.parameters())
    assert isinstance(MLP(2, [3, 2])([0.1, 0.2]), list)
    assert losses.by_name("hinge") is not None


def recorded():
    model = MLP(2, [6, 1], activation="tanh", seed=3)
    x0, x1, y = Value(0.3, label="x0"), Value(-0.2, label="x1"), Value(1.0, label="y")
    loss = (model([x0, x1]) - y) ** 2
    return model, [x0, x1, y], loss


def test_a_kernel_takes_arrays_columns_and_names_and_gives_the_same_container_back():
    model, inputs, loss = recorded()
    kernel = mgcompile.compile(
        loss, inputs=inputs, params=model.parameters(), dtype="float64", backend="llvm"
    )
    X = np.random.default_rng(0).normal(size=(7, 3))
    values, slopes = kernel.value_and_grad(X)
    assert values.shape == (7,)
    assert slopes.shape == X.shape
    columns, by_column = [X[:, 0], X[:, 1], X[:, 2]], kernel.value_and_grad(list(X.T))[1]
    np.testing.assert_array_equal(kernel(columns), values)
    assert isinstance(by_column, list)
    np.testing.assert_array_equal(np.stack(by_column, 1), slopes)
    named = {"x0": X[:, 0], "x1": X[:, 1], "y": X[:, 2]}
    by_name = kernel.value_and_grad(named)[1]
    assert list(by_name) == ["x0", "x1", "y"]
    np.testing.assert_array_equal(by_name["x1"], slopes[:, 1])
    one = kernel([0.3, -0.2, 1.0])
    assert isinstance(one, float)
    assert one == pytest.approx(loss.data, rel=1e-14)
    np.testing.assert_allclose(kernel([X[:, 0], 0.5, X[:, 2]])[3], kernel([X[3, 0], 0.5, X[3, 2]]))
    for row, value, slope in zip(X, values, slopes, strict=True):
        for leaf, number in zip(inputs, row, strict=True):
            leaf.data = float(number)
        fresh = (model(inputs[:2]) - inputs[2]) ** 2
        assert value == pytest.approx(fresh.data, rel=1e-12)
        assert slope == pytest.approx(grad(fresh, inputs), rel=1e-10, abs=1e-14)


def test_loss_and_grad_follow_the_order_of_the_parameters():
    model, inputs, loss = recorded()
    kernel = mgcompile.compile(loss, inputs=inputs, params=model.parameters())
    X = np.random.default_rng(1).normal(size=(5, 3))
    mean, slopes = kernel.loss_and_grad(X, reduction="mean")
    assert isinstance(mean, float)
    assert slopes.shape == (len(model.parameters()),)
    rows = [(model(list(map(float, r[:2]))) - float(r[2])) ** 2 for r in X]
    total = sum(rows) * (1 / 5)
    assert mean == pytest.approx(total.data, rel=1e-13)
    assert slopes == pytest.approx(grad(total, model.parameters()), rel=1e-10, abs=1e-14)
    kernel.params = np.zeros(len(model.parameters()))
    assert not kernel.params.any()


def test_a_data_set_recorded_into_the_graph_trains_without_an_x(moons):
    X, y = moons
    model = MLP(2, [8, 1], activation="tanh", seed=5)
    scores = [model(list(map(float, row))) for row in X]
    terms = [(1 - float(t) * s).relu() for t, s in zip(y, scores, strict=True)]
    loss = sum(terms) * (1.0 / len(terms)) + 1e-4 * sum(p * p for p in model.parameters())
    kernel = mgcompile.compile(loss, inputs=[], params=model.parameters())
    value, slopes = kernel.loss_and_grad()
    assert value == pytest.approx(loss.data, rel=1e-13)
    assert slopes == pytest.approx(grad(loss, model.parameters()), rel=1e-10, abs=1e-14)
    kernel.train(optimizer=optim.SGD(lr=0.1), epochs=20)
    assert kernel.loss_and_grad()[0] < value
    assert [p.data for p in model.parameters()] == list(kernel.params)


def test_kernels_pickle_and_can_be_saved(tmp_path):
    model, inputs, loss = recorded()
    kernel = mgcompile.compile(loss, inputs=inputs, params=model.parameters())
    X = np.random.default_rng(3).normal(size=(6, 3))
    kernel.train(X, optim.SGD(lr=0.1), epochs=2)
    kernel.save(tmp_path / "kernel")
    for copy in (pickle.loads(pickle.dumps(kernel)), mgcompile.load(tmp_path / "kernel")):
        np.testing.assert_array_equal(copy.params, kernel.params)
        np.testing.assert_array_equal(copy(X), kernel(X))
        for found, expected in zip(copy.loss_and_grad(X), kernel.loss_and_grad(X), strict=True):
            np.testing.assert_array_equal(found, expected)
        losses = copy.train(X, optim.SGD(lr=0.1), epochs=1)
        assert losses == pytest.approx([kernel.loss_and_grad(X)[0]], rel=1e-13)
        assert not np.array_equal(copy.params, kernel.params)


def test_native_agrees_with_the_oracle():
    model, inputs, loss = recorded()
    X = np.random.default_rng(2).normal(size=(9, 3))
    both = [
        mgcompile.compile(loss, inputs=inputs, params=model.parameters(), backend=b)
        for b in ("numpy", "llvm")
    ]
    np.testing.assert_allclose(both[0](X), both[1](X), rtol=1e-13)


def test_outputs_may_be_a_list():
    x, y = Value(1.0, label="x"), Value(2.0, label="y")
    kernel = mgcompile.compile([x * y, ops.exp(x)], inputs=[x, y])
    first, second = kernel([np.array([1.0, 2.0]), 3.0])
    np.testing.assert_allclose(first, [3.0, 6.0])
    np.testing.assert_allclose(second, np.exp([1.0, 2.0]))


def test_bad_input_to_the_compiler_names_the_argument():
    model, inputs, loss = recorded()
    stranger = Value(1.0, label="stranger")
    kernel = mgcompile.compile(loss, inputs=inputs, params=model.parameters())
    attempts = [
        (lambda: mgcompile.compile(loss, inputs=[*inputs, stranger]), "stranger"),
        (lambda: mgcompile.compile(loss, inputs=inputs, params=[loss.operands[0]]), "params"),
        (lambda: mgcompile.compile(loss, inputs=inputs, dtype="float16"), "dtype"),
        (lambda: mgcompile.compile(loss, inputs=inputs, backend="lvm"), "lvm"),
        (lambda: kernel(np.zeros((4, 2))), r"X has shape \(4, 2\)"),
        (lambda: kernel(np.zeros((4, 3), dtype=complex)), "X"),
    ]
    for attempt, word in attempts:
        with pytest.raises(mgcore.MgcoreError, match=word):
            attempt()
