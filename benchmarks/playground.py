"""Frames a second of the playground's page in Chromium: 2-8-8-1 on 500 rows, an epoch a frame.

Run: python benchmarks/playground.py (needs playwright and Chromium; prints one line per run).
"""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import mgview

SECONDS = 4
MEASURE = """async seconds => {
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
    worst: gaps[Math.floor(gaps.length * 0.99)],
  };
}"""


def busy(chrome: Any) -> float:
    """Return the seconds of processor time that the page's main thread took so far."""
    metrics = chrome.send("Performance.getMetrics")["metrics"]
    return float(next(row["value"] for row in metrics if row["name"] == "TaskDuration"))


def main() -> None:
    """Measure, three times."""
    from playwright.sync_api import sync_playwright

    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        page_file = mgview.playground(samples=500, layers=[8, 8]).save(Path(folder) / "play.html")
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(page_file.as_uri())
        page.locator("body[data-ready=yes]").wait_for(state="attached")
        chrome = page.context.new_cdp_session(page)
        chrome.send("Performance.enable", {"timeDomain": "threadTicks"})
        for _ in range(3):
            before = busy(chrome)
            seen = page.evaluate(MEASURE, SECONDS)
            own = (busy(chrome) - before) * 1000 / (seen["frames"] * SECONDS)
            print(
                f"{seen['frames']:.1f} frames/s, {seen['epochs']:.1f} epochs/s; gap between frames "
                f"median {seen['median']:.1f} ms, 99 % within {seen['worst']:.1f} ms; "
                f"{own:.1f} ms of the page's thread a frame"
            )
        browser.close()


if __name__ == "__main__":
    main()
