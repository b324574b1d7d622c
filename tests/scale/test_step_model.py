"""The model of step time counts what is there, and finds costs that it is given."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

import mgcompile
from mgcompile.dask.reduction import FAN_IN, tree


@pytest.fixture(scope="module")
def model() -> Any:
    path = Path(mgcompile.__file__).parents[1] / "benchmarks" / "scale.py"
    spec = importlib.util.spec_from_file_location("scale_model", path)
    assert spec is not None
    assert spec.loader is not None
    made = sys.modules["scale_model"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.mark.parametrize("parts", [1, 8, 9, 64, 65, 1000])
def test_joins_are_those_of_the_tree(model: Any, parts: int) -> None:
    joined: list[int] = []

    def join(group: list[int]) -> int:
        joined.append(len(group))
        return sum(group)

    left = tree([1] * parts, join)
    assert sum(left) == parts
    assert max([len(left), *joined]) <= FAN_IN
    step = model.Setup(parts, 10, 100)
    assert sum(step.joins) == len(joined)
    assert step.tasks == 1 + parts + len(joined)


def test_traffic_of_a_hundred_workers_by_hand(model: Any) -> None:
    step = model.Setup(100, 1000, 50)
    # 100 workers fetch the parameters; 100 gradients go to 13 joins, these to 2, 2 to the client.
    assert step.traffic == 8 * 50 * (100 + 100 + 13 + 2)
    assert step.messages == 3 + 4 * 3 + 4


def test_costs_are_found_again(model: Any) -> None:
    costs = model.Costs(0.008, 0.0007, 0.0012, 2e-10, 3e-10)
    runs = []
    for workers in (1, 2, 4):
        for parts in (1, 6):
            for params in (500, 50_000):
                step = model.Setup(workers, 10**8 // params // 50, params, parts)
                worker = (
                    costs.own * step.own_tasks
                    + costs.work * step.work
                    + costs.byte * step.own_bytes
                )
                runs.append(
                    model.Run(
                        step, costs.time(step, cores=2), 0.001 + costs.task * step.tasks, worker
                    )
                )
    found = model.fitted(runs, 2)
    for name in ("wave", "task", "own", "work", "byte"):
        assert getattr(found, name) == pytest.approx(getattr(costs, name), rel=1e-6), name


def test_more_workers_pay_longer_with_more_to_do(model: Any) -> None:
    costs = model.Costs(0.008, 0.0007, 0.0012, 2e-10, 3e-10)
    worth = [
        model.best_workers(costs, model.NETWORKS[0], batch, 561) for batch in (1e5, 1e6, 1e7, 1e9)
    ]
    assert worth == sorted(worth)
    assert worth[0] < worth[-1]
