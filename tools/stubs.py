"""Write the types of the shipped ops: mgcore/ops.pyi and mgcore/op_methods.pyi.

python tools/stubs.py            # writes both
"""

from __future__ import annotations

import importlib
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import mgcore
from mgcli.stubs import methods_stub, ops_stub

if TYPE_CHECKING:
    from mgcore import Op

PACKAGE = Path(mgcore.__file__).parent
COMMAND = "python tools/stubs.py"


def shipped() -> list[Op]:
    """Return the ops that pyproject.toml names, whether they are installed under it yet or not."""
    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8"))
    places = project["project"]["entry-points"]["mgcore.ops"]
    known = set(dir(mgcore.ops))
    found = []
    for name, place in places.items():
        module, attribute = place.split(":")
        op: Op = getattr(importlib.import_module(module), attribute)
        if name not in known:  # the rules of others may ask for it by name
            mgcore.register(op)
        found.append(op)
    return found


def texts() -> dict[Path, str]:
    """Return what each file is to hold."""
    found = shipped()
    return {
        PACKAGE / "ops.pyi": ops_stub(found, COMMAND),
        PACKAGE / "op_methods.pyi": methods_stub(found, COMMAND),
    }


if __name__ == "__main__":
    for path, text in texts().items():
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path}")
