"""Whole trainings against PyTorch, mini-batch by mini-batch, with both backends."""

from typing import Any

import pytest

from mgnn import MLP, Module, backends, fit, losses, optim
from mgnn.data import Table

torch = pytest.importorskip("torch")

Samples = tuple[list[list[float]], list[int]]


def numbers(model: Module) -> list[float]:
    return [p.data for p in model.parameters()]


def torch_twin(model: MLP, activation: Any) -> Any:
    """Return the same net in PyTorch, float64."""
    parts: list[Any] = []
    for depth, layer in enumerate(model.layers):
        linear = torch.nn.Linear(len(layer.neurons[0].w), len(layer.neurons)).double()
        with torch.no_grad():
            weights = [[w.data for w in neuron.w] for neuron in layer.neurons]
            linear.weight.copy_(torch.tensor(weights, dtype=torch.float64))
            biases = [neuron.b.data for neuron in layer.neurons]
            linear.bias.copy_(torch.tensor(biases, dtype=torch.float64))
        parts += [linear] + [activation] * (depth < len(model.layers) - 1)
    return torch.nn.Sequential(*parts)


def torch_numbers(twin: Any) -> list[float]:
    found: list[float] = []
    for part in twin:
        if isinstance(part, torch.nn.Linear):
            for row, bias in zip(part.weight.tolist(), part.bias.tolist(), strict=True):
                found += [*row, bias]
    return found


@pytest.mark.parametrize("backend", ["eager", "compiled"])
@pytest.mark.parametrize(
    ("loss", "theirs", "optimizer", "reference"),
    [
        (
            "binary_cross_entropy",
            torch.nn.BCEWithLogitsLoss(),
            optim.SGD(lr=0.1, momentum=0.9, weight_decay=1e-3),
            lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=1e-3),
        ),
        (
            "mse",
            torch.nn.MSELoss(),
            optim.Adam(lr=0.01),
            lambda p: torch.optim.Adam(p, lr=0.01),
        ),
    ],
)
def test_training_agrees_with_pytorch_on_the_same_mini_batches(
    backend: str, loss: str, theirs: Any, optimizer: Any, reference: Any, moons: Samples
) -> None:
    X, y = moons
    model = MLP(2, [8, 8, 1], activation="tanh", seed=5)
    twin = torch_twin(model, torch.nn.Tanh())
    history = fit(model, X, y, loss=loss, optimizer=optimizer, epochs=4, batch_size=24, seed=9,
                  backend=backend, progress=False)  # fmt: skip

    rows, targets = torch.tensor(X, dtype=torch.float64), torch.tensor(y, dtype=torch.float64)
    job = backends.Training(model, Table(rows=X), Table(rows=[[0.0]] * len(X)), losses.mse,
                            optimizer, 4, 24, 9, lambda *_: None)  # fmt: skip
    updates = reference(twin.parameters())
    means = []
    for epoch in range(4):
        order, total = list(job.order(epoch)), 0.0
        for start in range(0, len(X), 24):
            batch = order[start : start + 24]
            updates.zero_grad()
            cost = theirs(twin(rows[batch])[:, 0], targets[batch])
            cost.backward()
            updates.step()
            total += cost.item() * len(batch)
        means.append(total / len(X))
    assert history.backend == backend
    assert history.loss == pytest.approx(means, rel=1e-9)
    assert numbers(model) == pytest.approx(torch_numbers(twin), rel=1e-9, abs=1e-12)
