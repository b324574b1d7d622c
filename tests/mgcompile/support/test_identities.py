"""Objects told apart by numbers."""

import numpy as np
import pytest

from mgcompile.support.identities import identities, positions


class Thing:
    __slots__ = ()


def test_identities_are_those_of_python():
    things = [Thing(), Thing(), 0.5, ()]
    assert identities(iter(things), len(things)).tolist() == [id(x) for x in things]


@pytest.mark.parametrize("gap", [1, 1000])  # close together, and too far apart for a table
def test_every_wanted_object_is_found_where_it_stands(gap):
    rng = np.random.default_rng(0)
    size = 48
    known = 7 + size * gap * rng.permutation(500)
    chosen = rng.integers(0, 500, 2000)
    np.testing.assert_array_equal(positions(known, known[chosen], size), chosen)


def test_objects_as_close_as_their_size_allows_are_told_apart():
    known = 16 + 65 * np.arange(300)
    np.testing.assert_array_equal(positions(known, known[::-1], 65), np.arange(300)[::-1])
