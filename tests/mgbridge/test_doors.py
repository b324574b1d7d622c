"""The doors themselves: shut until they are asked for, and plain about what is missing."""

import json
import subprocess
import sys

import pytest

import mgbridge


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


def test_nothing_is_imported_before_it_is_asked_for():
    heavy = "{'torch', 'jax', 'numpy', 'mgcompile'} & set(sys.modules)"
    code = f"import json, sys, mgbridge; print(json.dumps(sorted({heavy})))"
    assert json.loads(run(code)) == []
    assert json.loads(run(f"{code.replace('; print', '; mgbridge.numpy; print')}")) == [
        "mgcompile",
        "numpy",
    ]


@pytest.mark.parametrize(
    ("door", "extra"), [("torch", "torch"), ("jax", "jax"), ("numpy", "compile")]
)
@pytest.mark.parametrize("how", ["mgbridge.{}", "import mgbridge.{}"])
def test_a_missing_neighbour_is_named_with_the_remedy(door, extra, how):
    code = f"""
import sys
sys.modules[{door!r}] = None
import mgbridge
try:
    {how.format(door)}
except mgbridge.MissingNeighbourError as error:
    print(error)
"""
    text = run(code)
    assert f"mgbridge.{door} needs {door}" in text
    assert f"mgcore[{extra}]" in text


def test_a_slip_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'touch'"):
        mgbridge.touch  # noqa: B018 - looked up for its error
    assert {"jax", "numpy", "torch"} <= set(dir(mgbridge))
