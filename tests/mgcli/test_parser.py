import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mgcli.errors import ExpressionError
from mgcli.parser import MAX_DEPTH, MAX_LENGTH, parse

SAFE = {"__builtins__": {}, "a": 1.7, "b": -2.5, "c": 0.3, "tanh": math.tanh, "exp": math.exp}
leaves = st.sampled_from(["a", "b", "c", "2", "0.5", "1e-3"])
expressions = st.recursive(
    leaves,
    lambda x: st.one_of(
        st.tuples(x, st.sampled_from("+-*"), x).map("".join),
        x.map("({})".format),
        x.map("tanh({})".format),
        x.map("-({})".format),
        x.map("({})**2".format),
    ),
    max_leaves=8,
)


@given(expressions)
def test_an_expression_has_the_value_that_python_gives_it(text: str) -> None:
    expected = eval(text, dict(SAFE))  # noqa: S307 - the strategy above writes the text
    found = parse(text).evaluate({"a": 1.7, "b": -2.5, "c": 0.3})
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-12)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_a_column_inside_it(text: str) -> None:
    column = 1
    try:
        parse(text)
    except ExpressionError as error:
        column = error.column
    assert 1 <= column <= len(text) + 1


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("", 1, "empty"),
        ("a + b.real", 6, "attribute .real"),
        ("a.__class__.__mro__", 12, "attribute .__mro__"),
        ("a + b.tanh()", 6, "tanh(x)"),
        ("2 * __import__('os')", 5, "no op is called '__import__'"),
        ("eval('1')", 1, "no op is called 'eval'"),
        ("a(b)(c)", 1, "only ops can be called"),
        ("tahn(a)", 1, "did you mean tanh"),
        ("tanh(a, b)", 1, "takes 1 operand, got 2"),
        ("sum(*a)", 5, "one by one"),
        ("sum(a, b=c)", 10, "one by one"),
        ("tanh(x=a)", 8, "one by one"),
        ("sum(x for x in a)", 4, "comprehensions"),
        ("[x for x in a]", 1, "comprehensions"),
        ("a + 'text'", 5, "'text' is no real number"),
        ("f'{a}'", 1, "strings"),
        ("1j", 1, "1j is no real number"),
        ("True", 1, "True is no real number"),
        ("1e999", 1, "too large for a float64"),
        ("9" * 400, 1, "too large for a float64"),
        ("a ^ 2", 3, "write **"),
        ("a // 2", 3, "operator is not allowed"),
        ("a < b", 1, "lt(a, b)"),
        ("a if b else c", 1, "select(condition, a, b)"),
        ("a and b", 1, "maximum(a, b)"),
        ("not a", 1, "sign is not allowed"),
        ("lambda: a", 1, "lambda"),
        ("a[0]", 1, "brackets"),
        ("(a, b)", 1, "comma"),
        ("(a := 3)", 2, "assignments"),
        ("a = 3", 3, "values stand after the expression"),
        ("a b", 3, "'b' does not fit here"),
        ("a +", 4, "missing before the end"),
        ("(a", 1, "never closed"),
        ("a; b", 2, "';' does not fit here"),
        ("a # b", 3, "'#' is not allowed"),
        ("a\x00b", 2, "not allowed"),
        ("   é + ö.x", 9, "attribute .x"),
        ("a" * (MAX_LENGTH + 1), MAX_LENGTH + 1, "characters"),
        ("(" * (MAX_DEPTH + 1) + "a" + ")" * (MAX_DEPTH + 1), MAX_DEPTH + 1, "nested"),
        ("-" * 1999 + "a", MAX_DEPTH + 2, "nested"),
        ("**".join("a" * 600), 51 * 3 + 2, "nested"),
    ],
)
def test_what_is_not_on_the_list_is_refused_where_it_stands(
    text: str, column: int, words: str
) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"column {caught.value.column}: ")
    assert caught.value.column == column


def test_a_long_sum_is_no_deep_expression() -> None:
    assert parse("+".join("a" * 1000)).evaluate({"a": 0.5}) == 500.0
