"""What `mg train` says of the data, the net, its training and its scores."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mgcli.screen import console, fact, note, plain_table

if TYPE_CHECKING:
    from rich.table import Table

    from mgcli.choices import Choices
    from mgcli.data import Data
    from mgcli.learning import Job, Outcome

__all__ = [
    "describe_data",
    "describe_job",
    "describe_training",
    "remarks",
    "score_table",
    "settings_used",
]


def describe_data(data: "Data") -> None:
    """Say what the table holds, and what was done with it."""
    import numpy as np

    kinds = [column.kind for column in data.features]
    words = {"number": "numeric", "text": "text", "date": "date"}
    parts = [f"{kinds.count(k)} {word}" for k, word in words.items() if k in kinds]
    columns = f"{' and '.join(parts)} column{'s' * (len(kinds) != 1)}"
    fact("data", f"{data.source}: {len(data)} rows, {columns}")
    if data.classes:
        counts = np.bincount(data.target, minlength=len(data.classes)).tolist()
        shown = [f"{c:.40} ({n})" for c, n in zip(data.classes, counts, strict=True)]
        if len(shown) > 12:
            shown = [*shown[:10], f"and {len(shown) - 10} more"]
        what = f"{len(data.classes)} classes: {', '.join(shown)}"
    else:
        low, high = data.target.min(), data.target.max()
        what = f"a quantity from {low:.6g} to {high:.6g}"
    fact("target", f"{data.target_name}, {what}")
    for text in data.notes:
        note(text)


def describe_job(job: "Job", choices: "Choices") -> None:
    """Say what is about to be trained, and how that was chosen."""
    settings, found = job.settings, job.found
    held = f"{job.held_out} rows are held out" if job.held_out else "no rows are held out"
    if found is not None and not found.share:
        fact("net", f"a linear model alone: of {found.tried} nets none is surely better")
        fact("training", f"{len(job.X)} rows; {held}")
    else:
        sizes = [str(job.X.shape[1]), *(f"{n} {choices.activation}" for n in settings.hidden)]
        outputs = len(job.net.layers[-1].neurons)
        net = f"{' > '.join([*sizes, str(outputs)])}, {len(job.net.parameters())} parameters"
        fact("net", net + _mixture(job))
        epochs = f"{settings.epochs} epoch{'s' * (settings.epochs != 1)}"
        how = f"{choices.optimizer} with lr {settings.lr:.3g}"
        fact("training", f"{len(job.X)} rows, {epochs}, {how}; {held}")
    if found is None:
        return
    if found.share:
        loss = f"loss {found.loss:.4g} after {settings.epochs} of {len(found.curve)} epochs"
        more = f"; weight decay {settings.weight_decay:.3g}"
    else:
        loss, more = f"the best net's loss {min(found.curve):.4g}", ""
    fact(
        "chosen",
        f"of {found.tried} settings, on validation rows: {loss}, a linear model's "
        f"{found.linear_loss:.4g}{more}",
    )
    if found.hurried:
        from mgcli.search import MOST_SECONDS

        note(
            f"the search was cut short after {MOST_SECONDS:.0f} s; a faster machine tries more "
            "settings, and may choose others"
        )


def _mixture(job: "Job") -> str:
    if job.found is None or (job.members == 1 and job.found.share == 1.0):
        return ""
    several = f"the mean of {job.members} such nets" if job.members > 1 else "this net"
    if job.found.share == 1.0:
        return f"; {several}"
    return f"; {job.found.share:.0%} of {several}, the rest a linear model"


def describe_training(outcome: "Outcome") -> None:
    """Say how the training went."""
    from mgcli.learning import SOLVED

    history = outcome.history
    if history.backend == SOLVED:
        console().print()
        return
    epochs = f"{len(history.loss)} epoch{'s' * (len(history.loss) != 1)}"
    loss = f", loss {history.loss[-1]:.4g}" if history.loss else ""
    how = "stopped after" if outcome.interrupted else "trained"
    fact("", f"{how} {epochs} in {history.seconds:.1f} s ({history.backend}){loss}")
    if history.note and not outcome.interrupted:
        note(history.note)
    console().print()


def score_table(data: "Data", outcome: "Outcome") -> "Table":
    """Return the scores on the rows held out, as a table."""
    rows = len(outcome.held_out)
    head = f"on the {rows} rows held out"
    if data.task == "classification":
        columns = ("accuracy", "balanced", "AUC")
        table = plain_table(head, *columns, right=columns)
        for score in outcome.scores:
            auc = "-" if math.isnan(score.auc) else f"{score.auc:.3f}"
            table.add_row(score.who, f"{score.score:.1%}", f"{score.balanced:.1%}", auc)
        return table
    table = plain_table(head, "R2", "error", right=("R2", "error"))
    for score in outcome.scores:
        table.add_row(score.who, f"{score.score:.3f}", f"{score.error:.4g}")
    return table


def remarks(data: "Data", choices: "Choices", outcome: "Outcome") -> Iterator[str]:
    """Say what accuracy alone would hide."""
    import numpy as np

    from mgcli.judging import UNEQUAL

    if data.task == "regression":
        return
    counts = np.bincount(data.target, minlength=len(data.classes))
    if counts.max() < UNEQUAL * counts.min():
        return
    net, _, constant = outcome.scores
    if net.score <= constant.score and choices.class_weight is None:
        yield (
            f"the classes are unequal, and {constant.who} is right as often; look at the balanced "
            "accuracy and the AUC. --class-weight balanced finds the rare classes more often"
        )
    elif choices.class_weight is None:
        yield (
            "the classes are unequal: balanced accuracy counts each class alike; --class-weight "
            "balanced finds the rare ones more often"
        )
    if len(data.classes) == 2:
        yield (
            f"{data.classes[1]!r} is predicted where its probability is above 50 %; mg predict "
            "--probabilities writes it, for another threshold"
        )


def settings_used(choices: "Choices", job: "Job", outcome: "Outcome") -> dict[str, object]:
    """Return the settings as they were used, those that nobody chose too."""
    settings, found = job.settings, job.found
    used: dict[str, object] = {"seed": choices.seed, "hold-out": choices.hold_out}
    if choices.class_weight is not None:
        used["class weight"] = choices.class_weight
    if found is not None:
        used |= {"settings tried": found.tried, "penalty of the linear model": found.strength}
        used["share of the net"] = f"{found.share:.0%}, the rest a linear model"
    if found is not None and not found.share:
        return used
    return used | {
        "hidden": settings.hidden or "none: a linear model",
        "activation": choices.activation,
        "nets averaged": job.members,
        "learns": "what the linear model leaves over" if settings.beside_linear else "all",
        "optimizer": settings.optimizer,
        "lr": settings.lr,
        "lr falls to 0 in": f"{settings.falling} epochs" if settings.falling else "no time",
        "weight decay": settings.weight_decay,
        "epochs": len(outcome.history.loss),
        "batch size": settings.batch_size,
        "backend": outcome.history.backend,
    }
