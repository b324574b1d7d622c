"""``mg export``: model files and kernels as ONNX, C and object code."""

import ctypes
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

import mgcompile
import mgnn
from mgcli.main import mg
from mgcore import Value, ops
from mgnn import MLP

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(mg, ["export", *map(str, words)])


def called(folder: Path, stem: str, params: np.ndarray, x: np.ndarray) -> float:
    """Link a C or object file and call its value."""
    made = folder / f"{stem}.so"
    source = folder / f"{stem}.c"
    source = source if source.exists() else folder / f"{stem}.o"
    compiler = shutil.which("cc") or "cc"
    subprocess.run([compiler, "-shared", "-fPIC", source, "-o", made, "-lm"], check=True)
    value = np.empty(1)
    given = [params, x, value] if len(params) else [x, value]
    pointers = [a.ctypes.data_as(ctypes.c_void_p) for a in given]
    assert getattr(ctypes.CDLL(str(made)), f"{stem}_value")(*pointers) == 0
    return float(value[0])


def test_a_model_becomes_onnx(run: Run, tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    model = MLP(2, [4, 1], activation="tanh", seed=3)
    mgnn.save(model, tmp_path / "net.mgz")
    result = run("net.mgz", "net.onnx")
    assert result.exit_code == 0, result.output
    assert "wrote net.onnx" in result.output
    session = onnxruntime.InferenceSession("net.onnx", providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"x": np.array([[0.5, -1.0]], dtype=np.float32)})
    assert found[0, 0] == pytest.approx(model([0.5, -1.0]).data, rel=1e-5)


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
@pytest.mark.parametrize("ending", ["c", "o"])
def test_models_and_kernels_become_functions_of_c(run: Run, tmp_path: Path, ending: str) -> None:
    model = MLP(2, [4, 1], activation="tanh", seed=3)
    mgnn.save(model, tmp_path / "net.mgz")
    result = run("net.mgz", f"net.{ending}")
    assert result.exit_code == 0, result.output
    assert f"wrote net.{ending} and net.h" in result.output
    params = np.array([p.data for p in model.parameters()])
    found = called(tmp_path, "net", params, np.array([0.5, -1.0]))
    assert found == pytest.approx(model([0.5, -1.0]).data, rel=1e-12)

    x, y = Value(0.5, "x"), Value(2.0, "y")
    mgcompile.compile(ops.sin(x) * y, [x, y]).save("wave.kernel")
    assert run("wave.kernel", f"wave.{ending}").exit_code == 0
    found = called(tmp_path, "wave", np.empty(0), np.array([0.5, 2.0]))
    assert found == pytest.approx(2.0 * np.sin(0.5), rel=1e-12)


def test_object_code_for_another_processor(run: Run, tmp_path: Path) -> None:
    mgnn.save(MLP(2, [1], seed=3), tmp_path / "net.mgz")
    assert run("net.mgz", "net.o", "--target", "aarch64").exit_code == 0
    machine = (tmp_path / "net.o").read_bytes()[18:20]
    assert int.from_bytes(machine, "little") in {183, 1 << 8}  # EM_AARCH64, or a Mach-O file


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("net.mgz", "net.txt"), "ends in none of .onnx, .c and .o"),
        (("net.mgz", "net.onnx", "--target", "aarch64"), "--target is for object code"),
        (("net.mgz", "net.o", "--target", "i386"), "no processor level 'i386'"),
        (("wave.kernel", "wave.onnx"), "is a kernel, which ONNX has no operators for"),
        (("none.mgz", "net.onnx"), "does not exist"),
    ],
)
def test_what_cannot_be_is_told_in_a_line(
    run: Run, tmp_path: Path, words: tuple[str, ...], text: str
) -> None:
    mgnn.save(MLP(2, [1], seed=3), tmp_path / "net.mgz")
    x = Value(0.5, "x")
    mgcompile.compile(ops.sin(x), [x]).save("wave.kernel")
    result = run(*words)
    assert result.exit_code == 2
    assert text in result.output
