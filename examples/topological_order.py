"""Why backward walks a topological order: a node may pass on only what has fully arrived."""

from mgcore import Value, topological_order


def main() -> list[str]:
    """Print the order of a diamond, and what goes wrong in another; return the labels."""
    x = Value(3.0, label="x")
    u = x * x
    u.label = "u"
    v = u + x
    v.label = "v"
    y = u * v
    y.label = "y"
    order = topological_order(y)
    labels = [node.label for node in order]
    print("y = u*v with u = x*x and v = u + x; u is used twice, x three times")
    print("operands first:", " ".join(labels))
    assert all(labels.index(o.label) < labels.index(n.label) for n in order for o in n.operands)

    y.backward()
    exact = 4 * x.data**3 + 3 * x.data**2  # y = x^4 + x^3
    print(f"backward from the end of the order: dy/dx = {x.grad:g}, by hand {exact:g}")

    # In the order y, u, v, x the node u passes its gradient on before v has added to it.
    arrived = dict.fromkeys(order, 0.0)
    arrived[y] = 1.0
    for node in (y, u, v):
        assert node.op is not None
        for i, operand in enumerate(node.operands):
            local = node.op.partials[i](node.data, *(o.data for o in node.operands))
            arrived[operand] += arrived[node] * local
    print(f"with u before v it would come out as {arrived[x]:g}")
    return labels


if __name__ == "__main__":
    main()
