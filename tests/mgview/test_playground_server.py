"""The served playground: native training with any op, and a door for its own page alone."""

import json
import os
import re
import runpy
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mgcore import MgcoreError, Op, register, unregister
from mgnn import losses
from mgview.playground.data import draw, split, targets
from mgview.playground.errors import BadPlaygroundError, NoServerError
from mgview.playground.look import activation_of
from mgview.playground.messages import answer
from mgview.playground.session import Session
from mgview.playground.settings import Settings

client = pytest.importorskip("websockets.sync.client", reason="needs the extra play")
exceptions = pytest.importorskip("websockets.exceptions")

PLUGIN = """
from mgcore import Op
bent = Op("bent", lambda x: x / (1 + abs(x)), (lambda out, x: (1 + abs(x)) ** -2,))
"""


class Served:
    """An `mg play` of its own, with an op of a stranger's package."""

    def __init__(self, folder: Path, *options: str) -> None:
        info = folder / "bent-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bent\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[mgcore.ops]\nbent = bent_ops:bent\n")
        (folder / "bent_ops.py").write_text(PLUGIN)
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from mgcli.main import main; main()", "play", *options],
            env={**os.environ, "PYTHONPATH": str(folder), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout is not None
        self.lines = [self.process.stdout.readline() for _ in range(2)]
        found = re.search(r"http://127\.0\.0\.1:(\d+)/\?token=(\S+)", self.lines[0])
        assert found, self.lines
        self.address, self.port, self.token = found[0], int(found[1]), found[2]

    def stop(self) -> tuple[int, str]:
        """Press Ctrl-C; return the exit code and the last words."""
        self.process.send_signal(signal.SIGINT)
        words, _ = self.process.communicate(timeout=30)
        return self.process.returncode, words


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    server = Served(tmp_path_factory.mktemp("site"), "--layers", "4,3", "--activation", "bent")
    yield server
    server.process.kill()
    server.process.communicate()


def begin(**changes: Any) -> str:
    settings = {"layers": [3], "activation": "tanh", "batch": 4}
    part = {
        "x": [[0.1, 0.2], [-1.0, 0.5], [0.3, -0.7], [1.5, 1.0], [0.0, 0.1]],
        "label": [0, 1, 0, 1, 1],
    }
    message = {
        "kind": "begin",
        "settings": settings,
        "train": part,
        "test": part,
        "size": 5,
        "half": 2.0,
    }
    return json.dumps({**message, **changes})


def connect(
    served: Served, *, token: str | None = None, origin: str | None = "", host: str = ""
) -> Any:
    """Open the WebSocket as the page does, or differently."""
    given = served.token if token is None else token
    page = f"http://127.0.0.1:{served.port}" if origin == "" else origin
    headers = {"Host": host} if host else {}
    return client.connect(
        f"ws://127.0.0.1:{served.port}/train?token={given}",
        origin=page,
        additional_headers=headers,
        proxy=None,
    )


def test_the_page_trains_a_strangers_op_as_its_script_does(
    served: Served, chromium: Any, violations: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith((f"http://127.0.0.1:{served.port}/", "data:"))
            else complaints.append(request.url)
        ),
    )
    page.goto(f"{served.address}#data=circle&samples=60&l1=0.001&run=12_w1:0.5_lr:0.05_l1:0.003_6")
    page.locator("body[data-ready=yes]").wait_for(state="attached")
    assert page.input_value("#activation") == "bent"
    assert page.text_content("#epochs") == "18"
    with page.expect_download() as download:
        page.click("#save-weights")
    found = json.loads(Path(download.value.path()).read_text())
    with page.expect_download() as download:
        page.click("#save-script")
    script = tmp_path / "play.py"
    script.write_bytes(Path(download.value.path()).read_bytes())
    monkeypatch.chdir(tmp_path)
    bent = Op("bent", lambda x: x / (1 + abs(x)), (lambda out, x: (1 + abs(x)) ** -2,))
    register(bent)
    try:
        expected = runpy.run_path(str(script))["model"].state_dict()
    finally:
        unregister("bent")
    assert list(found.values()) == pytest.approx(list(expected.values()), rel=1e-12, abs=1e-12)
    page.click(".cell[data-neuron='0.1'] .neuron")
    frame = page.frame_locator("#stepper iframe")
    frame.locator("#count", has_text="Step 0 of 6").wait_for()
    frame.locator("#last").click()
    assert "h0.1: data" in frame.locator(".mgv-output > title").text_content()
    page.click("#close")
    page.click("#step")
    page.locator("#status", has_text="Epoch 19:").wait_for()
    assert violations(page) == []
    context.close()
    assert not complaints


def test_the_page_comes_only_with_its_token_and_to_this_machine(served: Served) -> None:
    from http.client import HTTPConnection

    def ask(path: str, host: str = f"127.0.0.1:{served.port}") -> int:
        connection = HTTPConnection("127.0.0.1", served.port, timeout=10)
        connection.request("GET", path, headers={"Host": host})
        code = connection.getresponse().status
        connection.close()
        return code

    assert ask(f"/?token={served.token}") == 200
    assert ask("/") == 403
    assert ask("/?token=guess") == 403
    assert ask("/?token=%C3%A9") == 403
    assert ask(f"/?token={served.token}", "evil.example") == 400


@pytest.mark.parametrize(
    "other",
    [
        {"token": "guess"},
        {"token": ""},
        {"token": "%C3%A9"},
        {"origin": "http://evil.example"},
        {"origin": None},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"host": "evil.example"},
    ],
    ids=str,
)
def test_the_socket_opens_to_its_own_page_alone(served: Served, other: dict[str, Any]) -> None:
    with pytest.raises(exceptions.InvalidStatus), connect(served, **other):
        pass


def test_the_server_listens_at_one_address_of_loopback_alone(served: Served) -> None:
    import socket

    socket.create_connection(("127.0.0.1", served.port), timeout=5).close()
    with pytest.raises(ConnectionRefusedError):  # a server of all addresses would answer here
        socket.create_connection(("127.0.0.2", served.port), timeout=5)


def test_a_message_that_is_too_large_ends_the_conversation(served: Served) -> None:
    with connect(served) as socket:
        socket.send(begin())
        assert isinstance(socket.recv(timeout=60), bytes)
        socket.send(" " * (2**20 + 1))
        with pytest.raises(exceptions.ConnectionClosed) as closed:
            socket.recv(timeout=30)
        assert closed.value.rcvd.code == 1009


def test_a_bad_message_is_told_and_the_conversation_goes_on(served: Served) -> None:
    with connect(served) as socket:
        socket.send("{}")
        assert "begin" in json.loads(socket.recv(timeout=30))["error"]
        socket.send(begin())
        assert isinstance(socket.recv(timeout=60), bytes)


def test_ctrl_c_stops_with_a_page_open_and_a_taken_port_is_told(tmp_path: Path) -> None:
    server = Served(tmp_path / "first")
    with connect(server) as socket:
        socket.send(begin())
        assert isinstance(socket.recv(timeout=60), bytes)
        assert "Ctrl-C" in server.lines[1]
        taken = subprocess.run(
            [
                sys.executable,
                "-c",
                "from mgcli.main import main; main()",
                "play",
                "--port",
                str(server.port),
            ],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert taken.returncode == 2
        assert f"cannot listen at 127.0.0.1:{server.port}" in taken.stderr
        code, words = server.stop()
    assert (code, words.strip()) == (0, "stopped")


BAD = [
    ("nonsense", "JSON object"),
    ("[1]", "JSON object"),
    (begin(settings={"layers": [3], "speed": 1}), "settings are an object"),
    (begin(settings={"layers": 3}), "layers is a list"),
    (begin(settings={"layers": [99]}), "layers is"),
    (begin(settings={"activation": "add"}), "takes not one operand"),
    (begin(settings={"activation": "no_such_op"}), "no_such_op"),
    (begin(settings={"lr": "fast"}), "lr is 'fast'"),
    (begin(train={"x": [[0.0, 1.0]], "label": [2]}), "train is an object"),
    (begin(train={"x": [[0.0]], "label": [1]}), "train is an object"),
    (begin(train={"x": [[0.0, float("inf")]], "label": [1]}), "train is an object"),
    (begin(test={"x": [[0.0, 1.0]] * 5001, "label": [1] * 5001}), "test is an object"),
    (begin(size=101), "size is a whole number"),
    (begin(half=0), "half is"),
    (begin(half="wide"), "half is a finite number"),
]


@pytest.mark.parametrize(("text", "words"), BAD, ids=[words for _, words in BAD])
def test_messages_that_make_no_sense_are_told_by_name(text: str, words: str) -> None:
    with pytest.raises(MgcoreError, match=re.escape(words)):
        answer(None, text)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"kind": "advance", "epochs": 10**9}, "epochs is a whole number"),
        ({"kind": "advance", "epochs": True}, "epochs is a whole number"),
        ({"kind": "edit", "index": 99, "value": 1.0}, "parameter 99"),
        ({"kind": "edit", "index": 0, "value": None}, "value is a finite number"),
        ({"kind": "set", "settings": {"lr": -1}}, "lr is -1"),
        ({"kind": "set", "settings": 3}, "settings are an object"),
        ({"kind": "stepper", "neuron": [0, 9], "x1": 0, "x2": 0}, "neuron is"),
        ({"kind": "stepper", "x1": 0, "x2": 0, "label": 0, "title": "x" * 999}, "title is"),
        ({"kind": "drop tables"}, "no message is of the kind"),
    ],
    ids=str,
)
def test_a_session_refuses_what_it_cannot_do(message: dict[str, Any], words: str) -> None:
    session, _ = answer(None, begin())
    with pytest.raises(BadPlaygroundError, match=re.escape(words)):
        answer(session, json.dumps(message))


def made(**settings: Any) -> tuple[Session, Any]:
    full = Settings(**{"layers": (4, 3), "samples": 40, **settings})
    rows, labels = draw("circle", samples=40, noise=0.1, seed=3)
    train, test = split(rows, labels, share=0.5, seed=3)
    return Session(full, train, test), train


@pytest.mark.parametrize("loss", ["binary_cross_entropy", "hinge", "mse"])
@pytest.mark.parametrize("activation", ["tanh", "relu", "gelu"])
def test_a_moment_is_what_the_engine_says(loss: str, activation: str) -> None:
    session, train = made(loss=loss, activation=activation)
    session.advance(3)
    moment = session.moment(4, 2.0)
    X, y = targets(train, loss)
    root = losses.by_name(loss)([session.model(row) for row in X], y)
    session.model.zero_grad()
    root.backward()
    assert moment.judged["trainLoss"] == pytest.approx(root.data, rel=1e-12)
    grads = [p.grad for p in session.parameters]
    assert moment.grads.tolist() == pytest.approx(grads, rel=1e-9, abs=1e-12)
    # the corner at the top left, and one row below it
    for place, point in ((0, [-1.5, 1.5]), (4, [-1.5, 0.5])):
        hidden = [neuron(point).data for neuron in session.model.layers[0].neurons]
        assert moment.fields[0][:, place].tolist() == pytest.approx(hidden, rel=1e-6, abs=1e-7)
        out = session.model(point).data
        assert float(moment.fields[-1][0, place]) == pytest.approx(out, rel=1e-6, abs=1e-7)
    assert moment.epochs == 3
    assert moment.backend == "compiled"


def test_dead_neurons_and_divergence_reach_the_page() -> None:
    session, _ = made(activation="relu")
    session.edit(2, -100.0)
    assert session.moment(3, 2.0).slopes[0][0] == 0.0
    wild, _ = made(loss="mse", optimizer="sgd", lr=50.0, activation="leaky_relu")
    wild.advance(50)
    wild.advance(1)
    moment = wild.moment(3, 2.0)
    assert moment.judged["trainLoss"] != moment.judged["trainLoss"]
    assert b'"trainLoss": "nan"' in answer_bytes(wild)


def answer_bytes(session: Session) -> bytes:
    from mgview.playground.messages import pack

    return pack(session.moment(3, 2.0))


def test_an_op_whose_rule_only_python_runs_is_looked_into_as_well() -> None:
    import math

    import numpy as np

    rounded = Op("rounded", lambda x: math.sinh(x), (lambda out, x: math.cosh(x),))
    register(rounded)
    try:
        values, slopes = activation_of("rounded")(np.array([[0.5, -1.0]]))
    finally:
        unregister("rounded")
    assert values.tolist() == [[math.sinh(0.5), math.sinh(-1.0)]]
    assert slopes.tolist() == [[math.cosh(0.5), math.cosh(-1.0)]]


def test_serving_a_taken_port_raises_the_named_error() -> None:
    import socket

    from mgview.playground.playground import Playground
    from mgview.playground.server import serve

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(NoServerError, match="choose another port"):
            serve(Playground(Settings()), taken.getsockname()[1], print)
