"""Partials in kernels keep their bound in ulps, against derivatives of mpmath's functions."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from mgcompile.testing.accuracy import subjects
from mgcompile.testing.accuracy_more import more_subjects
from mgcompile.testing.accuracy_partials import kernel_partials, worst_partial_error
from mgcore import ops

SUBJECTS = {**subjects(), **more_subjects()}
# Known to lose more, as docs/accuracy.md shows: a zero of the slope is near, or, for the quantile,
# the roundings of its own value and of erfcx add up.
LARGER = {"gelu": 12.0, "j1": 8.0, "swish": 8.0, "gelu_tanh": 8.0, "i1e": 24.0}
LARGER |= {"normal_quantile": 6.0}


@pytest.mark.parametrize("name", sorted(SUBJECTS))
def test_partials_of_modest_condition_are_right_to_four_ulps(name):
    for ranges in SUBJECTS[name].ranges:
        generator = np.random.default_rng(7)
        operands = [r.draw(12, generator, "float64") for r in ranges]
        for place, partial in enumerate(kernel_partials(getattr(ops, name), operands)):
            if np.isnan(partial).all():  # there is no rule
                continue
            worst = worst_partial_error(partial, SUBJECTS[name].exact, operands, place)
            where = " x ".join(map(str, ranges))
            assert worst.well <= LARGER.get(name, 4.0), f"{name} by {place} over {where}: {worst}"


def test_a_wrong_partial_is_measured_at_its_operands():
    x = np.array([0.3, 0.7, 1.1])
    partial = np.cos(x)
    partial[1] += 10 * np.spacing(partial[1])
    worst = worst_partial_error(partial, mpmath.sin, [x], 0)
    assert 9.0 <= worst.ulps <= 11.0
    assert worst.operands == (0.7,)
    assert worst.condition == pytest.approx(0.7 * np.tan(0.7))
    assert worst.well == worst.ulps


def test_what_is_nan_counts_as_infinitely_wrong():
    x = np.array([0.5])
    assert worst_partial_error(np.array([np.nan]), mpmath.sin, [x], 0).ulps == np.inf
