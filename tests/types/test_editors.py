"""What people see who press TAB or ask for help: live, in jedi, and with third-party ops."""

import inspect
import json
import pydoc
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from plugin_packages import Package, environment

import mgcore
from mgcore import Op, Value, ops

PYRIGHT = Path(mgcore.__file__).parents[1] / "page" / "node_modules" / ".bin" / "pyright"
IPYTHON = pytest.importorskip("IPython", reason="IPython is for development alone")


def completed(text, namespace):
    from IPython.core.completer import provisionalcompleter
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    shell.user_ns.update(namespace)
    with provisionalcompleter():
        return {each.text for each in shell.Completer.completions(text, len(text))}


def test_tab_offers_ops_and_methods_live():
    found = completed("ops.ta", {"ops": ops})
    assert {"tan", "tanh"} <= {text.removeprefix(".") for text in found}
    found = completed("x.soft", {"x": Value(1.0)})
    assert "softplus" in {text.removeprefix(".") for text in found}
    assert {"tanh", "data", "grad", "backward"} <= set(dir(Value(1.0)))


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("from mgcore import ops\nops.ta", {"tan", "tanh"}),
        ("from mgcore import Value\nx = Value(1.0)\nx.soft", {"softplus"}),
        ("from mgcore import Value\nx = Value(1.0)\n(x + 1).tanh().lo", {"log", "log1p"}),
    ],
)
def test_jedi_offers_them_from_the_stubs(code, wanted):
    import jedi

    lines = code.splitlines()
    found = jedi.Script(code).complete(len(lines), len(lines[-1]))
    assert wanted <= {each.name for each in found}


def test_help_tells_formula_domain_partials_kink_and_origin():
    text = pydoc.plain(pydoc.render_doc(ops.log))
    assert "log(x): natural logarithm of x" in text
    assert "Domain: (0, inf)" in text
    assert "Partial by x: 1/x" in text
    assert "From: mgcore 0." in text
    assert "Kink: where x = 0" in pydoc.plain(pydoc.render_doc(ops.relu))
    assert str(inspect.signature(ops.pow)) == "(x, y, /)"
    assert str(inspect.signature(ops.sum)) == "(*xs)"
    assert "Give an operator by its two rules" in pydoc.plain(pydoc.render_doc(Op))
    assert Op("own", lambda x: x, (lambda out, x: 1.0,)).__doc__.startswith("own(x)")


def test_a_question_mark_tells_the_same():
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    shell.user_ns["ops"] = ops
    text = shell.object_inspect_mime("ops.tanh")["text/plain"]
    assert "hyperbolic tangent of x" in text
    assert "Partial by x" in text


SOFTSIGN = """
    from mgcore import Op
    softsign = Op("softsign", lambda x: x / (1 + abs(x)), (lambda out, x: (1 + abs(x)) ** -2,),
                  doc="x / (1 + |x|)")
"""


def test_mg_stubs_gives_third_party_ops_their_types(tmp_path: Path):
    pytest.importorskip("mypy", reason="mypy is for development alone")
    package = Package("mg-soft", {"softsign": "mg_soft:softsign"}, {"mg_soft.py": SOFTSIGN})
    env = environment(tmp_path, [package])
    done = env.mg("stubs")
    assert done.returncode == 0, done.stderr
    assert "third-party" in done.stdout
    stubs = env.site_packages / "mgcore-stubs"
    assert (stubs / "py.typed").read_text() == "partial\n"
    assert "x / (1 + |x|)" in (stubs / "ops.pyi").read_text()

    code = tmp_path / "own.py"
    code.write_text(
        "from mgcore import Value, ops\n"
        "x = Value(1.0)\n"
        "y: Value = ops.softsign(x) + x.softsign() + x.tanh()\n"
        "z: int = ops.softsign(x)\n"
    )
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--python-executable"]
    done = subprocess.run(
        [*command, str(env.python), str(code)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    errors = [line for line in done.stdout.splitlines() if "error:" in line]
    assert [line.split(":")[1] for line in errors] == ["4"], done.stdout

    if not PYRIGHT.exists() or shutil.which("node") is None:
        pytest.skip("pyright is not installed: make page installs it, with Node.js")
    done = subprocess.run(
        [str(PYRIGHT), "--outputjson", "--pythonpath", str(env.python), str(code)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    told = json.loads(done.stdout)["generalDiagnostics"]
    lines = [each["range"]["start"]["line"] + 1 for each in told if each["severity"] == "error"]
    assert lines == [4], done.stdout
