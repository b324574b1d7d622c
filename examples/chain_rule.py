"""Local derivatives and the chain rule at every node of L = (a*b + c)*f, by hand."""

from mgcore import Value, topological_order


def main() -> dict[str, float]:
    """Print each node's share; return the gradients that come out."""
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    c, f = Value(10.0, label="c"), Value(-2.0, label="f")
    e = a * b
    e.label = "e"
    d = e + c
    d.label = "d"
    L = d * f
    L.label = "L"

    gradient = dict.fromkeys(topological_order(L), 0.0)
    gradient[L] = 1.0
    print("dL/dL = 1, and then from each node to its operands:\n")
    for node in reversed(topological_order(L)):
        if node.op is None:
            continue
        upstream = gradient[node]
        numbers = [x.data for x in node.operands]
        for i, operand in enumerate(node.operands):
            local = node.op.partials[i](node.data, *numbers)
            gradient[operand] += upstream * local
            print(
                f"{node.label} = {node.op.name}{tuple(numbers)}: d{node.label}/d{operand.label} = "
                f"{local:g}, times dL/d{node.label} = {upstream:g}, gives dL/d{operand.label} = "
                f"{gradient[operand]:g}"
            )

    L.backward()
    assert all(node.grad == gradient[node] for node in gradient), "backward does just this"
    print("\nL.backward() fills the same numbers into .grad")
    return {node.label: number for node, number in gradient.items()}


if __name__ == "__main__":
    main()
