"""mg step: a page from an expression, and what is said when there can be none."""

from pathlib import Path
from typing import Any

import pytest


def test_the_page_of_an_expression_is_saved_where_it_was_asked(run: Any, tmp_path: Path) -> None:
    page = tmp_path / "lesson.html"
    result = run("step", "(a*b + c) * f", "a=2", "b=-3", "c=10", "f=-2", "-o", page)
    assert result.exit_code == 0
    assert result.output == f"saved {page}\n"
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert "<h1>Backpropagation through (a*b + c) * f</h1>" in text
    assert '"name":"a","data":2.0' in text
    assert '"name":"out","data":-8.0' in text


def test_the_page_goes_to_the_present_folder_by_default(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("step", "tanh(x)", "x=0.5").exit_code == 0
    assert (tmp_path / "step.html").exists()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["2 * 3"], "2 * 3 has no variables"),
        (["a +", "a=1"], "column"),
        (["a", "-o", "page.pdf", "a=1"], "give it one of these endings: .html"),
        (["a", "-o", "nowhere/page.html", "a=1"], "make the folder 'nowhere' first"),
    ],
)
def test_a_users_error_ends_in_one_line_and_exit_code_2(
    run: Any, arguments: list[str], text: str
) -> None:
    result = run("step", *arguments)
    assert result.exit_code == 2
    assert text in result.stderr
    assert "Traceback" not in result.stderr


def test_show_without_a_screen_says_where_the_page_is(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    page = tmp_path / "page.html"
    result = run("step", "a*a", "a=3", "-o", page, "--show")
    assert result.exit_code == 2
    assert f"the page is saved as {str(page)!r}" in result.stderr
    assert page.exists()
