"""A function of three inputs, d = a*b + c: nudge one input at a time."""

from mgcore import Value, numeric


def d(a: float, b: float, c: float) -> float:
    return a * b + c


def main() -> list[float]:
    """Print and return the three slopes at a = 2, b = -3, c = 10."""
    point = [2.0, -3.0, 10.0]
    h = 0.0001
    print(f"d(2, -3, 10) = {d(*point)}")
    for i, name in enumerate("abc"):
        nudged = [x + h if j == i else x for j, x in enumerate(point)]
        slope = (d(*nudged) - d(*point)) / h
        print(f"nudge {name} by {h}: d = {d(*nudged):.4f}, slope {slope:.4f}")

    slopes = numeric.gradient(d, point)
    print("numeric.gradient does the same:", [round(s, 6) for s in slopes])

    leaves = [Value(x, label=name) for x, name in zip(point, "abc", strict=True)]
    d(*leaves).backward()  # type: ignore[arg-type]  # the same formula, on Values
    print("and backward finds them exactly:", [x.grad for x in leaves])
    return slopes


if __name__ == "__main__":
    main()
