import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mgcli.op_docs import write_docs
from mgcli.op_plot import curves_of, write_png
from mgcore import Op, PluginInfo, ops
from mgcore.explain.description import description

if TYPE_CHECKING:
    import subprocess

Process = Callable[..., "subprocess.CompletedProcess[str]"]
Install = Callable[..., None]

GOOD = """
import os, sys
from mgcore import Op
softsign = Op("softsign", lambda x: x / (1 + abs(x)), (lambda out, x: (1 + abs(x)) ** -2,),
              doc="x / (1 + |x|)", symbol="ss")
print("hello from a plugin")
sys.__stdout__.write("hello again\\n")
os.write(1, b"hello once more\\n")
"""

TALKING = """
from mgcore import Op
def forward(x):
    print("hello from a rule")
    return 2.0 * x
chatty = Op("chatty", forward, (lambda out, x: 2.0,))
"""


def listed(done: "subprocess.CompletedProcess[str]") -> dict[tuple[str, str], dict[str, Any]]:
    assert done.returncode == 0, done.stderr
    return {(row["name"], row["distribution"]): row for row in json.loads(done.stdout)}


def test_every_shipped_op_is_ready_in_the_listing(run_process: Process) -> None:
    from importlib.metadata import distribution, version

    rows = listed(run_process("ops", "--json"))
    names = {e.name for e in distribution("mgcore").entry_points if e.group == "mgcore.ops"}
    assert {name for name, dist in rows if dist == "mgcore"} == names
    for name in names:
        row = rows[name, "mgcore"]
        assert row["state"] == "ready"
        assert row["version"] == version("mgcore")
        assert row["cause"] is None
        assert row["formula"]
    assert rows["select", "mgcore"]["arity"] == 3
    assert rows["sum", "mgcore"]["arity"] is None


@pytest.fixture
def strangers(install_plugin: Install) -> None:
    install_plugin("good-ops", "1.2", GOOD, "softsign")
    install_plugin("bad-import", "0.1", "import no_such_module", "wobble")
    install_plugin(
        "bad-arity",
        "0.2",
        "from mgcore import Op\ncube = Op('cube', lambda x: x**3, (lambda x: 3*x*x,))",
        "cube",
    )
    install_plugin("bad-exit", "0.3", "import sys; sys.exit('no licence')", "quitter")
    install_plugin("my-tanh", "2.0", GOOD.replace("softsign", "tanh"), "tanh")
    install_plugin("future", "9.0", "MGCORE_API = 99\n" + GOOD.replace("softsign", "warp"), "warp")


@pytest.mark.usefixtures("strangers")
def test_bad_plugins_are_listed_with_their_cause_and_the_rest_works(run_process: Process) -> None:
    rows = listed(run_process("ops", "--json"))
    assert rows["softsign", "good-ops"] == {
        "name": "softsign",
        "arity": 1,
        "operands": ["x"],
        "symbol": "ss",
        "formula": "x / (1 + |x|)",
        "domain": None,
        "robust": None,
        "settings": None,
        "state": "ready",
        "distribution": "good-ops",
        "version": "1.2",
        "cause": None,
    }
    broken = {
        ("wobble", "bad-import"): "no_such_module",
        ("cube", "bad-arity"): "partial 0 must take 2 positional arguments",
        ("quitter", "bad-exit"): "no licence",
        ("warp", "future"): "API",
    }
    for key, cause in broken.items():
        assert rows[key]["state"] == "broken", key
        assert cause in rows[key]["cause"]
    assert rows.pop(("tanh", "my-tanh"))["state"] == "shadowed"
    states = {row["state"] for key, row in rows.items() if key not in broken}
    assert states == {"ready"}


@pytest.mark.usefixtures("strangers")
def test_in_a_pipe_each_op_is_one_line_and_each_cause_follows(run_process: Process) -> None:
    done = run_process("ops")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    row = next(line for line in lines if line.startswith("softsign"))
    assert row.split("  ")[0] == "softsign(x)"
    for part in ("1  ss", "x / (1 + |x|)", "ready", "good-ops 1.2"):
        assert part in row
    at = lines.index("wobble of bad-import 0.1: broken")
    assert "no_such_module" in lines[at + 1]
    assert "hello from a plugin" not in done.stdout


@pytest.mark.usefixtures("strangers")
def test_the_users_choices_show(run_process: Process) -> None:
    done = run_process(
        "ops", "--json", MGCORE_PREFER="tanh=my-tanh", MGCORE_DISABLE="wobble,dist:bad-arity"
    )
    rows = listed(done)
    assert rows["tanh", "my-tanh"]["state"] == "ready"
    assert rows["tanh", "mgcore"]["state"] == "shadowed"
    assert rows["wobble", "bad-import"]["state"] == "disabled"
    assert rows["cube", "bad-arity"]["state"] == "disabled"
    assert "MGCORE_DISABLE" in rows["cube", "bad-arity"]["cause"]


@pytest.mark.usefixtures("strangers")
def test_strict_lists_everything_and_still_ends_in_an_error(run_process: Process) -> None:
    done = run_process("ops", MGCORE_STRICT="1")
    assert done.returncode == 2
    assert "wobble of bad-import 0.1: broken" in done.stdout
    assert "MGCORE_STRICT is set" in done.stderr


@pytest.mark.usefixtures("strangers")
def test_a_broken_op_in_an_expression_is_refused_with_its_cause(run_process: Process) -> None:
    done = run_process("grad", "1 + wobble(a)", "a=1")
    assert done.returncode == 2
    assert "column 5: the op 'wobble' of bad-import 0.1 could not be loaded" in done.stderr
    assert "softsign(a) = 0.5\n" in run_process("grad", "softsign(a)", "a=1").stdout


@pytest.mark.parametrize(
    "words", [["ops"], ["grad", "chatty(a)", "a=1"], ["check", "chatty", "--check", "arity"]]
)
def test_what_plugins_print_stays_out_of_json(
    words: list[str], install_plugin: Install, run_process: Process
) -> None:
    install_plugin("good-ops", "1.2", GOOD, "softsign")
    install_plugin("talking", "1.0", TALKING, "chatty")
    done = run_process(*words, "--json")
    assert done.returncode == 0, done.stderr
    json.loads(done.stdout)
    assert "hello" in done.stderr


def test_one_op_tells_what_it_declares_its_notes_accuracy_and_speed(run: Any) -> None:
    done = run("ops", "leaky_relu:0.2")
    assert done.exit_code == 0, done.output
    for line in (
        "leaky_relu:0.2(x): x if x > 0 else 0.2 * x",
        "Domain: all reals",
        "Kink: where x = 0",
        "Settings: slope=0.2",
        "From: mgcore",
        "Accuracy: result within",
        "ns a value",
    ):
        assert line in done.output
    assert "Robust: x in (1e-290, inf); y in (-inf, inf)" in description(ops.pow, "here")


def test_a_plot_in_a_pipe_is_text_without_colours_and_a_picture_is_written(
    run: Any, tmp_path: Path
) -> None:
    picture = tmp_path / "log.png"
    done = run("ops", "log", "exp", "--plot")
    assert done.exit_code == 0, done.output
    assert "d²/dx²" in done.output
    assert "\x1b" not in done.output
    write_png(curves_of(ops.log), picture)
    assert picture.read_bytes().startswith(b"\x89PNG")
    refused = run("ops", "--plot")
    assert (refused.exit_code, "name one op to draw" in refused.output) == (2, True)


def test_curves_are_the_op_and_its_derivatives_where_they_have_values() -> None:
    curves = curves_of(ops.log)
    value, slope, bend = curves.lines.values()
    assert list(curves.lines) == ["log(x)", "d/dx", "d²/dx²"]
    at = curves.at.index(2.0)
    assert value[at] == pytest.approx(math.log(2.0))
    assert (slope[at], bend[at]) == (pytest.approx(0.5), pytest.approx(-0.25))
    assert math.isnan(value[0])
    assert "at x = " in curves_of(ops.atan2).title


def test_a_package_gets_its_page_with_a_picture_of_each_op(tmp_path: Path) -> None:
    op = Op(
        "softsign",
        lambda x: x / (1 + abs(x)),
        (lambda out, x: (1 + abs(x)) ** -2,),
        doc="x / (1 + |x|)",
        kink=lambda x: x,
    )
    row = PluginInfo("softsign", "ready", "good-ops", "1.2", ("x",), op)
    (page,) = write_docs([(op, row)], tmp_path / "docs")
    assert page.name == "good-ops.md"
    text = page.read_text()
    assert text.startswith("# good-ops\n\nOperators of good-ops 1.2 for mgcore.")
    for line in (
        r"| [`softsign`](#softsign) | `x` | `x / (1 + \|x\|)` |",
        "| Domain | `all reals` |",
        "| Accuracy | result within",
        "![softsign and its derivatives](softsign.png)",
    ):
        assert line in text
    assert (tmp_path / "docs" / "softsign.png").read_bytes().startswith(b"\x89PNG")
