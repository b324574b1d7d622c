"""Calls of elementary functions: in place where they run most often, shared elsewhere."""

import re

import numpy as np

import mgcompile
from mgcompile.backends.llvm.lower import lower
from mgcompile.schedule.ir import nested_units
from mgcompile.schedule.pipeline import schedule
from mgcompile.schedule.shared_calls import MOST_COPIES
from mgcore import Value, ops


def chain(wide, alone):
    """Return a kernel of layers of five tangents, and then single ones, each of the one before."""
    x = [Value(0.1 * k, label=f"x{k}") for k in range(5)]
    row = x
    for k in range(wide):
        row = [ops.tan(0.5 * each + 0.01 * k) for each in row]
        row = [each * ops.cos(row[0]) for each in row]
    whole = ops.sum(*row)
    for k in range(alone):
        whole = ops.tan(0.3 * whole + 0.01 * k * k)
    return mgcompile.compile(whole, inputs=x, cache=False)


def tangents(loops):
    """Return the length of every loop that takes tangents, and whether it calls a shared copy."""
    found = []
    for unit, _ in nested_units(loops):
        for bundle in getattr(unit, "bundles", ()):
            if bundle.op is ops.tan:
                length = int(np.prod(bundle.shape))
                found.append((length, (bundle.result, 0) in loops.shared_calls))
    return found


def test_few_calls_are_all_written_in_place(monkeypatch):
    monkeypatch.setenv("MGCOMPILE_SKIP", "loops,interleave")
    loops = schedule(chain(4, 4).program, "float64", 4, None)
    assert tangents(loops)
    assert not loops.shared_calls


def test_what_runs_most_often_is_written_in_place_wherever_it_stands(monkeypatch):
    monkeypatch.setenv("MGCOMPILE_SKIP", "loops,interleave")
    program = chain(12, 9).program
    found = tangents(schedule(program, "float64", 4, None))
    assert sorted(found) == [(1, False)] * 4 + [(1, True)] * 5 + [(5, False)] * 12
    assert sum(not shared for _, shared in found) == MOST_COPIES


def test_code_follows_the_choice(monkeypatch):
    monkeypatch.setenv("MGCOMPILE_SKIP", "loops,interleave")
    text = lower(chain(12, 9).program, "float64").text
    assert len(re.findall(r"= call .*@mg\.tan\.\w+\.shared\(", text)) == 5
    monkeypatch.setenv("MGCOMPILE_SKIP", "loops,interleave,shared-calls")
    assert ".shared" not in lower(chain(12, 9).program, "float64").text


def test_numbers_are_the_same_called_or_not(monkeypatch):
    monkeypatch.setenv("MGCOMPILE_SKIP", "loops,interleave")
    X = np.random.default_rng(3).normal(size=(37, 5))
    shared = chain(12, 9).value_and_grad(X)
    monkeypatch.setenv("MGCOMPILE_SKIP", "loops,interleave,shared-calls")
    for one, other in zip(shared, chain(12, 9).value_and_grad(X), strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_is_no_function_is_not_called(monkeypatch):
    monkeypatch.setenv("MGCOMPILE_SKIP", "loops,interleave")
    whole = x = Value(0.3, "x")
    for k in range(MOST_COPIES + 4):
        whole = (whole * x + 0.1 * k) / (1.0 + abs(x))
    program = mgcompile.compile(whole, inputs=[x], cache=False).program
    assert not schedule(program, "float64", 4, None).shared_calls
