"""Mutated tables never meet anything but a model or a named error.

MG_FUZZ=2000 pytest tests/mgcli/test_fuzz.py     # more of them; MG_FUZZ_SEED=7 others
"""

import gzip
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

import mgnn
from mgcli.data import Reading, from_csv
from mgcli.learning import Choices, learn
from mgcli.predicting import Predictor
from mgcli.sources import open_source
from mgcli.tables import Format, Reader
from mgcore import MgcoreError
from mgnn.tablemodel import TableModel

COUNT = int(os.environ.get("MG_FUZZ", "120"))
SEED = int(os.environ.get("MG_FUZZ_SEED", "1"))

TOKENS = [
    *('"', '""', "'", ",", ";", "\t", "|", "\n", "\r", "\r\n", "\0", "\ufeff", "\ufffe", " "),
    *("1e999", "-1e308", "1e300", "1e-320", "inf", "nan", "NA", "-", "?", "0x10", "1_000", "٣"),
    *("1,234", "1.234,5", "$5", "12%", "(3)", "\u22121", "007", "1.0", "1e5", "9" * 400, "-0"),
    *("2020-02-30", "2020-02-29", "31/12/1999", "0001-01-01", "9999-12-31T23:59:59+14:00", "Jan"),
    *("True", "café", "\U0001f40d", "\x1b[31m", "target", "sep=;\n", "x" * 3000, "a\nb", "\u2028"),
]


def bases() -> list[str]:
    random = Random(0)
    heads = [
        ("x,colour,target", lambda i: f"{random.gauss(0, 1):.3f},{'rgb'[i % 3]},{'yn'[i % 2]}"),
        ("x;y;target", lambda i: f"{i % 7},5;{i * 1.5};{random.random():.3f}".replace(".", ",")),
        (",when,n,target", lambda i: f"{i},2020-{i % 12 + 1:02}-07 0{i % 9}:00,{i % 5},{i % 3}"),
        ('"a b"\t"target"\tz', lambda i: f'"q ""{i % 4}"" w"\t{i * i}\t{"" if i % 3 else i / 7}'),
        ("zip,price,target", lambda i: f'0{100 + i % 9},"${i + 1},{i % 10}00",{i % 2 == 0}'),
    ]
    return ["\n".join([head, *(row(i) for i in range(24))]) + "\n" for head, row in heads]


def mutated(text: str, random: Random) -> bytes:
    for _ in range(random.choice([1, 1, 2, 4, 9])):
        at, end = sorted(random.randrange(len(text) + 1) for _ in range(2))
        end = min(end, at + random.choice([1, 3, 40]))
        kind = random.randrange(6)
        if kind == 0:
            text = text[:at] + random.choice(TOKENS) + text[at:]
        elif kind == 1:
            text = text[:at] + random.choice(TOKENS) + text[end:]
        elif kind == 2:
            text = text[:at] + text[end:]
        elif kind == 3:
            text = text[:at] + text[at:end] * random.choice([2, 5]) + text[end:]
        elif kind == 4:
            text = text.replace(random.choice(text or "a"), random.choice(TOKENS))
        else:  # a whole column, or the target, becomes something else
            lines = text.split("\n")
            token = random.choice(TOKENS)
            lines[1:] = [line.replace(line[-1:], token, 1) if line else "" for line in lines[1:]]
            text = "\n".join(lines)
        text = text[:20_000]
    data = text.encode(random.choice(["utf-8"] * 6 + ["utf-16", "utf-8-sig"]), "surrogatepass")
    spoilt = bytearray(data)
    if random.random() < 0.2 and spoilt:
        spoilt[random.randrange(len(spoilt))] ^= 1 << random.randrange(8)
    return (
        gzip.compress(bytes(spoilt))[: random.choice([None, None, -9])]
        if (random.random() < 0.05)
        else bytes(spoilt)
    )


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[TableModel]:
    """Return a model for each of the tables that are mutated."""
    path = tmp_path_factory.mktemp("bases") / "t.csv"
    made = []
    for text in bases():
        path.write_text(text, encoding="utf-8")
        made.append(trained(path, path.with_suffix(".mgz")))
    return made


def trained(path: Path, to: Path) -> TableModel:
    data = from_csv(path, Reading(target="target"))
    outcome = learn(data, Choices(hidden=(2,), epochs=1, backend="eager"))
    assert all(np.isfinite(score.score) or np.isnan(score.score) for score in outcome.scores)
    mgnn.save(outcome.model, to)
    loaded = mgnn.load(to)
    assert isinstance(loaded, TableModel)
    return loaded


def predicted(path: Path, model: TableModel) -> None:
    predictor = Predictor(model, probabilities=model.task == "classification", keep=True)
    reader = Reader(open_source(path), Format())
    rows = sum(len(next(iter(piece.values()))) for piece in predictor.pieces(reader.tables(10)))
    assert rows == predictor.findings.count
    list(predictor.remarks())


@pytest.mark.filterwarnings("error")
def test_mutated_tables_give_a_model_or_a_named_error(
    tmp_path: Path, models: list[TableModel]
) -> None:
    texts, path = bases(), tmp_path / "t.csv"
    fates: list[str] = []
    for number in range(COUNT):
        random = Random(f"{SEED}/{number}")
        which = random.randrange(len(texts))
        content = mutated(texts[which], random)
        path.write_bytes(content)
        try:
            fates += [
                fate(trained, path, tmp_path / "m.mgz"),
                fate(predicted, path, models[which]),
            ]
        except Exception as error:
            raise AssertionError(f"MG_FUZZ_SEED={SEED}, table {number}: {content!r}") from error
    assert min(Counter(fates)[word] for word in ("done", "refused")) > COUNT / 10


def fate(attempt: Callable[..., Any], *args: Any) -> str:
    try:
        attempt(*args)
    except MgcoreError as error:
        return "refused" if str(error).strip() else "refused without a word"
    return "done"
