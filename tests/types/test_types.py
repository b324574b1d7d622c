"""mypy and pyright, run on what users write: right lines pass, and each wrong one fails."""

import importlib.util
import json
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import mgcore

ROOT = Path(mgcore.__file__).parents[1]
PYRIGHT = ROOT / "page" / "node_modules" / ".bin" / "pyright"

RIGHT = """\
    import numpy as np
    from numpy.typing import NDArray

    import mgcompile
    import mgnn
    from mgcore import Op, Value, grad, ops

    a, b = Value(2.0, label="a"), Value(-3.0)
    c: Value = a * b + 10 - a / 2 ** (1 + b)
    c = -abs(2 * c)
    number: float = ops.tanh(0.5) + ops.pow(2, 3.0) + ops.sum(1.0, 2, 3)
    made: Value = ops.tanh(a) + ops.pow(2, a) + ops.select(a, 1.0, 0.0) + ops.sum(1.0, a)
    made = a.tanh().relu() + a.pow(2) + a.maximum(b) + c.sum(a, 1.0)
    made.backward()
    data: float = made.data + made.grad
    op: Op = ops.tanh
    (slope,) = grad(made, [a], create_graph=True)

    model = mgnn.MLP(2, [4, 1])
    out: Value = model([0.5, 1.0])
    several: list[Value] = mgnn.MLP(2, [4, 3])([a, b])
    loss = (model([a, b]) - 1.0) ** 2 + several[0].exp()

    X = np.zeros((5, 2))
    k = mgcompile.compile(loss, [a, b], model.parameters())
    values: NDArray[np.float64] = k(X)
    one: float = k([0.1, 0.2])
    total = k(X).sum() + (k(X) + 1.0).mean() + k(X)[0]
    mean, gradient = k.loss_and_grad(X)
    mean = mean + float(gradient[0])
    both = mgcompile.compile([loss, c], [a, b])
    first, second = both(X)
    listed: list[float] = [x for x in mgcompile.compile([loss], [a, b])([0.1, 0.2])]

    def held(kernel: mgcompile.Kernel) -> float:
        return float(kernel(X)[0])
"""

WRONG = """\
    import numpy as np

    import mgcompile
    import mgnn
    from mgcore import Value, ops

    a, x = Value(2.0), Value(1.0)
    model = mgnn.MLP(2, [4, 1])
    k = mgcompile.compile(a * x, [a, x])
    X = np.zeros((5, 2))
    y: str = k(X)  # wrong
    z: int = x + 1  # wrong
    x.foo(3)  # wrong
    ops.thanh(a)  # wrong
    ops.tanh(a, x)  # wrong
    ops.pow(a)  # wrong
    ops.tanh("a")  # wrong
    w: float = ops.tanh(a)  # wrong
    s: str = ops.tanh(0.5)  # wrong
    x.tanh(1.0)  # wrong
    m: int = model([1.0, 2.0])  # wrong
    model([1.0, 2.0]).dota  # wrong
    both: float = mgcompile.compile([a * x], [a, x])(X)  # wrong
    l: str = k.loss_and_grad(X)[0]  # wrong
    x + "1"  # wrong
"""


def errors_by_mypy(folder: Path) -> set[tuple[str, int]]:
    command = [sys.executable, "-m", "mypy", "--strict", "--output", "json", "--config-file="]
    done = subprocess.run(
        [*command, *(str(path) for path in sorted(folder.glob("*.py")))],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    assert done.returncode in (0, 1), done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return {(Path(each["file"]).name, each["line"]) for each in found}


def errors_by_pyright(folder: Path) -> set[tuple[str, int]]:
    if not PYRIGHT.exists() or shutil.which("node") is None:
        pytest.skip("pyright is not installed: make page installs it, with Node.js")
    command = [str(PYRIGHT), "--outputjson", "--pythonpath", sys.executable]
    done = subprocess.run(
        [*command, str(folder)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    found = json.loads(done.stdout)["generalDiagnostics"]
    return {
        (Path(each["file"]).name, each["range"]["start"]["line"] + 1)
        for each in found
        if each["severity"] == "error"
    }


@pytest.mark.parametrize("check", [errors_by_mypy, errors_by_pyright], ids=["mypy", "pyright"])
def test_right_code_passes_and_each_wrong_line_fails(check, tmp_path):
    pytest.importorskip("mypy", reason="mypy is for development alone")
    right, wrong = textwrap.dedent(RIGHT), textwrap.dedent(WRONG)
    (tmp_path / "right.py").write_text(right)
    (tmp_path / "wrong.py").write_text(wrong)
    found = check(tmp_path)
    lines = wrong.splitlines()
    expected = {("wrong.py", n) for n, line in enumerate(lines, 1) if line.endswith("# wrong")}
    assert {(file, line) for file, line in found if file == "right.py"} == set()
    assert found == expected


def test_the_stubs_are_what_the_code_makes():
    path = ROOT / "tools" / "stubs.py"
    spec = importlib.util.spec_from_file_location("stubs_tool", path)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    for file, text in tool.texts().items():
        assert file.read_text(encoding="utf-8") == text, "run python tools/stubs.py"


def test_the_stubs_themselves_are_right():
    if not PYRIGHT.exists() or shutil.which("node") is None:
        pytest.skip("pyright is not installed: make page installs it, with Node.js")
    files = ["mgcore/ops.pyi", "mgcore/op_methods.pyi", "mgnn/result_types.pyi"]
    done = subprocess.run(
        [str(PYRIGHT), "--pythonpath", sys.executable, *files],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    assert done.returncode == 0, done.stdout
