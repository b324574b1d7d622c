"""``mg train``: a small net from a table to a model file, a score and a picture."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mgcli.errors import CliError
from mgcli.options import FORMAT_OPTIONS, Finite, format_of, format_options
from mgcli.screen import Status, console, fact, note
from mgcli.telling import (
    describe_data,
    describe_job,
    describe_training,
    remarks,
    score_table,
    settings_used,
)

if TYPE_CHECKING:
    from mgcli.data import Data
    from mgcli.learning import Job, Outcome

__all__ = ["command"]

STOPPED = 130
RECORDED = 50_000  # gradients of single samples that a report takes from an epoch
FILE_ONLY = ("target", "task", "drop", "as_text", *FORMAT_OPTIONS)


def _sizes(
    ctx: click.Context, param: click.Parameter, words: tuple[str, ...]
) -> tuple[int, ...] | None:
    """Read sizes of layers: ``32``, ``32,16``, repeated, or ``none``."""
    parts = [part.strip() for word in words for part in word.split(",")]
    if not parts:
        return None
    if parts == ["none"]:
        return ()
    for part in parts:
        if not (part.isascii() and part.isdecimal()) or len(part) > 12 or int(part) == 0:
            problem = f"{part!r} is no size of a layer; write 32 or 32,16, or none"
            raise click.BadParameter(problem, ctx, param)
    return tuple(map(int, parts))


def _once(ctx: click.Context, param: click.Parameter, names: tuple[str, ...]) -> str | None:
    if len(names) > 1:
        problem = f"given {len(names)} times ({', '.join(names)}); a net predicts one column"
        raise click.BadParameter(problem, ctx, param)
    return names[0] if names else None


@click.command(
    short_help="Train a small net on a table.",
    epilog="Examples: mg train breast_cancer; mg train digits --hidden 32 --activation tanh; "
    "mg train houses.csv --target price",
)
@click.argument("source", metavar="DATA")
@click.option(
    "--target",
    multiple=True,
    callback=_once,
    metavar="NAME",
    help="The column to predict.  [default: target]",
)
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
@format_options
@click.option(
    "--quick",
    is_flag=True,
    help="Take usual settings instead of choosing them on validation rows.",
)
@click.option(
    "--hidden",
    multiple=True,
    callback=_sizes,
    metavar="SIZES",
    help="Sizes of the hidden layers: 32,16, or repeated; none for a linear model.  [default: "
    "chosen; 16 with --quick]",
)
@click.option("--activation", default="silu", show_default=True, help="Any op of one operand.")
@click.option(
    "--epochs",
    type=click.IntRange(1, 10_000_000),
    help="Passes over the data; given, it means --quick.  [default: chosen; with --quick 10 to "
    "100]",
)
@click.option(
    "--lr",
    type=Finite(above=0),
    help="Learning rate.  [default: chosen; with --quick 0.03, sgd 0.05, falling to 0]",
)
@click.option(
    "--batch-size",
    type=click.IntRange(1, 10_000_000),
    help="Rows per update.  [default: 32; 128 where 2,000 rows or more are chosen on]",
)
@click.option(
    "--weight-decay",
    type=Finite(least=0),
    help="Pulls weights to 0.  [default: chosen; with --quick 0.001, or 0.01 for wide nets]",
)
@click.option(
    "--class-weight",
    type=click.Choice(["balanced"]),
    help="Let every class count as much as the others, however many rows it has.",
)
@click.option("--optimizer", type=click.Choice(["adam", "sgd"]), default="adam", show_default=True)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=0,
    show_default=True,
    help="Of everything drawn by lot.",
)
@click.option(
    "--hold-out",
    type=Finite(least=0, below=1),
    default=0.2,
    show_default=True,
    help="Share of the rows kept aside for the score; 0 trains on all.",
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

    DATA is a table whose first line names the columns: CSV in any common form, gzipped or not,
    Parquet, Feather, or - for standard input; or one of scikit-learn's data sets: breast_cancer,
    circles, diabetes, digits, iris, moons, wine. Text columns are one-hot encoded, dates expanded,
    missing values imputed, numbers standardised; columns that tell nothing are left out, and every
    such step is said.

    Width, learning rate, weight decay and number of epochs are chosen on rows put aside for that,
    in a few seconds; then the net is trained on all rows that are not held out. The score stands
    beside that of a linear model. Ctrl-C ends the training early, and keeps the model so far.
    """
    from mgcli.learning import Choices, learn

    _check_report(report)
    _check_activation(options["activation"])
    data = _read(source, options)
    choices = Choices(**options)
    folder = out if out is not None else Path(f"mg-{data.name}")
    describe_data(data)
    recorder: list[Any] = []
    jobs: list[Job] = []

    shown = Status("choosing settings" if choices.searched else "compiling")

    def watch(job: "Job") -> Any:
        shown.end()
        jobs.append(job)
        folder.mkdir(parents=True, exist_ok=True)  # what cannot be written is told before training
        describe_job(job, choices)
        if report is not None:
            from mgview.recorder import LayerRecorder

            samples = max(4, min(24, RECORDED // len(job.net.parameters())))
            rows = job.X.tolist(), job.y.tolist()
            recorder.append(LayerRecorder(job.net, *rows, job.loss, samples=samples))
        return recorder[0] if recorder else None

    with shown:
        progress = sys.stderr.isatty()
        outcome = learn(data, choices, progress=progress, watch=watch, tell=shown.tell)
    describe_training(outcome)
    if outcome.scores:
        console().print(score_table(data, outcome))
        for text in remarks(data, choices, outcome):
            note(text)
    files = _save(outcome, folder)
    if report is not None and outcome.history.loss:
        files["report"] = _write_report(
            report, data, settings_used(choices, jobs[-1], outcome), outcome, recorder[0]
        )
    console().print()
    for what, path in files.items():
        fact(what, str(path))
    fact("use it", f"mg predict {shlex.quote(str(files['model']))} DATA.csv")
    return STOPPED if outcome.interrupted else 0


def _check_report(report: Path | None) -> None:
    """Find out before the training what would go wrong after it."""
    if report is None:
        return
    if report.suffix.lower() != ".html":
        raise CliError(f"--report {report}: a report is a web page; let the name end in .html")
    if not report.parent.is_dir():
        raise CliError(f"--report {report}: there is no folder {report.parent}")


def _check_activation(name: str) -> None:
    if not name.partition(":")[0].isidentifier() or name.startswith("_"):
        raise CliError(f"--activation {name!r} is no name of an op; mg ops lists them")


def _read(source: str, options: dict[str, Any]) -> "Data":
    """Take from `options` what is about the file, and read it."""
    from mgcli.bundled import bundled, is_bundled, not_found
    from mgcli.data import Reading, from_csv
    from mgcli.sources import place_of

    chosen = {name: options.pop(name) for name in FILE_ONLY}
    if is_bundled(source):
        given = [name for name, value in chosen.items() if value]
        if given:
            option = "text" if given[0] == "as_text" else given[0].replace("_", "-")
            raise CliError(
                f"--{option} is for CSV files; the data set {source} is complete in itself "
                f"(a file of that name is ./{source})"
            )
        return bundled(source)
    path = place_of(source)
    if path is not None and not path.exists():
        raise not_found(source)
    return from_csv(path, Reading(format=format_of(chosen), **chosen))


def _save(outcome: "Outcome", folder: Path) -> dict[str, Path]:
    from mgnn import save

    files = {"model": folder / "model.mgz"}
    save(outcome.model, files["model"])
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
    path: Path, data: "Data", settings: dict[str, object], outcome: "Outcome", recorder: Any
) -> Path:
    from mgview.numbers import measured
    from mgview.report import write_report

    judged = {score.who: measured(score.score) for score in outcome.scores}
    name = "accuracy" if data.task == "classification" else "R2"
    return write_report(
        path,
        model=outcome.model.net,
        history=outcome.history,
        X=outcome.held_out,
        y=outcome.targets,
        loss=outcome.loss,
        title=f"Training on {data.name}",
        settings=settings,
        data={
            "source": data.source,
            "rows": len(data),
            "features": len(data.features),
            "target": data.target_name,
            **{f"held-out {name}, {who}": score for who, score in judged.items()},
        },
        inputs=outcome.inputs,
        classes=data.classes,
        judged="On the held-out rows" if outcome.scores else "On the training rows",
        scores=outcome.scores,
        target=data.target_name,
        mean=outcome.model.mean,
        scale=outcome.model.scale,
        recorder=recorder,
    )
