"""Native elementary functions keep their bounds in ulps, against mpmath."""

from __future__ import annotations

import numpy as np
import pytest

from mgcompile.backends.llvm.ir.target import Target, host_target
from mgcompile.backends.llvm.math.emit import emit
from mgcompile.testing.accuracy import error_in_ulps, subjects, worst_error
from mgcompile.testing.array_functions import over_arrays
from mgcore import ops

SAMPLES = 150
CASES = [(name, dtype) for name, subject in subjects().items() for dtype in sorted(subject.bounds)]


def native(name, dtype, arity, target=None):
    op = getattr(ops, name)
    return over_arrays(lambda block, *xs: emit(block, op, xs), arity, dtype, target)


def measured(name, dtype, target, samples, seed):
    subject = subjects()[name]
    functions = {}
    for ranges in subject.ranges:
        arity = len(ranges)
        if arity not in functions:
            functions[arity] = native(name, dtype, arity, target)
        generator = np.random.default_rng(seed)
        operands = [r.draw(samples, generator, dtype) for r in ranges]
        yield ranges, worst_error(functions[arity], subject.exact, operands)


@pytest.mark.parametrize(("name", "dtype"), CASES)
def test_errors_stay_within_the_bound_over_the_whole_range(name, dtype):
    bound = subjects()[name].bounds[dtype]
    for ranges, worst in measured(name, dtype, host_target(), SAMPLES, seed=11):
        where = " x ".join(map(str, ranges))
        assert worst.ulps <= bound, f"{name} in {dtype} over {where}: {worst}"


@pytest.mark.parametrize("name", sorted(subjects()))
@pytest.mark.parametrize(
    "target",
    [Target(128, fma=False), Target(64, fma=True), Target(512, fma=True)],
    ids=["without_fma", "one_lane", "eight_lanes"],
)
def test_the_bound_holds_on_other_processors(name, target):
    bound = subjects()[name].bounds["float64"]
    for _, worst in measured(name, "float64", target, 30, seed=12):
        assert worst.ulps <= bound, f"{name}: {worst}"


@pytest.mark.parametrize("name", ["sin", "cos"])
@pytest.mark.parametrize("fma", [True, False])
def test_angles_close_to_a_multiple_of_half_pi_are_reduced_exactly(name, fma):
    # Numerators of good rational approximations to pi/2, and the double that is closest of all to
    # one of its multiples (6381956970095103 * 2^797, Kahan).
    close = [11.0, 22.0, 344.0, 355.0, 51819.0, 52174.0, 260515.0, 5419351.0, 80143857.0]
    close += [6381956970095103.0 * 2.0**797, 2.0**1023, 1e22, 1e300]
    function = native(name, "float64", 1, Target(128, fma=fma))
    worst = worst_error(function, subjects()[name].exact, [np.array(close)])
    assert worst.ulps <= 2.0, worst


def test_an_error_is_counted_in_distances_of_neighbours():
    import mpmath

    assert error_in_ulps(1.0 + 2.0**-52, mpmath.mpf(1), "float64") == 1.0
    assert error_in_ulps(5e-324, mpmath.mpf(0), "float64") == 1.0
    assert error_in_ulps(np.inf, mpmath.mpf(2) ** 1024, "float64") == 0.0
    assert error_in_ulps(np.inf, mpmath.mpf(2) ** 1023, "float64") == np.inf
    assert error_in_ulps(np.nan, mpmath.mpf(1), "float64") == np.inf
