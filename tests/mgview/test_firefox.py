"""The same pages in Firefox ESR, driven through its own Marionette protocol."""

import json
import runpy
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

    def _receive(self, most: int) -> bytes:
        found = self._socket.recv(most)
        if not found:
            raise ConnectionError("Firefox closed the connection")
        return found

    def _read(self) -> Any:
        length = b""
        while not length.endswith(b":"):
            length += self._receive(1)
        text = b""
        while len(text) < int(length[:-1]):
            text += self._receive(int(length[:-1]) - len(text))
        return json.loads(text)

    def __call__(self, name: str, **parameters: Any) -> Any:
        self._number += 1
        message = json.dumps([0, self._number, name, parameters]).encode()
        self._socket.sendall(str(len(message)).encode() + b":" + message)
        _, _, error, result = self._read()
        assert error is None, error
        return result

    def quit(self) -> None:
        """End the browser, which may be gone before it has answered; close the connection."""
        try:
            self("Marionette:Quit", flags=["eForceQuit"])
        except ConnectionError:
            pass
        finally:
            self._socket.close()

    def wait(self, script: str) -> None:
        """Wait until a script returns something true."""
        end = time.monotonic() + WAIT
        while not self.run(script):
            assert time.monotonic() < end, f"never true: {script}"
            time.sleep(0.1)

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
        browser.quit()
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


def test_the_playground_trains_in_firefox_with_pythons_numbers(
    firefox: Firefox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = mgview.playground(samples=60, layers=[4, 3]).save(tmp_path / "play.html")
    firefox("WebDriver:Navigate", url=f"{path.as_uri()}#run=9_w1:-0.5_lr:0.02_5")
    firefox.wait("return document.body.dataset.ready")
    assert firefox.run("return document.querySelector('#epochs').textContent") == "14"
    firefox.run("document.querySelector(\".cell[data-neuron='1.0'] .open\").click()")
    fields = "return [...document.querySelectorAll('#weights input')].map(i => i.value)"
    shown = [float(text.replace("−", "-")) for text in firefox.run(fields)]
    firefox.run("document.getElementById('script-card').open = true")
    firefox.wait("return document.querySelector('#script').textContent")
    script = tmp_path / "script.py"
    script.write_text(firefox.run("return document.querySelector('#script').textContent"))
    monkeypatch.chdir(tmp_path)
    model = runpy.run_path(str(script))["model"]
    expected = [p.data for p in model.layers[1].neurons[0].parameters()]
    assert shown == pytest.approx(expected, rel=1e-12, abs=1e-12)
    firefox.run("document.querySelector(\".cell[data-neuron='1.0'] .neuron\").click()")
    firefox.wait("return document.querySelector('#stepper iframe')")
    found = firefox("WebDriver:FindElement", using="css selector", value="#stepper iframe")
    (element,) = found["value"].values()
    firefox("WebDriver:SwitchToFrame", element=element)
    firefox.wait("return document.querySelector('#count')?.textContent === 'Step 0 of 6'")
    firefox("WebDriver:SwitchToFrame", id=None)
