import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from mgcli.commands.train import _check_activation
from mgcli.errors import CliError

Mg = Callable[..., Result]
MgProcess = Callable[..., "subprocess.CompletedProcess[str]"]

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def houses(folder: Path) -> Path:
    cities = ["Bern", "Genf", "Zürich"]
    rows = [
        f"{40 + 3 * i},{cities[i % 3]},{i % 4 + 1 if i % 5 else ''},{300 + 9 * i + 80 * (i % 3)}"
        for i in range(40)
    ]
    path = folder / "houses.csv"
    path.write_text("\n".join(["size,city,rooms,price", *rows]) + "\n", encoding="utf-8")
    return path


def test_a_csv_file_becomes_a_model_a_score_and_a_picture(run: Mg, houses: Path) -> None:
    args = ("--target", "price", "--epochs", "60", "--weight-decay", "0")
    result = run("train", houses, *args)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert "40 rows, 2 numeric and 1 text columns" in lines[0]
    assert "a quantity from 300 to" in lines[1]
    assert "net      6 > 16 silu > 1, 129 parameters" in lines[2]
    assert lines[3].startswith("training 32 rows, 60 epochs, adam with lr 0.03; 8 rows are held")
    scores = {
        line.rsplit(maxsplit=2)[0]: line.split()[-2:] for line in lines if line.count(".") > 1
    }
    assert float(scores["this net"][0]) > 0.9
    assert float(scores["ridge regression"][0]) > 0.9
    assert float(scores["always the mean"][0]) < 0.1
    assert zipfile.is_zipfile("mg-houses/model.mgz")
    assert Path("mg-houses/training.png").read_bytes().startswith(PNG)
    assert "mg predict mg-houses/model.mgz" in lines[-1]


def test_a_bundled_set_is_trained_by_its_name(run: Mg) -> None:
    result = run("train", "breast_cancer", "--epochs", "2", "--hidden", "4", "--out", "a/b")
    assert result.exit_code == 0, result.output
    assert "2 classes: malignant (212), benign (357)" in result.stdout
    assert "30 > 4 silu > 1" in result.stdout
    assert "on the 114 rows held out  accuracy  balanced    AUC" in result.stdout
    accuracy = next(line for line in result.stdout.splitlines() if line.startswith("this net"))
    assert float(accuracy.split()[-3].rstrip("%")) > 80
    assert 0.8 < float(accuracy.split()[-1]) <= 1.0
    assert Path("a/b/model.mgz").exists()


def test_more_than_two_classes_and_any_op_as_activation(run: Mg) -> None:
    args = ("--hidden", "5,4", "--hidden", "3", "--activation", "softplus", "--epochs", "1")
    result = run("train", "wine", *args)
    assert result.exit_code == 0, result.output
    assert "13 > 5 softplus > 4 softplus > 3 softplus > 3" in result.stdout


def test_a_report_is_one_page_that_asks_no_network(run: Mg) -> None:
    result = run("train", "iris", "--epochs", "1", "--hidden", "3", "--report", "iris.html")
    assert result.exit_code == 0, result.output
    page = Path("iris.html").read_text(encoding="utf-8")
    for words in ("Training on iris", "setosa", "petal length", "logsumexp", "logistic regression"):
        assert words in page
    assert "<script src=" not in page


def test_a_report_judges_in_the_targets_unit_and_names_the_settings_used(
    run: Mg, houses: Path
) -> None:
    args = ("train", houses, "--target", "price", "--epochs", "2", "--report", "houses.html")
    result = run(*args)
    assert result.exit_code == 0, result.output
    page = Path("houses.html").read_text(encoding="utf-8")
    assert "R2, on the held-out rows" in page
    assert re.search("This net has R2 .*, .*: (its error|it does)", page)
    assert "in the unit of price" in page
    (table,) = re.findall("<h2>Settings</h2>(.*?)</table>", page, re.DOTALL)
    settings = dict(re.findall('<th scope="row">(.*?)</th><td>(.*?)</td>', table))
    assert settings["epochs"] == "2"
    assert float(settings["lr"]) > 0
    assert float(settings["weight decay"]) > 0
    assert not {"automatic", "None", "none"} & set(settings.values())


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_the_same_command_gives_the_same_scores(run: Mg, houses: Path, optimizer: str) -> None:
    args = ("train", houses, "--target", "price", "--epochs", "2", "--optimizer", optimizer)

    def scores() -> list[str]:
        lines = run(*args).stdout.splitlines()
        return lines[lines.index("") : lines.index("") + 5]

    assert scores() == scores()


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["train", "irs"], "did you mean 'iris'"),
        (["train", "houses.cvs", "--target", "price"], "did you mean 'houses.csv'?"),
        (["train", "houses.csv", "--target", "prise"], "did you mean 'price'"),
        (["train", "houses.csv"], "Give --target NAME"),
        (["train", "iris", "--target", "class"], "--target is for CSV files"),
        (["train", "iris", "--text", "class"], "--text is for CSV files"),
        (["train", "iris", "--hidden", "3,x"], "'x' is no size of a layer"),
        (["train", "iris", "--hidden", "0"], "'0' is no size of a layer"),
        (["train", "iris", "--hidden", "100000000"], "a net of 800,000,003 parameters; at most"),
        (["train", "iris", "--activation", "tahn"], "did you mean tanh?"),
        (["train", "iris", "--activation", "maximum"], "takes 2 operands"),
        (["train", "iris", "--backend", "eagr"], "did you mean eager?"),
        (["train", "iris", "--epochs", "0"], "--epochs"),
        (["train", "iris", "--hold-out", "1"], "--hold-out"),
        (["train", "iris", "--hold-out", "nan"], "'nan' is not a number at least 0 and less than"),
        (["train", "iris", "--lr", "inf"], "'inf' is not a number greater than 0"),
        (["train", "iris", "--weight-decay", "-1"], "'-1' is not a number at least 0"),
        (["train", "iris", "--seed", "-5"], "--seed"),
        (["train", "iris", "--activation", "__class__"], "'__class__' is no name of an op"),
        (["train", "iris", "--class-weight", "equal"], "--class-weight"),
        (["train", "diabetes", "--class-weight", "balanced"], "which has no classes"),
        (["train", "houses.csv", "--delimiter", "ab"], "a delimiter is one character"),
        (["train", "houses.csv", "--target", "a", "--target", "b"], "given 2 times (a, b)"),
        (["train", "iris", "--decimal", ","], "--decimal is for CSV files"),
        (["train", "iris", "--report", "x.pdf"], "let the name end in .html"),
        (["train", "iris", "--report", "no/such/x.html"], "there is no folder no/such"),
        (["train", "."], "Is a directory"),
        (["train", "houses.csv", "--target", "price", "--out", "houses.csv"], "houses.csv"),
        (
            ["train", "houses.csv", "--target", "price", "--optimizer", "sgd", "--lr", "1e9"],
            "the loss became infinite or NaN",
        ),
    ],
)
@pytest.mark.usefixtures("houses")
def test_a_users_error_is_one_line_and_exit_code_2(run: Mg, args: list[str], words: str) -> None:
    result = run(*args)
    assert result.exit_code == 2, result.output
    (line,) = [line for line in result.stderr.splitlines() if not line.startswith("note:")]
    assert line.startswith("error: ")
    assert words in line


def test_settings_are_chosen_on_validation_rows_and_told(run: Mg, houses: Path) -> None:
    result = run("train", houses, "--target", "price", "--hidden", "3")
    assert result.exit_code == 0, result.output
    assert "6 > 3 silu > 1, 25 parameters" in result.stdout
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("chosen")]
    assert re.search(
        r"of \d+ settings, on validation rows: loss \d[\d.e-]+ after \d+ of \d+ epochs, a linear "
        "model's",
        line,
    )


def test_a_search_that_the_clock_cuts_short_says_so(
    run: Mg, houses: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mgcli.search.MOST_SECONDS", 0.0)
    result = run("train", houses, "--target", "price", "--hidden", "3")
    assert result.exit_code == 0, result.output
    assert "the search was cut short after 0 s" in result.stderr
    assert "of 1 settings" in result.stdout


def test_where_no_net_is_surely_better_a_linear_model_is_told(run: Mg, folder: Path) -> None:
    rows = [f"{i % 7},{(i * 5) % 11},{'yn'[(i * i) % 3 % 2]}" for i in range(60)]
    Path("noise.csv").write_text("\n".join(["a,b,y", *rows]))
    result = run("train", "noise.csv", "--target", "y", "--hidden", "2", "--report", "r.html")
    assert result.exit_code == 0, result.output
    assert "a linear model alone: of" in result.stdout
    assert "the best net's loss" in result.stdout
    page = Path("r.html").read_text(encoding="utf-8")
    assert "0%, the rest a linear model" in page
    assert "weight decay" not in page
    assert run("predict", "mg-noise", "noise.csv").stdout.count("\n") == 61


def test_a_table_comes_from_standard_input_and_is_trained_whole(
    run_process: MgProcess, houses: Path
) -> None:
    args = ("train", "-", "--target", "price", "--epochs", "2", "--hold-out", "0", "--out", "o")
    done = run_process(*args, stdin=houses.read_text(encoding="utf-8"))
    assert done.returncode == 0, done.stderr
    assert "standard input: 40 rows" in done.stdout
    assert "40 rows, 2 epochs, adam with lr 0.03; no rows are held out" in done.stdout
    assert Path("o/model.mgz").exists()


def test_unequal_classes_are_remarked(run: Mg, folder: Path) -> None:
    rows = [f"{i % 7}.5,{'rare' if i % 12 == 5 else 'usual'}" for i in range(120)]
    Path("u.csv").write_text("\n".join(["x,target", *rows]) + "\n")
    result = run("train", "u.csv", "--epochs", "2")
    assert "--class-weight balanced finds the rare classes more often" in result.stderr
    assert "where its probability is above 50 %" in result.stderr


def test_names_that_a_terminal_cannot_show_do_no_harm(run_process: MgProcess) -> None:
    rows = "".join(f"{i % 7}.5,{'café' if i % 2 else '$x^$'}\n" for i in range(40))
    Path("c.csv").write_text(f"a$\\frac$,target\n{rows}", encoding="utf-8")
    args = ("train", "c.csv", "--epochs", "1", "--report", "r.html")
    done = run_process(*args, PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert r"caf\xe9 (20)" in done.stdout
    done = run_process("predict", "mg-c", "c.csv", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "$x^$" in done.stdout


def interrupted(folder: Path, *args: str) -> "subprocess.CompletedProcess[str]":
    """Run mg train, and press Ctrl-C once the training has begun."""
    command = [sys.executable, "-u", "-c", "from mgcli.main import main; main()", "train", *args]
    pipe = subprocess.PIPE
    env = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, cwd=folder, stdout=pipe, stderr=pipe, text=True, env=env)
    assert process.stdout is not None
    seen = []
    for line in process.stdout:
        seen.append(line)
        if line.startswith("training"):
            break
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess(command, process.returncode, "".join(seen) + out, err)


def test_ctrl_c_keeps_the_model_so_far_and_says_so(folder: Path, run: Mg) -> None:
    done = interrupted(folder, "iris", "--epochs", "100000", "--backend", "eager")
    assert done.returncode == 130, done.stderr
    assert "keeps what it has learnt so far" in done.stderr
    assert "Traceback" not in done.stderr
    assert "stopped after" in done.stdout
    assert "this net" in done.stdout
    result = run("predict", "mg-iris", "iris")
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 151


def test_a_member_of_a_family_is_an_activation_by_its_name() -> None:
    _check_activation("leaky_relu:0.2")
    with pytest.raises(CliError, match="is no name of an op"):
        _check_activation("two words:0.2")
