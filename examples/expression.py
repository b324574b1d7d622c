"""The expression L = (a*b + c)*f, and a gradient check beside each gradient."""

from mgcore import Value, check_gradient


def expression(a: Value, b: Value, c: Value, f: Value) -> Value:
    e = a * b
    e.label = "e"
    d = e + c
    d.label = "d"
    L: Value = d * f
    L.label = "L"
    return L


def main() -> dict[str, float]:
    """Print value and gradients with their numerical estimates; return the gradients."""
    point = {"a": 2.0, "b": -3.0, "c": 10.0, "f": -2.0}
    leaves = {name: Value(x, label=name) for name, x in point.items()}
    L = expression(**leaves)
    L.backward()
    print(f"L = (a*b + c)*f = {L.data}\n")

    # Inline: the whole expression again, with one leaf moved a little.
    h = 1e-6
    for name, leaf in leaves.items():
        nudged = {n: Value(x + h * (n == name)) for n, x in point.items()}
        estimate = (expression(**nudged).data - L.data) / h
        print(f"dL/d{name} = {leaf.grad:5.1f}   nudged by {h:g}: {estimate:.6f}")

    checks = check_gradient(expression, list(point.values()))
    worst = max(check.difference for check in checks)
    print(f"\ncheck_gradient compares all of them; the largest difference is {worst:.1e}")

    for leaf in leaves.values():  # a step along the gradient makes L grow
        leaf.data += 0.01 * leaf.grad
    higher = expression(**leaves)
    print(f"a step of 0.01 along the gradient: L goes from {L.data} to {higher.data:.4f}")
    return {name: leaf.grad for name, leaf in leaves.items()}


if __name__ == "__main__":
    main()
