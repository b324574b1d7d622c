"""The derivative by its definition: nudge x, and see how f(x) = 3x^2 - 4x + 5 answers."""

from mgcore import numeric


def f(x: float) -> float:
    return 3 * x**2 - 4 * x + 5


def main() -> list[float]:
    """Print the slope at three points; return the slopes at x = 3 for smaller and smaller h."""
    h = 0.001
    print(f"f(3) = {f(3.0)},  f(3 + {h}) = {f(3.0 + h):.6f}")
    print(f"slope at 3: (f(3 + h) - f(3)) / h = {numeric.derivative(f, 3.0, h=h):.6f}")
    print("by rule, f'(x) = 6x - 4, so f'(3) = 14\n")

    slopes = []
    for h in (0.1, 0.01, 0.001, 1e-4, 1e-6):
        forward = numeric.derivative(f, 3.0, h=h)
        central = numeric.derivative(f, 3.0, h=h, method="central")
        slopes.append(forward)
        print(f"h = {h:<8g} forward {forward:.9f}   central {central:.9f}")

    print(f"\nslope at -3: {numeric.derivative(f, -3.0):.4f}, so f falls there")
    print(f"slope at 2/3: {numeric.derivative(f, 2 / 3):.4f}, so a nudge changes nothing")
    return slopes


if __name__ == "__main__":
    main()
