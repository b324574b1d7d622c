"""Floats that carry a bound of their rounding error: a rule run on them bounds its own error.

Running error analysis to first order (Higham, Accuracy and Stability of Numerical Algorithms,
section 3.3): each op hands on the errors of its operands, multiplied by its local derivatives, and
adds the rounding error of its own result.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mgcore.errors import MgcoreError, NotGenericError
from mgcore.foreign import with_operators
from mgcore.op import Op, no_derivative
from mgcore.order import topological_order
from mgcore.places import is_shipped
from mgcore.value import Constant, Value

__all__ = ["UNIT", "UNIT_32", "Bounded", "bounded_gradient", "is_exact", "rounding", "run"]

UNIT = 2.0**-53  # half a unit in the last place of float64, relative
UNIT_32 = 2.0**-24
SMALLEST = 5e-324
SMALLEST_32 = 2.0**-149

# IEEE 754 rounds the arithmetic ops correctly; libraries of functions document up to 4 units in
# the last place, which are 8 rounding units.
_EXACT = frozenset(
    {
        *("neg", "abs", "maximum", "minimum", "max", "min", "clip", "take", "select", "where"),
        *("relu", "hardtanh", "relu6"),
        *("gt", "ge", "lt", "le", "eq", "ne", "logical_and", "logical_or", "logical_not", "isnan"),
        *("floor", "ceil", "trunc", "round", "sign", "copysign", "remainder"),
    }
)
_ROUNDED = frozenset({"add", "sub", "mul", "div", "sqrt", "leaky_relu"})
_LIBRARY = frozenset({"pow", "exp", "log", "sin", "cos", "erf", "tanh"})
FUNCTION_UNITS = 8.0


@with_operators
class Bounded:
    """Hold a float, a bound of its error, and the rounding unit of the arithmetic.

    Attributes:
        value: what the arithmetic gives.
        error: how far the exact result of exact operands can be from it.
        unit: the relative rounding error of one operation, 2**-53 for float64.

    """

    __slots__ = ("error", "unit", "value")

    def __init__(self, value: float, error: float = 0.0, unit: float = UNIT) -> None:
        self.value = value
        self.error = error
        self.unit = unit

    @staticmethod
    def __mgcore_apply__(op: Op, operands: tuple[Any, ...]) -> "Bounded":
        unit = next(x.unit for x in operands if isinstance(x, Bounded))
        parts = [_bounded(x, unit) for x in operands]
        numbers = [x.value for x in parts]
        value = op(*numbers)
        inherited = _inherited(op, value, numbers, [x.error for x in parts])
        own = rounding(op, value, numbers, unit)
        return Bounded(value, inherited + own + _underflow(op, unit), unit)

    def __float__(self) -> float:
        raise NotGenericError("a rule turned its operand into a float, which loses its error")

    def __bool__(self) -> bool:
        return self.value != 0.0

    def __eq__(self, other: object) -> bool:
        return self.value == _value(other)

    def __lt__(self, other: object) -> bool:
        return self.value < _value(other)

    def __le__(self, other: object) -> bool:
        return self.value <= _value(other)

    def __gt__(self, other: object) -> bool:
        return self.value > _value(other)

    def __ge__(self, other: object) -> bool:
        return self.value >= _value(other)

    __hash__ = None  # type: ignore[assignment]  # equality is numerical; it is no key


def run(rule: Any, operands: Sequence[Any], unit: float = UNIT) -> Bounded:
    """Run a rule on Bounded operands.

    Raises:
        NotGenericError: if the rule works on floats alone.

    """
    try:
        return _bounded(rule(*operands), unit)
    except (TypeError, AttributeError) as error:
        if isinstance(error, MgcoreError) and not isinstance(error, NotGenericError):
            raise
        raise NotGenericError(f"the rule works on floats alone: {error}") from error


def rounding(op: Op, value: float, numbers: Sequence[float], unit: float = UNIT) -> float:
    """Return how far the forward rule of `op` may be off at exact operands, absolutely.

    A rule that is generic is run on Bounded numbers. Of any other it is asked to be mixed stable:
    its result is that of operands and a result each perturbed by 8 rounding units.

    """
    name = _shipped_name(op)
    if name in _EXACT:
        return 0.0
    if name in _ROUNDED:
        return unit * abs(value)
    if name in _LIBRARY:
        return FUNCTION_UNITS * unit * abs(value)
    if name in {"sum", "dot", "logsumexp"}:
        return FUNCTION_UNITS * unit * len(numbers) * _summed(name, numbers)
    try:
        return run(op.forward, [Bounded(x, 0.0, unit) for x in numbers], unit).error
    except NotGenericError:
        perturbed = [unit * abs(x) for x in numbers]
        spread = _inherited(op, value, numbers, perturbed)
        return FUNCTION_UNITS * (unit * abs(value) + max(spread, _moved(op, value, numbers, unit)))


def is_exact(op: Op) -> bool:
    """Tell whether an op rounds nothing."""
    return _shipped_name(op) in _EXACT


def bounded_gradient(
    output: Value, inputs: Sequence[Value], unit: float = UNIT
) -> tuple[Bounded, list[Bounded]]:
    """Evaluate a recorded graph and its gradient again, with a bound of the rounding error.

    Args:
        output: the graph.
        inputs: leaves, taken to be exact.
        unit: the rounding unit of the arithmetic that is to be bounded.

    Returns:
        The output and d(output)/d(input) for each input.

    """
    known: dict[Value, Bounded] = {}
    order = topological_order(output)
    for node in order:
        if node.op is None:
            known[node] = _bounded(node.data, unit) if _is_constant(node) else _exact(node, unit)
        else:
            known[node] = run(node.op, [known[x] for x in node.operands], unit)
    adjoints: dict[Value, Bounded] = {output: Bounded(1.0, 0.0, unit)}
    for node in reversed(order):
        upstream = adjoints.get(node)
        if upstream is None or node.op is None:
            continue
        for x, d in zip(node.operands, _partials(node, known), strict=True):
            term = upstream * d
            adjoints[x] = term if x not in adjoints else adjoints[x] + term
    zero = Bounded(0.0, 0.0, unit)
    return known[output], [adjoints.get(x, zero) for x in inputs]


def _partials(node: Value, known: Mapping[Value, Bounded]) -> list[Any]:
    assert node.op is not None, "leaves have no partials"  # noqa: S101 - the caller has looked
    operands = [known[x] for x in node.operands]
    if isinstance(node.op.partials, tuple):
        return [partial(known[node], *operands) for partial in node.op.partials]
    return list(node.op.partials(known[node], *operands))


def _is_constant(node: Value) -> bool:
    return isinstance(node, Constant)


def _exact(node: Value, unit: float) -> Bounded:
    return Bounded(node.data, 0.0, unit)


def _bounded(x: Any, unit: float) -> Bounded:
    if isinstance(x, Bounded):
        return x
    number = float(x)
    # A constant of few digits is meant exactly; one that fills the mantissa was itself rounded.
    few = not math.isfinite(number) or math.frexp(number)[0] * 2.0**20 % 1.0 == 0.0
    return Bounded(number, 0.0 if few else unit * abs(number), unit)


def _value(x: object) -> float:
    return x.value if isinstance(x, Bounded) else float(x)  # type: ignore[arg-type]  # else a TypeError is right


def _inherited(op: Op, value: float, numbers: Sequence[float], errors: Sequence[float]) -> float:
    total = sum(errors)
    if total == 0.0:
        return 0.0
    if op.kink is not None and _reaches_across(op.kink, numbers, errors):
        return math.inf  # the exact operands may lie on the other side
    if value != 0.0 and _shipped_name(op) in {"div", "pow"}:
        return _inherited_by_a_quotient(op, value, numbers, errors)
    try:
        if isinstance(op.partials, tuple):
            slopes = [_slope(op, i, value, numbers) if e else 0.0 for i, e in enumerate(errors)]
        else:
            slopes = list(op.partials(value, *numbers))
    except (MgcoreError, ArithmeticError, ValueError):
        return math.inf
    return float(sum(abs(d) * e for d, e in zip(slopes, errors, strict=True) if e and d))


def _reaches_across(
    kink: Callable[..., float], numbers: Sequence[float], errors: Sequence[float]
) -> bool:
    """Tell whether an operand within its error may lie at the kink, or on its other side."""
    side = _side(kink(*numbers))
    for i, error in enumerate(errors):
        for moved in (numbers[i] + error, numbers[i] - error) if error else ():
            if _side(kink(*(moved if k == i else x for k, x in enumerate(numbers)))) != side:
                return True
    return False


def _side(x: float) -> int:
    return (x > 0.0) - (x < 0.0)


def _slope(op: Op, i: int, value: float, numbers: Sequence[float]) -> float:
    """Return the slope by operand `i`: by its rule, or by a difference where there is none."""
    rule = op.partials[i]  # type: ignore[index]  # the caller has looked
    if rule is not no_derivative:
        return float(rule(value, *numbers))
    step = 1e-6 * abs(numbers[i])
    there = op(*(x + step if k == i else x for k, x in enumerate(numbers)))
    return float(2.0 * (there - value) / step)


def _inherited_by_a_quotient(
    op: Op, value: float, numbers: Sequence[float], errors: Sequence[float]
) -> float:
    """Return what `_inherited` does, in steps that do not underflow where 1/y**2 does."""
    x, y = numbers
    if op.name == "div":
        return errors[0] / abs(y) + abs(value) * (errors[1] / abs(y))
    if x <= 0.0:
        return math.inf if errors[1] else abs(value * y) * (errors[0] / abs(x))
    return abs(value) * (abs(y) * (errors[0] / x) + abs(math.log(x)) * errors[1])


def _moved(op: Op, value: float, numbers: Sequence[float], unit: float) -> float:
    """Return how far the result moves when operands move by their rounding: slopes may be rough."""
    total = 0.0
    for i, x in enumerate(numbers):
        for moved in (x * (1 + 2 * unit), x * (1 - 2 * unit)):
            try:
                there = op(*(moved if k == i else y for k, y in enumerate(numbers)))
            except MgcoreError:
                continue
            if math.isfinite(there):
                total = max(total, abs(there - value))
    return total


def _summed(name: str, numbers: Sequence[float]) -> float:
    """Return the sum of magnitudes that recursive summation rounds relative to."""
    if name == "logsumexp":
        return abs(max(numbers)) + 1.0
    if name == "dot":
        half = len(numbers) // 2
        return sum(abs(w * x) for w, x in zip(numbers[:half], numbers[half:], strict=True))
    return sum(map(abs, numbers))


def _shipped_name(op: Op) -> str:
    """Return the op's name if it is one of ours, whose rounding is known; a stranger's may lie."""
    return op.name if is_shipped(op) else ""


def _underflow(op: Op, unit: float) -> float:
    if _shipped_name(op) in _EXACT | {"add", "sub", "sum"}:
        return 0.0
    return SMALLEST if unit == UNIT else SMALLEST_32
