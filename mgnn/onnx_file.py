"""Write a net, or a net for a table, as an ONNX file: what other runtimes run."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mgcore import ops
from mgnn.errors import ExportError
from mgnn.features import Date, Feature, Number, Text
from mgnn.layers import MLP, Layer
from mgnn.onnx_graph import Graph, apply_activation
from mgnn.tablemodel import TableModel

if TYPE_CHECKING:
    import os

__all__ = ["export_onnx"]

_OPSET, _ML_OPSET, _IR = 17, 3, 8  # those of 2022 and 2023: what is deployed reads them


def export_onnx(model: "MLP | TableModel", path: "str | os.PathLike[str]") -> None:
    """Write a model as ONNX, in float32.

    Args:
        model: an MLP, whose input is `x`, shape (rows, inputs), and whose output is `y`, shape
            (rows, outputs); or a `TableModel`, with an input of shape (rows, 1) for each column,
            float32 with NaN or strings with "" where missing, spelled as in training. A table
            model gives `prediction`, shape (rows,), of a quantity; else `label` (rows,), strings,
            and `probabilities`, shape (rows, classes).
        path: of the file.

    Raises:
        ExportError: naming an activation or a column that ONNX cannot express; if the package
            onnx is not installed; or for another kind of model.
        OSError: if the file cannot be written.

    """
    if not isinstance(model, (MLP, TableModel)):
        raise ExportError(
            f"{type(model).__name__} cannot be written as ONNX; give an MLP or a TableModel"
        )
    try:
        import onnx
        from onnx import helper
    except ImportError as error:
        raise ExportError(
            "writing ONNX needs the package onnx: pip install 'mgcore[onnx]'"
        ) from error
    graph = Graph()
    if isinstance(model, MLP):
        _plain(graph, model)
    else:
        _of_table(graph, model)
    made = helper.make_graph(graph.nodes, "mgnn", graph.inputs, graph.outputs, graph.constants)
    whole = helper.make_model(
        made,
        producer_name="mgnn",
        ir_version=_IR,
        opset_imports=[
            helper.make_opsetid("", _OPSET),
            helper.make_opsetid("ai.onnx.ml", _ML_OPSET),
        ],
    )
    onnx.checker.check_model(whole, full_check=True)
    Path(path).write_bytes(whole.SerializeToString(deterministic=True))


def _plain(graph: Graph, net: MLP) -> None:
    import numpy as np

    graph.takes("x", np.float32, ["rows", len(net.layers[0].neurons[0].w)])
    graph.gives("y", np.float32, ["rows", len(net.layers[-1].neurons)])
    _net(graph, net, "x", "y")


def _net(graph: Graph, net: MLP, inputs: str, outputs: str) -> None:
    """Append the layers of a net."""
    found = inputs
    for place, layer in enumerate(net.layers):
        last = layer is net.layers[-1]
        if last and net.skip:
            found = graph.node("Concat", [found, inputs], axis=1)
        found = _layer(graph, layer, found, f"layer{place}", outputs if last else "")


def _layer(graph: Graph, layer: Layer, operand: str, name: str, result: str) -> str:
    import numpy as np

    neurons = layer.neurons
    weights = np.array([[w.data for w in neuron.w] for neuron in neurons], dtype=np.float32)
    biases = np.array([neuron.b.data for neuron in neurons], dtype=np.float32)
    operands = [
        operand,
        graph.constant(weights, f"{name}.weights"),
        graph.constant(biases, f"{name}.biases"),
    ]
    first = neurons[0]
    total = graph.node("Gemm", operands, "" if first.nonlin else result, transB=1)
    if not first.nonlin:
        return total
    activation: Any = first.activation
    op = getattr(ops, activation) if isinstance(activation, str) else activation
    return apply_activation(graph, op, total)


def _of_table(graph: Graph, model: TableModel) -> None:
    import numpy as np

    columns = [_column(graph, feature) for feature in model.features]
    found = graph.node("Concat", columns, "encoded", axis=1)
    _net(graph, model.net, found, "outputs")
    if model.task == "regression":
        scaled = graph.node("Mul", ["outputs", graph.number(model.scale)])
        shifted = graph.node("Add", [scaled, graph.number(model.mean)])
        lone = graph.constant(np.array([-1], dtype=np.int64), "flat")
        graph.node("Reshape", [shifted, lone], "prediction")
        graph.gives("prediction", np.float32, ["rows"])
        return
    logits = "outputs"
    if len(model.net.layers[-1].neurons) == 1:  # a logit, of which the other class has 0
        zeros = graph.node("Mul", ["outputs", graph.number(0.0)])
        logits = graph.node("Concat", [zeros, "outputs"], axis=1)
    graph.node("Softmax", [logits], "probabilities", axis=1)
    place = graph.node("ArgMax", [logits], axis=1, keepdims=0)
    names = graph.constant(np.array(model.classes, dtype=object), "classes")
    graph.node("Gather", [names, place], "label")
    graph.gives("label", np.object_, ["rows"])
    graph.gives("probabilities", np.float32, ["rows", len(model.classes)])


def _column(graph: Graph, feature: Feature) -> str:
    """Append an input for a column, and what the net sees of it."""
    if isinstance(feature, Number):
        return _number(graph, feature)
    if isinstance(feature, Text):
        return _text(graph, feature)
    raise _no_date(feature)


def _number(graph: Graph, feature: Number) -> str:
    import numpy as np

    graph.takes(feature.name, np.float32, ["rows", 1])
    gaps = graph.node("IsNaN", [feature.name])
    filled = graph.node("Where", [gaps, graph.number(feature.median), feature.name])
    divided = graph.node("Div", [filled, graph.number(feature.scale)])
    made = graph.node("Sub", [divided, graph.number(feature.mean / feature.scale)])
    if not feature.missing:
        return made
    return graph.node("Concat", [made, graph.node("Cast", [gaps], to=1)], axis=1)


def _text(graph: Graph, feature: Text) -> str:
    import numpy as np

    graph.takes(feature.name, np.object_, ["rows", 1])
    known, inputs = len(feature.levels), len(feature.inputs)
    keys, values = list(feature.levels), list(range(known))
    if "" not in keys:
        keys.append("")
        values.append(known + feature.other if feature.missing else inputs)
    place = graph.node(
        "LabelEncoder", [feature.name], domain="ai.onnx.ml", keys_strings=keys,
        values_int64s=values, default_int64=known if feature.other else inputs,
    )  # fmt: skip
    # One column more than there are inputs, for what has none.
    numbers = graph.constant(np.arange(inputs, dtype=np.int64)[None, :], f"{feature.name}.places")
    return graph.node("Cast", [graph.node("Equal", [place, numbers])], to=1)


def _no_date(feature: Date) -> ExportError:
    return ExportError(
        f"column {feature.name!r} is a date, which ONNX has no type for; train on its parts as "
        "columns of numbers (year, weekday, hour), and they are exported"
    )
