"""The same pages in Firefox ESR, driven through its own Marionette protocol."""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import mgview
from mgcore.order import topological_order

NAMES = ("firefox-esr", "firefox")
WAIT = 60  # seconds for the browser to start


class Firefox:
    """Send commands over Marionette's socket: each a JSON list behind its length and a colon."""

    def __init__(self, port: int, process: "subprocess.Popen[bytes]") -> None:
        self._number = 0
        end = time.monotonic() + WAIT
        while True:
            try:
                self._socket = socket.create_connection(("127.0.0.1", port))
                break
            except OSError:
                if time.monotonic() > end or process.poll() is not None:
                    raise
                time.sleep(0.2)
        self._read()  # the browser greets first
        self("WebDriver:NewSession")

    def _read(self) -> Any:
        length = b""
        while not length.endswith(b":"):
            length += self._socket.recv(1)
        text = b""
        while len(text) < int(length[:-1]):
            text += self._socket.recv(int(length[:-1]) - len(text))
        return json.loads(text)

    def __call__(self, name: str, **parameters: Any) -> Any:
        self._number += 1
        message = json.dumps([0, self._number, name, parameters]).encode()
        self._socket.sendall(str(len(message)).encode() + b":" + message)
        _, _, error, result = self._read()
        assert error is None, error
        return result

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def run(self, script: str) -> Any:
        """Run a script in the page, and return what it returns."""
        return self("WebDriver:ExecuteScript", script=script, args=[])["value"]


@pytest.fixture(scope="module")
def firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("this test needs Firefox (Debian: apt-get install firefox-esr)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    profile = tmp_path_factory.mktemp("profile")
    (profile / "user.js").write_text(f'user_pref("marionette.port", {port});\n')
    command = [str(found), "--headless", "--marionette", "--profile", str(profile)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        browser = Firefox(port, process)
        yield browser
        browser("Marionette:Quit", flags=["eForceQuit"])
        browser.close()
        process.wait(30)


def test_a_pass_runs_in_firefox_with_pythons_numbers(
    firefox: Firefox, seed_graph: Any, tmp_path: Path
) -> None:
    root = seed_graph()
    path = mgview.stepper(root).save(tmp_path / "page.html")
    firefox("WebDriver:Navigate", url=f"{path.as_uri()}#step=7")
    assert firefox.run("return document.querySelector('#what').textContent") == (
        "Backward 3 of 3: through e"
    )
    assert firefox.run("return document.querySelectorAll('.mgv-local').length") == 2
    firefox.run("document.querySelector('#last').click()")
    root.backward()
    names = [node.label for node in topological_order(root)]
    titles = firefox.run(
        "return [...document.querySelectorAll('.mgv-box > title')].map(t => t.textContent)"
    )
    for text in titles:
        name, _, numbers = text.partition(": data ")
        data, _, grad = numbers.replace("−", "-").partition(", gradient ")
        node = topological_order(root)[names.index(name)]
        assert (float(data), float(grad)) == (node.data, node.grad)
    firefox.run("document.querySelector('#zoom-fit').click()")
    assert firefox.run(
        "const f = document.getElementById('frame'), s = f.querySelector('svg');"
        "return s.getBoundingClientRect().width <= f.clientWidth + 1"
    )


def test_a_drawing_opens_its_boxes_in_firefox(firefox: Firefox, tmp_path: Path) -> None:
    from mgcore import Value, ops

    out = ops.sum(*(ops.tanh(Value(0.1 * i)) for i in range(150)))
    path = mgview.draw(out).save(tmp_path / "drawing.html")
    firefox("WebDriver:Navigate", url=path.as_uri())
    before = firefox.run("return document.querySelectorAll('#trail button').length")
    firefox.run(
        "document.querySelector('.mgv-group').dispatchEvent(new MouseEvent('click',"
        " {bubbles: true}))"
    )
    assert firefox.run("return document.querySelectorAll('#trail button').length") == before + 1
