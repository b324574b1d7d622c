"""``mg predict --dask`` writes what ``mg predict`` does, and says the same of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from mgcli.main import mg
from mgcli.tables import ROWS_AT_ONCE

if TYPE_CHECKING:
    from pathlib import Path

    from distributed import Client

ROWS = 3 * ROWS_AT_ONCE + 1000


def _run(*words: object) -> Result:
    return CliRunner().invoke(mg, [str(word) for word in words])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of classes and one of a quantity, and a table of several pieces that has both."""
    made = tmp_path_factory.mktemp("predict")
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {"x": rng.normal(size=ROWS).round(3), "colour": rng.choice(list("rgb"), ROWS)}
    )
    table["amount"] = 2.5 * table["x"] + (table["colour"] == "r")
    table["big"] = np.where(table["amount"] > 0, "yes", "no")
    table.head(200).to_csv(made / "some.csv", index=False)
    for target, other in (("big", "amount"), ("amount", "big")):
        words = [
            "--epochs",
            30,
            "--lr",
            0.05,
            "--hidden",
            4,
            "--out",
            made / target,
            "--drop",
            other,
        ]
        result = _run("train", made / "some.csv", "--target", target, *words)
        assert result.exit_code == 0, result.output
    table.loc[[5, ROWS // 2, ROWS - 1], "colour"] = ["new", "newer", "new"]
    table.to_csv(made / "all.csv", index=False)
    table.to_parquet(made / "all.parquet", index=False)
    return made


@pytest.mark.parametrize("target", ["big", "amount"])
@pytest.mark.parametrize("source", ["all.csv", "all.parquet"])
def test_predictions_and_remarks_are_those_of_one_process(
    client: Client, folder: Path, target: str, source: str
) -> None:
    words = ["predict", folder / target, folder / source, "--keep"]
    words += ["--probabilities"] * (target == "big")
    wanted = _run(*words)
    found = _run(*words, "--dask", client.scheduler.address)
    assert wanted.exit_code == found.exit_code == 0, found.output
    assert "newer" in found.stdout
    assert "in the table too" in found.stderr
    assert found.stderr == wanted.stderr
    assert found.stdout.count("\n") == ROWS + 1
    if source == "all.csv":  # the pieces are the same
        assert found.stdout == wanted.stdout


def test_what_is_wrong_on_a_worker_is_told_in_one_line(client: Client, folder: Path) -> None:
    lines = (folder / "all.csv").read_text().splitlines()
    lines[2 * ROWS_AT_ONCE + 10] = "what,r,0.0,no"
    bad = folder / "bad.csv"
    bad.write_text("\n".join(lines) + "\n")
    result = _run("predict", folder / "big", bad, "--dask", client.scheduler.address)
    assert result.exit_code == 2
    assert f"line {2 * ROWS_AT_ONCE + 11}, column 'x'" in result.stderr


def test_a_scheduler_that_does_not_answer_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mgcli.spread.SECONDS", 0.5)
    for address in ("tcp://127.0.0.1:9", "no address"):
        result = _run("predict", folder / "big", folder / "some.csv", "--dask", address)
        assert result.exit_code == 2
        assert f"--dask {address}: no scheduler answers there" in result.stderr
