import pytest

from mgcli.errors import ExpressionError
from mgcli.expression import assignments, record
from mgcli.parser import parse
from mgcore import Value


def test_names_stand_in_the_order_of_the_text_each_once() -> None:
    assert parse("c*b + tanh(a) + b").names == ("c", "b", "a")


def test_recording_labels_the_leaves_and_gives_the_gradients() -> None:
    result, leaves = record(parse("a*b + c"), {"a": 2.0, "b": -3.0, "c": 10.0})
    assert isinstance(result, Value)
    result.backward()
    assert result.data == 4.0
    assert {name: leaf.grad for name, leaf in leaves.items()} == {"a": -3.0, "b": 2.0, "c": 1.0}
    assert [leaf.label for leaf in leaves.values()] == ["a", "b", "c"]


def test_an_expression_without_variables_is_a_float() -> None:
    assert record(parse("2**10"), {}) == (1024.0, {})


@pytest.mark.parametrize(
    ("text", "values", "message"),
    [
        ("1 + weight", {"weigth": 1.0}, "column 5: .*did you mean weigth"),
        ("1 + a", {}, "column 5: .*add a=NUMBER"),
        ("2 + log(a)", {"a": -1.0}, "column 5: log.*a=-1.0.*not defined"),
        ("1 / (a - a)", {"a": 1.0}, "column 3: .*divides by zero"),
        ("1 + exp(a)", {"a": 1000.0}, "column 5: .*too large"),
        ("2 + a**1001", {"a": 1.0}, "column 6: the exponent 1001 is huge"),
        ("9**9**9", {}, r"column 2: the exponent 3.8742e\+08 is huge"),
        ("a**(2*-600)", {"a": 1.0}, "column 2: the exponent -1200 is huge"),
        ("10.0**309", {}, "column 5: .*too large"),
    ],
)
def test_what_cannot_be_computed_is_refused_where_it_stands(
    text: str, values: dict[str, float], message: str
) -> None:
    with pytest.raises(ExpressionError, match=message):
        record(parse(text), values)


def test_a_large_exponent_may_be_a_variable() -> None:
    result, _ = record(parse("a**n"), {"a": 1.0 + 1e-9, "n": 1e6})
    assert isinstance(result, Value)
    assert result.data == pytest.approx((1.0 + 1e-9) ** 1e6, rel=1e-12)


def test_assignments_are_read_as_numbers_by_name() -> None:
    assert assignments(["a=2", "b = -3e2"]) == {"a": 2.0, "b": -300.0}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["a"], "'a' gives no variable a value"),
        (["2=a"], "gives no variable a value"),
        (["a="], "column 3: '' in 'a=' is no finite number"),
        (["a=b"], "'b' in 'a=b' is no finite number"),
        (["a=nan"], "no finite number"),
        (["a=1", "a=2"], "'a' is given twice"),
    ],
)
def test_a_word_that_is_no_assignment_is_refused(words: list[str], message: str) -> None:
    with pytest.raises(ExpressionError, match=message):
        assignments(words)


def test_the_mark_stands_under_the_column_also_in_a_long_text() -> None:
    error = ExpressionError("here", "a + b.c", 6)
    assert error.marked() == "a + b.c\n     ^"
    text = "+".join("abcdefgh" * 30)
    line, mark = ExpressionError("here", text, 201).marked(40).split("\n")
    assert len(line) == 40
    assert line[mark.index("^")] == text[200]
