import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mgcli.data import Data
from mgcli.learning import Choices, learn
from mgcli.model import Model
from mgcli.modelfile import ModelFileError, load_model, save_model

PARTS = ["model.json", "weights.npy", "preparation.skops"]


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    colours = pd.Series([None if i % 7 == 0 else "rb"[i % 2] for i in range(30)], dtype=object)
    return pd.DataFrame({"x": rng.normal(size=30), "colour": colours})


@pytest.fixture(scope="module")
def model(frame: pd.DataFrame) -> Model:
    kinds = {"x": "number", "colour": "text"}
    target = np.arange(30) % 3
    data = Data(
        "d",
        "d.csv",
        frame,
        kinds,
        target,
        "class",
        "classification",
        ("ä", "b", "c"),  # type: ignore[arg-type]  # str narrows to Kind
    )
    return learn(data, Choices(hidden=(4, 3), activation="tanh", epochs=2)).model


@pytest.fixture
def saved(model: Model, tmp_path: Path) -> Path:
    path = tmp_path / "model.mgz"
    save_model(model, path)
    return path


def test_a_loaded_model_predicts_exactly_as_the_saved_one(
    model: Model, frame: pd.DataFrame, saved: Path
) -> None:
    loaded = load_model(saved)
    for before, after in zip(model.predict(frame), loaded.predict(frame), strict=True):
        assert np.array_equal(before, after)
    assert loaded.classes == ("ä", "b", "c")
    assert loaded.hidden == (4, 3)
    assert loaded.kinds == model.kinds


def test_the_file_is_json_plain_arrays_and_skops_and_nothing_is_left_beside_it(saved: Path) -> None:
    with zipfile.ZipFile(saved) as file:
        assert file.namelist() == PARTS
        description = json.loads(file.read("model.json"))
    assert description["ops"]["tanh"][0] == "mgcore"
    assert [p.name for p in saved.parent.iterdir()] == ["model.mgz"]


def rewritten(saved: Path, **parts: bytes | None) -> Path:
    with zipfile.ZipFile(saved) as file:
        contents: dict[str, bytes | None] = {name: file.read(name) for name in PARTS}
    contents.update({name.replace("_", "."): part for name, part in parts.items()})
    with zipfile.ZipFile(saved, "w") as file:
        for name, part in contents.items():
            if part is not None:
                file.writestr(name, part)
    return saved


def described(saved: Path, **changes: object) -> Path:
    with zipfile.ZipFile(saved) as file:
        description = json.loads(file.read("model.json")) | changes
    return rewritten(saved, model_json=json.dumps(description).encode())


class Harmful:
    def __reduce__(self) -> tuple[object, ...]:
        return (Path("harm").write_text, ("done",))


def npy(array: object) -> bytes:
    import io

    buffer = io.BytesIO()
    np.save(buffer, np.asarray(array), allow_pickle=True)
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
            load_model(saved)


def test_a_part_that_is_missing_or_wrong_is_named(saved: Path) -> None:
    whole = saved.read_bytes()
    cases: list[tuple[dict[str, bytes | None], str]] = [
        ({"weights_npy": None}, "no model file: it has no weights.npy"),
        ({"model_json": b"{"}, "damaged model file .*JSONDecodeError"),
        ({"weights_npy": npy([1.0, 2.0])}, r"weights of shape \(2,\), where \d+ finite numbers"),
        ({"weights_npy": npy([np.nan] * 43)}, "finite numbers belong"),
        ({"preparation_skops": b"junk"}, "damaged model file"),
    ]
    for parts, words in cases:
        saved.write_bytes(whole)
        with pytest.raises(ModelFileError, match=words):
            load_model(rewritten(saved, **parts))


def test_no_pickle_is_ever_run(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    whole = saved.read_bytes()
    for name, part in (
        ("weights_npy", npy(np.array([Harmful()], dtype=object))),
        ("preparation_skops", pickle.dumps(Harmful())),
    ):
        saved.write_bytes(whole)
        with pytest.raises(ModelFileError, match="damaged"):
            load_model(rewritten(saved, **{name: part}))
    assert not (tmp_path / "harm").exists()


def test_a_preparation_of_a_foreign_type_is_refused(saved: Path) -> None:
    import skops.io
    from sklearn.preprocessing import FunctionTransformer

    foreign = skops.io.dumps(FunctionTransformer(func=__import__("os").system))
    with pytest.raises(ModelFileError, match="UntrustedTypesFoundException"):
        load_model(rewritten(saved, preparation_skops=foreign))


def test_a_newer_format_names_the_version_to_install(saved: Path) -> None:
    with pytest.raises(ModelFileError, match="format 2, this mg reads 1; .* mgcore 9.9"):
        load_model(described(saved, format=2, mgcore="9.9"))


def test_an_op_that_is_not_installed_is_named_with_its_distribution(saved: Path) -> None:
    changed = described(saved, activation="wobble", ops={"wobble": ["wobbly-ops", "1.5"]})
    with pytest.raises(ModelFileError, match="uses the op 'wobble' of wobbly-ops 1.5"):
        load_model(changed)
