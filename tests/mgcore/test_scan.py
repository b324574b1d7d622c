"""scan carries a state through a loop, on numbers and on Values."""

import pytest

from mgcore import Value, grad, ops, scan
from mgcore.errors import ScanError
from mgcore.nest import flatten


def test_it_gives_the_last_carry_and_every_y():
    carry, ys = scan(lambda total, x: (total + x, total), 0.0, [1.0, 2.0, 3.0])
    assert carry == 6.0
    assert ys == [0.0, 1.0, 3.0]


def test_carry_and_xs_are_nests():
    def step(carry, x):
        (a, b), c = carry["ab"], carry["c"]
        return {"ab": (b, a + x[0]), "c": c * x[1]["k"]}, [a, None]

    carry, ys = scan(step, {"ab": (1.0, 2.0), "c": 1.0}, [[10.0, {"k": 2.0}], [20.0, {"k": 3.0}]])
    assert carry == {"ab": (11.0, 22.0), "c": 6.0}
    assert ys == [[1.0, None], [2.0, None]]


def test_values_record_every_step():
    x = Value(0.5)
    out, _ = scan(lambda v, _: (ops.tanh(v * x), None), x, length=3)
    by_hand = ops.tanh(ops.tanh(ops.tanh(x * x) * x) * x)
    assert out.data == by_hand.data
    assert grad(out, x) == grad(by_hand, x)


def test_no_step_gives_init():
    assert scan(lambda v, _: (v + 1, v), 5.0, []) == (5.0, [])
    assert scan(lambda v, _: (v + 1, v), 5.0, length=0) == (5.0, [])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((lambda v, _: (v, None), 0.0), "needs xs or length"),
        ((lambda v, _: (v, None), 0.0, [1.0], 2), "length is 2, but xs has 1"),
        ((lambda v, _: (v, None), 0.0, None, -1), "length is -1"),
        ((lambda v, _: (v, None), 0.0, None, True), "length is True"),
        ((lambda v, _: (v, None), 0.0, 3.0), "xs is float"),
        ((lambda v, _: v, 0.0, [1.0]), "returns a carry and a y"),
        ((lambda v, _: ((v, v), None), 0.0, [1.0]), "the carry has another form"),
        ((lambda v, _: (v, None), 0.0, [1.0, [1.0]]), "x number 1 has another form"),
    ],
)
def test_what_does_not_fit_is_named(arguments, message):
    with pytest.raises(ScanError, match=message):
        scan(*arguments)


def test_a_nest_asks_its_leaves_for_nothing():
    class Leaf:
        def __getattr__(self, name):
            raise AssertionError(name)

    leaf = Leaf()
    assert flatten([1.0, (leaf,)]) == ([1.0, leaf], flatten([0, (0,)])[1])
