"""What is built and installed is what stands in the repository, and works without it."""

import json
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from plugin_packages import environment

import mgcore

ROOT = Path(mgcore.__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the wheel as a release does."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_holds_the_packages_whole_and_nothing_else(wheel):
    command = [shutil.which("git") or "git", "ls-files", *PACKAGES]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout, so it is not known which files are tracked")
    names = {n for n in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in n}
    assert set(listed.stdout.splitlines()) <= names
    assert {name.partition("/")[0] for name in names} == set(PACKAGES)


def test_the_installed_wheel_works_by_itself(wheel, tmp_path):
    env = environment(tmp_path)
    env.install(wheel)
    place, rows = env.run("""
        import json, mgcore, mgnn
        from mgcore import Value, ops, plugins
        (x := Value(0.5)).tanh().backward()
        mgnn.MLP(2, [3, 1])([x, x]).backward()
        rows = [[r.name, r.state] for r in plugins(load=True) if r.distribution == "mgcore"]
        print(json.dumps([mgcore.__file__, rows]))
    """)
    assert Path(place).is_relative_to(env.folder), "the installed one was tried, not the checkout"
    shipped = PROJECT["project"]["entry-points"]["mgcore.ops"]
    assert dict(rows) == dict.fromkeys(shipped, "ready")
    done = env.mg("ops", "--json")
    assert {row["name"] for row in json.loads(done.stdout)} >= set(shipped)
