"""Make the pictures in docs/images anew: python tools/docs_images.py (needs Chromium).

A person looks at them before they are committed.
"""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright
from sklearn.datasets import load_iris, make_moons
from sklearn.preprocessing import StandardScaler

import mgview
from mgcore import Value
from mgnn import MLP, fit, losses, optim
from mgview.recorder import LayerRecorder
from mgview.report import write_report
from mgview.training import save_training_picture

IMAGES = Path(__file__).parents[1] / "docs" / "images"
DESKTOP, PHONE = {"width": 1200, "height": 720}, {"width": 390, "height": 844}


def lesson() -> Value:
    """Return L = (a * b + c) * f with its gradients."""
    a, b, c = Value(2.0, label="a"), Value(-3.0, label="b"), Value(10.0, label="c")
    e = a * b
    e.label = "e"
    d = e + c
    d.label = "d"
    out: Value = d * Value(-2.0, label="f")
    out.label = "L"
    out.backward()
    return out


def graphs() -> None:
    """Draw the lesson, and a net of three layers."""
    (IMAGES / "graph.png").write_bytes(mgview.draw(lesson()).png(scale=1.5))
    out = MLP(2, [16, 16, 1], activation="tanh", seed=7)([Value(0.5, "x1"), Value(-1.0, "x2")])
    out.label = "out"
    out.backward()
    (IMAGES / "mlp.png").write_bytes(mgview.draw(out).png(scale=1.2))
    model = MLP(2, [4, 3, 1], activation="tanh", seed=7)
    mgview.network(model, inputs=["x1", "x2"]).save(IMAGES / "network.png")
    mgview.stepper(lesson()).save(IMAGES / "pass.gif", seconds=1.2)


def neuron() -> mgview.Stepper:
    """Return the page of tanh(w1 x1 + w2 x2 + b), the second lesson."""
    x1, x2 = Value(2.0, label="x1"), Value(0.0, label="x2")
    w1, w2, b = Value(-3.0, label="w1"), Value(1.0, label="w2"), Value(6.8814, label="b")
    n = x1 * w1 + x2 * w2 + b
    n.label = "n"
    o = n.tanh()
    o.label = "o"
    return mgview.stepper(o)


def moons() -> None:
    """Train on two moons, and draw curves and boundary."""
    X, y = make_moons(200, noise=0.1, random_state=1)
    signs = 2 * y - 1
    model = MLP(2, [16, 16, 1], activation="tanh", seed=7)
    sgd = optim.SGD(lr=0.3)
    history = fit(model, X, signs, loss="hinge", optimizer=sgd, epochs=40, seed=7, progress=False)
    save_training_picture(IMAGES / "training.png", model, X, signs, history)


def report(folder: Path) -> Path:
    """Train on iris, and write the report."""
    data = load_iris()
    X = StandardScaler().fit_transform(data.data)
    model = MLP(4, [8, 3], activation="tanh", seed=7)
    recorder = LayerRecorder(model, X.tolist(), data.target.tolist(), "cross_entropy")
    adam = optim.Adam(lr=0.02)
    history = fit(
        model,
        X,
        data.target,
        loss="cross_entropy",
        optimizer=adam,
        epochs=20,
        seed=7,
        progress=False,
        callbacks=[recorder],
    )
    return write_report(
        folder / "report.html",
        model=model,
        history=history,
        X=X,
        y=data.target,
        loss="cross_entropy",
        title="Training on iris",
        settings={"hidden": "8", "activation": "tanh", "optimizer": "Adam(lr=0.02)"},
        data={"rows": 150, "inputs": 4, "target": "species"},
        classes=list(data.target_names),
        inputs=data.feature_names,
        recorder=recorder,
    )


def screenshot(browser: Any, page_file: Path, name: str, **how: Any) -> None:
    """Save one screenshot of a page at a step."""
    step, full, media = how.pop("step", None), how.pop("full", False), how.pop("media", "screen")
    context = browser.new_context(**how)
    page = context.new_page()
    page.goto(page_file.as_uri())
    if step is not None:
        page.fill("#slider", str(step))
    if how["color_scheme"] == "dark" and step is not None and media == "screen":
        page.check("#predicting")
    page.emulate_media(media=media)
    if media == "print":
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.wait_for_timeout(1300)  # until the pulse has arrived
    page.screenshot(path=IMAGES / name, full_page=full)
    context.close()


def folded(browser: Any, folder: Path) -> None:
    """Take the picture of a large graph whose alike parts are folded, one box opened."""
    model = MLP(2, [16, 16, 1], activation="tanh", seed=7)
    root = losses.hinge([model([Value(0.5, "x1"), Value(-1.0, "x2")])], [1])
    root.label = "loss"
    file = mgview.stepper(root, model=model).save(folder / "folded.html")
    page = browser.new_context(viewport=DESKTOP, color_scheme="light").new_page()
    page.goto(f"{file.as_uri()}#step=60")
    page.click("#fold")
    page.screenshot(path=IMAGES / "stepper-folded.png")


SPIRAL = "#data=spiral&noise=0.05&activation=silu&lr=0.03&batch=30&run=150"
DEAD = "#data=circle&activation=relu&lr=1&optimizer=sgd&layers=6-6-6&run=8"


def playground(browser: Any, folder: Path) -> None:
    """Take the pictures of the playground: light, dark with a dead neuron, phone, paper."""
    address = mgview.playground().save(folder / "play.html").as_uri()
    desktop = {"width": 1280, "height": 900}

    def opened(run: str, viewport: Any, scheme: str) -> Any:
        page = browser.new_context(viewport=viewport, color_scheme=scheme).new_page()
        page.goto(address + run)
        page.locator("body[data-ready=yes]").wait_for(state="attached")
        page.wait_for_timeout(300)
        return page

    page = opened(SPIRAL, desktop, "light")
    page.screenshot(path=IMAGES / "playground.png", full_page=True)
    page.locator(".cell[data-neuron='1.2'] .neuron").click()
    frame = page.frame_locator("#stepper iframe")
    frame.locator("#slider").fill("4")
    frame.locator("#zoom-fit").click()
    page.wait_for_timeout(1300)
    page.screenshot(path=IMAGES / "playground-stepper.png")
    page = opened(DEAD, desktop, "dark")
    page.check("input[value=grads]")
    page.screenshot(path=IMAGES / "playground-dark.png", full_page=True)
    opened(SPIRAL, PHONE, "light").screenshot(path=IMAGES / "playground-phone.png")
    page = opened(SPIRAL, {"width": 794, "height": 1000}, "dark")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.wait_for_timeout(300)
    page.screenshot(path=IMAGES / "playground-print.png", full_page=True)


def main() -> None:
    """Make all pictures."""
    IMAGES.mkdir(exist_ok=True)
    graphs()
    moons()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("no Chromium was found; install it to take the screenshots")
    with tempfile.TemporaryDirectory() as name, sync_playwright() as driver:
        folder = Path(name)
        stepper = mgview.stepper(lesson()).save(folder / "stepper.html")
        second = neuron().save(folder / "neuron.html")
        written = report(folder)
        browser = driver.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        light, dark = {"color_scheme": "light"}, {"color_scheme": "dark"}
        screenshot(browser, stepper, "stepper.png", step=6, viewport=DESKTOP, **light)
        screenshot(browser, stepper, "stepper-dark.png", step=7, viewport=DESKTOP, **dark)
        screenshot(browser, stepper, "stepper-phone.png", step=6, viewport=PHONE, **light)
        screenshot(browser, second, "neuron.png", step=8, viewport=DESKTOP, **light)
        paper = {"width": 794, "height": 1000}
        screenshot(
            browser, second, "stepper-print.png", step=8, media="print", viewport=paper, **dark
        )
        wide = {"width": 900, "height": 700}
        screenshot(browser, written, "report.png", full=True, viewport=wide, **light)
        folded(browser, folder)
        playground(browser, folder)
        browser.close()


if __name__ == "__main__":
    main()
