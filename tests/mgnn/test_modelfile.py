import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
import pytest

import mgnn
from mgcore import Op
from mgnn import MLP
from mgnn.errors import ModelFileError
from mgnn.features import Date, Number, Text
from mgnn.modelparts import MOST_PARAMETERS
from mgnn.tablemodel import TableModel

PARTS = ["model.json", "weights.npy"]
HERE = Path(__file__).parent


@pytest.fixture
def model() -> TableModel:
    features = (
        Number("x", 0.5, 1.0, 2.0, missing=True, notation=",_"),
        Text("colour", ("r", "ä"), other=True, missing=True),
        Date("day", "%d.%m.%Y", (("year", Number("year", 2000.0, 2001.0, 3.0)),)),
    )
    net = MLP(7, [4, 3], activation="tanh", seed=3, skip=True)
    return TableModel(net, features, "class", "classification", ("ä", "b", "c"), source="d.csv")


@pytest.fixture
def frame() -> dict[str, object]:
    days = ["3.2.1999", None, "1.12.2004", "5.5.2001"]
    return {"x": [1.0, np.nan, 3.0, -1.5], "colour": ["r", None, "ä", "zz"], "day": days}


@pytest.fixture
def saved(model: TableModel, tmp_path: Path) -> Path:
    path = tmp_path / "model.mgz"
    mgnn.save(model, path)
    return path


def test_a_loaded_model_predicts_exactly_as_the_saved_one(
    model: TableModel, frame: dict[str, object], saved: Path
) -> None:
    loaded = mgnn.load(saved)
    assert isinstance(loaded, TableModel)
    assert np.array_equal(loaded.outputs(frame), model.outputs(frame))
    assert loaded.predict(frame).tolist() == model.predict(frame).tolist()
    assert loaded.predict_proba(frame).sum(axis=1) == pytest.approx(np.ones(4))
    assert loaded.predict(pd.DataFrame(frame)).tolist() == model.predict(frame).tolist()
    assert (loaded.features, loaded.classes) == (model.features, model.classes)


def test_inputs_are_what_the_features_say(model: TableModel, frame: dict[str, object]) -> None:
    from mgnn.features import encode_all

    expected = [
        [0.0, 0, 1, 0, 0, 0, -2 / 3],  # (1 - 1) / 2; r; (1999 - 2001) / 3
        [-0.25, 1, 0, 0, 0, 1, -1 / 3],  # the medians 0.5 and 2000; the text is missing
        [1.0, 0, 0, 1, 0, 0, 1.0],
        [-1.25, 0, 0, 0, 1, 0, 0.0],  # zz is another text
    ]
    assert encode_all(model.features, frame) == pytest.approx(np.array(expected))
    assert model.inputs[:2] == ("x", "x (missing)")


def test_a_net_alone_is_saved_and_loaded(tmp_path: Path) -> None:
    for skip in (False, True):
        net = MLP(2, [3, 1], activation="gelu", seed=1, skip=skip)
        mgnn.save(net, tmp_path / "net.mgz")
        loaded = mgnn.load(tmp_path / "net.mgz")
        assert isinstance(loaded, MLP)
        assert loaded([0.3, -2.0]).data == net([0.3, -2.0]).data


def test_what_cannot_be_saved_is_refused_by_name(tmp_path: Path) -> None:
    own = Op("own", forward=lambda x: x * x, partials=(lambda out, x: 2 * x,))
    with pytest.raises(ModelFileError, match="the activation own is no registered op"):
        mgnn.save(MLP(2, [2, 1], activation=own), tmp_path / "a")
    net = MLP(1, [1], seed=0)
    net.parameters()[0].data = float("nan")
    with pytest.raises(ModelFileError, match="not finite"):
        mgnn.save(net, tmp_path / "a")
    with pytest.raises(ModelFileError, match="list cannot be saved"):
        mgnn.save([], tmp_path / "a")  # type: ignore[arg-type]  # the wrong type is meant
    assert list(tmp_path.iterdir()) == []


def test_the_file_is_json_and_a_plain_array_and_nothing_is_left_beside_it(saved: Path) -> None:
    with zipfile.ZipFile(saved) as file:
        assert file.namelist() == PARTS
        description = json.loads(file.read("model.json"))
        weights = np.load(io.BytesIO(file.read("weights.npy")), allow_pickle=False)
    assert description["net"]["op"][0] == "mgcore"
    assert weights.dtype == np.float64
    assert [p.name for p in saved.parent.iterdir()] == ["model.mgz"]


def test_loading_imports_no_heavy_library(saved: Path) -> None:
    code = (
        "import sys, mgnn; m = mgnn.load(sys.argv[1]); "
        "m.predict({'x': [1.0], 'colour': ['r'], 'day': ['1.1.2000']}); "
        "print({'sklearn', 'pandas', 'scipy', 'torch', 'skops', 'llvmlite'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(saved)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"


def test_files_of_format_1_still_load(tmp_path: Path) -> None:
    # Written by "mg train" of the first format, whose predictions for these rows stand beside it.
    expected = json.loads((HERE / "format1.json").read_text())
    loaded = mgnn.load(HERE / "format1.mgz")
    assert isinstance(loaded, TableModel)
    shares = loaded.predict_proba(expected["rows"])
    assert shares == pytest.approx(np.array(expected["probabilities"]), abs=1e-12)
    assert loaded.classes == tuple(expected["classes"])


# What is damaged, or made to do harm.


def rewritten(saved: Path, **parts: bytes | None) -> Path:
    with zipfile.ZipFile(saved) as file:
        contents: dict[str, bytes | None] = {name: file.read(name) for name in PARTS}
    contents.update({name.replace("_", "."): part for name, part in parts.items()})
    with zipfile.ZipFile(saved, "w", zipfile.ZIP_DEFLATED) as file:
        for name, part in contents.items():
            if part is not None:
                file.writestr(name, part)
    return saved


def described(saved: Path, where: str, value: object) -> Path:
    with zipfile.ZipFile(saved) as file:
        description = json.loads(file.read("model.json"))
    *way, last = where.split(".")
    part = description
    for step in way:
        part = part[int(step) if step.isdigit() else step]
    part[last] = value
    return rewritten(saved, model_json=json.dumps(description).encode())


class Harmful:
    def __reduce__(self) -> tuple[object, ...]:
        return (Path("harm").write_text, ("done",))


def npy(array: object, **more: object) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(array, **more), allow_pickle=True)  # type: ignore[call-overload]  # as above
    return buffer.getvalue()


def test_a_foreign_or_damaged_file_is_named(saved: Path) -> None:
    whole = saved.read_bytes()
    cases = {
        b"": "is empty",
        b"a,b\n1,2\n": "no model file; give the model.mgz",
        whole[: len(whole) // 2]: "damaged model file",
        whole[:200] + bytes(100) + whole[300:]: "damaged model file",
    }
    for content, words in cases.items():
        saved.write_bytes(content)
        with pytest.raises(ModelFileError, match=words):
            mgnn.load(saved)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"weights_npy": None}, "no model file: it has no weights.npy"),
        ({"model_json": b"{"}, "damaged model file .*JSONDecodeError"),
        ({"model_json": b"[]"}, "damaged model file"),
        ({"model_json": b"[" * 100_000}, "damaged model file .*RecursionError"),
        ({"weights_npy": npy([1.0, 2.0])}, "where 68 numbers belong|68 finite numbers belong"),
        ({"weights_npy": npy([np.nan] * 68)}, "68 finite numbers belong"),
        ({"weights_npy": npy([1.0] * 68, dtype=np.float32)}, "68 finite numbers belong"),
        ({"weights_npy": npy([Harmful()] * 68, dtype=object)}, "damaged model file"),
        ({"weights_npy": b"x" * 672}, "damaged model file"),
    ],
)
def test_a_part_that_is_missing_or_wrong_is_named(
    saved: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    parts: dict[str, bytes],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelFileError, match=words):
        mgnn.load(rewritten(saved, **parts))
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize(
    ("where", "value", "words"),
    [
        ("format", 3, "format 3, this version reads 1 and 2; it was written by mgcore"),
        ("net.activation", "wobble", "uses the op 'wobble' of mgcore"),
        ("net.activation", "__class__", "uses the op '__class__'"),
        ("net.activation", "maximum", "takes 2 operands"),
        ("net.inputs", 10**9, f"at most {MOST_PARAMETERS:,} are allowed"),
        ("net.sizes", [10**8, 3], f"at most {MOST_PARAMETERS:,} are allowed"),
        ("net.sizes", [5, 3], "numbers belong"),
        ("net.sizes", [], "no layers"),
        ("net.inputs", -7, "where a size belongs"),
        ("net.inputs", True, "where a size belongs"),
        ("table.classes", [], "0 classes"),
        ("table.classes", ["a", "a", "b"], "stands twice"),
        ("table.classes", ["a", "b"], "outputs do not fit"),
        ("table.classes", ["a", "b", 3], "where a text belongs"),
        ("table.task", "guess", "damaged"),
        ("table.scale", 0.0, "scale"),
        ("table.mean", None, "where a finite number belongs"),
        ("table.features", [], "the net takes 7 inputs"),
        ("table.features.0.scale", 0, "scale of 'x'"),
        ("table.features.0.kind", "os.system", "a feature of the kind 'os.system'"),
        ("table.features.2.parts", {"century": {}}, "damaged"),
    ],
)
def test_a_description_that_does_not_fit_is_named(
    saved: Path, where: str, value: object, words: str
) -> None:
    with pytest.raises(ModelFileError, match=words):
        mgnn.load(described(saved, where, value))


def test_a_zip_bomb_is_refused_unread(saved: Path) -> None:
    bomb = b"[" + b" " * (200 << 20) + b"]"
    for part in ("model_json", "weights_npy"):
        rewritten(saved, **{part: bomb})
        assert saved.stat().st_size < 1 << 20
        with pytest.raises(ModelFileError, match="holds more than 64 MiB"):
            mgnn.load(saved)


def test_a_flipped_bit_gives_the_same_model_or_a_named_error(
    model: TableModel, frame: dict[str, object], saved: Path
) -> None:
    whole = saved.read_bytes()
    right = model.outputs(frame)
    random = Random(5)
    for _ in range(250):
        place = random.randrange(8 * len(whole))
        flipped = bytearray(whole)
        flipped[place // 8] ^= 1 << place % 8
        saved.write_bytes(flipped)
        try:
            loaded = mgnn.load(saved)
        except ModelFileError:
            continue
        assert isinstance(loaded, TableModel), place
        assert np.array_equal(loaded.outputs(frame), right), place


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_leaves_no_half_file(model: TableModel, tmp_path: Path) -> None:
    path = tmp_path / "model.mgz"
    (tmp_path / "model.mgz.part").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left") as caught:
        mgnn.save(model, path)
    assert caught.value.filename == str(path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes among its files")
def test_a_pipe_is_no_model_and_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModelFileError, match="a pipe or a device"):
        mgnn.load(tmp_path / "pipe")
