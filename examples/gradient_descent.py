"""Gradient descent lowers a loss: four samples, a small net, and the loop written out."""

from mgnn import MLP, losses


def main() -> list[float]:
    """Print the loss of every step and the predictions; return the losses."""
    xs = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
    ys = [1.0, -1.0, -1.0, 1.0]
    model = MLP(3, [4, 4, 1], activation="tanh", seed=42)
    print(f"{len(model.parameters())} parameters\n")

    history = []
    for step in range(50):
        loss = losses.mse([model(x) for x in xs], ys)  # forward
        model.zero_grad()  # forget the last step's gradients
        loss.backward()
        for p in model.parameters():  # a little downhill
            p.data -= 0.1 * p.grad
        history.append(loss.data)
        if step % 10 == 9:
            print(f"step {step + 1}: loss {loss.data:.6f}")

    predictions = ", ".join(f"{model(x).data:+.3f}" for x in xs)
    print(f"\nwanted +1, -1, -1, +1; predicted {predictions}")
    return history


if __name__ == "__main__":
    main()
