"""A neuron, o = tanh(w.x + b): once by hand, once by mgnn."""

from mgcore import Value
from mgnn import Neuron


def main() -> dict[str, float]:
    """Print the gradients of the neuron's inputs and weights; return those of the two ways."""
    x1, x2 = Value(2.0, label="x1"), Value(0.0, label="x2")
    w1, w2 = Value(-3.0, label="w1"), Value(1.0, label="w2")
    b = Value(6.8813735870195432, label="b")  # makes the numbers come out round
    n = x1 * w1 + x2 * w2 + b
    o = n.tanh()
    o.backward()
    print(f"n = {n.data:.4f}, o = tanh(n) = {o.data:.4f}")
    print(f"do/dn = 1 - o^2 = {1 - o.data**2:.4f}")
    for leaf in (x1, w1, x2, w2):
        print(f"do/d{leaf.label} = {leaf.grad:.4f}")

    # tanh taken apart gives the same: it is up to you how large an op is.
    e = (2 * n).exp()
    taken_apart = (e - 1) / (e + 1)

    neuron = Neuron(2, activation="tanh")
    neuron.w[0].data, neuron.w[1].data, neuron.b.data = -3.0, 1.0, b.data
    out = neuron([2.0, 0.0])
    out.backward()
    print(f"\n{neuron} gives {out.data:.4f}, do/dw1 = {neuron.w[0].grad:.4f}")
    return {
        "o": o.data,
        "taken apart": taken_apart.data,
        "x1": x1.grad,
        "w1": w1.grad,
        "x2": x2.grad,
        "w2": w2.grad,
        "neuron": out.data,
        "neuron w1": neuron.w[0].grad,
    }


if __name__ == "__main__":
    main()
