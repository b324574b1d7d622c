"""Optimisers against PyTorch's, step by step."""

import random

import pytest

from mgcore import Value
from mgnn import optim
from mgnn.errors import TrainingSettingError, UnknownNameError

torch = pytest.importorskip("torch")


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (optim.SGD(lr=0.1), lambda p: torch.optim.SGD(p, lr=0.1)),
        (optim.SGD(lr=0.1, momentum=0.9), lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9)),
        (
            optim.SGD(lr=0.05, momentum=0.5, weight_decay=0.1),
            lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.5, weight_decay=0.1),
        ),
        (optim.Adam(), lambda p: torch.optim.Adam(p)),
        (
            optim.Adam(lr=0.02, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.01),
            lambda p: torch.optim.Adam(p, lr=0.02, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.01),
        ),
    ],
)
def test_fifty_updates_agree_with_pytorch(ours: optim.Optimizer, theirs) -> None:  # type: ignore[no-untyped-def]  # a constructor
    rng = random.Random(11)
    mine = [Value(rng.uniform(-1, 1)) for _ in range(5)]
    tensor = torch.tensor([p.data for p in mine], dtype=torch.float64, requires_grad=True)
    update, reference = ours.start(mine), theirs([tensor])
    for _ in range(50):
        gradient = [rng.gauss(0, 1) for _ in mine]
        for p, g in zip(mine, gradient, strict=True):
            p.grad = g
        tensor.grad = torch.tensor(gradient, dtype=torch.float64)
        update(ours.lr)  # type: ignore[arg-type]  # all of them are numbers
        reference.step()
        assert [p.data for p in mine] == pytest.approx(tensor.tolist(), rel=1e-12, abs=1e-14)


def test_one_optimiser_serves_two_models_without_mixing_their_state() -> None:
    sgd = optim.SGD(lr=0.1, momentum=0.9)
    first, second = Value(0.0), Value(0.0)
    update_first, update_second = sgd.start([first]), sgd.start([second])
    first.grad = second.grad = 1.0
    update_first(0.1)
    update_first(0.1)
    update_second(0.1)
    assert first.data == pytest.approx(-0.1 - 0.19)
    assert second.data == pytest.approx(-0.1)


def test_a_rate_may_be_a_function_of_the_epoch() -> None:
    schedule = optim.SGD(lr=lambda epoch: 1.0 / (epoch + 1))
    assert [optim.rate_at(schedule, e) for e in range(3)] == [1.0, 0.5, 1.0 / 3.0]
    with pytest.raises(TrainingSettingError, match=r"epoch 3 is nan"):
        optim.rate_at(optim.SGD(lr=lambda _: float("nan")), 2)


@pytest.mark.parametrize(
    ("mistake", "text"),
    [
        (lambda: optim.SGD(lr=-0.1), "lr is -0.1"),
        (lambda: optim.SGD(lr=float("inf")), "lr is inf"),
        (lambda: optim.SGD(lr="0.1"), "lr is '0.1'"),  # type: ignore[arg-type]  # the mistake
        (lambda: optim.SGD(momentum=1.0), "momentum is 1.0"),
        (lambda: optim.SGD(weight_decay=-1.0), "weight_decay is -1.0"),
        (lambda: optim.Adam(betas=(0.9, 1.0)), "betas is 1.0"),
        (lambda: optim.Adam(betas=(0.9,)), "two numbers"),  # type: ignore[arg-type]  # the mistake
        (lambda: optim.Adam(eps=0.0), "eps is 0.0"),
    ],
)
def test_an_impossible_setting_is_refused_by_name(mistake, text: str) -> None:  # type: ignore[no-untyped-def]  # table
    with pytest.raises(TrainingSettingError, match=text):
        mistake()


def test_an_optimiser_is_found_by_name_or_answered_with_near_matches() -> None:
    assert optim.by_name("sgd") == optim.SGD()
    assert optim.by_name("Adam") == optim.Adam()
    with pytest.raises(UnknownNameError, match="did you mean adam"):
        optim.by_name("adm")
    with pytest.raises(UnknownNameError, match=r"SGD is no optimiser; give optim.SGD\(lr=0.1\)"):
        optim.by_name(optim.SGD)  # type: ignore[arg-type]  # the class instead of an instance
