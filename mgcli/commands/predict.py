"""``mg predict``: what a trained model says about the rows of a table, as CSV."""

import csv
import io
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from mgcli.errors import CliError
from mgcli.options import format_of, format_options
from mgcli.screen import note

if TYPE_CHECKING:
    from mgcli.tables import Format, RawTable
    from mgnn.tablemodel import TableModel

__all__ = ["command"]


@click.command(
    short_help="Write a model's predictions as CSV.",
    epilog="Example: mg predict mg-houses/model.mgz new.csv -o prices.csv",
)
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("source", metavar="DATA")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write.  [default: standard output]",
)
@click.option("--probabilities", is_flag=True, help="Add a column with each class's probability.")
@click.option("--keep", is_flag=True, help="Repeat the columns of DATA before the prediction.")
@click.option(
    "--dask", metavar="ADDRESS", help="Predict on a Dask cluster: its scheduler's address."
)
@format_options
def command(
    model: Path,
    source: str,
    output: Path | None,
    probabilities: bool,
    keep: bool,
    dask: str | None,
    **options: Any,
) -> None:
    """Predict the target for each row of DATA with the MODEL that mg train has written.

    DATA is a table, as mg train takes it, with the columns that MODEL was trained on (others are
    left aside); - for standard input; or the name of one of scikit-learn's data sets.
    """
    from mgcli.predicting import Predictor

    trained = _load(model / "model.mgz" if model.is_dir() else model)
    if probabilities and trained.task == "regression":
        raise CliError("--probabilities: this model predicts a quantity, which has none")
    predictor = Predictor(trained, probabilities=probabilities, keep=keep)
    tables = _tables(trained, source, format_of(options).after(trained.na, trained.keep_na))
    if dask is None:
        pieces = predictor.pieces(tables)
    else:
        from mgcli.spread import spread

        pieces = spread(predictor, tables, dask)
    first = next(pieces)  # what is wrong with the table is told before a file is begun
    with _opened(output) as stream:
        _write(stream, first, header=True)
        for piece in pieces:
            _write(stream, piece, header=False)
    if output is not None:
        count = predictor.findings.count
        click.echo(f"{count} prediction{'s' * (count != 1)} in {output}", err=True)
    for text in predictor.remarks():
        note(text)


def _load(path: Path) -> "TableModel":
    from mgnn import load
    from mgnn.tablemodel import TableModel

    model = load(path)
    if not isinstance(model, TableModel):
        raise CliError(f"{path} holds a net alone; mg predict needs a model that mg train has made")
    return model


def _tables(
    model: "TableModel", source: str, form: "Format"
) -> "Iterator[RawTable | Mapping[str, Any]]":
    """Yield the table in pieces: as text, or a bundled data set as it is."""
    from mgcli.bundled import bundled, is_bundled, not_found
    from mgcli.predicting import missing_columns
    from mgcli.sources import open_source, place_of
    from mgcli.tables import Reader
    from mgcli.typed import is_typed, read_typed

    if is_bundled(source):
        data = bundled(source)
        missing = [f.name for f in model.features if f.name not in data.columns]
        if missing:
            raise CliError(missing_columns(source, missing, list(data.columns)))
        yield data.columns
        return
    path = place_of(source)
    if path is not None and not path.exists():
        raise not_found(source)
    kind = is_typed(path) if path is not None else None
    if path is not None and kind is not None:
        yield read_typed(path, kind, form)
        return
    yield from Reader(open_source(path, form.encoding), form).tables()


@contextmanager
def _opened(output: Path | None) -> Iterator[BinaryIO]:
    """Open the output: a file appears whole or not at all."""
    if output is None:
        yield sys.stdout.buffer
        return
    device = output.exists() and not output.is_file()  # a pipe or a terminal is written as it is
    unfinished = output if device else output.with_name(output.name + ".part")
    try:
        with unfinished.open("wb") as stream:
            yield stream
        if not device:
            unfinished.replace(output)
    except BaseException as error:
        if not device:
            unfinished.unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = str(output)
        raise


def _write(stream: BinaryIO, columns: Mapping[str, Iterable[Any]], *, header: bool) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if header:
        writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    stream.write(text.getvalue().encode("utf-8", "surrogateescape"))
