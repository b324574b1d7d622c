import csv
import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mgcli.main import mg

Mg = Callable[..., Result]

ROWS = [(i, "rgb"[i % 3], i % 2) for i in range(30)]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train one model of classes and one of a quantity on the same small table."""
    folder = tmp_path_factory.mktemp("models")
    table = folder / "table.csv"
    lines = [f"{i}.0,{c},{'yes' if i > 14 else 'no'},{2.5 * i}" for i, c, _ in ROWS]
    table.write_text("\n".join(["x,colour,big,amount", *lines]) + "\n")
    for target, other in (("big", "amount"), ("amount", "big")):
        args = [
            "train",
            table,
            "--target",
            target,
            "--drop",
            other,
            "--epochs",
            "60",
            "--lr",
            "0.05",
        ]
        args += ["--out", folder / target, "--hidden", "4"]
        result = CliRunner().invoke(mg, [str(a) for a in args])
        assert result.exit_code == 0, result.output
    return folder


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def table(result: Result) -> list[dict[str, str]]:
    assert result.exit_code == 0, result.output
    return list(csv.DictReader(io.StringIO(result.stdout)))


def test_classes_are_predicted_by_name_in_the_order_of_the_rows(run: Mg, models: Path) -> None:
    Path("new.csv").write_text("colour,x\nr,0\ng,28\nb,2\nr,\n")
    rows = table(run("predict", models / "big/model.mgz", "new.csv"))
    assert [row["prediction"] for row in rows[:3]] == ["no", "yes", "no"]
    assert len(rows) == 4


def test_probabilities_add_up_to_one_and_agree_with_the_label(run: Mg, models: Path) -> None:
    for row in table(run("predict", models / "big", models / "table.csv", "--probabilities")):
        shares = {name: float(row[f"probability_{name}"]) for name in ("no", "yes")}
        assert sum(shares.values()) == pytest.approx(1.0)
        assert max(shares, key=shares.__getitem__) == row["prediction"]


def test_a_quantity_is_predicted_in_its_unit(run: Mg, models: Path) -> None:
    Path("new.csv").write_text("x,colour\n4,r\n20,g\n")
    found = [
        float(row["prediction"]) for row in table(run("predict", models / "amount", "new.csv"))
    ]
    assert found == pytest.approx([10.0, 50.0], abs=6.0)


def test_keep_repeats_the_columns_and_output_goes_to_a_file(run: Mg, models: Path) -> None:
    Path("new.csv").write_text('x,colour,prediction\n4,"r",a\n')
    result = run("predict", models / "big", "new.csv", "--keep", "-o", "out.csv")
    assert result.exit_code == 0
    assert result.stdout == ""
    assert Path("out.csv").read_text() == "x,colour,prediction,prediction_\n4,r,a,no\n"
    assert "1 prediction in out.csv" in result.stderr


def test_a_target_in_the_table_is_scored(run: Mg, models: Path) -> None:
    assert "are right" in run("predict", models / "big", models / "table.csv").stderr
    assert "R2" in run("predict", models / "amount", models / "table.csv").stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "x,colour\n1,violet\n2,r\n",
            "line 2, column 'colour': 'violet' was not there in training",
        ),
        ("x,colour,more,yet\n1,r,2,3\n", "columns 'more', 'yet' not used by the model"),
        ("x,colour\n,r\n,g\n", "column 'x' is empty in every row"),
    ],
)
def test_what_is_odd_is_remarked_and_predicted_all_the_same(
    run: Mg, models: Path, text: str, words: str
) -> None:
    Path("new.csv").write_text(text)
    result = run("predict", models / "big", "new.csv")
    assert len(table(result)) == text.count("\n") - 1
    assert words in result.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x,colour\n1,r\ntwo,g\n", "new.csv, line 3, column 'x': 'two' is no finite number"),
        ("x,color\n1,r\n", "no column 'colour', which the model needs; did you mean 'color'?"),
        ("a,b\n1,r\n", "no columns 'x', 'colour', which the model needs; there are 'a', 'b'"),
        ("x,colour\n1,r\n1,r,3\n", "line 3: 3 fields"),
        ("x,colour\n", "no rows"),
        ("", "is empty"),
    ],
)
def test_what_cannot_be_predicted_is_one_line_and_exit_code_2(
    run: Mg, models: Path, text: str, words: str
) -> None:
    Path("new.csv").write_text(text)
    result = run("predict", models / "big", "new.csv")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert words in result.stderr


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["nosuch.mgz", "iris"], "nosuch.mgz: No such file"),
        (["amount", "iris"], "iris has no columns 'x', 'colour'"),
        (["table.csv", "iris"], "is no model file; give the model.mgz"),
        (["amount", "table.csv", "--probabilities"], "predicts a quantity, which has none"),
        (["amount", "tabel.csv"], "there is no file 'tabel.csv'"),
        (["amount", "table.csv", "-o", "no/such/x.csv"], "no/such/x.csv: No such file"),
    ],
)
def test_a_users_error_is_one_line_and_exit_code_2(
    run: Mg, models: Path, monkeypatch: pytest.MonkeyPatch, args: list[str], words: str
) -> None:
    monkeypatch.chdir(models)
    result = run("predict", *args)
    assert result.exit_code == 2
    (line,) = [line for line in result.stderr.splitlines() if not line.startswith("note:")]
    assert words in line


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_one_line_and_leaves_no_half_file(
    run: Mg, models: Path, folder: Path
) -> None:
    (folder / "out.csv.part").symlink_to("/dev/full")
    result = run("predict", models / "big", models / "table.csv", "-o", "out.csv")
    assert result.exit_code == 2
    assert result.stderr == "error: out.csv: No space left on device\n"
    assert list(folder.iterdir()) == []
    code = "from mgcli.main import main; main()"
    command = [sys.executable, "-c", code, "predict", models / "big", models / "table.csv"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert "error: standard output: No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.parametrize("written", ["0", "0.0", "0.00"])
def test_a_target_counts_as_right_however_its_number_is_written(
    run: Mg, folder: Path, written: str
) -> None:
    rows = "".join(f"{i}.5,{'1.0' if i > 14 else '0.0'}\n" for i in range(30))
    (folder / "t.csv").write_text("x,y\n" + rows)
    trained = run("train", "t.csv", "--target", "y", "--epochs", "60", "--hidden", "3")
    assert trained.exit_code == 0, trained.output
    (folder / "p.csv").write_text("x,y\n" + f"1.5,{written}\n2.5,{written}\n3.5,7\n")
    result = run("predict", "mg-t", "p.csv")
    assert [row["prediction"] for row in table(result)] == ["0.0"] * 3
    assert "66.7% of the predictions are right (1 rows hold classes" in result.stderr


def test_numbers_may_be_written_otherwise_than_in_training(run: Mg, models: Path) -> None:
    Path("new.csv").write_text("colour;x\nr;4,5\ng;20,5\n")
    result = run("predict", models / "amount", "new.csv")
    found = [float(row["prediction"]) for row in table(result)]
    assert found == pytest.approx([11.25, 51.25], abs=6.0)
    assert "column 'x' is written with decimal ',' here" in result.stderr


def test_a_table_is_predicted_from_standard_input(run: Mg, models: Path) -> None:
    text = "x,colour\n0.5,r\n28.5,b\n"
    result = CliRunner().invoke(mg, ["predict", str(models / "big"), "-"], input=text)
    assert [row["prediction"] for row in table(result)] == ["no", "yes"]


def test_what_stands_for_missing_is_remembered_and_can_be_said_anew(run: Mg, folder: Path) -> None:
    """Rows of "gone" are as empty ones, those of NA a class of their own, as in training."""
    rows = [(("NA", "b", "gone")[i % 3], i if i % 5 else "gone") for i in range(60)]
    worth = {"NA": 1, "b": 5, "gone": 3}
    lines = [f"{text},{number},{worth[text]}" for text, number in rows]
    Path("t.csv").write_text("\n".join(["kind,size,worth", *lines]) + "\n")
    said = ("--na", "gone", "--keep-na", "NA")
    run("train", "t.csv", "--target", "worth", "--task", "regression", "--quick", *said)
    Path("new.csv").write_text("kind,size\nNA,3\ngone,3\nb,gone\n,3\nb,\n")
    found = [float(row["prediction"]) for row in table(run("predict", "mg-t", "new.csv"))]
    again = [float(row["prediction"]) for row in table(run("predict", "mg-t", "new.csv", *said))]
    assert found == again
    assert found[1] == found[3]
    assert found[2] == found[4]
    assert abs(found[0] - found[1]) > 1.0
    other = table(run("predict", "mg-t", "new.csv", "--na", "NA"))
    assert float(other[0]["prediction"]) == found[3], "what is said of this table stands above"
