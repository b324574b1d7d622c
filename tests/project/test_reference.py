"""The references leave out no op and no check, and say what the code says."""

import importlib.util
import re
from pathlib import Path

import pytest

import mgcore
from mgcore.testing import CHECKS

DOCS = Path(mgcore.__file__).parents[1] / "docs"
SHIPPED = [row.op for row in mgcore.plugins(load=True) if row.distribution == "mgcore" and row.op]


def _rows() -> dict[str, list[str]]:
    """Return the cells of the table of ops by the op's name."""
    found = {}
    for line in (DOCS / "ops.md").read_text().splitlines():
        if line.startswith("| `"):
            cells = [c.strip().replace("\\|", "|") for c in re.split(r"(?<!\\)\|", line)[1:-1]]
            found[cells[0].strip("`")] = cells[1:]
    return found


def test_every_check_has_its_entry_and_there_is_none_besides() -> None:
    entries = re.findall(r"^### `(\w+)`$", (DOCS / "checks.md").read_text(), re.MULTILINE)
    assert entries == list(CHECKS)


def test_the_page_of_ops_is_what_its_tool_writes() -> None:
    spec = importlib.util.spec_from_file_location("ops_page", DOCS.parent / "tools" / "ops_page.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert (DOCS / "ops.md").read_text(encoding="utf-8") == tool.page(), (
        "run python tools/ops_page.py"
    )


@pytest.mark.parametrize("op", SHIPPED, ids=lambda op: op.name)
def test_every_shipped_op_has_a_row_that_says_what_the_op_says(op: mgcore.Op) -> None:
    operands, result, domain, rules = _rows()[op.name]
    assert operands == f"`{', '.join(op.operand_names)}`"
    assert result == f"`{op.doc}`"
    assert (domain == "all reals") == (op.domain is None)
    assert all(f"`{part}`" in domain for part in op.domain or ())
    assert re.search(r"\b[Pp]artials?\b|\bslope", rules), "the docstring says nothing of partials"
