"""The problems of benchmarks/gradbench.py are the same for every system: values and derivatives."""

from __future__ import annotations

import importlib
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import mgcompile

if TYPE_CHECKING:
    from collections.abc import Iterator

PROBLEMS = (
    "lse", "lse_chain", "logsumexp", "llsq", "ode", "gmm", "kmeans", "lstm", "det", "ba",
    "particle",
)  # fmt: skip
FOLDER = Path(mgcompile.__file__).parents[1] / "benchmarks"


@pytest.fixture
def systems(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.syspath_prepend(str(FOLDER))
    yield importlib.import_module("gradbench_problems.systems")
    for name in [name for name in sys.modules if name.startswith("gradbench_problems")]:
        del sys.modules[name]


def tiny(name: str) -> tuple[Any, Any]:
    problem = importlib.import_module(f"gradbench_problems.{name}")
    return problem, problem.instance(*problem.SIZES["tiny"])


def double_precision(system: str) -> Any:
    if not system.startswith("JAX"):
        return nullcontext()
    return pytest.importorskip("jax").enable_x64(True)


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("system", ["JAX", "PyTorch", "autograd", "CasADi"])
def test_peers_agree(systems: Any, name: str, system: str) -> None:
    module, make = systems.SYSTEMS[system]
    pytest.importorskip(module)
    problem, instance = tiny(name)
    ours = problem.mgcore(instance)
    with double_precision(system):
        for mine, theirs in zip(ours, make(problem, instance), strict=True):
            for a, b in zip(systems.flat(mine()), systems.flat(theirs()), strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-11)


def test_forward_mode_agrees_where_there_is_one_parameter(systems: Any) -> None:
    pytest.importorskip("jax")
    problem, instance = tiny("particle")
    with double_precision("JAX"):
        _, gradient = systems.by_jax(problem, instance, forward=True)
        found = systems.flat(gradient())
    for a, b in zip(systems.flat(problem.mgcore(instance)[1]()), found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10)


@pytest.mark.parametrize("name", [name for name in PROBLEMS if name not in ("ba", "particle")])
def test_derivatives_are_the_slopes_of_the_value(systems: Any, name: str) -> None:
    """Central differences of the formulas on NumPy arrays, which no system differentiates.

    ba gives blocks, and particle differentiates inside: they are held to the peers alone.
    """
    problem, instance = tiny(name)
    library = systems.Library(np, systems._loop, None, np.logaddexp.reduce)

    def value(*params: Any) -> float:
        return float(problem.loss(library, params, instance.data, instance.size))

    slopes = []
    for place, array in enumerate(instance.params):
        for index in np.ndindex(array.shape):
            ends = []
            for step in (1e-6, -1e-6):
                moved = [each.copy() for each in instance.params]
                moved[place][index] += step
                ends.append(value(*moved))
            slopes.append((ends[0] - ends[1]) / 2e-6)
    found, gradient = systems.flat(problem.mgcore(instance)[1]())
    np.testing.assert_allclose(found, value(*instance.params), rtol=1e-12)
    np.testing.assert_allclose(gradient, slopes, rtol=1e-5, atol=1e-7)
