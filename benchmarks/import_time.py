"""What `import mgcore` costs beyond importing what it depends on: fresh interpreters, wall time."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

from harness import Contestant, Goal, Row, main

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

OURS, BASE = "import mgcore", "import attrs, pluggy"


def fresh(statement: str) -> Callable[[], Callable[[], None]]:
    """Return what runs `statement` in an interpreter of its own."""

    def prepare() -> Callable[[], None]:
        # Compiled files in a folder of our own: a user's second import, whatever this machine
        # says about writing them.
        folder = tempfile.mkdtemp()
        atexit.register(shutil.rmtree, folder)
        command = [sys.executable, "-X", f"pycache_prefix={folder}", "-c", statement]
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}

        def run() -> None:
            subprocess.run(command, check=True, env=environment)

        run()
        return run

    return prepare


def difference(medians: Mapping[str, float]) -> tuple[str, bool]:
    figure = medians[OURS] - medians[BASE]
    return f"{figure:.1f} ms more", figure <= 15.0


def row() -> Row:
    return Row(
        title="Import time",
        unit="ms, the interpreter's start included",
        seconds=1e-3,
        contestants=[
            Contestant(OURS, fresh(OURS), "mgcore", repeat=False),
            Contestant(BASE, fresh(BASE), "attrs", repeat=False),
            Contestant("nothing", fresh("pass"), repeat=False),
        ],
        goals=[Goal("at most 15 ms more than attrs and pluggy alone", difference)],
        rounds=15,
    )


if __name__ == "__main__":
    main(row)
