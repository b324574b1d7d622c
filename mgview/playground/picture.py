"""The playground's picture from Python: the decision surface with the rows, and the losses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mgview import files
from mgview.training import picture_bytes, plot_decision_boundary

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from pathlib import Path

    from mgnn import History
    from mgview.playground.data import Labels, Rows


def save_picture(
    path: str | os.PathLike[str],
    model: Any,
    train: tuple[Rows, Labels],
    test: tuple[Rows, Labels],
    histories: Sequence[History],
) -> Path:
    """Save what the page of a playground shows.

    Args:
        path: ends in .png or .svg.
        model: the trained net.
        train: rows it was trained on and their classes, 0 or 1.
        test: the same of the rest.
        histories: of its training, piece by piece; may be empty.

    Returns:
        The path.

    Raises:
        UnknownFormatError: the ending is another one.
        CannotWriteError: the file could not be written.
    """
    from matplotlib.figure import Figure

    place, ending = files.format_of(path, ("png", "svg"), "a picture of a playground")
    figure = Figure(figsize=(10.0, 4.6), layout="constrained")
    curves, plane = figure.subplots(1, 2)
    rows, labels = train[0] + test[0], train[1] + test[1]
    plot_decision_boundary(model, rows, labels, plane)
    plane.set_title("Rows on the decision surface")
    for name, style in (("loss", "-"), ("validation_loss", "--")):
        losses = [loss for history in histories for loss in getattr(history, name)]
        label = "training, each row when it was used" if name == "loss" else "test"
        curves.plot(range(1, len(losses) + 1), losses, style, color="black", label=label)
    curves.set(title="Loss", xlabel="epoch", ylim=(0.0, None))
    curves.legend()
    return files.write(place, picture_bytes(figure, ending))
