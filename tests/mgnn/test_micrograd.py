"""Scripts written for micrograd: only their imports change, and PyTorch has the right numbers."""

import random
from typing import Any

import numpy as np
import pytest

from mgcore import Value
from mgcore.errors import LabelError, OperandTypeError
from mgnn import MLP, Layer, Module, Neuron

torch = pytest.importorskip("torch")


def leaf(x: float) -> Any:
    return torch.tensor(x, dtype=torch.float64, requires_grad=True)


def tensor(numbers: object) -> Any:
    return torch.tensor(numbers, dtype=torch.float64)


def test_a_small_expression_that_reuses_its_values_agrees_with_pytorch() -> None:
    def script(x, relu):  # type: ignore[no-untyped-def]  # the same code runs on both libraries
        z = 2 * x + 2 + x
        q = relu(z) + z * x
        h = relu(z * z)
        return h + q + q * x

    ours, theirs = Value(-4.0), leaf(-4.0)
    y = script(ours, lambda v: v.relu())
    expected = script(theirs, torch.relu)
    y.backward()
    expected.backward()
    assert y.data == expected.item() == -20.0
    assert theirs.grad is not None
    assert ours.grad == theirs.grad.item() == 46.0


def test_an_expression_of_every_operator_agrees_with_pytorch() -> None:
    def script(a, b, relu):  # type: ignore[no-untyped-def]  # the same code runs on both libraries
        c = a + b
        d = a * b + b**3
        c += c + 1
        c += 1 + c + (-a)
        d += d * 2 + relu(b + a)
        d += 3 * d + relu(b - a)
        e = c - d
        f = e**2
        g = f / 2.0
        return g + 10.0 / f

    ours = Value(-4.0), Value(2.0)
    theirs = leaf(-4.0), leaf(2.0)
    g = script(*ours, lambda v: v.relu())
    expected = script(*theirs, torch.relu)
    g.backward()
    expected.backward()
    assert g.data == pytest.approx(expected.item(), rel=1e-12)
    for mine, other in zip(ours, theirs, strict=True):
        assert other.grad is not None
        assert mine.grad == pytest.approx(other.grad.item(), rel=1e-12)


def test_prev_and_op_are_there_for_notebooks_that_draw() -> None:
    a, b = Value(1.0), Value(2.0)
    out = a * b
    assert out._prev == {a, b}
    assert list(out._prev) == [a, b]
    assert len((a * a)._prev) == 1
    assert out._op == "*"
    assert a._op == ""
    assert not a._prev
    with pytest.raises(AttributeError):
        out._op = "+"  # type: ignore[misc]  # this is the test


def test_what_of_micrograd_does_not_work_says_what_does() -> None:
    a, b = Value(1.0), Value(2.0)
    with pytest.raises(LabelError, match="mgcore.Op"):
        Value(3.0, (a, b), "+")  # type: ignore[arg-type,call-arg]  # this is the test
    with pytest.raises(LabelError, match="mgcore.Op"):
        Value(3.0, (a, b))  # type: ignore[arg-type]  # this is the test
    with pytest.raises(AttributeError, match="mgcore.Op"):
        a._backward()
    with pytest.raises(OperandTypeError, match="bool True; write 1.0"):
        a * True
    with pytest.raises(OperandTypeError, match="one scalar at a time"):
        np.array([1.0, 2.0]) * a
    with pytest.raises(LabelError, match="int 3"):
        a.label = 3  # type: ignore[assignment]  # this is the test


def test_the_net_has_micrograds_parameters_in_its_order() -> None:
    model = MLP(2, [16, 16, 1])
    assert len(model.parameters()) == 337
    first = model.layers[0].neurons[0]
    assert model.parameters()[:3] == [*first.w, first.b]
    assert model.parameters()[-1] is model.layers[-1].neurons[0].b


def test_the_same_seed_gives_micrograds_weights() -> None:
    random.seed(1337)
    model = MLP(3, [4, 1])
    random.seed(1337)
    expected = []
    for nin, nout in ((3, 4), (4, 1)):
        for _ in range(nout):
            expected += [random.uniform(-1, 1) for _ in range(nin)] + [0.0]
    assert [p.data for p in model.parameters()] == expected


def test_hidden_layers_are_relu_and_the_last_is_linear() -> None:
    model = MLP(2, [3, 2])
    assert repr(model) == (
        "MLP of [Layer of [ReLUNeuron(2), ReLUNeuron(2), ReLUNeuron(2)], "
        "Layer of [LinearNeuron(3), LinearNeuron(3)]]"
    )
    assert repr(Neuron(4, nonlin=False)) == "LinearNeuron(4)"
    assert repr(Layer(1, 1)) == "Layer of [ReLUNeuron(1)]"


def test_one_output_comes_as_a_value_and_several_as_a_list() -> None:
    x = [Value(1.0), Value(-2.0)]
    assert isinstance(MLP(2, [4, 1])(x), Value)
    outputs = MLP(2, [4, 3])(x)
    assert isinstance(outputs, list)
    assert len(outputs) == 3


def test_a_layer_of_one_neuron_may_stand_in_the_middle() -> None:
    assert isinstance(MLP(2, [1, 1])([0.3, 0.4]), Value)


def test_zero_grad_works_for_a_module_that_lists_its_own_parameters() -> None:
    class Line(Module):
        def __init__(self) -> None:
            self.slope = Value(2.0)

        def __call__(self, x: float) -> Value:
            out: Value = self.slope * x
            return out

        def parameters(self) -> list[Value]:
            return [self.slope]

    line = Line()
    line(3.0).backward()
    assert line.slope.grad == 3.0
    line.zero_grad()
    assert line.slope.grad == 0.0


def test_a_training_step_of_the_moons_script_agrees_with_pytorch() -> None:
    random.seed(7)
    model = MLP(2, [16, 16, 1])
    X = [[random.uniform(-1, 1), random.uniform(-1, 1)] for _ in range(10)]
    y = [random.choice([-1, 1]) for _ in X]

    scores = [model(list(map(Value, row))) for row in X]
    margins = [(1 + -yi * si).relu() for yi, si in zip(y, scores, strict=True)]
    loss = sum(margins) * (1.0 / len(margins)) + 1e-4 * sum(p * p for p in model.parameters())
    model.zero_grad()
    loss.backward()

    neurons = [layer.neurons for layer in model.layers]
    weights = [tensor([[w.data for w in n.w] for n in ns]) for ns in neurons]
    biases = [tensor([n.b.data for n in ns]) for ns in neurons]
    for t in weights + biases:
        t.requires_grad_()
    out = tensor(X)
    for depth, (w, b) in enumerate(zip(weights, biases, strict=True)):
        out = out @ w.T + b
        out = torch.relu(out) if depth < 2 else out
    expected = torch.relu(1 - torch.tensor(y) * out[:, 0]).mean()
    expected = expected + 1e-4 * sum((t**2).sum() for t in weights + biases)
    expected.backward()

    assert loss.data == pytest.approx(expected.item(), rel=1e-12)
    gradients = []
    for w, b in zip(weights, biases, strict=True):
        assert w.grad is not None
        assert b.grad is not None
        for row, number in zip(w.grad, b.grad, strict=True):
            gradients += [*row.tolist(), number.item()]
    assert [p.grad for p in model.parameters()] == pytest.approx(gradients, rel=1e-9, abs=1e-12)
