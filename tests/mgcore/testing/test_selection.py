import sys
from pathlib import Path

import pytest

from mgcore.testing import UsageError
from mgcore.testing.selection import every_op, ops_of


def test_a_word_means_an_op_a_distribution_or_a_package() -> None:
    assert [op.name for op in ops_of(["tanh"])] == ["tanh"]
    activations = {op.name for op in ops_of(["mgops_activations"])}
    assert {"tanh", "gelu"} <= activations
    assert "add" not in activations
    assert {op.name for op in ops_of(["mgcore"])} == {
        op.name for op in every_op() if op.name in {o.name for o in ops_of(["mgcore"])}
    }
    assert "add" in {op.name for op in ops_of(["mgcore"])}


def test_an_op_that_several_words_mean_comes_once() -> None:
    assert [op.name for op in ops_of(["tanh", "tanh"])] == ["tanh"]


def test_an_unknown_word_is_answered_with_near_matches() -> None:
    with pytest.raises(UsageError, match="did you mean tanh"):
        ops_of(["tahn"])


def test_a_package_whose_entry_point_is_missing_is_told_the_lines_to_add(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "my_forgetful_ops"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "cubes.py").write_text(
        "from mgcore import Op\ncube = Op('cube', lambda x: x**3, (lambda out, x: 3 * x**2,))\n"
    )
    info = tmp_path / "my_forgetful_ops-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-forgetful-ops\nVersion: 1.2\n")
    (info / "RECORD").write_text("my_forgetful_ops/__init__.py,,\nmy_forgetful_ops/cubes.py,,\n")
    (info / "top_level.txt").write_text("my_forgetful_ops\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UsageError) as caught:
        ops_of(["my_forgetful_ops"])
    text = str(caught.value)
    assert "my_forgetful_ops" in text
    assert "1.2" in text
    assert '[project.entry-points."mgcore.ops"]\ncube = "my_forgetful_ops.cubes:cube"' in text
    assert "my_forgetful_ops.cubes" not in sys.modules
