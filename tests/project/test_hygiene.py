"""The repository keeps to its own rules: imports, files, versions, news."""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import mgcore

ROOT = Path(mgcore.__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )


def tracked() -> list[Path]:
    listed = run("git", "ls-files", "-z")
    if listed.returncode:
        pytest.skip("not a git checkout, so it is not known which files are tracked")
    files = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in files if path.is_file()]


def texts() -> list[tuple[Path, str]]:
    found = []
    for path in tracked():
        try:
            found.append((path, path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue  # a picture
    return found


# Imports.


def test_arrows_of_import_point_one_way():
    pytest.importorskip("importlinter", reason="import-linter is for development alone")
    code = "from importlinter.cli import lint_imports; exit(lint_imports())"
    done = run(sys.executable, "-c", code)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_the_layers_name_every_package():
    contract = PROJECT["tool"]["importlinter"]["contracts"][0]
    named = {name.strip() for layer in contract["layers"] for name in layer.split("|")}
    assert named == set(PACKAGES) == set(PROJECT["tool"]["importlinter"]["root_packages"])
    assert set(PACKAGES) == {path.parent.name for path in ROOT.glob("*/__init__.py")}


def test_the_engine_imports_its_three_dependencies_and_the_standard_library_alone():
    allowed = {"attrs", "importlib_metadata", "mgcore", "pluggy"}
    for path in (ROOT / "mgcore").glob("*.py"):
        for statement in ast.walk(ast.parse(path.read_text())):
            if isinstance(statement, ast.Import):
                names = [alias.name for alias in statement.names]
            elif isinstance(statement, ast.ImportFrom):
                names = [statement.module]
            else:
                continue
            for name in names:
                top = name.partition(".")[0]
                assert top in allowed | sys.stdlib_module_names, f"{path.name} imports {name}"


def test_importing_the_engine_brings_nothing_heavy():
    code = "import json, sys; import mgcore; print(json.dumps(sorted(sys.modules)))"
    done = run(sys.executable, "-c", code)
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert loaded & {"mgnn", "mgcompile", "mgview", "mgcli", "numpy", "importlib_metadata"} == set()


def test_annotations_reach_those_who_install_it():
    for package in PACKAGES:
        assert (ROOT / package / "py.typed").is_file()


# Files.

# Put together here, so that this file does not name them.
HOSTS = ["py" + "pi.org", "python" + "hosted.org", "npm" + "js.org", "npm" + "js.com"]
HOSTS += ["deb." + "debian.org", "crates" + ".io", "yarn" + "pkg.com"]
FOLDERS = "|".join(["ro" + "ot", "wo" + "rk", "fa" + "rm"])
PATHS = re.compile(rf"(?<![\w.$~}}/-])/(?:{FOLDERS})/\w")
HOMES = re.compile(r"(?<![\w.])/(?:ho" + r"me|Us" + r"ers)/(?!user\b|you\b|me\b|ada\b)\w+/")


def test_no_tracked_file_names_a_registry_or_a_path_of_one_machine():
    found = []
    for path, text in texts():
        for number, line in enumerate(text.splitlines(), start=1):
            hosts = [host for host in HOSTS if host in line]
            if hosts or PATHS.search(line) or HOMES.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert found == []


def test_text_files_end_with_one_newline_and_have_no_stray_whitespace():
    found = []
    for path, text in texts():
        built = path.suffix in {".svg", ".html", ".ipynb", ".json", ".snap"}
        if built or "static" in path.parts or not text:
            continue
        if not text.endswith("\n") or text.endswith("\n\n"):
            found.append(f"{path.relative_to(ROOT)}: its end")
        stray = [i for i, line in enumerate(text.splitlines(), 1) if line != line.rstrip()]
        if stray and path.suffix in {".py", ".toml", ".sh", ".yml"}:
            found.append(f"{path.relative_to(ROOT)}: lines {stray[:5]}")
    assert found == []


def test_nothing_is_left_to_do_in_a_comment():
    words = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X"]) + r")\b")
    found = [str(path) for path, text in texts() if path.suffix == ".py" and words.search(text)]
    assert found == []


def test_every_ignore_has_its_reason_beside_it():
    ignore = re.compile(r"# (?:noqa|type: ignore)[\w,: \[\]-]*?(?P<reason>  ?#.*| - .*)?$")
    bare = []
    for path, text in texts():
        if path.suffix != ".py":
            continue
        for number, line in enumerate(text.splitlines(), start=1):
            match = ignore.search(line)
            if match and not match["reason"]:
                bare.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
    assert bare == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such bit")
def test_what_ci_runs_can_be_run():
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


# Versions.


def requirement_names(requirements: list[object]) -> set[str]:
    plain = [text for text in requirements if isinstance(text, str)]
    names = [re.match(r"[\w.-]+", text)[0] for text in plain]
    return {re.sub(r"[-_.]+", "-", name).lower() for name in names}


def test_constraints_pin_every_requirement_by_name_and_version():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert [line for line in pins if not re.fullmatch(r"[\w.-]+==[\w.!]+", line)] == []
    wanted = requirement_names(PROJECT["project"]["dependencies"])
    for group in (PROJECT["project"]["optional-dependencies"], PROJECT["dependency-groups"]):
        for requirements in group.values():
            wanted |= requirement_names(requirements)
    peers = (ROOT / "benchmarks" / "requirements.txt").read_text().splitlines()
    wanted |= requirement_names([line for line in peers if line and not line.startswith("#")])
    assert wanted - {"mgcore"} <= requirement_names(pins)


def test_the_version_is_the_same_everywhere():
    assert mgcore.__version__ == PROJECT["project"]["version"]


# News.

FRAGMENT = re.compile(r"(?:\d+|\+)\.?[\w-]+\.(feature|bugfix|doc|removal|misc)(?:\.\d+)?\.md")


def fragments() -> list[Path]:
    return sorted(p for p in (ROOT / "changelog.d").glob("*") if p.name[0] not in "._")


def test_fragments_are_named_as_towncrier_reads_them_and_say_one_thing():
    for path in fragments():
        assert FRAGMENT.fullmatch(path.name), f"{path.name}: write NUMBER.topic.feature.md"
        assert len(path.read_text().strip().splitlines()) == 1, path.name


def test_towncrier_makes_a_changelog_of_all_fragments():
    pytest.importorskip("towncrier", reason="towncrier is for development alone")
    done = run(sys.executable, "-m", "towncrier", "build", "--draft", "--version", "9.9.9")
    assert done.returncode == 0, done.stderr
    assert "## 9.9.9" in done.stdout
    flat = re.sub(r"\s+", " ", done.stdout)
    for path in fragments():
        issue = path.name.partition(".")[0]
        mark = "" if issue.startswith("+") else f" (#{issue})"
        news = re.sub(r"\s+", " ", path.read_text().strip())
        assert f"- {news}{mark}" in flat, path.name


# Functions.

LONGEST = 40
"""Statements of a function. A longer one would need a reason, and a line here that names it."""


def statements_in(function: ast.AST) -> int:
    found = [node for node in ast.walk(function) if isinstance(node, ast.stmt)]
    docs = [n for n in found if isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant)]
    return len(found) - len(docs) - 1  # itself


def test_no_function_is_too_long_to_be_read_at_once():
    long = [
        f"{path.relative_to(ROOT)}: {node.name}, {statements_in(node)} statements"
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and statements_in(node) > LONGEST
    ]
    assert long == [], "split them by subject"
