"""A scalar that remembers how it was computed."""

from types import MethodType
from typing import Any, ClassVar

from mgcore import ops
from mgcore.anomaly import watcher
from mgcore.errors import ComparisonError
from mgcore.foreign import asked_in_a_rule
from mgcore.op import Op, describe_failure, real, real_result

__all__ = ["Constant", "Value"]


class Value:
    """Hold one number, the op and operands it came from, and its gradient.

    Args:
        data: a real number, stored as float64; unitless.
        label: a name for drawings and messages.

    Attributes:
        data: the number.
        grad: d(root)/d(self) after ``root.backward()``; leaves add up over calls.
        op: the `Op` that was applied, None for a leaf.
        operands: what it was applied to; empty for a leaf.
        label: as given; may be set at any time.

    Raises:
        OperandTypeError: if `data` is no real number.

    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> c = a * b + 10
    >>> c.backward()
    >>> c.data, a.grad, b.grad
    (4.0, -3.0, 2.0)

    """

    __slots__ = ("data", "grad", "label", "op", "operands")

    data: float
    grad: float
    label: str
    op: Op | None
    operands: "tuple[Value, ...]"

    # NumPy's scalars and arrays leave the operators to us.
    __array_ufunc__: ClassVar[None] = None

    def __init__(self, data: float, label: str = "") -> None:
        self.data = data if type(data) is float else real(data)
        self.grad = 0.0
        self.label = label
        self.op = None
        self.operands = ()

    @staticmethod
    def __mgcore_apply__(op: Op, operands: tuple[Any, ...]) -> Any:
        """Record the application of `op`: compute it, and remember how."""
        try:
            if len(operands) == 1:  # the shorter way to call; most applications in a net are of one
                data = op.forward(operands[0].data)
            else:
                data = op.forward(*[x.data for x in operands])
            if type(data) is not float:
                data = real_result(op, operands, data)
        except Exception as error:
            if all(isinstance(x, Value) for x in operands):
                raise describe_failure(error, op, operands) from error
        else:
            return node(op, operands, data)
        lifted = _lift(op, operands)
        return NotImplemented if lifted is None else Value.__mgcore_apply__(op, lifted)

    def __add__(self, other: Any) -> Any:
        return binary(ops.add, self, other)

    def __radd__(self, other: Any) -> Any:
        return reflected(ops.add, other, self)

    def __sub__(self, other: Any) -> Any:
        return binary(ops.sub, self, other)

    def __rsub__(self, other: Any) -> Any:
        return reflected(ops.sub, other, self)

    def __mul__(self, other: Any) -> Any:
        return binary(ops.mul, self, other)

    def __rmul__(self, other: Any) -> Any:
        return reflected(ops.mul, other, self)

    def __truediv__(self, other: Any) -> Any:
        return binary(ops.div, self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return reflected(ops.div, other, self)

    def __pow__(self, other: Any) -> Any:
        return binary(ops.pow, self, other)

    def __rpow__(self, other: Any) -> Any:
        return reflected(ops.pow, other, self)

    def __neg__(self) -> Any:
        return Value.__mgcore_apply__(ops.neg, (self,))

    def __pos__(self) -> "Value":
        return self

    def __abs__(self) -> Any:
        return Value.__mgcore_apply__(ops.abs, (self,))

    def __getattr__(self, name: str) -> Any:
        # Reached only for what is no attribute: any registered op is a method. See also `methods`.
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        return MethodType(getattr(ops, name), self)

    def _no_order(self, _: object) -> bool:
        asked_in_a_rule("< or >")
        raise ComparisonError(
            "comparing Values with <, >, <= or >= records nothing; compare their .data, or use "
            "the ops lt, gt, le, ge, maximum, minimum or select"
        )

    __lt__ = __gt__ = __le__ = __ge__ = _no_order

    # Values are equal when they are one object, and true; a rule that asks is refused.
    def __eq__(self, _: object) -> Any:
        asked_in_a_rule("==")
        return NotImplemented

    def __ne__(self, _: object) -> Any:
        asked_in_a_rule("!=")
        return NotImplemented

    def __bool__(self) -> bool:
        asked_in_a_rule("if, and, or, not")
        return True

    __hash__ = object.__hash__

    def backward(self) -> None:
        """Fill ``.grad`` of every node below with d(self)/d(node).

        Leaves accumulate over calls until they are set to zero; inner nodes are computed afresh.

        Raises:
            BackwardError: on a constant.
            DomainError: where a local derivative is not defined.

        """
        from mgcore.backward import backward  # it stands above this module

        backward(self)

    @property
    def _prev(self) -> "tuple[Value, ...]":
        """Name the operands as micrograd does."""
        return self.operands

    @property
    def _op(self) -> str:
        """Name the op's symbol as micrograd does; empty for a leaf."""
        return "" if self.op is None else self.op.symbol

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        return f"{type(self).__name__}(data={self.data!r}, grad={self.grad!r}{label})"

    def __deepcopy__(self, memo: dict[int, Any]) -> "Value":
        from mgcore.transport import copy_graph

        return copy_graph(self, memo)

    def __reduce__(self) -> tuple[Any, ...]:
        from mgcore.transport import reduce_value

        return reduce_value(self)


class Constant(Value):
    """Hold a plain number that was mixed into an expression; it receives no gradient."""

    __slots__ = ()


_new = Value.__new__


def node(op: Op, operands: tuple[Value, ...], data: float) -> Value:
    """Return the node for `op` applied to `operands` with the result `data`."""
    if type(operands[0]) is Constant and all(type(x) is Constant for x in operands):
        return Constant(data)
    out = _new(Value)
    out.data = data
    out.grad = 0.0
    out.label = ""
    out.op = op
    out.operands = operands
    if (watch := watcher.get()) is not None:
        watch.recorded(out)
    return out


def binary(op: Op, x: Any, y: Any) -> Any:
    """Apply a two-operand op the short way if the operands are Values and Python's numbers."""
    if type(y) is not Value:
        if type(y) is not float and type(y) is not int:
            return op(x, y)
        y = Constant(y)
    try:
        data = op.forward(x.data, y.data)
        if type(data) is not float:
            data = real_result(op, (x, y), data)
    except Exception as error:
        raise describe_failure(error, op, (x, y)) from error
    return node(op, (x, y), data)


def reflected(op: Op, x: Any, y: Value) -> Any:
    """Apply a two-operand op to a number on the left; shorter if the number is Python's."""
    if type(x) is not float and type(x) is not int:
        return op(x, y)
    return binary(op, Constant(x), y)


def _lift(op: Op, operands: tuple[Any, ...]) -> tuple[Value, ...] | None:
    """Turn the plain numbers among `operands` into constants; None if another type takes over."""
    lifted = []
    for i, x in enumerate(operands):
        if isinstance(x, Value):
            lifted.append(x)
        elif hasattr(type(x), "__mgcore_apply__"):
            return None
        else:
            lifted.append(Constant(real(x, op, i)))
    return tuple(lifted)
