"""The documentation site builds without a warning, leaves out no public name, and can be read."""

import importlib
import importlib.util
import re
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pytest

import mgcore

pytest.importorskip("sphinx", reason="Sphinx is for development alone")

ROOT = Path(mgcore.__file__).parents[1]
TOOL = ROOT / "tools" / "docs_site.py"


def _tool():
    spec = importlib.util.spec_from_file_location("docs_site", TOOL)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    return tool


@pytest.fixture(scope="module")
def site():
    """Build the site as `make docs` does: a warning fails."""
    done = subprocess.run(
        [sys.executable, str(TOOL)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return ROOT / "build" / "site" / "html"


class _Page(HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.ids, self.links, self.loaded = set(), [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.ids |= {given[key] for key in ("id", "name") if given.get(key)}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        if tag in {"script", "img"} and given.get("src"):
            self.loaded.append(given["src"])
        if tag == "link" and given.get("rel") == "stylesheet":
            self.loaded.append(given["href"])


def test_every_page_of_docs_is_in_the_site_and_reached_from_its_menu(site):
    menu = _Page(site / "index.html").links
    for path in (ROOT / "docs").glob("*.md"):
        name = f"{path.stem}.html"
        assert (site / name).exists()
        assert name == "index.html" or name in menu, f"{name} is not in the menu"


def test_a_page_that_the_landing_page_leaves_out_goes_where_the_others_go():
    tool = _tool()
    index = f"```{{toctree}}\nhave\nalias <other>\n{tool.PLACE_OF_OTHERS}\n```\n"
    made = tool.with_other_pages(index, ["have", "new", "other"])
    assert made == "```{toctree}\nhave\nalias <other>\nnew\n```\n"
    with pytest.raises(SystemExit, match="has no line"):
        tool.with_other_pages("# nothing", ["new"])


def test_internal_links_lead_somewhere_and_nothing_is_loaded_from_elsewhere(site):
    pages = {path: _Page(path) for path in site.rglob("*.html")}
    assert len(pages) > 40
    for path, page in pages.items():
        assert [each for each in page.loaded if "//" in each] == []
        for link in page.links:
            if re.match(r"[a-z]+:", link):
                continue
            target, _, anchor = link.partition("#")
            to = (path.parent / unquote(target.partition("?")[0])).resolve() if target else path
            assert to.exists(), f"{path.name} links to {link}"
            if anchor and to in pages:
                assert unquote(anchor) in pages[to].ids, f"{path.name} links to {link}"


def test_the_reference_has_every_public_name(site):
    tool = _tool()
    for name in tool.MODULES:
        ids = _Page(site / "api" / f"{name}.html").ids
        for each in tool.public_names(importlib.import_module(name)):
            assert f"{name}.{each}" in ids, f"{name}.{each}"
    ids = _Page(site / "api" / "all-ops.html").ids
    rows = [row for row in mgcore.plugins(load=True) if row.distribution == "mgcore"]
    assert {f"op-{row.name.replace('_', '-')}" for row in rows} <= ids


def test_the_reference_has_every_module_that_the_pages_import_from():
    pages = [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    imported = set(re.findall(r"^(?:from|import) (mg[a-z]+(?:\.[a-z_]+)*)", text, re.MULTILINE))
    assert len(imported) > 6
    assert imported - {"mg_softsign"} <= set(_tool().MODULES)


@pytest.fixture
def address(site):
    """Serve the site from this machine to itself: the search asks for pages as it would online."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *about):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_it_reads_well_on_a_desk_and_on_a_phone_and_finds_words(address, width, scheme):
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if found is None:
        pytest.skip("this test needs Chromium")
    complaints = []

    def look():
        with playwright.sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
            context = browser.new_context(
                viewport={"width": width, "height": 900}, color_scheme=scheme
            )
            page = context.new_page()
            page.on("pageerror", lambda error: complaints.append(str(error)))
            for name in ("index", "learn", "bridges", "ops", "api/mgcore", "api/all-ops", "passes"):
                page.goto(f"{address}/{name}.html")
                wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
                assert wide <= 0, f"{name} is {wide} pixels wider than the window"
            page.goto(f"{address}/search.html?q=softplus")
            page.wait_for_selector("#search-results li", timeout=20_000)
            browser.close()

    with ThreadPoolExecutor(1) as alone:  # other tests of this process may have left a loop running
        alone.submit(look).result()
    assert complaints == []
