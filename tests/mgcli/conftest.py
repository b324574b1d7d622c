import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mgcli.main import mg

Mg = Callable[..., Result]
MgProcess = Callable[..., "subprocess.CompletedProcess[str]"]
Plugin = Callable[..., None]


@pytest.fixture(autouse=True)
def short_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a search try fewer settings than in use, so that tests take a second, not five."""
    monkeypatch.setattr("mgcli.search.BUDGET", 1.5e10)


@pytest.fixture
def run() -> Mg:
    """Run mg in this process: ``run("grad", "a*b", "a=2")``."""

    def run_(*args: object) -> Result:
        return CliRunner().invoke(mg, [str(a) for a in args])

    return run_


@pytest.fixture
def plugin_folder(tmp_path: Path) -> Path:
    return tmp_path / "site"


@pytest.fixture
def run_process(plugin_folder: Path) -> MgProcess:
    """Run mg as a program of its own, which sees the distributions in `plugin_folder`."""

    def run_(
        *args: object, stdin: str | None = None, **env: str
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-c", "from mgcli.main import main; main()", *map(str, args)],
            env={**os.environ, "PYTHONPATH": str(plugin_folder), **env},
            capture_output=True,
            text=True,
            encoding="utf-8",
            input=stdin,
            timeout=120,
            check=False,
        )

    return run_


@pytest.fixture
def install_plugin(plugin_folder: Path) -> Plugin:
    """Lay a distribution into `plugin_folder` as an installer would."""

    def install(dist: str, version: str, code: str, *ops: str) -> None:
        module = dist.replace("-", "_")
        info = plugin_folder / f"{module}-{version}.dist-info"
        info.mkdir(parents=True)
        (plugin_folder / f"{module}.py").write_text(code)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {dist}\nVersion: {version}\n")
        entries = "".join(f"{op} = {module}:{op}\n" for op in ops)
        (info / "entry_points.txt").write_text(f"[mgcore.ops]\n{entries}")

    return install
