"""A loop that is found from the middle of a step on begins where a step begins."""

import re

import attrs
import numpy as np
import pytest

import mgcompile
from mgcompile.errors import InvalidProgramError
from mgcompile.reroll import pipeline
from mgcompile.reroll.ir import Rerolling, verify_rerolling
from mgcompile.reroll.loop_detect import Recurrence
from mgcompile.reroll.retime import carried_numbers, retimed
from mgcore import scan

STAGES = {
    "RK4": ([0.5, 0.5, 1.0], lambda a, b, c, d: a + 2 * b + 2 * c + d, 6),
    "Kutta3": ([0.5, 1.0], lambda a, b, c: a + 4 * b + c, 6),
    "Heun": ([1.0], lambda a, b: a + b, 2),
    "Ralston": ([0.75], lambda a, b: a + 2 * b, 3),
}


def chain(x, steps, stages):
    """Return the last element of y; y_0' = x_0, y_i' = x_i y_(i-1), from 0 on, all in numbers."""
    h = 2.0 / steps
    ahead, mixed, total = stages

    def slope(y):
        return [x[0], *[x[i] * y[i - 1] for i in range(1, len(x))]]

    def moved(y, h, k):
        return [a + h * b for a, b in zip(y, k, strict=True)]

    def step(y, _):
        ks = [slope(y)]
        for part in ahead:
            ks.append(slope(moved(y, part * h, ks[-1])))
        return moved(y, h / total, [mixed(*each) for each in zip(*ks, strict=True)]), None

    return scan(step, [0.0 * each for each in x], length=steps)[0][-1]


def slopes(x, steps, stages):
    """Return the gradient by complex steps: exact to rounding, and nobody's rules."""
    moved = x + 1j * 1e-30 * np.eye(len(x))
    return np.array([chain(list(row), steps, stages).imag / 1e-30 for row in moved])


def carried(kernel):
    return [int(n) for n in re.findall(r"statements, (\d+) numbers carried", kernel.explain())]


@pytest.fixture
def loops(monkeypatch):
    """The loops that are found, as groups and pairs: before, and after another beginning."""
    seen = []

    def noted(classes, loop):
        seen.append((classes, loop, retimed(classes, loop)))
        return seen[-1][2]

    monkeypatch.setattr(pipeline, "retimed", noted)
    return seen


@pytest.mark.parametrize("stages", STAGES.values(), ids=STAGES)
@pytest.mark.parametrize(("cells", "steps"), [(10, 20), (20, 40)])
def test_a_loop_carries_its_state_and_gives_the_right_numbers(cells, steps, stages):
    x = np.random.default_rng(cells).uniform(20.0, 50.0, size=cells)
    kernel = mgcompile.trace(lambda x: chain(x, steps, stages), (x.tolist(),), cache=False)
    assert all(numbers <= 2 * cells + 1 for numbers in carried(kernel))
    value, gradient = kernel.value_and_grad(x)
    assert value == pytest.approx(chain(x.tolist(), steps, stages), rel=1e-11)
    np.testing.assert_allclose(gradient, slopes(x, steps, stages), rtol=1e-10)


def test_it_can_be_switched_off(monkeypatch):
    x = np.random.default_rng(0).uniform(20.0, 50.0, size=10)

    def made():
        return mgcompile.trace(lambda x: chain(x, 20, STAGES["RK4"]), (x.tolist(),), cache=False)

    kernel = made()
    monkeypatch.setenv("MGCOMPILE_SKIP", "retime")
    plain = made()
    assert 2 * sum(carried(kernel)) < sum(carried(plain))
    for one, other in zip(kernel.value_and_grad(x), plain.value_and_grad(x), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_parts_may_be_made_two_iterations_early(loops):
    mgcompile.trace(lambda x: chain(x, 20, STAGES["RK4"]), ([1.0] * 10,), cache=False)
    ((classes, found, moved),) = loops
    assert found.count - moved.count == 2
    assert carried_numbers(classes, moved) < 0.25 * carried_numbers(classes, found)
    nodes = np.sort(np.concatenate([part.nodes.ravel() for part in moved.body]))
    assert len(np.unique(nodes)) == len(nodes)
    assert {int(g) for p in moved.body for g in p.groups} <= {
        int(g) for p in found.body for g in p.groups
    }


def test_a_loop_of_few_numbers_stays_as_it_was_found(loops):
    def swing(angle, speed):
        def step(state, _):
            angle, speed = state
            speed = speed - 0.01 * angle * angle
            return (angle + 0.01 * speed, speed), None

        return scan(step, (angle, speed), length=100)[0][0]

    mgcompile.trace(swing, 2, cache=False)
    ((_, found, moved),) = loops
    assert moved is found


def broken(loop, change):
    return Recurrence(loop.count, change(list(loop.body)), loop.initial)


def first_as_second(part):
    return attrs.evolve(part, table=np.concatenate([part.table[1:2], part.table[1:]]))


def test_the_verifier_names_what_a_loop_reads_wrongly(loops):
    mgcompile.trace(lambda x: chain(x, 20, STAGES["RK4"]), ([1.0] * 10,), cache=False)
    ((classes, _, moved),) = loops
    form = Rerolling(classes.graph, 10, 0, classes, recurrences=(moved,))
    assert verify_rerolling(form) is form
    wrong = {
        "another iteration": lambda body: [attrs.evolve(p, before=~p.before) for p in body],
        "a later one": lambda body: body[::-1],
        "not one group": lambda body: [attrs.evolve(p, groups=p.groups[1:]) for p in body],
        "the first iteration": lambda body: [first_as_second(p) for p in body],
    }
    for message, change in wrong.items():
        loop = broken(moved, lambda body, change=change: tuple(change(body)))
        with pytest.raises(InvalidProgramError, match=message):
            verify_rerolling(attrs.evolve(form, recurrences=(loop,)))
