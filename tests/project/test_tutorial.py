"""The tutorial, from the first command to the wheel, run as printed in a fresh environment."""

import os
import re
import shlex
import subprocess
import sys
import venv
from pathlib import Path

import attrs
import pytest

import mgcore

ROOT = Path(mgcore.__file__).parents[1]
TUTORIAL = ROOT / "docs" / "tutorial.md"
BLOCK = re.compile(
    r"(?:<!-- (?P<note>[^>]+) -->\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
# What a reader's pip does over the network, ours does with what is installed.
OFFLINE = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0"}


@attrs.frozen
class Reader:
    """Do what the tutorial says, in a folder and an environment of its own."""

    folder: Path
    python: Path

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        assert path.parent.is_dir(), f"{name}: the commands above make no such folder"
        path.write_text(text)

    def run(self, *command: str, code: int = 0) -> str:
        done = subprocess.run(
            [str(self.python), *command],
            cwd=self.folder,
            env={**os.environ, **OFFLINE, "COLUMNS": "250", "PYTHONPATH": ""},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def follow(self, text: str) -> None:
        """Run each line after a $, and look for the lines below it in what is printed."""
        for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            line, *expected = part.strip().splitlines()
            code = next((int(e.split()[-1]) for e in expected if e.startswith("! exit")), 0)
            program, *arguments = shlex.split(line)
            start = {"python": [], "mg": ["-c", "from mgcli.main import main; main()"]}[program]
            printed = " ".join(self.run(*start, *arguments, code=code).split())
            for shown in expected:
                if not shown.startswith("!"):
                    assert all(word in printed for word in _parts(shown)), (line, shown, printed)


def _parts(shown: str) -> list[str]:
    """Return a printed line as it is; a row of a table as its cells."""
    text = " ".join(shown.split())
    return [text] if text[:1].isalpha() and ":" in text else text.split()


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    environment = tmp_path / "env"
    venv.create(environment, with_pip=False, symlinks=os.name != "nt")
    python = environment / ("Scripts" if os.name == "nt" else "bin") / "python"
    site = next(environment.glob("lib/python*/site-packages"), environment / "Lib/site-packages")
    ours = [p for p in sys.path if Path(p).name == "site-packages"]
    (site / "project.pth").write_text("\n".join([*ours, str(ROOT)]))
    folder = tmp_path / "work"
    folder.mkdir()
    return Reader(folder, python)


def test_the_tutorial_runs_as_printed(reader: Reader) -> None:
    blocks = list(BLOCK.finditer(TUTORIAL.read_text()))
    assert len(blocks) >= 10
    for block in blocks:
        note, kind, text = block["note"] or "", block["kind"], block["text"]
        if note.startswith("file: "):
            reader.write(note.removeprefix("file: "), text)
        elif kind == "console":
            reader.follow(text)
        else:
            assert (note, kind) == ("run", "python"), "a block that no test runs"
            reader.run("-c", text)
    assert [p.suffix for p in (reader.folder / "dist").iterdir()] == [".whl"]
