"""Speed of the pages in Chromium: frames of the playground, and the slider of a large stepper.

The playground trains 2-8-8-1 on 500 rows, an epoch a frame; the stepper shows a graph of 5,400
nodes without any pattern, at 30 positions of its slider. Run: python benchmarks/pages.py (needs
playwright and Chromium; prints a line a run).
"""

import random
import shutil
import tempfile
from pathlib import Path
from typing import Any

import mgview
from mgcore import Value, ops

SECONDS, POSITIONS, NODES = 4, 30, 5400
PLAY = """async seconds => {
  const frames = [];
  let stop = false;
  const look = now => { frames.push(now); if (!stop) requestAnimationFrame(look); };
  const before = Number(document.getElementById('epochs').textContent);
  document.getElementById('play').click();
  requestAnimationFrame(look);
  await new Promise(done => setTimeout(done, 1000 * seconds));
  stop = true;
  document.getElementById('play').click();
  const gaps = frames.slice(1).map((x, i) => x - frames[i]).sort((a, b) => a - b);
  return {
    frames: 1000 * gaps.length / (frames[frames.length - 1] - frames[0]),
    epochs: (Number(document.getElementById('epochs').textContent) - before) / seconds,
    median: gaps[gaps.length >> 1],
  };
}"""
SLIDE = """async positions => {
  const slider = document.getElementById('slider');
  const begin = performance.now();
  for (let i = 1; i <= positions; i++) {
    slider.value = String(Math.round(Number(slider.max) * i / (positions + 1)));
    slider.dispatchEvent(new Event('input', {bubbles: true}));
    await new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)));
  }
  return (performance.now() - begin) / 1000;
}"""


def busy(chrome: Any) -> float:
    """Return the seconds of processor time that the page's main thread took so far."""
    metrics = chrome.send("Performance.getMetrics")["metrics"]
    return float(next(row["value"] for row in metrics if row["name"] == "TaskDuration"))


def without_pattern(nodes: int) -> Value:
    """Return a graph in which nothing repeats: long edges everywhere."""
    rng = random.Random(1)  # noqa: S311 - no secret
    values = [Value(rng.uniform(-1.0, 1.0), label=f"x{i}") for i in range(nodes // 6)]
    loose = list(values)
    while len(values) < nodes - 2:
        x = loose.pop(rng.randrange(len(loose)))
        op = rng.choice((ops.add, ops.mul, ops.tanh, ops.sin))
        out = op(x) if op.arity == 1 else op(x, rng.choice(values))
        values.append(out)
        loose.append(out)
    root: Value = ops.sum(*loose)
    return root


def playing(page: Any, chrome: Any) -> None:
    """Play for some seconds."""
    before = busy(chrome)
    seen = page.evaluate(PLAY, SECONDS)
    own = (busy(chrome) - before) * 1000 / (seen["frames"] * SECONDS)
    print(
        f"playground: {seen['frames']:.1f} frames/s, {seen['epochs']:.1f} epochs/s, median gap "
        f"{seen['median']:.1f} ms; {own:.1f} ms of the page's thread a frame"
    )


def sliding(page: Any, chrome: Any) -> None:
    """Move the slider."""
    before = busy(chrome)
    wall = page.evaluate(SLIDE, POSITIONS)
    own = busy(chrome) - before
    print(
        f"stepper of {NODES:,} nodes: {POSITIONS} positions in {wall:.2f} s, {own:.2f} s of the "
        "page's thread"
    )


def main() -> None:
    """Measure each three times."""
    from playwright.sync_api import sync_playwright

    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        play = mgview.playground(samples=500, layers=[8, 8]).save(Path(folder) / "play.html")
        large = mgview.stepper(without_pattern(NODES)).save(Path(folder) / "large.html")
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        for file, measure in ((play, playing), (large, sliding)):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(file.as_uri())
            page.wait_for_load_state()
            page.wait_for_timeout(1000)
            chrome = page.context.new_cdp_session(page)
            chrome.send("Performance.enable", {"timeDomain": "threadTicks"})
            for _ in range(3):
                measure(page, chrome)
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
