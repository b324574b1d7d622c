"""Objects told apart by numbers."""

import numpy as np
import pytest

from mgcompile.support.identities import distinct, identities, positions


class Thing:
    __slots__ = ()


def test_identities_are_those_of_python():
    things = [Thing(), Thing(), 0.5, ()]
    assert identities(things).tolist() == [id(x) for x in things]


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


@pytest.mark.parametrize("gap", [1, 1000])
def test_an_object_that_is_not_known_is_nowhere(gap):
    known = 4096 + 16 * gap * np.arange(100)
    wanted = np.concatenate([known[::7], known[:5] + 16 * (gap * 100), known[:5] - 16 * (5 * gap)])
    places = np.concatenate([np.arange(100)[::7], np.full(10, -1)])
    np.testing.assert_array_equal(positions(known, wanted, 16), places)
    between = positions(known[::2], known[1::2], 16)
    np.testing.assert_array_equal(between, np.full(50, -1))
    assert positions(known[:0], wanted, 16).tolist() == [-1] * len(wanted)


@pytest.mark.parametrize("gap", [1, 10_000])
def test_few_objects_are_numbered_as_they_are_met(gap):
    few = 4096 + 16 * gap * np.array([3, 0, 7, 1])
    met = np.array([2, 2, 0, 3, 0, 1, 2, 1])
    first, which = distinct(few[met])
    assert first.tolist() == [0, 2, 3, 5]
    assert which.tolist() == [0, 0, 1, 2, 1, 3, 0, 3]
    assert [x.tolist() for x in distinct(few[:0])] == [[], []]
