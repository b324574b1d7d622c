"""Neuron, Layer, MLP and Module: structure, activations, initialisation, mistakes."""

import copy
import math
import pickle
import random
import statistics
from collections.abc import Iterator

import numpy as np
import pytest

from mgcore import Op, Value, ops, register, unregister
from mgcore.errors import OperandTypeError, UnknownOpError
from mgnn import MLP, Layer, Module, Neuron
from mgnn.errors import ShapeError, StateError, UnknownNameError


@pytest.fixture
def softsign() -> Iterator[Op]:
    op = Op(
        "softsign",
        forward=lambda x: x / (1 + abs(x)),
        partials=(lambda out, x: (1 + abs(x)) ** -2,),
    )
    register(op)
    yield op
    unregister("softsign")


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "silu", "gelu", "sin"])
def test_a_neuron_is_its_activation_of_the_weighted_sum(activation: str) -> None:
    neuron = Neuron(3, activation=activation)
    x = [0.5, -1.5, 2.0]
    total = sum(w.data * xi for w, xi in zip(neuron.w, x, strict=True)) + neuron.b.data
    assert neuron(x).data == pytest.approx(getattr(ops, activation)(total), rel=1e-15)
    assert neuron(x).op.name == activation


def test_an_op_of_ones_own_works_as_activation(softsign: Op) -> None:
    model = MLP(2, [3, 1], activation="softsign", seed=1)
    out = model([0.5, -1.0])
    out.backward()
    assert math.isfinite(out.data)
    assert any(p.grad != 0.0 for p in model.parameters())
    assert "SoftsignNeuron(2)" in repr(model)


def test_an_op_itself_is_an_activation_registered_or_not() -> None:
    named, given = (MLP(2, [3, 1], activation=a, seed=1) for a in ("tanh", ops.tanh))
    assert given([0.5, -1.0]).data == named([0.5, -1.0]).data
    assert repr(given) == repr(named)
    double = Op("double_of_test", forward=lambda x: 2.0 * x, partials=(lambda out, x: 2.0,))
    neuron = Neuron(1, activation=double)
    assert neuron([3.0]).data == 6.0 * neuron.w[0].data
    assert repr(neuron) == "DoubleOfTestNeuron(1)"


@pytest.mark.parametrize("nouts", [3, np.int64(3), [3], (3,), np.array([3])])
def test_one_number_of_outputs_is_a_single_linear_layer(nouts: object) -> None:
    model = MLP(2, nouts, seed=1)  # type: ignore[arg-type]  # some stand in an array
    assert repr(model) == repr(MLP(2, [3]))
    assert len(model([1.0, 2.0])) == 3


def test_weights_and_bias_are_summed_by_one_dot() -> None:
    neuron = Neuron(5, nonlin=False)
    out = neuron([2.0] * 5)
    assert out.op.name == "dot"
    assert out.operands[:6] == (*neuron.w, neuron.b)
    assert [x.data for x in out.operands[6:]] == [2.0] * 5 + [1.0]


def test_the_constant_1_that_a_bias_weighs_is_no_parameter() -> None:
    neuron = Neuron(2)
    assert [name for name, _ in neuron.named_parameters()] == ["w.0", "w.1", "b"]
    assert MLP(2, [3, 1]).layers[0].neurons[0].parameters()[-1].label == "b"


def test_a_seed_repeats_and_leaves_the_global_generator_alone() -> None:
    random.seed(5)
    before = random.getstate()
    first, second = MLP(2, [4, 1], seed=7), MLP(2, [4, 1], seed=7)
    assert random.getstate() == before
    assert [p.data for p in first.parameters()] == [p.data for p in second.parameters()]
    other = MLP(2, [4, 1], seed=8)
    assert [p.data for p in first.parameters()] != [p.data for p in other.parameters()]


@pytest.mark.parametrize(
    ("init", "deviation"),
    [("uniform", 3.0**-0.5), ("he", (2.0 / 50) ** 0.5), ("lecun", (1.0 / 50) ** 0.5)],
)
def test_weights_have_the_spread_that_init_promises(init: str, deviation: float) -> None:
    layer = MLP(50, [100, 1], seed=3, init=init).layers[0]
    weights = [w.data for neuron in layer.neurons for w in neuron.w]
    assert statistics.stdev(weights) == pytest.approx(deviation, rel=0.05)
    assert statistics.mean(weights) == pytest.approx(0.0, abs=0.05)
    assert all(neuron.b.data == 0.0 for neuron in layer.neurons)


def test_parameters_are_named_by_the_way_to_them() -> None:
    model = MLP(2, [2, 1])
    names = [name for name, _ in model.named_parameters()]
    assert names[:4] == [
        "layers.0.neurons.0.w.0",
        "layers.0.neurons.0.w.1",
        "layers.0.neurons.0.b",
        "layers.0.neurons.1.w.0",
    ]
    assert [p for _, p in model.named_parameters()] == model.parameters()


def test_a_module_finds_parameters_in_lists_dicts_and_other_modules_once_each() -> None:
    class Pair(Module):
        def __init__(self) -> None:
            self.left = Neuron(1)
            self.right = self.left  # shared
            self.scales = {"up": Value(2.0), "down": (Value(0.5),)}

    names = [name for name, _ in Pair().named_parameters()]
    assert names == ["left.w.0", "left.b", "scales.up", "scales.down.0"]
    assert len(Pair().parameters()) == 4


def test_plain_numbers_and_numpy_rows_are_taken_as_inputs() -> None:
    model = MLP(2, [3, 1], seed=2)
    expected = model([Value(0.5), Value(-1.0)]).data
    assert model([0.5, -1]).data == expected
    assert model((0.5, -1.0)).data == expected
    assert model(np.array([0.5, -1.0])).data == expected
    assert model(np.array([0.5, -1.0], dtype=np.float32)).data == expected


def test_an_input_that_is_a_value_gets_its_gradient() -> None:
    x = [Value(0.5), Value(-1.0)]
    model = MLP(2, [8, 1], activation="tanh", seed=2)
    model(x).backward()
    h = 1e-6
    for i in range(2):
        nudged = [v.data + h * (i == j) for j, v in enumerate(x)]
        estimate = (model(nudged).data - model([v.data for v in x]).data) / h
        assert x[i].grad == pytest.approx(estimate, abs=1e-4)


def test_a_model_copies_and_pickles_with_its_numbers() -> None:
    model = MLP(2, [3, 1], activation="tanh", seed=4)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert other([0.1, 0.2]).data == model([0.1, 0.2]).data
        assert other.parameters()[0] is not model.parameters()[0]


@pytest.mark.parametrize(
    ("mistake", "error", "text"),
    [
        (lambda: MLP(2, [4, 1])([1.0, 2.0, 3.0]), ShapeError, "x has 3 numbers.*2 inputs"),
        (lambda: MLP(2, []), ShapeError, "nouts is empty"),
        (lambda: MLP(0, [1]), ShapeError, "nin is 0"),
        (lambda: MLP(2, [4, -1]), ShapeError, "nout is -1"),
        (lambda: MLP(2, [4.0, 1]), ShapeError, "nout is 4.0"),
        (lambda: Layer(2, True), ShapeError, "nout is True"),
        (lambda: MLP(2, [4, 1], activation="tahn"), UnknownOpError, "did you mean tanh"),
        (lambda: Neuron(2, activation="rellu"), UnknownOpError, "did you mean relu"),
        (lambda: MLP(2, [4, 1], activation="mul"), ShapeError, "mul takes 2 operands"),
        (lambda: MLP(2, [1], activation=math.tanh), UnknownNameError, "activation is <built-in"),
        (lambda: MLP(2, "31"), ShapeError, "nout is '3'"),
        (lambda: MLP(2, [1], init="lecunn"), UnknownNameError, "did you mean lecun"),
        (lambda: MLP(2, [1])(["1.0", 2.0]), OperandTypeError, "must be a real number"),
        (lambda: MLP(2, [1])([True, 2.0]), OperandTypeError, "bool"),
    ],
)
def test_a_mistake_is_named_with_its_value(mistake, error, text) -> None:  # type: ignore[no-untyped-def]  # table
    with pytest.raises(error, match=text):
        mistake()


def test_a_state_goes_to_a_model_of_the_same_layers() -> None:
    first, second = MLP(2, [3, 1], seed=1), MLP(2, [3, 1], seed=2)
    state = first.state_dict()
    assert list(state)[:3] == [
        "layers.0.neurons.0.w.0",
        "layers.0.neurons.0.w.1",
        "layers.0.neurons.0.b",
    ]
    first.layers[0].neurons[0].w[0].data = 99.0  # the state is a copy
    second.load_state_dict({name: np.float32(0.5) for name in state} | state)
    assert second.state_dict() == state
    assert second([0.5, -1.0]).data == MLP(2, [3, 1], seed=1)([0.5, -1.0]).data


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda s: {**s, "more": 1.0}, "has unknown 1 parameter: 'more'"),
        (lambda s: dict(list(s.items())[1:]), "lacks 1 parameter: 'layers.0.neurons.0.w.0'"),
        (lambda s: {}, r"lacks 3 parameters: .*layers.0.neurons.0.b"),
        (lambda s: dict.fromkeys(s, float("nan")), "has nan for 'layers.0.neurons.0.w.0'"),
        (lambda s: dict.fromkeys(s, "1"), "has '1' for"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(change, text) -> None:  # type: ignore[no-untyped-def]  # table
    model = MLP(2, [1], seed=1)
    before = model.state_dict()
    with pytest.raises(StateError, match=text):
        model.load_state_dict(change(before))
    assert model.state_dict() == before


def test_a_last_layer_that_sees_the_inputs_too_adds_a_linear_model() -> None:
    net = MLP(2, [3, 2], activation="tanh", seed=5, skip=True)
    assert len(net.parameters()) == 3 * (2 + 1) + 2 * (3 + 2 + 1)
    x = [0.7, -1.3]
    hidden = [
        math.tanh(sum(w.data * v for w, v in zip(n.w, x, strict=True)) + n.b.data)
        for n in net.layers[0].neurons
    ]
    for neuron, out in zip(net.layers[1].neurons, net(x), strict=True):
        w = [v.data for v in neuron.w]
        deep = sum(a * b for a, b in zip(w[:3], hidden, strict=True))
        wide = sum(a * b for a, b in zip(w[3:], x, strict=True))
        assert out.data == pytest.approx(deep + wide + neuron.b.data)
    with pytest.raises(ShapeError, match="skip=True needs a hidden layer"):
        MLP(2, [1], skip=True)
