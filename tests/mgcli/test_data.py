from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mgcli.data import Data, Reading, UnfitDataError, from_csv
from mgcli.errors import CliError
from mgcli.tables import Format


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
    assert kinds(data) == {"size": "number", "colour": "text"}
    assert np.isnan(data.columns["size"]).tolist() == [i == 3 for i in range(20)]
    assert data.columns["size"][5] == 5.5
    assert data.columns["colour"][4] is None
    assert data.columns["colour"][:3] == ["blue", "red", "red"]
    assert data.target_name == "target"


@pytest.mark.parametrize(
    ("target", "task", "classes"),
    [
        (label, "classification", ("no", "yes")),
        (lambda i: i % 2, "classification", ("0", "1")),
        (lambda i: float(i % 3), "classification", ("0.0", "1.0", "2.0")),
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
    assert kinds(data)["code"] == "text"
    assert set(data.columns["code"]) == {"0", "1", "2"}


def test_a_column_of_many_names_is_pooled_and_remarked(tmp_path: Path) -> None:
    path = table(tmp_path, 120, owner=lambda i: f"owner {i // 2}", x=number, target=label)
    (remark,) = from_csv(path, Reading()).notes
    assert "'owner' has 60 different texts in 120 rows; the 50 most frequent" in remark
    assert from_csv(path, Reading(drop=("owner",))).notes == ()


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (lambda i: "", "'z' is empty"),
        (lambda i: 3, "'z' is constant ('3' in every row)"),
        (lambda i: f"name {i}", "'z' is a different text in every row, such as 'name 0'"),
        (lambda i: 60 - i, "'z' is a whole number different in every row, as an id is"),
    ],
)
def test_what_tells_nothing_is_left_out_and_said(
    tmp_path: Path, cells: object, reason: str
) -> None:
    data = from_csv(table(tmp_path, 60, z=cells, x=number, target=label), Reading())
    assert list(data.columns) == ["x"]
    assert data.notes == (f"left out: {reason}",)


def test_an_id_that_is_not_unique_is_remarked(tmp_path: Path) -> None:
    data = from_csv(table(tmp_path, user_id=lambda i: 900 + i // 2, target=label), Reading())
    assert list(data.columns) == ["user_id"]
    assert "looks like an id; --drop user_id leaves it out" in data.notes[0]


def test_a_unique_number_that_no_name_calls_an_id_stays(tmp_path: Path) -> None:
    data = from_csv(table(tmp_path, year=lambda i: 1990 + i, target=label), Reading())
    assert list(data.columns) == ["year"]


def test_an_index_without_a_name_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(",x,target\n" + "".join(f"{i * i},{i % 7},{label(i)}\n" for i in range(20)))
    data = from_csv(path, Reading())
    assert list(data.columns) == ["x"]
    assert "'Unnamed: 0' has no name and is different in every row" in data.notes[0]


def test_rows_without_a_target_are_left_out_and_counted(tmp_path: Path) -> None:
    path = table(tmp_path, x=number, target=lambda i: "NA" if i in (3, 5) else label(i))
    data = from_csv(path, Reading())
    assert len(data) == len(data.columns["x"]) == 18
    assert "2 rows have no target 'target' ('NA'), first line 5: left out" in data.notes[0]
    kept = from_csv(path, Reading(format=Format(keep_na=("NA",))))
    assert kept.classes == ("NA", "no", "yes")
    gone = from_csv(path, Reading(format=Format(na=("yes",), keep_na=("NA",))))
    assert gone.classes == ("NA", "no")


def test_dates_are_recognised(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        when=lambda i: f"2020-{i % 12 + 1:02}-11 0{i % 5}:30",
        day=lambda i: f"{i + 3}.{i % 12 + 1}.1999",
        target=label,
    )
    data = from_csv(path, Reading())
    assert kinds(data) == {"when": "date", "day": "date"}
    assert data.columns["when"][3] == datetime(2020, 4, 11, 3, 30)
    assert data.columns["day"][15] == datetime(1999, 4, 18)


@pytest.mark.parametrize(
    ("written", "meant", "words"),
    [
        (["3,5", "12,25", "0,5"], [3.5, 12.25, 0.5], "decimal ','"),
        (["1,234", "12", "3,456,789"], [1234, 12, 3456789], "thousands ','"),
        (["1.234,5", "7", "10.000"], [1234.5, 7, 10000], "decimal ',' and thousands '.'"),
        (["1 234", "12", "5\u00a0678"], [1234, 12, 5678], "thousands ' '"),
        (["$5", "$1,200", "-$7"], [5, 1200, -7], "the unit '$'"),
        (["12%", "7.5%", "3 %"], [12, 7.5, 3], "the unit '%'"),
        (["\u22123", "4", "\u22120.5"], [-3, 4, -0.5], "minus signs that are not ASCII"),
    ],
)
@pytest.mark.parametrize("as_target", [False, True])
def test_numbers_in_local_notation_are_numbers(
    tmp_path: Path, written: list[str], meant: list[float], words: str, as_target: bool
) -> None:
    path = tmp_path / "t.csv"
    lines = [f'"{written[i % 3]}",{i % 7}.5,{label(i)}' for i in range(21)]
    path.write_text("\n".join(["n,x,y", *lines]) + "\n")
    data = from_csv(path, Reading(target="n" if as_target else "y"))
    found = data.target if as_target else data.columns["n"]
    assert found[:3].tolist() == meant
    assert words in data.notes[0]
    assert data.task == ("regression" if as_target else "classification")


def test_the_user_may_say_how_numbers_are_written(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("n;y\n" + "".join(f"1,{i}00;{label(i)}\n" for i in range(1, 10)) * 2)
    fraction = from_csv(path, Reading(target="y"))
    assert fraction.columns["n"][:2].tolist() == [1.1, 1.2]
    assert "give --decimal and --thousands" in fraction.notes[0]
    form = Format(decimal=".", thousands=",")
    thousand = from_csv(path, Reading(target="y", format=form))
    assert thousand.columns["n"][:2].tolist() == [1100.0, 1200.0]


@pytest.mark.parametrize(
    ("cells", "classes"),
    [
        (["01002", "02139"], ("01002", "02139")),
        (["007", "7", "07"], ("007", "07", "7")),
        (["1_1", "11"], ("11", "1_1")),
        (["12E4", "120E3"], ("12E4", "120E3")),
        (["10000000000000001", "10000000000000002", "10000000000000003"],) * 2,
        (["1", "2", "1.0"], ("1", "2")),
        (["TRUE", "False", "True", "false"], ("False", "TRUE")),
        (["Yes", "yes"], ("Yes", "yes")),
    ],
)
def test_class_names_stay_as_they_are_written(
    tmp_path: Path, cells: list[str], classes: tuple[str, ...]
) -> None:
    path = table(tmp_path, 24, x=number, y=lambda i: cells[i % len(cells)])
    data = from_csv(path, Reading(target="y"))
    assert sorted(data.classes) == sorted(classes)
    merged = len(cells) - len(classes)
    assert sum("are taken as one class" in text for text in data.notes) == (merged > 0) + (
        merged > 1
    )


def test_a_few_classes_of_one_row_are_left_out(tmp_path: Path) -> None:
    path = table(tmp_path, 120, x=number, y=lambda i: {7: "once", 9: "odd"}.get(i, label(i)))
    data = from_csv(path, Reading(target="y"))
    assert data.classes == ("no", "yes")
    assert len(data) == len(data.columns["x"]) == 118
    assert "left out: 'odd', 'once'" in data.notes[0]


def test_classes_that_are_all_one_number_are_constant(tmp_path: Path) -> None:
    path = table(tmp_path, x=number, y=lambda i: "1" if i % 2 else "1.0")
    with pytest.raises(UnfitDataError, match="'y' is constant"):
        from_csv(path, Reading(target="y"))


def test_codes_with_leading_zeros_are_text(tmp_path: Path) -> None:
    data = from_csv(table(tmp_path, zip=lambda i: f"0{1000 + i % 3}", target=label), Reading())
    assert data.columns["zip"][:3] == ["01000", "01001", "01002"]
    assert "holds codes such as '01000'" in data.notes[0]


@pytest.mark.parametrize("kind", ["parquet", "feather"])
def test_parquet_and_feather_are_read(tmp_path: Path, kind: str) -> None:
    frame = pd.DataFrame(
        {
            "x": [i * 0.1 if i != 4 else None for i in range(20)],
            "code": pd.Categorical([str(i % 3) for i in range(20)]),
            "when": pd.date_range("2021-01-31", periods=20, freq="37h"),
            "target": [i % 2 == 0 for i in range(20)],
        }
    )
    path = tmp_path / f"t.{kind}"
    getattr(frame, f"to_{kind}")(path)
    data = from_csv(path, Reading())
    assert kinds(data) == {"x": "number", "code": "text", "when": "date"}
    assert data.columns["x"][3] == 3 * 0.1
    assert np.isnan(data.columns["x"][4])
    assert data.columns["when"][1] == datetime(2021, 2, 1, 13)
    assert data.classes == ("False", "True")
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(CliError, match=f"no readable {kind} file"):
        from_csv(path, Reading())


def kinds(data: Data) -> dict[str, str]:
    return {column.name: column.kind for column in data.features}


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
        (
            {"x": lambda i: i if i % 3 else ".a", "y": label},
            {},
            "'.a' is no finite number .and 6 more like it.; give --na .a if it stands",
        ),
        ({"x": bad(number, 5, "inf"), "y": label}, {}, "line 7, column 'x': 'inf' is no finite"),
        (
            {"x": bad(number, 5, '"1,5"'), "y": label},
            {},
            "'1,5' is no finite number; write 1234.5 as",
        ),
        ({"x": number, "y": bad(number, 2, "low")}, {}, "line 4, column 'y': 'low' is no finite"),
        ({"x": number, "price": label}, {}, "no column 'y'; there are 'x', 'price'"),
        ({"x": number, "price": label}, {"target": "prize"}, "did you mean 'price'?"),
        ({"x": number, "Price": label}, {"target": "price"}, "did you mean 'Price'?"),
        ({"x": number, "y": label}, {"target": None}, "is to be predicted. Give --target"),
        ({"x": number, "y": label}, {"drop": ("z",)}, "--drop z: .* no column 'z'"),
        ({"x": number, "y": label}, {"as_text": ("z",)}, "--text z: .* no column 'z'"),
        ({"x": number, "y": label}, {"drop": ("y",)}, "--drop y: this column is the target"),
        ({"x": number, "y": label}, {"drop": ("x",)}, "no column beside the target 'y'"),
        ({"x": "", "y": label}, {}, "no column beside the target 'y' .*left out: 'x' is empty"),
        ({"x": number, "y": lambda i: f"{i + 1}.1.2020"}, {"task": "regression"}, "holds dates"),
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
