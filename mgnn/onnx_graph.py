"""An ONNX graph in the making, and a number type that lets an op's own rule write its nodes.

What is known by name becomes the operator of ONNX; any other op is followed through its forward
rule, as long as that is generic over its number type. Tensors are float32, as most runtimes have
them.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from mgcore import Op, ops
from mgcore.foreign import with_operators
from mgnn.errors import ExportError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Graph", "apply_activation"]

NODES: dict[str, str] = {
    "add": "Add", "sub": "Sub", "mul": "Mul", "div": "Div", "neg": "Neg", "abs": "Abs",
    "pow": "Pow", "reciprocal": "Reciprocal", "sqrt": "Sqrt", "exp": "Exp", "log": "Log",
    "sin": "Sin", "cos": "Cos", "tan": "Tan", "asin": "Asin", "acos": "Acos", "atan": "Atan",
    "sinh": "Sinh", "cosh": "Cosh", "asinh": "Asinh", "acosh": "Acosh", "atanh": "Atanh",
    "tanh": "Tanh", "sigmoid": "Sigmoid", "erf": "Erf", "relu": "Relu", "elu": "Elu",
    "softplus": "Softplus", "hardswish": "HardSwish", "floor": "Floor", "ceil": "Ceil",
    "round": "Round", "maximum": "Max", "minimum": "Min", "sum": "Sum",
}  # fmt: skip
"""Ops that ONNX has as they are."""

_SELU = {"alpha": 1.6732632423543772, "gamma": 1.0507009873554805}
ATTRIBUTES: dict[str, tuple[str, dict[str, float]]] = {
    "leaky_relu": ("LeakyRelu", {"alpha": 0.01}),
    "selu": ("Selu", _SELU),
    "hardsigmoid": ("HardSigmoid", {"alpha": 1.0 / 6.0, "beta": 0.5}),
}
"""Ops that ONNX has with numbers of ours."""

COMPARISONS = {
    "gt": "Greater",
    "ge": "GreaterOrEqual",
    "lt": "Less",
    "le": "LessOrEqual",
    "eq": "Equal",
}


def _expm1(x: Any) -> Any:
    half = ops.tanh(0.5 * x)
    near = 2.0 * half / (1.0 - half)  # keeps the digits near 0
    return ops.select(ops.gt(x, 1.0), ops.exp(x) - 1.0, near)


COMPOSED: dict[str, Callable[..., Any]] = {
    "square": lambda x: x * x,
    "rsqrt": lambda x: ops.reciprocal(ops.sqrt(x)),
    "expm1": _expm1,
    "log1p": lambda x: 2.0 * ops.atanh(x / (2.0 + x)),  # keeps the digits near 0
    "exp2": lambda x: ops.pow(2.0, x),
    "log2": lambda x: ops.log(x) * 1.4426950408889634,
    "log10": lambda x: ops.log(x) * 0.4342944819032518,
    "silu": lambda x: x * ops.sigmoid(x),
    "gelu": lambda x: 0.5 * x * (1.0 + ops.erf(x * 0.7071067811865476)),
    "relu6": lambda x: ops.minimum(ops.maximum(x, 0.0), 6.0),
    "hardtanh": lambda x: ops.minimum(ops.maximum(x, -1.0), 1.0),
    "logsigmoid": lambda x: -ops.softplus(-x),
    "mish": lambda x: x * ops.tanh(ops.softplus(x)),
}
"""Ops that are a few of ONNX's."""


@attrs.define(eq=False)
class Graph:
    """Nodes, constants, inputs and outputs so far."""

    nodes: list[Any] = attrs.field(factory=list)
    constants: list[Any] = attrs.field(factory=list)
    inputs: list[Any] = attrs.field(factory=list)
    outputs: list[Any] = attrs.field(factory=list)
    _count: int = 0
    _known: dict[float, str] = attrs.field(factory=dict)

    def node(self, kind: str, operands: Sequence[str], name: str = "", /, **attributes: Any) -> str:
        """Append a node; return its result, called `name` or by a number."""
        from onnx import helper

        if not name:
            self._count += 1
            name = f"t{self._count}"
        self.nodes.append(helper.make_node(kind, list(operands), [name], **attributes))
        return name

    def constant(self, array: "NDArray[Any]", name: str) -> str:
        """Add a constant tensor."""
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def number(self, value: float) -> str:
        """Return a constant of one number, made once."""
        import numpy as np

        if value not in self._known:
            name = f"number{len(self._known)}"
            self._known[value] = self.constant(np.array(value, dtype=np.float32), name)
        return self._known[value]

    def takes(self, name: str, kind: "type[np.generic]", shape: Sequence[Any]) -> None:
        """Declare an input."""
        self.inputs.append(_declared(name, kind, shape))

    def gives(self, name: str, kind: "type[np.generic]", shape: Sequence[Any]) -> None:
        """Declare an output."""
        self.outputs.append(_declared(name, kind, shape))


def _declared(name: str, kind: "type[np.generic]", shape: Sequence[Any]) -> Any:
    import numpy as np
    from onnx import helper

    element = helper.np_dtype_to_tensor_dtype(np.dtype(kind))
    return helper.make_tensor_value_info(name, element, list(shape))


def apply_activation(graph: Graph, op: Op, operand: str) -> str:
    """Append an op of one operand to a tensor, element by element; return its result.

    Raises:
        ExportError: naming an op that ONNX cannot express.

    """
    try:
        return _named(graph, op(_Traced(operand, graph)))
    except ExportError:
        raise
    except Exception as error:
        raise _refusal(op, str(error).splitlines()[0] if str(error) else "it failed") from error


@with_operators
@attrs.frozen(eq=False)
class _Traced:
    """Stand for a tensor within a rule: what is applied to it becomes a node."""

    name: str
    graph: Graph

    @staticmethod
    def __mgcore_apply__(op: Op, operands: tuple[Any, ...]) -> "_Traced":
        graph = next(x.graph for x in operands if isinstance(x, _Traced))
        shipped = op.name if getattr(ops, op.name, None) is op else ""
        if shipped in COMPOSED:
            found = COMPOSED[shipped](*operands)
        elif shipped in NODES:
            found = graph.node(NODES[shipped], [_named(graph, x) for x in operands])
        elif shipped in ATTRIBUTES:
            kind, numbers = ATTRIBUTES[shipped]
            found = graph.node(kind, [_named(graph, x) for x in operands], "", **numbers)
        elif shipped in COMPARISONS:
            met = graph.node(COMPARISONS[shipped], [_named(graph, x) for x in operands])
            found = graph.node("Cast", [met], to=1)
        elif shipped == "select":
            condition, first, second = (_named(graph, x) for x in operands)
            met = graph.node("Cast", [condition], to=9)
            found = graph.node("Where", [met, first, second])
        else:
            found = _followed(op, operands)
        return _Traced(_named(graph, found), graph)


def _followed(op: Op, operands: tuple[Any, ...]) -> Any:
    """Return what the rule of an op gives that has no operator in ONNX."""
    try:
        return op.forward(*operands)
    except ExportError:
        raise
    except Exception as error:
        cause = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise _refusal(op, cause) from error


def _named(graph: Graph, number: Any) -> str:
    if isinstance(number, str):
        return number
    return number.name if isinstance(number, _Traced) else graph.number(float(number))


def _refusal(op: Op, cause: str) -> ExportError:
    return ExportError(
        f"op {op.name} cannot be expressed in ONNX: it has no operator of that name, and its rule "
        f"cannot be followed ({cause}). Write it with operators and mgcore.ops, or take another "
        "activation"
    )
