"""What a release would publish is built, checked and described."""

import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

import pytest

import mgcore

ROOT = Path(mgcore.__file__).parents[1]
WORKFLOW = ROOT / ".github" / "workflows" / "release.yml"


@pytest.fixture(scope="module")
def dist(tmp_path_factory):
    pytest.importorskip("build", reason="build is for development alone")
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_twine_has_nothing_to_say_against_sdist_and_wheel(dist):
    pytest.importorskip("twine", reason="twine is for development alone")
    files = [str(path) for path in dist.iterdir()]
    assert len(files) == 2
    command = [sys.executable, "-m", "twine", "check", "--strict", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("PASSED") == 2


def test_the_sdist_holds_every_tracked_file(dist):
    command = [shutil.which("git") or "git", "ls-files"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout, so it is not known which files are tracked")
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {name for name in listed.stdout.splitlines() if (ROOT / name).is_file()}
    assert wanted - names == set()


def test_the_workflow_publishes_without_a_password_what_it_has_installed_everywhere():
    yaml = pytest.importorskip("yaml", reason="PyYAML comes with what is for development")
    flow = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    jobs = flow["jobs"]
    assert flow[True]["push"]["tags"] == ["v*"]  # YAML reads `on` as a truth value
    assert jobs["publish"]["permissions"] == {"id-token": "write"}
    assert (jobs["publish"]["needs"], jobs["install"]["needs"]) == ("install", "build")
    used = [step.get("uses", "") for step in jobs["publish"]["steps"]]
    assert any(step.startswith("pypa/gh-action-pypi-publish@") for step in used)
    assert "password" not in str(jobs)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    oldest = project["requires-python"].removeprefix(">=")
    assert jobs["install"]["strategy"]["matrix"]["python"][0] == oldest


def test_a_version_that_was_released_has_its_place_in_the_changelog():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    if mgcore.__version__ != "0.1.0":  # the last before there was a changelog
        assert re.search(rf"^## {re.escape(mgcore.__version__)} \(\d{{4}}-", text, re.MULTILINE)
        notes = (ROOT / "docs" / "upgrade.md").read_text(encoding="utf-8")
        assert mgcore.__version__.rpartition(".")[0] in notes


def test_the_steps_before_a_test_run_include_the_release():
    steps = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    before, _, _ = steps.partition("make test\n")
    assert re.search(r"^make\b.* release$", before, re.MULTILINE)
