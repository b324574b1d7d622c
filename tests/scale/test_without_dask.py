"""Without Dask everything else works, and what needs it says which extra to install."""

from __future__ import annotations

import subprocess
import sys
import textwrap


def _run(code: str) -> str:
    hidden = "import sys; sys.modules['dask'] = sys.modules['distributed'] = None\n"
    done = subprocess.run(
        [sys.executable, "-c", hidden + textwrap.dedent(code)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_kernels_name_the_extra() -> None:
    told = _run("""
        import mgcompile
        try:
            mgcompile.dask
        except ImportError as error:
            print(error)
    """)
    assert 'pip install "mgcore[dask]"' in told


def test_training_names_the_extra_and_goes_on_without() -> None:
    told = _run("""
        import mgnn
        from mgcore import MgcoreError
        model = mgnn.MLP(1, [1])
        print(mgnn.fit(model, [[1.0], [2.0]], [1.0, 2.0], epochs=1, progress=False).backend)
        try:
            mgnn.fit(model, [[1.0]], [1.0], backend="dask", progress=False)
        except MgcoreError as error:
            print(error)
    """)
    assert told.startswith("compiled")
    assert 'pip install "mgcore[dask]"' in told


def test_the_command_names_the_extra() -> None:
    told = _run("""
        from mgcli.errors import CliError
        from mgcli.spread import spread
        try:
            next(spread(None, [], "tcp://127.0.0.1:1"))
        except CliError as error:
            print(error)
    """)
    assert 'pip install "mgcore[dask]"' in told


def test_nothing_else_imports_dask() -> None:
    assert "True" in _run("import mgcompile, mgnn, mgcli.predicting, mgnn.training; print(True)")
