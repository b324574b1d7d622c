"""The page's code: types and unit tests hold, and the built file comes from this source."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[2] / "page"
BUILT = PAGE.parent / "mgview" / "static"


@pytest.fixture
def npx(missing: Any) -> Any:
    """Run a tool of the page's own packages."""
    if shutil.which("node") is None or not (PAGE / "node_modules" / "esbuild").exists():
        missing("Node.js and the page's packages (npm ci --prefix page)")

    def run(tool: str, *arguments: str) -> None:
        command = [str(PAGE / "node_modules" / ".bin" / tool), *arguments]
        done = subprocess.run(command, cwd=PAGE, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    return run


@pytest.mark.parametrize(
    ("name", "source"), [("page.js", "main.ts"), ("playground.js", "playground/main.ts")]
)
def test_the_built_file_matches_the_source(
    npx: Any, tmp_path: Path, name: str, source: str
) -> None:
    fresh = tmp_path / name
    options = ["--bundle", "--format=iife", "--target=es2021", "--charset=utf8"]
    npx("esbuild", f"src/{source}", *options, f"--outfile={fresh}")
    same = fresh.read_text(encoding="utf-8") == (BUILT / name).read_text(encoding="utf-8")
    assert same, f"mgview/static/{name} is out of date: run `npm run build` in page/"


def test_the_types_of_the_source_hold(npx: Any) -> None:
    npx("tsc", "--noEmit")


def test_the_unit_tests_of_the_source_pass(npx: Any) -> None:
    npx("vitest", "run")
