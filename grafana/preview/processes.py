"""The programs behind the pictures: the demo and a Prometheus that scrapes it, on free ports."""

import contextlib
import http.client
import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parent.parent.parent
JOB = "streamgauge"
SCRAPE_SECONDS = 5

T = TypeVar("T")

_METRICS = re.compile(r"^  metrics +http://(127\.0\.0\.1:\d+)/metrics", re.MULTILINE)
_LISTENING = re.compile(r'msg="Listening on" (?:component=web )?address=(127\.0\.0\.1:\d+)')


class PreviewError(Exception):
    """Why there is no picture, as a sentence."""


def wait_for(probe: Callable[[], T], what: str, seconds: float, every: float = 0.1) -> T:
    """Call `probe` until it answers something true; return that answer."""
    deadline = time.monotonic() + seconds
    while not (answer := probe()):
        if time.monotonic() > deadline:
            raise PreviewError(f"not within {seconds:.0f} s: {what}")
        time.sleep(every)
    return answer


@contextlib.contextmanager
def running(name: str, command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process for as long as the block lasts, its output in the file `log`."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, process_group=0
        )
    try:
        yield process
    except PreviewError as error:
        raise PreviewError(f"{error}\n--- {name}\n{log.read_text()[-2000:]}") from error
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def told(process: subprocess.Popen[bytes], log: Path, pattern: re.Pattern[str], what: str) -> str:
    """What a process says about itself in its log, once it does."""

    def found() -> str:
        if process.poll() is not None:
            raise PreviewError(f"{what}: it ended early with code {process.returncode}")
        match = pattern.search(log.read_text(errors="replace"))
        return match[1] if match else ""

    return wait_for(found, what, seconds=60)


@contextlib.contextmanager
def running_demo(directory: Path, speed: int, incidents: list[str]) -> Iterator[str]:
    """`streamgauge demo` with its incidents; gives the exporter's address."""
    log = directory / "demo.log"
    command = [sys.executable, "-m", "streamgauge", "demo", f"--speed={speed}", "--watch=exporter"]
    command += [f"--dir={directory / 'demo'}", "--web.listen-address=127.0.0.1:0"]
    command += [f"--incident={incident}" for incident in incidents]
    with running("the demo", command, log) as process:
        yield told(process, log, _METRICS, "the demo is ready")


class Prometheus:
    """A client of the one that runs."""

    def __init__(self, address: str) -> None:
        self.address = address

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series that an expression gives now."""
        connection = http.client.HTTPConnection(self.address, timeout=10)
        with contextlib.closing(connection):
            connection.request("GET", "/api/v1/query?" + urlencode({"query": expression}))
            answer = json.load(connection.getresponse())
        if answer["status"] != "success":
            raise PreviewError(f"Prometheus refuses {expression}: {answer['error']}")
        series: list[dict[str, Any]] = answer["data"]["result"]
        return series


@contextlib.contextmanager
def running_prometheus(directory: Path, target: str) -> Iterator[Prometheus]:
    """Prometheus on the shipped rules as they are, with one target."""
    binary = shutil.which("prometheus")
    if binary is None:
        raise PreviewError("missing prometheus: tests/install-servers says how to install it")
    interval = f"{SCRAPE_SECONDS}s"
    config = {
        "global": {"scrape_interval": interval, "evaluation_interval": interval},
        "rule_files": [str(file) for file in sorted((ROOT / "alerts").glob("*.rules.yml"))],
        "scrape_configs": [{"job_name": JOB, "static_configs": [{"targets": [target]}]}],
    }
    file, log = directory / "prometheus.yml", directory / "prometheus.log"
    file.write_text(json.dumps(config))  # JSON is YAML
    command = [binary, f"--config.file={file}", f"--storage.tsdb.path={directory / 'data'}"]
    command += ["--web.listen-address=127.0.0.1:0"]
    with running("Prometheus", command, log) as process:
        yield Prometheus(told(process, log, _LISTENING, "Prometheus listens"))
