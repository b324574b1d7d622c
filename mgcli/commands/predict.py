"""``mg predict``: what a trained model says about the rows of a table, as CSV."""

import csv
import io
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mgcli.errors import CliError
from mgcli.screen import note

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from mgcli.model import Model
    from mgcli.tables import RawTable

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
@click.option("--delimiter", help="Of DATA.  [default: found in the first line]")
@click.option("--encoding", help="Of DATA, as latin-1.  [default: UTF-8]")
def command(
    model: Path,
    source: str,
    output: Path | None,
    probabilities: bool,
    keep: bool,
    delimiter: str | None,
    encoding: str | None,
) -> None:
    """Predict the target for each row of DATA with the MODEL that mg train has written.

    DATA is a CSV file with the columns that MODEL was trained on (others are left aside), or the
    name of one of scikit-learn's data sets.
    """
    from mgcli.modelfile import load_model

    trained = load_model(model / "model.mgz" if model.is_dir() else model)
    if probabilities and trained.task == "regression":
        raise CliError("--probabilities: this model predicts a quantity, which has none")
    frame, given = _read(trained, source, delimiter, encoding)
    predicted, shares = trained.predict(frame)
    _tell_score(trained, given, predicted)
    columns: dict[str, list[Any]] = dict(given) if keep else {}
    columns[_free_name("prediction", columns)] = _labels(trained, predicted)
    if probabilities and shares is not None:
        for k, name in enumerate(trained.classes):
            columns[_free_name(f"probability_{name}", columns)] = shares[:, k].tolist()
    text = _as_csv(columns)
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8", newline="")
        count = len(predicted)
        click.echo(f"{count} prediction{'s' * (count != 1)} in {output}", err=True)


def _read(
    model: "Model", source: str, delimiter: str | None, encoding: str | None
) -> "tuple[pd.DataFrame, dict[str, list[Any]]]":
    """Return the features that the model needs, and all columns as they were given."""
    from mgcli.bundled import bundled, is_bundled, not_found
    from mgcli.tables import read_table

    if is_bundled(source):
        data = bundled(source)
        missing = [name for name in model.kinds if name not in data.frame]
        if missing:
            raise CliError(_missing_columns(source, missing, list(data.frame.columns)))
        return data.frame, {str(c): data.frame[c].tolist() for c in data.frame.columns}
    path = Path(source)
    if not path.exists():
        raise not_found(source)
    table = read_table(path, delimiter=delimiter, encoding=encoding)
    return _features(model, table), dict(table.columns)


def _features(model: "Model", table: "RawTable") -> "pd.DataFrame":
    from mgcli.frames import frame_of, is_missing
    from mgcli.preparation import categories_of

    missing = [name for name in model.kinds if name not in table.columns]
    if missing:
        raise CliError(_missing_columns(table.source, missing, list(table.columns)))
    extra = [n for n in table.columns if n not in model.kinds and n != model.target_name]
    if extra:
        columns = "columns" if len(extra) > 1 else "column"
        note(f"{columns} {', '.join(map(repr, extra))} not used by the model")
    remedy = "leave it empty if it is not known (the model learnt this column as numbers)"
    frame = frame_of(table, model.kinds, remedy)
    for name in model.kinds:
        if all(map(is_missing, table.columns[name])):
            note(f"column {name!r} is empty in every row; what training put for missing is used")
    texts = [name for name, kind in model.kinds.items() if kind == "text"]
    for name, known in categories_of(model.preparation, texts).items():
        _tell_new_categories(table, name, known)
    return frame


def _missing_columns(source: str, missing: list[str], there: list[str]) -> str:
    from mgcli.data import near

    names = ", ".join(map(repr, missing[:5]))
    more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
    hints = [near(name, there, 1) for name in missing]
    hint = next((h for h in hints if "did you mean" in h), hints[0])
    columns = "columns" if len(missing) > 1 else "column"
    return f"{source} has no {columns} {names}{more}, which the model needs{hint}"


def _tell_new_categories(table: "RawTable", name: str, known: frozenset[str]) -> None:
    from mgcli.frames import is_missing

    cells = table.columns[name]
    new = Counter(cell for cell in cells if not is_missing(cell) and cell not in known)
    if not new:
        return
    first, count = next(iter(new)), sum(new.values())
    rows = "one row is" if count == 1 else f"{count} rows are"
    more = f" (and {len(new) - 1} other new texts)" if len(new) > 1 else ""
    note(
        f"{table.place(cells.index(first), name)}: {first!r} was not there in training{more}; "
        f"{rows} predicted without this column"
    )


def _labels(model: "Model", predicted: "NDArray[np.float64]") -> list[Any]:
    if model.task == "classification":
        return [model.classes[int(k)] for k in predicted]
    return [float(x) for x in predicted]


def _tell_score(
    model: "Model", given: dict[str, list[Any]], predicted: "NDArray[np.float64]"
) -> None:
    """Say how good the predictions are if DATA holds the target too."""
    from sklearn.metrics import accuracy_score, r2_score

    from mgcli.frames import is_missing

    truth = given.get(model.target_name, [])
    if len(truth) < 2 or any(is_missing(str(cell)) for cell in truth):
        return
    labels = _labels(model, predicted)
    if model.task == "classification":
        score = accuracy_score([str(cell) for cell in truth], [str(label) for label in labels])
        note(f"{model.target_name!r} is in the table too; {score:.1%} of the predictions are right")
        return
    try:
        score = r2_score([float(cell) for cell in truth], labels)
    except ValueError:  # the column holds something else here
        return
    note(f"{model.target_name!r} is in the table too; R2 of the predictions is {score:.3f}")


def _free_name(name: str, taken: dict[str, list[Any]]) -> str:
    while name in taken:
        name += "_"
    return name


def _as_csv(columns: dict[str, list[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue()
