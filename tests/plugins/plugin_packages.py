"""Build small distributions and install them for real, without a network."""

import base64
import hashlib
import json
import os
import subprocess
import sys
import textwrap
import venv
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import attrs

VARIABLES = ("MGCORE_PREFER", "MGCORE_DISABLE", "MGCORE_STRICT")
NONE: Mapping[str, str] = {}


@attrs.frozen
class Package:
    """Describe a distribution to be built.

    Args:
        name: of the distribution.
        entries: op name -> ``module:attribute`` in the group ``mgcore.ops``.
        modules: file path -> source.
        version: of the distribution.

    """

    name: str
    entries: Mapping[str, str]
    modules: Mapping[str, str]
    version: str = "1.0"

    def build(self, folder: Path) -> Path:
        """Write the wheel into `folder`, as PEP 427 describes it; return its path."""
        stem = f"{self.name.replace('-', '_')}-{self.version}"
        points = "".join(f"{name} = {value}\n" for name, value in self.entries.items())
        files = {path: textwrap.dedent(source) for path, source in self.modules.items()}
        info = f"{stem}.dist-info"
        files[f"{info}/METADATA"] = (
            f"Metadata-Version: 2.1\nName: {self.name}\nVersion: {self.version}\n"
        )
        files[f"{info}/WHEEL"] = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        files[f"{info}/entry_points.txt"] = f"[mgcore.ops]\n{points}"
        record = "".join(f"{path},{_digest(text)}\n" for path, text in files.items())
        files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
        path = folder / f"{stem}-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as wheel:
            for name, text in files.items():
                wheel.writestr(name, text)
        return path


def _digest(text: str) -> str:
    data = text.encode()
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"sha256={digest},{len(data)}"


@attrs.frozen
class Environment:
    """A virtual environment that sees the project's packages and has more installed."""

    folder: Path

    @property
    def python(self) -> Path:
        """Return the environment's interpreter."""
        scripts = "Scripts" if os.name == "nt" else "bin"
        return self.folder / scripts / Path(sys.executable).name

    @property
    def site_packages(self) -> Path:
        """Return the folder that packages are installed into."""
        (found,) = self.folder.rglob("site-packages")
        return found

    def install(self, *what: Path) -> None:
        """Install wheels or source trees with pip."""
        pip = [sys.executable, "-m", "pip", "--python", self.python, "install", "--quiet"]
        offline = ["--no-index", "--no-deps", "--no-build-isolation", "--no-warn-script-location"]
        _checked([*pip, *offline, *what], self.folder)

    def run(self, code: str, *, timeout: float = 120, **variables: str) -> Any:
        """Run `code` in a new interpreter; return what it last printed, read as JSON."""
        command = [self.python, "-c", textwrap.dedent(code)]
        out = _checked(command, self.folder, variables, timeout).stdout
        lines = out.strip().splitlines()
        return json.loads(lines[-1]) if lines else None

    def mg(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the ``mg`` command of this environment, whatever its exit code."""
        call = "from mgcli.main import main; main()"
        return _run([self.python, "-c", call, *arguments], self.folder, variables)


def environment(folder: Path, packages: Iterable[Package] = ()) -> Environment:
    """Create a virtual environment in `folder`, with `packages` installed from wheels."""
    venv.create(folder / "env", with_pip=False, symlinks=os.name != "nt")
    made = Environment(folder / "env")
    # Read by site at start-up: the folders that this interpreter has its packages from.
    ours = [path for path in sys.path if Path(path).name in {"site-packages", "dist-packages"}]
    lines = [f"import site; site.addsitedir({path!r})\n" for path in ours]
    (made.site_packages / "project.pth").write_text("".join(lines))
    wheels = [package.build(folder) for package in packages]
    if wheels:
        made.install(*wheels)
    return made


def _checked(
    command: list[Any], folder: Path, variables: Mapping[str, str] = NONE, timeout: float = 300
) -> subprocess.CompletedProcess[str]:
    done = _run(command, folder, variables, timeout)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


def _run(
    command: list[Any], folder: Path, variables: Mapping[str, str], timeout: float = 300
) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if k not in VARIABLES and k != "PYTHONPATH"}
    return subprocess.run(
        list(map(str, command)),
        cwd=folder,  # not the checkout, whose packages Python would find first
        env={**clean, "COLUMNS": "200", **variables},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
