"""``mg train``: a small net from a table to a model file, a score and a picture."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mgcli.errors import CliError
from mgcli.screen import console, fact, note, plain_table

if TYPE_CHECKING:
    from rich.table import Table

    from mgcli.data import Data
    from mgcli.learning import Choices, Job, Outcome

__all__ = ["command"]

STOPPED = 130
FILE_ONLY = ("target", "task", "drop", "as_text", "delimiter", "encoding")


def _sizes(ctx: click.Context, param: click.Parameter, words: tuple[str, ...]) -> tuple[int, ...]:
    """Read sizes of layers: ``32``, ``32,16``, repeated, or ``none``."""
    parts = [part.strip() for word in words for part in word.split(",")]
    if parts == ["none"]:
        return ()
    for part in parts:
        if not part.isdecimal() or int(part) == 0:
            problem = f"{part!r} is no size of a layer; write 32 or 32,16, or none"
            raise click.BadParameter(problem, ctx, param)
    return tuple(map(int, parts))


@click.command(
    short_help="Train a small net on a table.",
    epilog="Examples: mg train breast_cancer; mg train digits --hidden 32 --activation tanh; "
    "mg train houses.csv --target price",
)
@click.argument("source", metavar="DATA")
@click.option("--target", metavar="NAME", help="The column to predict.  [default: target]")
@click.option(
    "--task",
    type=click.Choice(["classification", "regression"]),
    help="What the target is.  [default: decided by what it holds]",
)
@click.option("--drop", multiple=True, metavar="NAME", help="A column to leave out; repeatable.")
@click.option(
    "--text",
    "as_text",
    multiple=True,
    metavar="NAME",
    help="A column of numbers that are names of categories; repeatable.",
)
@click.option("--delimiter", help="Between fields.  [default: found in the first line]")
@click.option("--encoding", help="Of the file, as latin-1.  [default: UTF-8]")
@click.option(
    "--hidden",
    multiple=True,
    default=["16"],
    callback=_sizes,
    metavar="SIZES",
    show_default=True,
    help="Sizes of the hidden layers: 32,16, or repeated; none for a linear model.",
)
@click.option("--activation", default="relu", show_default=True, help="Any op of one operand.")
@click.option(
    "--epochs",
    type=click.IntRange(min=1),
    help="Passes over the data.  [default: 10 to 100, fewer for longer tables]",
)
@click.option(
    "--lr",
    type=click.FloatRange(min=0, min_open=True),
    help="Learning rate at the start; it falls to 0.  [default: 0.03, sgd 0.05]",
)
@click.option("--batch-size", type=click.IntRange(min=1), default=32, show_default=True)
@click.option(
    "--weight-decay",
    type=click.FloatRange(min=0),
    help="Pulls weights to 0.  [default: 0.001, or 0.01 with more parameters than rows]",
)
@click.option("--optimizer", type=click.Choice(["adam", "sgd"]), default="adam", show_default=True)
@click.option("--seed", type=int, default=0, show_default=True, help="Of everything drawn by lot.")
@click.option(
    "--hold-out",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.2,
    show_default=True,
    help="Share of the rows kept aside for the score.",
)
@click.option(
    "--backend",
    default="auto",
    show_default=True,
    help="eager, compiled, or auto: compiled where that is installed.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for model and picture.  [default: mg-DATA]",
)
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a web page about the training; a name ending in .html.",
)
def command(source: str, out: Path | None, report: Path | None, **options: Any) -> int:
    """Train a small net on DATA, and judge it on rows that were held out.

    DATA is a CSV file whose first line names the columns, or one of scikit-learn's data sets:
    breast_cancer, circles, diabetes, digits, iris, moons, wine. Text columns are one-hot encoded,
    missing values imputed, numbers standardised. The score stands beside that of a linear model.
    Ctrl-C ends the training early, and keeps the model so far.
    """
    from mgcli.learning import Choices, learn

    _check_report(report)
    data = _read(source, options)
    choices = Choices(**options)
    folder = out if out is not None else Path(f"mg-{data.name}")
    _describe_data(data)
    recorder: list[Any] = []

    def watch(job: "Job") -> Any:
        folder.mkdir(parents=True, exist_ok=True)  # what cannot be written is told before training
        _describe_job(job, choices)
        if report is not None:
            from mgview.recorder import LayerRecorder

            recorder.append(LayerRecorder(job.net, job.X.tolist(), job.y.tolist(), job.loss))
        return recorder[0] if recorder else None

    outcome = learn(data, choices, progress=sys.stderr.isatty(), watch=watch)
    _describe_training(outcome)
    console().print(_score_table(data, outcome))
    files = _save(outcome, folder)
    if report is not None and outcome.history.loss:
        files["report"] = _write_report(report, data, choices, outcome, recorder[0])
    console().print()
    for what, path in files.items():
        fact(what, str(path))
    fact("use it", f"mg predict {files['model']} DATA.csv")
    return STOPPED if outcome.interrupted else 0


def _check_report(report: Path | None) -> None:
    """Find out before the training what would go wrong after it."""
    if report is None:
        return
    if report.suffix.lower() != ".html":
        raise CliError(f"--report {report}: a report is a web page; let the name end in .html")
    if not report.parent.is_dir():
        raise CliError(f"--report {report}: there is no folder {report.parent}")


def _read(source: str, options: dict[str, Any]) -> "Data":
    """Take from `options` what is about the file, and read it."""
    from mgcli.bundled import bundled, is_bundled, not_found
    from mgcli.data import Reading, from_csv

    chosen = {name: options.pop(name) for name in FILE_ONLY}
    if is_bundled(source):
        given = [name for name, value in chosen.items() if value]
        if given:
            option = "text" if given[0] == "as_text" else given[0]
            raise CliError(
                f"--{option} is for CSV files; the data set {source} is complete in itself "
                f"(a file of that name is ./{source})"
            )
        return bundled(source)
    path = Path(source)
    if not path.exists():
        raise not_found(source)
    return from_csv(path, Reading(**chosen))


def _describe_data(data: "Data") -> None:
    import numpy as np

    kinds = list(data.kinds.values())
    numbers, texts = kinds.count("number"), kinds.count("text")
    parts = [f"{n} {word}" for n, word in ((numbers, "numeric"), (texts, "text")) if n]
    columns = f"{' and '.join(parts)} column{'s' * (len(kinds) != 1)}"
    fact("data", f"{data.source}: {len(data.frame)} rows, {columns}")
    if data.classes:
        counts = np.bincount(data.target, minlength=len(data.classes)).tolist()
        shown = [f"{c} ({n})" for c, n in zip(data.classes, counts, strict=True)]
        if len(shown) > 12:
            shown = [*shown[:10], f"and {len(shown) - 10} more"]
        what = f"{len(data.classes)} classes: {', '.join(shown)}"
    else:
        low, high = data.target.min(), data.target.max()
        what = f"a quantity from {low:.6g} to {high:.6g}"
    fact("target", f"{data.target_name}, {what}")
    for text in data.notes:
        note(text)


def _describe_job(job: "Job", choices: "Choices") -> None:
    sizes = [str(job.X.shape[1]), *(f"{n} {choices.activation}" for n in choices.hidden)]
    outputs = len(job.net.layers[-1].neurons)
    fact("net", f"{' > '.join([*sizes, str(outputs)])}, {len(job.net.parameters())} parameters")
    epochs = f"{job.epochs} epoch{'s' * (job.epochs != 1)}"
    fact(
        "training",
        f"{len(job.X)} rows, {epochs}, {choices.optimizer} with lr {choices.rate():g}; "
        f"{job.held_out} rows are held out",
    )


def _describe_training(outcome: "Outcome") -> None:
    history = outcome.history
    epochs = f"{len(history.loss)} epoch{'s' * (len(history.loss) != 1)}"
    loss = f", loss {history.loss[-1]:.4g}" if history.loss else ""
    how = "stopped after" if outcome.interrupted else "trained"
    fact("", f"{how} {epochs} in {history.seconds:.1f} s ({history.backend}){loss}")
    if history.note and not outcome.interrupted:
        note(history.note)
    console().print()


def _score_table(data: "Data", outcome: "Outcome") -> "Table":
    rows = len(outcome.held_out)
    if data.task == "classification":
        table = plain_table(f"on the {rows} rows held out", "accuracy", right=("accuracy",))
        for score in outcome.scores:
            table.add_row(score.who, f"{score.score:.1%}")
        return table
    table = plain_table(f"on the {rows} rows held out", "R2", "error", right=("R2", "error"))
    for score in outcome.scores:
        table.add_row(score.who, f"{score.score:.3f}", f"{score.error:.4g}")
    return table


def _save(outcome: "Outcome", folder: Path) -> dict[str, Path]:
    from mgcli.modelfile import save_model

    files = {"model": folder / "model.mgz"}
    save_model(outcome.model, files["model"])
    if not outcome.history.loss:
        note("no epoch was finished, so there is no picture of the training")
        return files
    from mgview.training import save_training_picture

    picture = folder / "training.png"
    files["picture"] = save_training_picture(
        picture, outcome.model.net, outcome.held_out, outcome.targets, outcome.history
    )
    return files


def _write_report(
    path: Path, data: "Data", choices: "Choices", outcome: "Outcome", recorder: Any
) -> Path:
    import attrs

    from mgcli.model import loss_of
    from mgview.report import write_report

    judged = {score.who: f"{score.score:.4g}" for score in outcome.scores}
    name = "accuracy" if data.task == "classification" else "R2"
    return write_report(
        path,
        model=outcome.model.net,
        history=outcome.history,
        X=outcome.held_out,
        y=outcome.targets,
        loss=loss_of(data),
        title=f"Training on {data.name}",
        settings=attrs.asdict(choices),
        data={
            "source": data.source,
            "rows": len(data.frame),
            "features": len(data.kinds),
            "target": data.target_name,
            **{f"held-out {name}, {who}": score for who, score in judged.items()},
        },
        inputs=outcome.inputs,
        classes=data.classes,
        judged="On the held-out rows",
        recorder=recorder,
    )
