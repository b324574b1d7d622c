"""Functions of two operands, activations and special functions keep their bounds in ulps."""

from __future__ import annotations

import numpy as np
import pytest

from mgcompile.backends.llvm.math.emit import emit
from mgcompile.testing.accuracy import worst_error
from mgcompile.testing.accuracy_more import more_subjects
from mgcompile.testing.array_functions import over_arrays
from mgcore import ops


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", sorted(more_subjects()))
def test_errors_stay_within_the_bound(name, dtype):
    subject = more_subjects()[name]
    for ranges in subject.ranges:
        op = getattr(ops, name)
        function = over_arrays(lambda block, *xs, op=op: emit(block, op, xs), len(ranges), dtype)
        generator = np.random.default_rng(3)
        worst = worst_error(function, subject.exact, [r.draw(40, generator, dtype) for r in ranges])
        where = " x ".join(map(str, ranges))
        assert worst.ulps <= subject.bounds[dtype], f"{name} in {dtype} over {where}: {worst}"
