"""Make the pictures of the landing page, all of one op: python tools/docs_one_op.py.

Two rules, and what follows from them: its graph, its derivatives to the third, a net that learns
with it. What the page prints beside them is held by the tests of the documents.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from sklearn.datasets import make_moons

import mgview
from mgcore import Op, Value, grad, register
from mgnn import MLP, fit, optim

IMAGES = Path(__file__).parents[1] / "docs" / "images"
BLUE, ORANGE, GREY = "#3b78d8", "#e07b39", "#8a8a8a"  # seen on white and on black


def the_op() -> Op:
    """Return the op of the landing page."""
    return Op(
        "softsign",
        forward=lambda x: x / (1 + abs(x)),
        partials=(lambda out, x: (1 + abs(x)) ** -2,),
    )


def graph(softsign: Op) -> None:
    """Draw the op behind a product, and the gradients."""
    x, w = Value(2.0, "x"), Value(-1.5, "w")
    out = softsign(w * x)
    out.label = "out"
    out.backward()
    (IMAGES / "one-op-graph.png").write_bytes(mgview.draw(out).png(scale=1.5))


def curves(op: Op) -> None:
    """Plot the op and its first two derivatives, all from the two rules."""
    points = np.linspace(-4.0, 4.0, 401)
    rows = []
    for number in points:
        x = Value(float(number))
        first = grad(op(x), x, create_graph=True)
        rows.append((op(float(number)), first.data, grad(first, x)))
    figure, axes = plt.subplots(figsize=(4.2, 2.6))
    for values, colour, name in zip(
        np.array(rows).T,
        (BLUE, ORANGE, GREY),
        ("softsign(x)", "first derivative", "second"),
        strict=True,
    ):
        axes.plot(points, values, color=colour, label=name)
    axes.legend(frameon=False, fontsize=8, labelcolor=GREY)
    _quiet(axes)
    figure.savefig(IMAGES / "one-op-curves.svg", transparent=True, bbox_inches="tight")
    plt.close(figure)


def net() -> None:
    """Train a net on the moons with the op, and show where it decides."""
    X, y = make_moons(n_samples=150, noise=0.12, random_state=1)
    model = MLP(2, [16, 16, 1], activation="softsign", seed=7)
    fit(
        model,
        X,
        2.0 * y - 1.0,
        loss="hinge",
        optimizer=optim.SGD(lr=0.2),
        epochs=300,
        seed=7,
        progress=False,
    )
    across, up = np.meshgrid(np.linspace(-1.7, 2.7, 220), np.linspace(-1.2, 1.7, 150))
    decided = model.predict(np.stack([across.ravel(), up.ravel()], axis=1)).reshape(across.shape)
    figure, axes = plt.subplots(figsize=(4.2, 2.6))
    limit = float(np.abs(decided).max())
    axes.contourf(across, up, decided, 24, cmap="coolwarm", alpha=0.55, vmin=-limit, vmax=limit)
    axes.contour(across, up, decided, [0.0], colors=[GREY])
    axes.scatter(*X.T, c=[ORANGE if side else BLUE for side in y], s=9)
    _quiet(axes)
    figure.savefig(IMAGES / "one-op-net.png", transparent=True, bbox_inches="tight", dpi=150)
    plt.close(figure)


def _quiet(axes: plt.Axes) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(GREY)
    axes.tick_params(colors=GREY, labelsize=8)


if __name__ == "__main__":
    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "one op"  # the same file from the same data
    made = the_op()
    register(made)
    graph(made)
    curves(made)
    net()
    print(f"wrote {IMAGES}/one-op-*")
