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
