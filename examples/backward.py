"""What backward leaves behind: gradients add up, are set to zero, and reach any depth."""

from mgcore import Value, grad


def main() -> dict[str, float]:
    """Print the cases that trip people up; return the gradients of each."""
    found = {}

    a = Value(3.0, label="a")
    (a + a).backward()
    found["a + a"] = a.grad
    print(f"b = a + a: db/da = {a.grad}; both operands add their share")

    x = Value(2.0, label="x")
    y = x * x
    y.backward()
    y.backward()
    found["twice"] = x.grad
    print(f"backward twice: dy/dx = {x.grad}; a leaf adds up, as in PyTorch, until it is zeroed")
    x.grad = 0.0
    y.backward()
    found["zeroed"] = x.grad
    print(f"zeroed first: dy/dx = {x.grad}")

    (slope,) = grad(x**3, [x], create_graph=True)
    (curvature,) = grad(slope, [x])
    found["second derivative"] = curvature
    print(f"grad gives d(x^3)/dx = {slope.data}, and its own derivative {curvature}")

    deep = Value(1.0)
    end = deep
    for _ in range(100_000):
        end = end + deep * 1e-5
    end.backward()
    found["deep"] = deep.grad
    print(f"a chain of 100,000 sums: d(end)/d(start) = {deep.grad:.6f}; no recursion anywhere")
    return found


if __name__ == "__main__":
    main()
