"""How training backends are found, and the order of samples that all of them share."""

import sys
import types
from typing import Any

import importlib_metadata
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mgnn import MLP, backends, fit, losses, optim
from mgnn.backends import Training
from mgnn.data import Table
from mgnn.errors import BackendError

Declared = dict[str, Any]


@pytest.fixture
def declared(monkeypatch: pytest.MonkeyPatch) -> Declared:
    """Let entry points of the group be what a test puts here."""
    module = types.ModuleType("made_up_backends")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    entries: Declared = {}

    def installed() -> Declared:
        points = {}
        for name, thing in entries.items():
            setattr(module, name, thing)
            value = f"{module.__name__}:{name if thing is not None else 'missing'}"
            points[name] = importlib_metadata.EntryPoint(name, value, backends.GROUP)
        return points

    monkeypatch.setattr(backends, "installed", installed)
    return entries


def training(n: int, seed: int | None) -> Training:
    return Training(
        model=MLP(1, [1], seed=0),
        X=Table(rows=[[float(i)] for i in range(n)]),
        targets=Table(rows=[[0.0]] * n),
        loss=losses.mse,
        optimizer=optim.SGD(),
        epochs=1,
        batch_size=1,
        seed=seed,
        report=lambda *_: None,
    )


@settings(deadline=None)  # the first example loads the ops
@given(st.integers(1, 60), st.integers(0, 2**63 - 1), st.integers(0, 1000))
def test_the_order_is_the_same_permutation_as_list_and_as_array(
    n: int, seed: int, epoch: int
) -> None:
    job = training(n, seed)
    order = list(job.order(epoch))
    assert sorted(order) == list(range(n))
    assert job.order_array(epoch).tolist() == order
    assert list(training(n, seed).order(epoch)) == order


def test_the_order_changes_with_the_epoch_and_with_the_seed() -> None:
    job = training(50, 1)
    assert job.order(0) != job.order(1)
    assert job.order(0) != training(50, 2).order(0)


def test_without_a_seed_the_samples_come_as_they_are() -> None:
    job = training(5, None)
    assert list(job.order(3)) == [0, 1, 2, 3, 4]
    assert job.order_array(3).tolist() == [0, 1, 2, 3, 4]


def test_positions_are_spread_evenly_over_epochs() -> None:
    # The mean position of each of 10 samples over 2,000 epochs is 4.5, with a deviation of 0.064.
    job = training(10, 42)
    sums = [0] * 10
    for epoch in range(2000):
        for position, i in enumerate(job.order(epoch)):
            sums[i] += position
    assert [s / 2000 for s in sums] == pytest.approx([4.5] * 10, abs=0.3)


def test_auto_takes_the_compiled_backend_where_it_is_installed(declared: Declared) -> None:
    seen = []

    def compiled(job: Training) -> None:
        seen.append(job)
        for epoch in range(job.epochs):
            job.on_epoch(epoch, 1.0, 0.5)

    declared["compiled"] = compiled
    history = fit(MLP(1, [1]), [[1.0], [2.0]], [1, 2], epochs=2, seed=3, progress=False)
    assert history.backend == "compiled"
    assert history.loss == [1.0, 1.0]
    assert history.score == [0.5, 0.5]
    (job,) = seen
    assert job.X.rows == [[1.0], [2.0]]
    assert job.seed == 3
    assert not job.watched


def test_auto_goes_on_with_the_engine_when_nothing_is_installed(declared: Declared) -> None:
    history = fit(MLP(1, [1]), [[1.0]], [1], epochs=1, progress=False)
    assert history.backend == "eager"
    assert history.note == ""


def test_auto_goes_on_with_the_engine_after_a_refusal_and_says_why(declared: Declared) -> None:
    def compiled(job: Training) -> None:
        raise job.refused("the model has a loop")

    declared["compiled"] = compiled
    history = fit(MLP(1, [1]), [[1.0]], [1], epochs=1, progress=False)
    assert history.backend == "eager"
    assert history.note == "not compiled: the model has a loop"
    assert len(history.loss) == 1
    with pytest.raises(BackendError, match="the model has a loop"):
        fit(MLP(1, [1]), [[1.0]], [1], backend="compiled", progress=False)


def test_auto_goes_on_with_the_engine_when_the_compiler_does_not_load(declared: Declared) -> None:
    declared["compiled"] = None
    history = fit(MLP(1, [1]), [[1.0]], [1], epochs=1, progress=False)
    assert history.backend == "eager"
    assert "could not be loaded" in history.note
    with pytest.raises(BackendError, match='pip install "mgcore') as caught:
        fit(MLP(1, [1]), [[1.0]], [1], backend="compiled", progress=False)
    assert isinstance(caught.value.__cause__, AttributeError)


def test_an_error_while_training_compiled_is_not_covered_up(declared: Declared) -> None:
    def compiled(job: Training) -> None:
        raise ZeroDivisionError("a bug of the backend")

    declared["compiled"] = compiled
    with pytest.raises(ZeroDivisionError, match="a bug of the backend"):
        fit(MLP(1, [1]), [[1.0]], [1], progress=False)


def test_an_unknown_backend_is_answered_with_near_matches(declared: Declared) -> None:
    declared["compiled"] = print
    with pytest.raises(BackendError, match="did you mean compiled"):
        backends.find("compild")
    with pytest.raises(BackendError, match="choose from auto, compiled, eager"):
        backends.find("gpu")


def test_the_compiled_backend_missing_is_told_with_the_command(declared: Declared) -> None:
    with pytest.raises(BackendError, match=r'pip install "mgcore\[compile\]"'):
        backends.find("compiled")


def test_a_backend_that_runs_programs_only_is_refused(declared: Declared) -> None:
    declared["llvm"] = object()
    with pytest.raises(BackendError, match="runs programs but does not train"):
        backends.find("llvm")
