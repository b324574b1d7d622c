"""The documents run as printed, and leave out no op, hook, state, setting or error."""

import importlib.util
import inspect
import os
import re
import subprocess
import sys
import typing
from pathlib import Path

import pytest

import mgcore
from mgcore import errors, hookspecs
from mgcore.plugins.listing import State

ROOT = Path(mgcore.__file__).parents[1]
DOCS = sorted(
    path
    for path in [*(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    if path.name != "benchmarks.md"  # written by a command
)
PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)?(?:#([\w-]+))?\)")
PLUGINS = (ROOT / "docs" / "plugins.md").read_text()


@pytest.mark.parametrize(
    "name",
    [
        "authors-guide.md",
        "bridges.md",
        "checks.md",
        "compiler.md",
        "derivatives.md",
        "export.md",
        "how-it-works.md",
        "pictures.md",
        "plugins.md",
        "scale.md",
        "training.md",
        "with-scipy.md",
    ],
)
def test_the_python_of_a_page_runs_from_top_to_bottom(name, tmp_path):
    blocks = PYTHON.findall((ROOT / "docs" / name).read_text())
    assert blocks
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(blocks)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target, anchor in LINK.findall(page.read_text()):
        if target.startswith("https:"):
            continue
        path = (page.parent / target) if target else page
        assert path.exists(), f"{page.name} links to {target}"
        if anchor:
            text = path.read_text()
            headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
            anchors = {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings}
            assert anchor in anchors | set(re.findall(r'id="([\w-]+)"', text))


def test_every_hook_state_setting_and_plugin_error_has_its_place_in_plugins_md():
    hooks = [n for n, f in inspect.getmembers(hookspecs) if hasattr(f, "mgcore_spec")]
    plugin_errors = [
        n
        for n in errors.__all__
        if issubclass(getattr(errors, n), (errors.PluginError, errors.UnknownOpError))
    ]
    variables = ["MGCORE_PREFER", "MGCORE_DISABLE", "MGCORE_STRICT", "MGCORE_API"]
    states = typing.get_args(State)
    assert len(hooks) >= 4
    assert len(states) == 5
    for name in [*hooks, *states, *plugin_errors, *variables]:
        assert f"`{name}" in PLUGINS or f'"{name}' in PLUGINS, name


def test_every_op_says_its_formula():
    rows = mgcore.plugins(load=True)
    assert len(rows) > 25
    for row in rows:
        if row.distribution in {"mgcore", "mgops-special"}:
            assert row.op is not None, row.cause
            assert row.op.doc, f"{row.name} has no doc"
            assert row.op.operand_names, row.name


@pytest.mark.parametrize("path", sorted(ROOT.glob("mgops_*/*.py")), ids=lambda p: p.stem)
def test_every_op_module_has_a_docstring_with_the_partial(path):
    text = path.read_text()
    assert text.startswith('"""'), path
    if path.name != "__init__.py":
        assert re.search(r"partial|derivative", text.split('"""')[1], re.IGNORECASE), path


def test_the_contributors_commands_are_goals_of_the_makefile():
    makefile = (ROOT / "Makefile").read_text()
    for page in ("README.md", "CONTRIBUTING.md"):
        goals = re.findall(r"^\$ make ([\w-]+)$", (ROOT / page).read_text(), re.MULTILINE)
        assert goals
        for goal in goals:
            assert re.search(rf"^{goal}:.*## \S", makefile, re.MULTILINE), goal


@pytest.mark.skipif(os.name == "nt", reason="make is not a part of Windows")
def test_make_help_lists_every_goal_that_is_for_people():
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    listed = re.findall(r"^([\w-]+):.*## ", makefile, re.MULTILINE)
    assert sorted(listed) == sorted(phony[1].split())


def test_the_page_of_passes_is_what_the_code_makes() -> None:
    path = ROOT / "tools" / "passes_page.py"
    spec = importlib.util.spec_from_file_location("passes_page", path)
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert tool.PAGE.read_text(encoding="utf-8") == tool.page(), "run python tools/passes_page.py"
