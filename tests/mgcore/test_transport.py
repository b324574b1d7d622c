"""Copies and pickles keep values, labels, gradients, and what is shared."""

import copy
import pickle

import pytest

from mgcore import Constant, Op, Value, register, unregister
from mgcore.errors import PickleError


def graph():
    x, w = Value(2.0, label="x"), Value(-3.0, label="w")
    hidden = (x * w + 1).tanh()
    loss = hidden * hidden + x
    loss.label = "loss"
    loss.backward()
    return x, w, hidden, loss


@pytest.mark.parametrize(
    "clone",
    [copy.deepcopy, *[lambda v, p=p: pickle.loads(pickle.dumps(v, p)) for p in range(2, 6)]],
)
def test_what_is_shared_stays_shared(clone):
    x, w, hidden, loss = graph()
    x2, loss2, hidden2, w2, again = clone([x, loss, hidden, w, loss])
    assert again is loss2
    assert loss2 is not loss
    square, added = loss2.operands
    assert added is x2
    assert square.operands == (hidden2, hidden2)
    product = hidden2.operands[0].operands[0]
    assert product.operands == (x2, w2)
    assert [v.label for v in (x2, w2, loss2)] == ["x", "w", "loss"]
    assert [v.grad for v in (x2, w2, hidden2)] == [x.grad, w.grad, hidden.grad]
    assert type(hidden2.operands[0].operands[1]) is Constant
    assert loss2.op is loss.op


def test_separate_pickles_share_nothing():
    x, *_ = graph()
    first, second = pickle.loads(pickle.dumps(x)), pickle.loads(pickle.dumps(x))
    assert first is not second


def test_two_roots_with_a_common_part_keep_it_common():
    x = Value(1.0)
    common = x * 2
    one, two = common + 1, common.tanh() + x
    one2, two2 = pickle.loads(pickle.dumps((one, two)))
    assert one2.operands[0] is two2.operands[0].operands[0]
    assert one2.operands[0].operands[0] is two2.operands[1]


def test_a_copied_graph_differentiates_on_its_own():
    x, _, _, loss = graph()
    before = x.grad
    copied = copy.deepcopy(loss)
    copied.backward()
    assert x.grad == before


def test_an_op_that_is_not_registered_cannot_be_pickled_and_says_why():
    op = Op("nomad", forward=lambda x: x * 2, partials=(lambda out, x: 2.0,))
    y = op(Value(1.0))
    with pytest.raises(PickleError, match="nomad.*register"):
        pickle.dumps(y)
    register(op)
    try:
        assert pickle.loads(pickle.dumps(y)).op is op
    finally:
        unregister("nomad")


class Noted(Value):
    """A Value with attributes of its own."""

    __slots__ = ("__dict__", "unit")


class Plain(Value):
    """A subclass that adds nothing but a dictionary."""


def pickled(value):
    return pickle.loads(pickle.dumps(value))


@pytest.mark.parametrize("clone", [copy.copy, copy.deepcopy, pickled])
def test_a_subclass_keeps_its_attributes(clone):
    x = Noted(2.0, label="x")
    x.unit, x.source = "m", ["sensor", 7]
    again = clone(x)
    assert type(again) is Noted
    assert (again.data, again.label, again.unit, again.source) == (2.0, "x", "m", ["sensor", 7])
    assert (again.source is x.source) is (clone is copy.copy)
    bare = clone(Plain(1.0))
    assert type(bare) is Plain
    assert bare.data == 1.0


def test_attributes_of_a_node_below_come_along_and_may_refer_to_the_graph():
    x = Noted(2.0)
    x.twin = y = x * x
    for clone in (copy.deepcopy, pickled):
        again = clone(y)
        below = again.operands[0]
        assert type(below) is Noted
        assert below.twin is again


def test_a_shallow_copy_is_a_node_of_its_own_on_the_same_operands():
    x, _, hidden, loss = graph()
    again = copy.copy(hidden)
    assert again is not hidden
    assert (again.data, again.grad, again.op) == (hidden.data, hidden.grad, hidden.op)
    assert again.operands == hidden.operands
    leaf = copy.copy(x)
    leaf.data = 7.0
    assert (x.data, leaf.label) == (2.0, "x")
    constant = copy.copy(loss.operands[0].operands[0].operands[0].operands[1])
    assert type(constant) is Constant
