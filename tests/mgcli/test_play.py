"""mg play: the offline page, and what is said when there is none; mgview tests the server."""

import sys
from pathlib import Path
from typing import Any

import pytest


def test_the_offline_page_is_saved_with_the_settings_asked_for(run: Any, tmp_path: Path) -> None:
    page = tmp_path / "play.html"
    words = ["--data", "spiral", "--layers", "6,4", "--activation", "silu", "--lr", "0.03"]
    result = run("play", *words, "--seed", "3", "-o", page)
    assert result.exit_code == 0
    assert result.output == f"saved {page}\n"
    text = page.read_text(encoding="utf-8")
    for setting in ('"data":"spiral"', '"layers":[6,4]', '"activation":"silu"', '"lr":0.03'):
        assert setting in text
    assert '"seed":3' in text


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--layers", "8,wide"], "is no list of sizes"),
        (["--layers", "99"], "each from 1 to 12"),
        (["--data", "mons"], "did you mean moons"),
        (["--activation", "tanhh"], "tanh"),
        (["--activation", "add"], "takes not one operand"),
        (["--port", "70000"], "70000"),
        (["-o", "play.pdf"], "give it one of these endings: .html"),
    ],
)
def test_a_users_error_ends_in_one_line_and_exit_code_2(
    run: Any, arguments: list[str], text: str
) -> None:
    result = run("play", *arguments)
    assert result.exit_code == 2
    assert text in result.stderr
    assert result.stderr.count("\n") == 1


def test_without_the_servers_packages_the_remedy_is_told(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("starlette", "starlette.applications", *filter(_of_starlette, list(sys.modules))):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "mgview.playground.server", raising=False)
    result = run("play")
    assert result.exit_code == 2
    assert "pip install 'mgcore[play]'" in result.stderr
    assert "mg play -o play.html" in result.stderr


def _of_starlette(name: str) -> bool:
    return name.startswith("starlette.")
