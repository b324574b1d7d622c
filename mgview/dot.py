"""Write a graph as DOT, for those who have Graphviz and want its layout."""

from mgview.numbers import number, short
from mgview.scene import Node, Scene


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
        lines += [f"  n{operand} -> op{node.index};" for operand in node.operands]
    return "\n".join([*lines, "}", ""])


def _look(node: Node) -> str:
    if node.kind == "constant":
        return f"label={_quote(node.label or short(node.data))}, shape=plaintext"
    cells = [_record(node.label)] if node.label else []
    cells += [f"data {number(node.data)}", f"grad {number(node.grad)}"]
    leaf = ", style=bold" if node.kind == "leaf" else ""
    return f'label="{" | ".join(cells)}", shape=record{leaf}'


def _quote(text: str) -> str:
    flat = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{flat}"'


def _record(text: str) -> str:
    """Escape the signs that have a meaning within a record's label."""
    for sign in "\\{}|<>":
        text = text.replace(sign, f"\\{sign}")
    return text.replace('"', '\\"').replace("\n", " ")
