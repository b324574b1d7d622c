"""A scalar that remembers how it was computed."""

import math
from operator import attrgetter
from types import MethodType
from typing import TYPE_CHECKING, Any, ClassVar

from mgcore import ops
from mgcore.errors import ComparisonError, LabelError
from mgcore.foreign import asked_in_a_rule
from mgcore.ieee import result_where_python_raises
from mgcore.op import Op, real, real_result
from mgcore.seam import library, watcher

if TYPE_CHECKING:
    from collections.abc import KeysView, Sequence

    from mgcore.op_methods import OpMethods  # what `__getattr__` finds, for type checkers
else:
    OpMethods = object

__all__ = ["Constant", "Value", "clock", "set_leaves"]


class Clock:
    """Count what makes older nodes differ from younger ones, so that a node can say how old it is.

    Attributes:
        now: what nodes that are recorded now are stamped with.
        changed: when the data of a Value was last set.

    """

    __slots__ = ("changed", "now")

    def __init__(self) -> None:
        self.now = 0
        self.changed = 0

    def tick(self) -> int:
        """Let what comes be younger than all there is."""
        self.now += 1
        return self.now


# The one counter of the engine: it says nothing but which of two nodes was there first.
clock = Clock()


def _set_data(value: "Value", data: object) -> None:
    """Store a float; nodes that were computed from the old one are out of date from now on."""
    value.number = data if type(data) is float else real(data)
    clock.changed = clock.now = now = clock.now + 1
    value.made = now if value.op is None else math.inf


def set_leaves(leaves: "Sequence[Value]", numbers: "Sequence[float]") -> None:
    """Store floats in as many leaves at one moment: quicker than to set the data of each."""
    clock.changed = now = clock.tick()
    for leaf, number in zip(leaves, numbers, strict=True):
        leaf.number = number
        leaf.made = now


def _set_label(value: "Value", label: str) -> None:
    value.tag = label if type(label) is str else _text(label)


def _text(label: object, micrograds_op: object = None) -> str:
    if isinstance(label, str) and micrograds_op is None:
        return str(label)
    hint = ""
    if isinstance(label, (tuple, set)) or micrograds_op is not None:
        hint = (
            ". micrograd's Value(data, children, op) records an op of one's own; here apply an op "
            "of mgcore.ops, or make one with mgcore.Op(name, forward, partials)"
        )
    raise LabelError(f"a label is a string, not {type(label).__name__} {label!r}{hint}")


class Value(OpMethods):
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
        number: the slot that `data` reads; set through `data` alone, which sees to its type.
        made: when it was recorded, or when the data of a leaf was set, by the engine's clock.

    Raises:
        OperandTypeError: if `data` is no real number.
        LabelError: if `label` is no string.

    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> c = a * b + 10
    >>> c.backward()
    >>> c.data, a.grad, b.grad
    (4.0, -3.0, 2.0)

    """

    __slots__ = ("grad", "made", "number", "op", "operands", "tag")

    grad: float
    op: Op | None
    operands: "tuple[Value, ...]"
    made: float
    number: float
    tag: str
    if TYPE_CHECKING:

        @property
        def data(self) -> float: ...  # noqa: D102 - documented below, as label is
        @data.setter
        def data(self, data: float) -> None: ...
        @property
        def label(self) -> str: ...  # noqa: D102 - as above
        @label.setter
        def label(self, label: str) -> None: ...
        def backward(self) -> None: ...  # noqa: D102 - in `backward`, as copying is in `transport`
    else:  # read at the speed of C; the engine itself reads the slot
        data = property(attrgetter("number"), _set_data, doc="The number, a float.")
        label = property(attrgetter("tag"), _set_label, doc="A name for drawings and messages.")

    # NumPy's scalars and arrays leave the operators to us.
    __array_ufunc__: ClassVar[None] = None

    def __init__(self, data: float, label: str = "", _op: object = None) -> None:
        self.number = data if type(data) is float else real(data)
        self.grad = 0.0
        self.tag = label if type(label) is str and _op is None else _text(label, _op)
        self.op = None
        self.operands = ()
        self.made = clock.now

    @staticmethod
    def __mgcore_apply__(op: Op, operands: tuple[Any, ...]) -> Any:
        """Record the application of `op`: compute it, and remember how."""
        try:
            if len(operands) == 1:  # the shorter way to call; most applications in a net are of one
                data = op.forward(operands[0].number)
            else:
                data = op.forward(*[x.number for x in operands])
            if type(data) is not float:
                data = real_result(op, operands, data)
        except Exception as error:
            if all(isinstance(x, Value) for x in operands):
                data = result_where_python_raises(error, op, operands, [x.number for x in operands])
                return node(op, operands, data)
        else:
            return node(op, operands, data)
        lifted = _lift(op, operands)
        return NotImplemented if lifted is None else Value.__mgcore_apply__(op, lifted)

    def __add__(self, other: "Value | float") -> "Value":
        return binary(ops.add, self, other)

    def __radd__(self, other: float) -> "Value":
        return reflected(ops.add, other, self)

    def __sub__(self, other: "Value | float") -> "Value":
        return binary(ops.sub, self, other)

    def __rsub__(self, other: float) -> "Value":
        return reflected(ops.sub, other, self)

    def __mul__(self, other: "Value | float") -> "Value":
        return binary(ops.mul, self, other)

    def __rmul__(self, other: float) -> "Value":
        return reflected(ops.mul, other, self)

    def __truediv__(self, other: "Value | float") -> "Value":
        return binary(ops.div, self, other)

    def __rtruediv__(self, other: float) -> "Value":
        return reflected(ops.div, other, self)

    def __pow__(self, other: "Value | float") -> "Value":
        return binary(ops.pow, self, other)

    def __rpow__(self, other: float) -> "Value":
        return reflected(ops.pow, other, self)

    def __neg__(self) -> "Value":
        return Value.__mgcore_apply__(ops.neg, (self,))  # type: ignore[no-any-return]  # a Value

    def __pos__(self) -> "Value":
        return self

    def __abs__(self) -> "Value":
        return Value.__mgcore_apply__(ops.abs, (self,))  # type: ignore[no-any-return]  # as above

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            # Reached only for what is no attribute: any registered op is a method. See `methods`.
            if name.startswith("_"):
                hint = "; an op of one's own is an mgcore.Op" if name == "_backward" else ""
                raise AttributeError(f"{type(self).__name__} has no attribute {name!r}{hint}")
            return MethodType(getattr(ops, name), self)

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *library().names()})

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

    @property
    def _prev(self) -> "KeysView[Value]":
        """Name the operands as micrograd does: a set, each once; this one keeps their order."""
        return dict.fromkeys(self.operands).keys()

    @property
    def _op(self) -> str:
        """Name the op's symbol as micrograd does; empty for a leaf."""
        return "" if self.op is None else self.op.symbol

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        return f"{type(self).__name__}(data={self.data!r}, grad={self.grad!r}{label})"


class Constant(Value):
    """Hold a plain number that was mixed into an expression; it receives no gradient."""

    __slots__ = ()


_new = Value.__new__


def _constant(number: float) -> Constant:
    """Return a Constant of a Python number the short way, without the checks of its class."""
    out = _new(Constant)
    out.number = number
    out.grad = 0.0
    out.tag = ""
    out.op = None
    out.operands = ()
    out.made = clock.now
    return out


def node(op: Op, operands: tuple[Value, ...], data: float) -> Value:
    """Return the node for `op` applied to `operands` with the result `data`."""
    if type(operands[0]) is Constant and all(type(x) is Constant for x in operands):
        return _constant(data)
    out = _new(Value)
    out.number = data
    out.grad = 0.0
    out.tag = ""
    out.op = op
    out.operands = operands
    out.made = clock.now
    if (watch := watcher.get()) is not None:
        watch.recorded(out)
    return out


def binary(op: Op, x: Any, y: Any) -> Value:
    """Apply a two-operand op the short way if the operands are Values and Python's numbers."""
    if type(y) is not Value:
        if type(y) is not float and type(y) is not int:
            take_over = getattr(type(y), "__mgcore_apply__", None)
            if take_over is not None and not isinstance(y, Value):  # op(x, y) asks it after x
                out = take_over(op, (x, y))
                if out is not NotImplemented:
                    return out  # type: ignore[no-any-return]  # what took over
            return op(x, y)  # type: ignore[no-any-return]  # a Value, or an error
        try:
            number = float(y)
        except OverflowError:
            number = real(y)  # says so
        y = _new(Constant)  # as `_constant` does, which takes a third longer to call
        y.number = number
        y.grad = 0.0
        y.tag = ""
        y.op = None
        y.operands = ()
        y.made = clock.now
    try:
        data = op.forward(x.number, y.number)
        if type(data) is not float:
            data = real_result(op, (x, y), data)
    except Exception as error:
        data = result_where_python_raises(error, op, (x, y), (x.number, y.number))
    return node(op, (x, y), data)


def reflected(op: Op, x: Any, y: Value) -> Value:
    """Apply a two-operand op to a number on the left; shorter if the number is Python's."""
    if type(x) is not float and type(x) is not int:
        return op(x, y)  # type: ignore[no-any-return]  # as above
    return binary(op, _constant(x if type(x) is float else real(x)), y)


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
