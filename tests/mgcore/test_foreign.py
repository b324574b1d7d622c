"""A number type of one's own: it gets operators and methods, each through the op of its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mgcore.foreign import with_operators

if TYPE_CHECKING:
    from mgcore.op import Op


@with_operators
class Trace:
    """Hold the text of what was applied."""

    def __init__(self, text: str) -> None:
        self.text = text

    @staticmethod
    def __mgcore_apply__(op: Op, operands: tuple[Any, ...]) -> Trace:
        parts = [x.text if isinstance(x, Trace) else repr(x) for x in operands]
        return Trace(f"{op.name}({', '.join(parts)})")


X: Any = Trace("x")


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (X + 2.0, "add(x, 2.0)"),
        (2.0 + X, "add(2.0, x)"),
        (X - 2.0, "sub(x, 2.0)"),
        (2.0 - X, "sub(2.0, x)"),
        (X * X, "mul(x, x)"),
        (2.0 * X, "mul(2.0, x)"),
        (X / 2.0, "div(x, 2.0)"),
        (2.0 / X, "div(2.0, x)"),
        (X**2.0, "pow(x, 2.0)"),
        (2.0**X, "pow(2.0, x)"),
        (-X, "neg(x)"),
        (+X, "x"),
        (abs(X), "abs(x)"),
        (X.exp(), "exp(x)"),
        (X.maximum(0.0), "maximum(x, 0.0)"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_operators_and_methods_are_the_ops_of_their_names(result: Trace, text: str) -> None:
    assert result.text == text


def test_a_private_name_is_no_op() -> None:
    with pytest.raises(AttributeError, match="Trace has no attribute '_exp'"):
        _ = X._exp
