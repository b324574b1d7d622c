"""Graphs to draw, and a real browser that notices errors and every try to reach the network."""

import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mgcore import Value, ops

ROOT = Path(__file__).parents[2]
AXE = ROOT / "page" / "node_modules" / "axe-core" / "axe.min.js"
IN_CI = os.environ.get("CI") == "true"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP = {"width": 1280, "height": 800}


def _missing(what: str) -> None:
    if IN_CI:
        pytest.fail(f"CI must have {what}: see .ci/run")
    pytest.skip(f"this test needs {what}")


@pytest.fixture(scope="session")
def missing() -> Callable[[str], None]:
    """Skip on a machine that lacks something, but never in CI, which installs it."""
    return _missing


Graph = Callable[..., Value]


def _seed_graph() -> Value:
    a, b, c = Value(2.0, label="a"), Value(-3.0, label="b"), Value(10.0, label="c")
    e = a * b
    e.label = "e"
    d = e + c
    d.label = "d"
    out: Value = d * Value(-2.0, label="f")
    out.label = "L"
    return out


def _random_graph(nodes: int, seed: int) -> Value:
    rng = random.Random(seed)
    values = [Value(rng.uniform(-1.0, 1.0), label=f"x{i}") for i in range(max(2, nodes // 6))]
    loose = list(values)
    while len(values) < nodes - 2:
        x = loose.pop(rng.randrange(len(loose))) if loose else rng.choice(values)
        op = rng.choice((ops.add, ops.mul, ops.tanh, ops.sin))
        out = op(x) if op.arity == 1 else op(x, rng.choice(values))
        values.append(out)
        loose.append(out)
    out = ops.sum(*loose)
    assert isinstance(out, Value)
    return out


@pytest.fixture(scope="session")
def seed_graph() -> Graph:
    """Make the expression of micrograd's first lesson: L = (a * b + c) * f."""
    return _seed_graph


@pytest.fixture(scope="session")
def random_graph() -> Graph:
    """Make a graph without any pattern: ``random_graph(nodes, seed)``."""
    return _random_graph


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        _missing("Chromium (Debian: apt-get install chromium)")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


Open = Callable[..., Any]


@pytest.fixture
def open_page(chromium: Any, tmp_path: Path) -> Iterator[Open]:
    """Open a saved page; at the end, no error and no request may have been seen."""
    complaints: list[str] = []
    contexts: list[Any] = []

    def open_(
        thing: Any, *, size: dict[str, int] = DESKTOP, scheme: str = "light", clock: bool = False
    ) -> Any:
        path = thing if isinstance(thing, Path) else thing.save(tmp_path / f"{len(contexts)}.html")
        context = chromium.new_context(viewport=size, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        url = path.resolve().as_uri()
        page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda request: (
                None
                if request.url.split("#")[0] == url or request.url.startswith("data:")
                else complaints.append(f"request to {request.url}")
            ),
        )
        if clock:
            page.clock.install()
        page.goto(url)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert not complaints


@pytest.fixture
def violations() -> Callable[[Any], list[str]]:
    """Let axe look for accessibility faults in a page as it is now."""
    if not AXE.exists():
        _missing("axe-core (npm ci --prefix page)")

    def look(page: Any) -> list[str]:
        page.evaluate(AXE.read_text(encoding="utf-8"))
        result = page.evaluate("axe.run()")
        return [
            f"{fault['id']}: {node['html'][:200]}"
            for fault in result["violations"]
            for node in fault["nodes"]
        ]

    return look
