"""Train a small net on the moons data and leave a picture: what `make demo` runs.

Usage: python examples/demo_moons.py [--backend eager] [--epochs 100] [--out out/moons.png]
"""

import argparse
from pathlib import Path

from mgnn import MLP, fit, optim

EPOCHS = 100


def main(arguments: list[str] | None = None) -> tuple[float, Path]:
    """Train, draw, and tell; return the accuracy on the training points and the picture's path."""
    from sklearn.datasets import make_moons

    from mgview.training import save_training_picture

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backend", default="auto", help="auto, eager or compiled")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--out", type=Path, default=Path("out") / "moons.png")
    options = parser.parse_args(arguments)

    X, y = make_moons(n_samples=100, noise=0.1, random_state=1)
    labels = 2 * y - 1  # the hinge loss takes -1 and 1
    model = MLP(2, [16, 16, 1], seed=1337)
    print(f"{len(model.parameters())} parameters, {len(X)} points, {options.epochs} epochs")

    history = fit(
        model,
        X,
        labels,
        loss="hinge",
        optimizer=optim.SGD(lr=lambda epoch: 0.2 - 0.15 * epoch / options.epochs, momentum=0.9),
        epochs=options.epochs,
        batch_size=50,
        seed=7,
        backend=options.backend,
    )

    options.out.parent.mkdir(parents=True, exist_ok=True)
    picture = save_training_picture(options.out, model, X, labels, history)
    print(f"accuracy {history.score[-1]:.1%} on the training points")
    note = f" ({history.note})" if history.note else ""
    print(f"time     {history.seconds:.2f} s, {history.backend}{note}")
    print(f"picture  {picture}")
    return history.score[-1], picture


if __name__ == "__main__":
    main()
