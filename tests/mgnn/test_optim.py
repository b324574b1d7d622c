"""Optimisers against PyTorch's, step by step."""

import random
from math import isnan
from typing import Any

import pytest

from mgcore import Value
from mgnn import Module, Trainer, losses, optim
from mgnn.errors import TrainingSettingError, UnknownNameError

torch = pytest.importorskip("torch")


class Clipped:
    """An optimiser of PyTorch that shortens the gradient first."""

    def __init__(self, inner: Any, parameters: Any, norm: float) -> None:
        self.inner, self.parameters, self.norm = inner, parameters, norm

    def step(self) -> None:
        torch.nn.utils.clip_grad_norm_(self.parameters, self.norm)
        self.inner.step()


class Penalised:
    """An optimiser of PyTorch, and after it the proximal operator of an L1 penalty."""

    def __init__(self, inner: Any, parameters: Any, by: float) -> None:
        self.inner, self.parameters, self.by = inner, parameters, by

    def step(self) -> None:
        self.inner.step()
        with torch.no_grad():
            for p in self.parameters:
                p.copy_(torch.nn.functional.softshrink(p, self.by))


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
        (optim.AdamW(), lambda p: torch.optim.AdamW(p)),
        (
            optim.AdamW(lr=0.02, betas=(0.8, 0.95), weight_decay=0.5),
            lambda p: torch.optim.AdamW(p, lr=0.02, betas=(0.8, 0.95), weight_decay=0.5),
        ),
        (
            optim.SGD(lr=0.1, momentum=0.9, weight_decay=0.1, clip_norm=1.5),
            lambda p: Clipped(torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.1), p, 1.5),
        ),
        (
            optim.Adam(lr=0.1, clip_norm=2.0),
            lambda p: Clipped(torch.optim.Adam(p, lr=0.1), p, 2.0),
        ),
        (
            optim.SGD(lr=0.1, momentum=0.9, weight_decay=0.1, l1=0.3),
            lambda p: Penalised(
                torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.1), p, 0.03
            ),
        ),
        (optim.Adam(lr=0.1, l1=0.3), lambda p: Penalised(torch.optim.Adam(p, lr=0.1), p, 0.03)),
        (
            optim.AdamW(lr=0.1, weight_decay=0.2, l1=0.3),
            lambda p: Penalised(torch.optim.AdamW(p, lr=0.1, weight_decay=0.2), p, 0.03),
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


def test_an_l1_penalty_brings_small_parameters_to_0_and_keeps_nan() -> None:
    parameters = [Value(0.0), Value(0.04), Value(-0.04), Value(-1.0), Value(float("nan"))]
    for p in parameters:
        p.grad = 0.0
    optim.SGD(lr=0.1, l1=0.5).start(parameters)(0.1)
    assert [p.data for p in parameters[:4]] == [0.0, 0.0, 0.0, -0.95]
    assert isnan(parameters[4].data)


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


def test_a_rate_that_is_no_number_names_its_update_or_epoch() -> None:
    with pytest.raises(TrainingSettingError, match=r"update 3 is nan"):
        optim.rate_at(optim.SGD(lr=lambda _: float("nan")), 2)
    with pytest.raises(TrainingSettingError, match=r"epoch 3 is None"):
        optim.rate_at(optim.SGD(lr=lambda epoch: None), 2)  # type: ignore[arg-type]  # the mistake


@pytest.mark.parametrize("backend", ["eager", "compiled"])
def test_a_schedule_is_of_the_update_or_of_the_epoch(backend: str) -> None:
    class Slope(Module):
        """Its slope is 1 everywhere, so that each update moves it by the rate."""

        def __init__(self) -> None:
            self.w = Value(0.0)

        def __call__(self, row: Any) -> Any:
            return self.w * row[0]

    loss = losses.Loss("sum", lambda s, t: s[0] + t[0], losses.mse.encode, losses.mse.score)
    asked: list[int] = []

    def by_update(number: int) -> float:
        asked.append(number)
        return float(2**number)

    def moved(lr: Any) -> float:
        trainer = Trainer(Slope(), loss=loss, optimizer=optim.SGD(lr=lr), backend=backend)
        for epochs in (2, 1):  # of 2 updates each
            trainer.fit([[1.0]] * 3, [0.0] * 3, epochs=epochs, batch_size=2)
        return -float(trainer.model.w.data)

    assert moved(by_update) == 1 + 2 + 4 + 8 + 16 + 32
    assert sorted(set(asked)) == [0, 1, 2, 3, 4, 5]
    assert moved(lambda epoch: 10.0**epoch) == 2 * (1 + 10 + 100)


def test_a_cosine_rises_falls_and_stays() -> None:
    schedule = optim.Cosine(0.4, updates=12, warmup=4, end=0.1)
    assert [schedule(u) for u in range(4)] == pytest.approx([0.1, 0.2, 0.3, 0.4])
    assert schedule(4) == pytest.approx(0.4)
    assert schedule(8) == pytest.approx(0.25)
    assert schedule(12) == schedule(99) == pytest.approx(0.1)
    theirs = torch.optim.SGD([torch.zeros(1)], lr=0.4)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(theirs, T_max=8, eta_min=0.1)
    for update in range(4, 12):
        assert schedule(update) == pytest.approx(cosine.get_last_lr()[0])
        theirs.step()
        cosine.step()


@pytest.mark.parametrize(
    ("mistake", "text"),
    [
        (lambda: optim.SGD(lr=-0.1), "lr is -0.1"),
        (lambda: optim.SGD(lr=float("inf")), "lr is inf"),
        (lambda: optim.SGD(lr="0.1"), "lr is '0.1'"),  # type: ignore[arg-type]  # the mistake
        (lambda: optim.SGD(momentum=1.0), "momentum is 1.0"),
        (lambda: optim.SGD(weight_decay=-1.0), "weight_decay is -1.0"),
        (lambda: optim.AdamW(l1=-1.0), "l1 is -1.0"),
        (lambda: optim.Adam(betas=(0.9, 1.0)), "betas is 1.0"),
        (lambda: optim.Adam(betas=(0.9,)), "two numbers"),  # type: ignore[arg-type]  # the mistake
        (lambda: optim.Adam(eps=0.0), "eps is 0.0"),
        (lambda: optim.AdamW(betas=(0.9, 1.0)), "AdamW: betas is 1.0"),
        (lambda: optim.SGD(clip_norm=0.0), "clip_norm is 0.0"),
        (lambda: optim.Adam(clip_norm=-1), "clip_norm is -1.0"),
        (lambda: optim.Cosine(0.1, updates=0), "updates is 0"),
        (lambda: optim.Cosine(-0.1, updates=3), "lr is -0.1"),
    ],
)
def test_an_impossible_setting_is_refused_by_name(mistake, text: str) -> None:  # type: ignore[no-untyped-def]  # table
    with pytest.raises(TrainingSettingError, match=text):
        mistake()


def test_an_optimiser_is_found_by_name_or_answered_with_near_matches() -> None:
    assert optim.by_name("sgd") == optim.SGD()
    assert optim.by_name("Adam") == optim.Adam()
    assert optim.by_name("AdamW") == optim.AdamW()
    with pytest.raises(UnknownNameError, match="did you mean adam"):
        optim.by_name("adm")
    with pytest.raises(UnknownNameError, match=r"SGD is no optimiser; give optim.SGD\(lr=0.1\)"):
        optim.by_name(optim.SGD)  # type: ignore[arg-type]  # the class instead of an instance
