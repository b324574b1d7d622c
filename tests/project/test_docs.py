"""The documents run as printed, and leave out no op, hook, state, setting or error."""

import importlib.util
import inspect
import os
import random
import re
import shlex
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
    for path in [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    if path.name != "benchmarks.md"  # written by a command
)
PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHELL = re.compile(r"^```(?:console|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)?(?:#([\w-]+))?\)")
PLUGINS = (ROOT / "docs" / "plugins.md").read_text()


WITH_TESTS_OF_THEIR_OWN = {"tutorial.md", "README.md", "CONTRIBUTING.md"}
OF_WHAT_COMMANDS_MADE = {"tables.md"}  # its Python reads what its commands have written


@pytest.mark.parametrize(
    "page",
    [
        page
        for page in DOCS
        if page.name not in WITH_TESTS_OF_THEIR_OWN | OF_WHAT_COMMANDS_MADE
        and PYTHON.search(page.read_text())
    ],
    ids=lambda page: page.name,
)
def test_the_python_of_a_page_runs_from_top_to_bottom(page, tmp_path):
    run_python(PYTHON.findall(page.read_text()), tmp_path)


def run_python(blocks, folder):
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(blocks)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["practice.md", "tables.md"])
def test_the_commands_of_a_page_run_one_after_the_other(name, tmp_path):
    rng = random.Random(0)
    rows = [(rng.uniform(40, 200), rng.choice(["Bern", "Basel"]), k % 5) for k in range(120)]
    lines = [
        f"{size:.1f},{city},{rooms},{2000 * size + 9000 * rooms:.0f}" for size, city, rooms in rows
    ]
    (tmp_path / "houses.csv").write_text("\n".join(["size,city,rooms,price", *lines]))
    (tmp_path / "new.csv").write_text("size,city,rooms\n100.0,Bern,3\n150.0,Basel,4\n")
    text = (ROOT / "docs" / name).read_text()
    commands = re.findall(
        r"^(?:\$ )?mg (.+?)(?:\s+#.*)?$", "\n".join(SHELL.findall(text)), re.MULTILINE
    )
    assert len(commands) >= 2
    for command in commands:
        start = [sys.executable, "-c", "from mgcli.main import main; main()"]
        done = subprocess.run(
            [*start, *shlex.split(command)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert len((tmp_path / "prices.csv").read_text().splitlines()) == 3
    if name in OF_WHAT_COMMANDS_MADE:
        run_python(PYTHON.findall(text), tmp_path)


RUN_ELSEWHERE = {
    "export.md": "mgcli/test_export.py",
    "authors-guide.md": "mgcli/test_new_op.py",
    "scale.md": "scale/test_predict.py",  # they need a scheduler
}


def test_every_other_block_of_commands_is_run_by_a_test_of_its_own():
    pages = {page.name for page in DOCS if SHELL.search(page.read_text())}
    assert pages <= {"practice.md", "tables.md", *WITH_TESTS_OF_THEIR_OWN, *RUN_ELSEWHERE}
    for place in RUN_ELSEWHERE.values():
        assert (ROOT / "tests" / place).exists()


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target, anchor in LINK.findall(page.read_text()):
        if target.startswith(("https:", "api/")):  # the reference is written when the site is
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
    if " = Op(" in text:
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
