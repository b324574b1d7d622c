"""``mg new-op``, from the command to the op in a net and in a kernel, in a fresh environment."""

import json
import os
import subprocess
import sys
import tomllib
import venv
from pathlib import Path
from typing import Any

import pytest
import yaml

import mgcore
from mgcli.commands.new_op import TEMPLATE


def test_four_questions_at_most_are_asked_and_every_one_has_a_default() -> None:
    questions = yaml.safe_load((TEMPLATE / "copier.yml").read_text())
    asked = {k: v for k, v in questions.items() if not k.startswith("_") and v.get("when", True)}
    assert set(asked) == {"package", "operands", "author", "licence"}
    assert all("default" in question for question in asked.values())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("tanh", "the op 'tanh' is taken: mgcore"),
        ("3d", "must be a Python identifier"),
        ("two words", "must be a Python identifier"),
        ("lambda", "must be a Python identifier"),
        ("_hidden", "starts with an underscore"),
        ("backward", "attribute of Value"),
    ],
)
def test_a_name_that_is_taken_or_no_identifier_is_refused(
    name: str, said: str, run: Any, tmp_path: Path
) -> None:
    done = run("new-op", name, "--defaults", "--into", tmp_path / "made")
    assert done.exit_code == 2
    assert said in done.output
    assert not (tmp_path / "made").exists()


def test_a_folder_that_is_there_is_left_alone(run: Any, tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "mine.txt").write_text("keep")
    done = run("new-op", "fresh", "--defaults", "--into", tmp_path / "made")
    assert done.exit_code == 2
    assert "is there already" in done.output
    assert [p.name for p in (tmp_path / "made").iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("licence", ["MIT", "BSD-3-Clause", "Apache-2.0", "none"])
def test_the_licence_is_the_one_chosen(licence: str, run: Any, tmp_path: Path) -> None:
    made = tmp_path / "made"
    done = run(
        *("new-op", "fresh", "--defaults", "--into", made),
        *("--licence", licence, "--author", 'Ann "A" Author'),
    )
    assert done.exit_code == 0, done.output
    project = tomllib.loads((made / "pyproject.toml").read_text())["project"]
    assert project["authors"] == [{"name": 'Ann "A" Author'}]
    assert project["entry-points"] == {"mgcore.ops": {"fresh": "mg_fresh.fresh:fresh"}}
    if licence == "none":
        assert "license" not in project
        assert not (made / "LICENSE").exists()
    else:
        assert project["license"] == licence
        first_word = {"MIT": "MIT", "BSD-3-Clause": "BSD", "Apache-2.0": "Apache"}[licence]
        assert first_word in (made / "LICENSE").read_text()[:200]
    assert yaml.safe_load((made / ".github/workflows/test.yml").read_text())["jobs"]


@pytest.mark.parametrize(
    ("words", "rules"),
    [
        (["--from", "x/(1+abs(x))"], ["forward=lambda x: x / (1.0 + abs(x))", "kink=lambda x: x"]),
        (
            ["--from", "max(x,0)+a*min(x,0)", "--settings", "a=0.1"],
            ["@op_family\ndef fresh(a: float = 0.1) -> Op:"],
        ),
        (["--settings", "slope=0.1"], ["def fresh(slope: float = 0.1) -> Op:"]),
        (["--operands", "any"], ["forward=lambda *xs: sum(x * x for x in xs) / len(xs)"]),
        (["--operands", "3"], ["forward=lambda x, y, z: x / (1.0 + y * y + z * z)"]),
        (["--around", "scipy.special.j0"], ["float(scipy.special.j0(x))", "mpmath.diff(mpmath.j0"]),
    ],
)
def test_every_kind_of_op_is_a_package_whose_module_gives_the_op(
    words: list[str], rules: list[str], run: Any, tmp_path: Path
) -> None:
    made = tmp_path / "made"
    done = run("new-op", "fresh", "--defaults", "--into", made, *words)
    assert done.exit_code == 0, done.output
    source = (made / "mg_fresh" / "fresh.py").read_text()
    assert all(rule in source for rule in rules), source
    names: dict[str, Any] = {}
    exec(source, names)  # noqa: S102 - the module that was just written
    assert isinstance(names["fresh"], mgcore.Op)
    compile((made / "tests" / "test_fresh.py").read_text(), "test_fresh.py", "exec")
    project = tomllib.loads((made / "pyproject.toml").read_text())["project"]
    needs = ["mpmath", "scipy"] if "--around" in words else []
    assert project["dependencies"] == ["mgcore>=0.1", *needs]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--operands", "7"], "--operands is '7'; give 1 to 6, or any"),
        (["--from", "x*", "--settings", "a=1"], "error: "),
        (["--from", "x*x", "--operands", "2"], "--from counts the operands itself"),
        (["--around", "math.sin", "--from", "x"], "leave out --from"),
        (["--partial", "x"], "--partial goes with --around"),
        (["--from", "log(1-x)"], "say where it has with --domain"),
    ],
)
def test_words_that_do_not_fit_are_refused_and_nothing_is_made(
    words: list[str], said: str, run: Any, tmp_path: Path
) -> None:
    done = run("new-op", "fresh", "--defaults", "--into", tmp_path / "made", *words)
    assert done.exit_code == 2, done.output
    assert said in done.output
    assert not (tmp_path / "made").exists()


class Environment:
    """A virtual environment that sees the packages of this one, and what is installed into it."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, with_pip=False, symlinks=os.name != "nt")
        scripts = "Scripts" if os.name == "nt" else "bin"
        self.python = folder / scripts / "python"
        self.folder = folder
        site = next(folder.glob("lib/python*/site-packages"), folder / "Lib" / "site-packages")
        ours = [p for p in sys.path if Path(p).name == "site-packages"]
        checkout = Path(mgcore.__file__).parent.parent
        (site / "project.pth").write_text("\n".join([*ours, str(checkout)]))

    def run(self, *arguments: object, cwd: Path | None = None) -> str:
        done = subprocess.run(
            [str(self.python), *map(str, arguments)],
            cwd=cwd or self.folder,
            env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def install(self, package: Path) -> None:
        pip = [sys.executable, "-m", "pip", "--python", str(self.python), "install", "-q"]
        offline = ["--no-index", "--no-deps", "--no-build-isolation", str(package)]
        subprocess.run([*pip, *offline], check=True, capture_output=True)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Environment]:
    """The package of a new op, made by mg, and an environment that it is installed in."""
    folder = tmp_path_factory.mktemp("new_op")
    environment = Environment(folder / "env")
    package = folder / "package"
    mg = "from mgcli.main import main; main()"
    environment.run("-c", mg, "new-op", "wobble", "--defaults", "--into", package)
    environment.install(package)
    return package, environment


def test_the_package_passes_its_own_tests_and_type_checks(made: tuple[Path, Environment]) -> None:
    package, environment = made
    tests = environment.run("-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=package)
    assert "failed" not in tests
    assert "1 skipped" in tests  # the whole real line has no border
    environment.run("-m", "mypy", "--cache-dir", os.devnull, cwd=package)


def test_the_op_is_listed_works_in_a_net_by_name_and_in_a_compiled_kernel(
    made: tuple[Path, Environment],
) -> None:
    _, environment = made
    mg = "from mgcli.main import main; main()"
    listed = json.loads(environment.run("-c", mg, "ops", "--json"))
    rows = listed if isinstance(listed, list) else listed["ops"]
    assert next(row for row in rows if row["name"] == "wobble")["distribution"] == "mg-wobble"
    out = environment.run(
        "-c",
        "import mgcompile, numpy as np\n"
        "from mgcore import Value, ops\n"
        "from mgnn import MLP\n"
        "net = MLP(2, [3, 1], activation='wobble', seed=1)\n"
        "xs = [Value(0.5), Value(-1.0)]\n"
        "out = net(xs)\n"
        "names = set()\n"
        "from mgcore import topological_order\n"
        "print('wobble' in {n.op.name for n in topological_order(out) if n.op})\n"
        "kernel = mgcompile.compile(out, inputs=xs, params=net.parameters(), backend='llvm')\n"
        "value, slopes = kernel.value_and_grad(np.array([[0.5, -1.0]]))\n"
        "out.backward()\n"
        "print(np.allclose(value, out.data), np.allclose(slopes, [[x.grad for x in xs]]))\n",
    )
    assert out.split() == ["True", "True", "True"]
