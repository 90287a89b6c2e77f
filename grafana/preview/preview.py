"""Draw the dashboards from a live system in trouble: `python grafana/preview/preview.py`.

Starts the demo with incidents and a Prometheus that scrapes it, waits until alerts fire, draws
every dashboard in both themes in headless Chromium, and writes screenshots/. Fails when a page
complains, a panel stays empty although there is data for it, or a text does not fit.
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import page
from processes import (
    SCRAPE_SECONDS,
    PreviewError,
    Prometheus,
    running_demo,
    running_prometheus,
    wait_for,
)
from tools import require_tools

from browser import Page, browser

HERE = Path(__file__).resolve().parent
DASHBOARDS = HERE.parent / "dashboards"
SCREENSHOTS = HERE / "screenshots"

# A group that never reads, later a feed that stops, one that is deleted, and a job on the event
# streams: every state of a stream is in the pictures, and how it came to be.
SPEED = 5
INCIDENTS = ["consumer-dead@0", "feed-quiet@50", "stream-deleted@70", "retrain-job@90"]
ALERTS = ("RedisStreamQuiet", "RedisStreamMissing")
# Long enough to be marked in the graphs too.
FIRING_SECONDS = 45
RANGE_SECONDS = 300
PATIENCE_SECONDS = 480

WIDTH, HEIGHT = 1280, 900
COLOURS = 64
THEMES = ("dark", "light")


class View(NamedTuple):
    """One picture: a dashboard, and what the page is told beside the theme."""

    name: str
    dashboard: str
    options: dict[str, str]


VIEWS = (
    View("streams", "streamgauge-streams", {}),
    View("streams-rows", "streamgauge-streams", {"rows": "open"}),
    View("stream", "streamgauge-stream", {"var-stream": "quantum:stream:apply.result"}),
    View("exporter", "streamgauge-exporter", {}),
)


def main() -> int:
    """Draw all of it; 1 when something was wrong with a picture, 2 when there was none."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--dashboards", type=Path, default=DASHBOARDS, help="folder of the JSON")
    parser.add_argument("--output", type=Path, default=SCREENSHOTS, help="folder of the pictures")
    options = parser.parse_args()
    # What was started ends with this too, not only with Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        require_tools()
        problems = draw(options.dashboards, options.output)
    except PreviewError as error:
        say(f"preview: {error}")
        return 2
    return 1 if problems else 0


def draw(dashboards: Path, output: Path) -> int:
    """Write every picture; the number of problems."""
    output.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="preview-")))
        target = stack.enter_context(running_demo(directory, SPEED, INCIDENTS))
        prometheus = stack.enter_context(running_prometheus(directory, target))
        start = time.monotonic()
        say(f"demo and Prometheus run; {RANGE_SECONDS} s of data and firing alerts are waited for")
        building = stack.enter_context(ThreadPoolExecutor()).submit(build, dashboards)
        wait_for_trouble(prometheus, start, building)
        building.result()
        # One moment for all pictures.
        query = {
            "prometheus": prometheus.address,
            "scrape": SCRAPE_SECONDS,
            "seconds": RANGE_SECONDS,
            "to": int(time.time()),
        }
        url = stack.enter_context(page.served())
        tab = stack.enter_context(browser(directory))
        return sum(
            picture(tab, url, view, query | {"theme": theme}, output)
            for view in VIEWS
            for theme in THEMES
        )


def build(dashboards: Path) -> None:
    """Install and build the page while the data comes in."""
    page.install()
    page.build(dashboards)


def wait_for_trouble(prometheus: Prometheus, start: float, building: Future[None]) -> None:
    """Return when there is a full range of data and every expected alert fires."""
    names = "|".join(ALERTS)
    alerts = f'ALERTS{{alertname=~"{names}", alertstate="firing"}} offset {FIRING_SECONDS}s'
    firing = f"count(count by (alertname) ({alerts}))"

    def reached() -> bool:
        if building.done():
            building.result()
        if time.monotonic() - start < RANGE_SECONDS:
            return False
        return any(float(one["value"][1]) == len(ALERTS) for one in prometheus.query(firing))

    wait_for(reached, f"{' and '.join(ALERTS)} fire", PATIENCE_SECONDS, every=1)


def picture(tab: Page, url: str, view: View, query: dict[str, Any], output: Path) -> int:
    """Draw one view, write its file and say what was found; the number of problems."""
    file = output / f"{view.name}-{query['theme']}.png"
    options = {"dashboard": view.dashboard, **view.options, **query}
    tab.open(f"{url}?{urlencode(options)}", WIDTH, HEIGHT)
    try:
        found = tab.value("window.preview")
    except PreviewError as error:
        raise PreviewError("\n".join([f"{file.name}: {error}", *tab.complaints])) from error
    tab.resize(WIDTH, found["height"])
    tab.value("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    file.write_bytes(small(tab.screenshot()))
    problems = [*found["problems"], *tab.complaints]
    say(f"{file.name}: {file.stat().st_size / 1000:.0f} kB, alerts {json.dumps(found['alerts'])}")
    for line in problems:
        say(f"  PROBLEM  {line}")
    for line in found["notes"]:
        say(f"  note     {line}")
    return len(problems)


def small(png: bytes) -> bytes:
    """The picture with few colours."""
    command = ["pngquant", "--speed=1", "--strip", str(COLOURS), "-"]
    return subprocess.run(command, input=png, stdout=subprocess.PIPE, check=True).stdout


def say(line: str) -> None:
    """A line for whoever runs it, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
