import math

import pytest

from mgcore import Op, Value, detect_anomaly, diagnose, grad, ops, raise_nonfinite, replay
from mgcore.errors import BackwardError, DomainError, NonFiniteError

steep = Op("steep", forward=lambda x: x, partials=(lambda out, x: 1e300 * x,))


def _chain() -> tuple[Value, Value]:
    w = Value(2.0, label="w")
    return w, ops.mul(steep(steep(w * 3.0)), 2.0)


def test_replay_records_the_same_ops_at_other_values_and_keeps_labels() -> None:
    x, y = Value(2.0, label="x"), Value(3.0, label="y")
    inner = x * y
    inner.label = "inner"
    output = inner + ops.tanh(inner)
    again = replay(output, {x: -1.0})
    assert again.data == -3.0 + math.tanh(-3.0)
    assert again.operands[0].label == "inner"
    assert again.operands[0] is again.operands[1].operands[0]
    assert output.data == 6.0 + math.tanh(6.0)


def test_several_outputs_share_what_they_shared() -> None:
    x = Value(2.0)
    h = x * x
    first, second = replay([h + 1, h + 2], {x: 3.0})
    assert (first.data, second.data) == (10.0, 11.0)
    assert first.operands[0] is second.operands[0]


def test_a_chain_of_100_000_nodes_is_replayed_without_recursion() -> None:
    x = Value(0.0)
    y = x
    for _ in range(100_000):
        y = y + 1.0
    assert replay(y, {x: 5.0}).data == 100_005.0


def test_what_is_no_leaf_below_the_output_is_refused() -> None:
    x = Value(2.0)
    with pytest.raises(BackwardError, match="no leaf"):
        replay(x * 2, {x * 2: 1.0})
    with pytest.raises(BackwardError, match="not below the output"):
        replay(x * 2, {Value(1.0): 1.0})


def test_replay_raises_where_a_result_is_not_defined() -> None:
    x = Value(2.0, label="x")
    with raise_nonfinite(), pytest.raises(DomainError, match=r"log\(x=-1\.0\)"):
        replay(ops.log(x), {x: -1.0})


def test_diagnose_names_the_first_bad_result_and_is_silent_when_all_is_well() -> None:
    x = Value(2.0, label="x")
    output = ops.tanh(x * x)
    assert diagnose(output, {x: 3.0}) == ""
    text = diagnose(output, {x: 1e200})
    assert "mul is inf" in text
    assert "operand 0 'x' = 1e+200" in text


@pytest.mark.parametrize("way", ["backward", "grad", "diagnose"])
def test_the_first_bad_gradient_comes_with_factors_and_the_path_to_the_parameter(way: str) -> None:
    w, output = _chain()
    if way == "diagnose":
        text = diagnose(output, {w: 2.0})
    else:
        with detect_anomaly(), pytest.raises(NonFiniteError) as caught:
            output.backward() if way == "backward" else grad(output, w)
        text = str(caught.value)
    assert "upstream 1.2e+301 x local derivative 6e+300" in text
    assert "From the output: mul (x 2.0) -> steep (x 6e+300) -> steep" in text
    assert "It reaches the parameter 'w' through mul (x 3.0)" in text


def test_a_derivative_that_is_not_defined_comes_with_the_paths() -> None:
    w = Value(0.0, label="w")
    with detect_anomaly():
        output = ops.sqrt(w * 2.0) * 3.0
        for differentiate in (output.backward, lambda: grad(output, w)):
            with pytest.raises(ZeroDivisionError) as caught:
                differentiate()
            assert "From the output: mul (x 3.0) -> sqrt" in str(caught.value)
            assert "the parameter 'w' through mul (x 2.0)" in str(caught.value)


def test_a_long_path_is_shortened() -> None:
    x = Value(1.0, label="x")
    y = ops.mul(x, 1e308)
    for _ in range(50):
        y = y * 1.0
    y = steep(y * 1.0)
    with detect_anomaly(), pytest.raises(NonFiniteError, match=r"\.\.\. \d+ steps \.\.\."):
        (y * 1.0).backward()
