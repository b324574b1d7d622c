from pathlib import Path

import numpy as np
import pytest

from mgcli.data import Reading, UnfitDataError, from_csv
from mgcli.errors import CliError


def table(folder: Path, rows: int = 20, **columns: object) -> Path:
    """Write a CSV: each column a list, or a function of the row's number."""
    cells = {
        name: [str(column(i) if callable(column) else column) for i in range(rows)]
        for name, column in columns.items()
    }
    lines = [",".join(cells), *(",".join(row) for row in zip(*cells.values(), strict=True))]
    path = folder / "my.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def number(i: int) -> float:
    return i * 0.37 % 5


def text(i: int) -> str:
    return "red" if i % 3 else "blue"


def label(i: int) -> str:
    return "yes" if i % 2 else "no"


def test_columns_become_numbers_and_texts_with_gaps_where_missing(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        size=lambda i: "NA" if i == 3 else i + 0.5,
        colour=lambda i: "?" if i == 4 else text(i),
        target=label,
    )
    data = from_csv(path, Reading())
    assert data.kinds == {"size": "number", "colour": "text"}
    assert data.frame["size"].isna().tolist() == [i == 3 for i in range(20)]
    assert data.frame["size"][5] == 5.5
    assert data.frame["colour"][4] is None
    assert data.frame["colour"][:3].tolist() == ["blue", "red", "red"]
    assert data.target_name == "target"


@pytest.mark.parametrize(
    ("target", "task", "classes"),
    [
        (label, "classification", ("no", "yes")),
        (lambda i: i % 2, "classification", ("0", "1")),
        (lambda i: float(i % 3), "classification", ("0", "1", "2")),
        (lambda i: (i % 2) * 10 + 2, "classification", ("2", "12")),
        (lambda i: i % 10, "regression", ()),
        (lambda i: i % 2 + 0.5, "regression", ()),
        (lambda i: i * 1000, "regression", ()),
    ],
)
def test_the_target_decides_the_task(
    tmp_path: Path, target: object, task: str, classes: tuple[str, ...]
) -> None:
    data = from_csv(table(tmp_path, x=number, y=target), Reading(target="y"))
    assert data.task == task
    assert data.classes == classes


def test_the_user_may_decide_the_task(tmp_path: Path) -> None:
    path = table(tmp_path, x=number, y=lambda i: i % 2)
    assert from_csv(path, Reading(target="y", task="regression")).target.tolist() == [0.0, 1.0] * 10
    path = table(tmp_path, x=number, y=lambda i: i % 10)
    data = from_csv(path, Reading(target="y", task="classification"))
    assert data.classes == tuple("0123456789")
    assert data.target.dtype == np.int64


def test_numbers_may_be_read_as_categories(tmp_path: Path) -> None:
    path = table(tmp_path, code=lambda i: i % 3, x=number, target=label)
    data = from_csv(path, Reading(as_text=("code",)))
    assert data.kinds["code"] == "text"
    assert set(data.frame["code"]) == {"0", "1", "2"}


def test_a_column_that_looks_like_names_is_remarked(tmp_path: Path) -> None:
    path = table(tmp_path, 40, owner=lambda i: f"owner {i}", x=number, target=label)
    (remark,) = from_csv(path, Reading()).notes
    assert "'owner' has 40 different texts in 40 rows" in remark
    assert from_csv(path, Reading(drop=("owner",))).notes == ()


def bad(good: object, row: int, value: str) -> object:
    return lambda i: value if i == row else good(i) if callable(good) else good


@pytest.mark.parametrize(
    ("columns", "reading", "words"),
    [
        (
            {"x": bad(number, 5, "12 m2"), "y": label},
            {},
            "line 7, column 'x': '12 m2' is no finite",
        ),
        ({"x": bad(number, 5, "inf"), "y": label}, {}, "line 7, column 'x': 'inf' is no finite"),
        ({"x": bad(number, 5, '"1,5"'), "y": label}, {}, "'1,5' is no finite number; write 1234.5"),
        ({"x": number, "y": bad(number, 2, "low")}, {}, "line 4, column 'y': 'low' is no finite"),
        ({"x": number, "price": label}, {}, "no column 'y'; there are 'x', 'price'"),
        ({"x": number, "price": label}, {"target": "prize"}, "did you mean 'price'?"),
        ({"x": number, "Price": label}, {"target": "price"}, "did you mean 'Price'?"),
        ({"x": number, "y": label}, {"target": None}, "is to be predicted. Give --target"),
        ({"x": number, "y": label}, {"drop": ("z",)}, "--drop z: .* no column 'z'"),
        ({"x": number, "y": label}, {"as_text": ("z",)}, "--text z: .* no column 'z'"),
        ({"x": number, "y": label}, {"drop": ("y",)}, "--drop y: this column is the target"),
        ({"x": number, "y": label}, {"drop": ("x",)}, "no column beside the target 'y'"),
        ({"x": "", "y": label}, {}, "column 'x' is empty; .* give --drop x"),
        ({"x": 3, "y": label}, {}, r"column 'x' is constant \('3' in every row\); .* --drop x"),
        ({"a b": 3, "c": "", "y": label}, {}, "--drop 'a b' --drop c"),
        ({"x": number, "y": bad(label, 4, "")}, {}, "line 6, column 'y': the target is missing"),
        ({"x": number, "y": ""}, {}, "the target 'y' is empty in every row"),
        ({"x": number, "y": "a"}, {}, "the target 'y' is constant: 'a' in every row"),
        ({"x": number, "y": bad(label, 4, "rare")}, {}, "line 6, .*class 'rare' has this one row"),
        (
            {"x": number, "y": number},
            {"task": "classification"},
            "19 more such classes.*--task regression",
        ),
        (
            {"x": number, "y": label},
            {"task": "regression"},
            "'no' is no finite number .*--task classification",
        ),
    ],
)
def test_what_is_wrong_is_named(
    tmp_path: Path, columns: dict[str, object], reading: dict[str, object], words: str
) -> None:
    with pytest.raises(CliError, match=words):
        from_csv(table(tmp_path, **columns), Reading(**{"target": "y", **reading}))


def test_too_few_rows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnfitDataError, match="holds 9 rows; at least 10 are needed"):
        from_csv(table(tmp_path, 9, x=number, y=label), Reading(target="y"))
