"""Build what a release publishes, check it, and install it bare: dist/.

python tools/release_check.py            # with the oldest and the newest Python of this machine

Builds sdist and wheel (the wheel from the sdist, as an installer would), lets twine look at both,
and installs the wheel into an empty environment of each Python: the engine alone must work there,
without NumPy, and then the compiler with its extra.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import tempfile
import textwrap
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"

ENGINE = """
    import sys
    import mgcore, mgnn
    from mgcore import Value, grad, ops, plugins
    x = Value(0.5)
    first = grad(x.tanh(), x, create_graph=True)
    assert abs(first.data - (1 - ops.tanh(0.5) ** 2)) < 1e-12
    model = mgnn.MLP(2, [4, 1], activation="tanh", seed=7)
    mgnn.fit(model, [[0.0, 1.0], [1.0, 0.0]], [1.0, -1.0], epochs=2, progress=False)
    assert all(row.state == "ready" for row in plugins(load=True))
    assert "numpy" not in sys.modules
    print(mgcore.__version__)
"""

COMPILER = """
    import mgbridge, mgcompile
    import numpy as np
    from mgcore import Value, ops
    x = Value(0.5, "x")
    kernel = mgcompile.compile(ops.tanh(x) ** 2, [x])
    points = np.linspace(-1.0, 1.0, 9)[:, None]
    assert np.allclose(kernel(points), np.tanh(points[:, 0]) ** 2)
    assert np.allclose(mgbridge.numpy.ufunc("tanh")(points), np.tanh(points))
"""


def run(*command: object, cwd: Path = ROOT) -> str:
    """Run a command; return what it printed, or stop with it."""
    done = subprocess.run(  # noqa: S603 - commands of this file
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def built() -> tuple[Path, Path]:
    """Build sdist and wheel afresh into dist/; return both."""
    shutil.rmtree(DIST, ignore_errors=True)
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", DIST, ROOT)
    (sdist,), (wheel,) = DIST.glob("*.tar.gz"), DIST.glob("*.whl")
    return sdist, wheel


def check(sdist: Path, wheel: Path) -> None:
    """Let twine check both, and see that each holds what it should."""
    run(sys.executable, "-m", "twine", "check", "--strict", sdist, wheel)
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for name in ("LICENSE", "README.md", "CHANGELOG.md", "pyproject.toml", "docs/index.md"):
        if name not in names:
            sys.exit(f"{sdist.name} lacks {name}")
    typed = [name for name in zipfile.ZipFile(wheel).namelist() if name.endswith("py.typed")]
    if len(typed) < 8 or "mgcore/ops.pyi" not in zipfile.ZipFile(wheel).namelist():
        sys.exit(f"{wheel.name} lacks types")


def pythons() -> list[str]:
    """Return the oldest and the newest Python that are here."""
    lines = run("sh", ROOT / "tools" / "pythons.sh").splitlines()
    found = [line.partition(" ")[2] for line in lines]
    return list(dict.fromkeys([found[0], found[-1]]))


def install(python: str, wheel: Path) -> None:
    """Install the wheel into an empty environment of a Python, and try it."""
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        run(python, "-m", "venv", here / "env")
        inside = here / "env" / "bin" / "python"
        pip = (inside, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        constraints = ("--constraint", ROOT / "constraints.txt")
        run(*pip, *constraints, wheel, cwd=here)
        version = run(inside, "-c", textwrap.dedent(ENGINE), cwd=here).split()[-1]
        run(*pip, *constraints, f"{wheel}[compile]", cwd=here)
        run(inside, "-c", textwrap.dedent(COMPILER), cwd=here)
        told = run(inside, "--version").split()[-1]
        print(f"mgcore {version} installs and works on Python {told}")


def main() -> None:
    """Do all of it."""
    sdist, wheel = built()
    check(sdist, wheel)
    print(f"built and checked {sdist.name} and {wheel.name}")
    for python in pythons():
        install(python, wheel)


if __name__ == "__main__":
    main()
