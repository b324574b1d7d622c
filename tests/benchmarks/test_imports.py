"""What benchmarks import of the project, inside of functions too, is there."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

HERE = Path(__file__).parents[2] / "benchmarks"
OURS = ("mgcore", "mgcompile", "mgnn", "mgbridge", "mgcli", "mgview", "mgops_")


def imports():
    for path in sorted(HERE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(OURS):
                names = [alias.name for alias in node.names]
                yield pytest.param(node.module, names, id=f"{path.stem}: {node.module}")


@pytest.mark.parametrize(("module", "names"), [*imports()])
def test_every_name_that_a_benchmark_imports_exists(module, names):
    found = importlib.import_module(module)
    for name in names:
        if not hasattr(found, name):
            importlib.import_module(f"{module}.{name}")
