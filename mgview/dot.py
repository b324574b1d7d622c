"""Write a graph as DOT, for those who have Graphviz and want its layout."""

from mgview.numbers import is_odd, number, short
from mgview.scene import Node, Scene

ODD = "#a21caf"  # nan, inf and −0.0; no other meaning has this colour


def to_dot(scene: Scene) -> str:
    """Write every node of a graph as DOT, unfolded, the way micrograd's notebook does.

    Args:
        scene: the graph.

    Returns:
        The text: a record for each value, a circle for each op.
    """
    lines = ["digraph {", "  rankdir=LR;", "  node [fontname=Helvetica, fontsize=11];"]
    for node in scene.nodes:
        lines.append(f"  n{node.index} [{_look(node)}];")
        if node.op:
            lines.append(f"  op{node.index} [label={_quote(node.symbol)}, shape=circle];")
            lines.append(f"  op{node.index} -> n{node.index};")
        for place, operand in enumerate(node.operands, 1):
            mark = f' [headlabel="{place}", labelfontsize=9]' if node.ordered else ""
            lines.append(f"  n{operand} -> op{node.index}{mark};")
    return "\n".join([*lines, "}", ""])


def _look(node: Node) -> str:
    if node.kind == "constant":
        return f"label={_quote(node.label or short(node.data))}, shape=plaintext"
    cells = [_record(node.label)] if node.label else []
    cells += [f"data {number(node.data)}", f"grad {number(node.grad)}"]
    leaf = ", style=bold" if node.kind == "leaf" else ""
    odd = f', color="{ODD}", fontcolor="{ODD}"' if is_odd(node.data) or is_odd(node.grad) else ""
    return f'label="{" | ".join(cells)}", shape=record{leaf}{odd}'


def _quote(text: str) -> str:
    flat = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{flat}"'


def _record(text: str) -> str:
    """Escape the signs that have a meaning within a record's label."""
    for sign in "\\{}|<>":
        text = text.replace(sign, f"\\{sign}")
    return text.replace('"', '\\"').replace("\n", " ")
