"""Prometheus and Alertmanager beside the exporter, with the shipped files in quick motion."""

import asyncio
import contextlib
import os
import re
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import yaml

from streamgauge.bundled import bundle_path
from streamgauge_demo.children import POLL_SECONDS, Child, running
from streamgauge_demo.errors import DemoError
from streamgauge_demo.pace import Pace, every
from streamgauge_demo.pager import printing, running_pager
from streamgauge_demo.quick import MOST_FACTOR, quick, quick_alertmanager, quick_rules

# Under which names they are installed; tests/install-peers adds the version.
PROGRAMS = {
    "Prometheus": ("prometheus", "prometheus-[0-9]*"),
    "Alertmanager": ("alertmanager", "prometheus-alertmanager", "alertmanager-[0-9]*"),
}
REMEDY = "on Debian: apt install prometheus prometheus-alertmanager; with Go: make peers"
# What Prometheus does unless told otherwise; a time too.
_PROMETHEUS_DEFAULTS = {
    "query.lookback-delta": "5m",
    "rules.alert.resend-delay": "1m",
    "rules.alert.for-grace-period": "10m",
    "rules.alert.for-outage-tolerance": "1h",
}
_FIRST_SCRAPE = "/api/v1/query?query=up"
_INTERVAL_SECONDS = 15
# As seldom as the rules are tested with, because a scrape has until the next one: one that fails
# gives every feed three minutes, and those are not divided.
_SCRAPE_SECONDS = 30
_LISTEN_SECONDS = 20.0
_LISTENING = re.compile(r'msg="?Listening on"? (?:component=web )?address=127\.0\.0\.1:(\d+)')


@dataclass(frozen=True)
class Monitoring:
    """Where both are, and their processes."""

    prometheus_url: str
    alertmanager_url: str
    children: tuple[Child, ...]


def find_programs() -> dict[str, Path]:
    """Those of PROGRAMS that are in a folder of PATH."""
    found: dict[str, Path] = {}
    for folder in map(Path, os.get_exec_path()):
        for program, names in PROGRAMS.items():
            for path in (path for name in names for path in folder.glob(name)):
                if shutil.which(path):
                    found.setdefault(program, path)
    return found


def factor_at(pace: Pace) -> float:
    """By how much the times of rules and routing are divided; beyond it limits alone shrink."""
    return min(pace.speed, MOST_FACTOR)


def scrape_seconds(factor: float) -> float:
    """How long is between two scrapes."""
    return min(_SCRAPE_SECONDS / factor, _INTERVAL_SECONDS)


@contextlib.asynccontextmanager
async def monitoring(
    exporter: str, factor: float, say: Callable[[str], None]
) -> AsyncIterator[Monitoring | None]:
    """Watch the exporter at this address and say each page; without the programs, say how to."""
    found = find_programs()
    if missing := PROGRAMS.keys() - found.keys():
        say(f"No alerts are shown: {' and '.join(sorted(missing))} not found on PATH ({REMEDY}).")
        yield None
        return
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="streamgauge-demo-")))
        try:
            started = await _start(stack, folder, found, exporter, factor, say)
        except DemoError as error:
            await stack.aclose()
            say(f"No alerts are shown: {error}.")
            started = None
        yield started


async def _start(
    stack: contextlib.AsyncExitStack,
    folder: Path,
    found: dict[str, Path],
    exporter: str,
    factor: float,
    say: Callable[[str], None],
) -> Monitoring:
    children: list[Child] = []

    async def start(program: str, flags: list[str]) -> tuple[Child, int]:
        command = [str(found[program]), *flags, "--web.listen-address=127.0.0.1:0"]
        child = stack.enter_context(running(program, command, folder / f"{program}.log"))
        children.append(child)
        port = await _port(child)
        await child.ready("127.0.0.1", port)
        return child, port

    pager = stack.enter_context(running_pager(printing(say)))
    _, port = await start("Alertmanager", write_alertmanager(folder, pager, factor))
    alertmanager = f"127.0.0.1:{port}"
    prometheus, port = await start(
        "Prometheus", write_prometheus(folder, exporter, alertmanager, factor)
    )
    # Prometheus scrapes nothing for five seconds. In quick motion those are minutes, after which
    # the rules page for an exporter that nobody sees: so they come after the first scrape.
    await prometheus.ready("127.0.0.1", port, _FIRST_SCRAPE, b'"value"')
    write_rules(folder, factor)
    prometheus.send_signal(signal.SIGHUP)
    return Monitoring(f"http://127.0.0.1:{port}/", f"http://{alertmanager}/", tuple(children))


async def _port(child: Child) -> int:
    """The free port that a program chose, by its log."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LISTEN_SECONDS):
            async for _ in every(POLL_SECONDS):
                if told := _LISTENING.search(child.log.read_text(errors="replace")):
                    return int(told[1])
                child.check()
    raise DemoError(f"{child.name} does not listen: {child.last_words()}")


def write_alertmanager(folder: Path, receiver_url: str, factor: float) -> list[str]:
    """Write the shipped example with its receivers at this URL; gives Alertmanager's flags."""
    config = folder / "alertmanager.yml"
    example = (bundle_path("alerts") / "alertmanager.example.yml").read_text(encoding="utf-8")
    config.write_text(yaml.safe_dump(quick_alertmanager(example, receiver_url, factor)))
    return [
        f"--config.file={config}",
        f"--storage.path={folder / 'alertmanager'}",
        "--cluster.listen-address=",
    ]


def write_rules(folder: Path, factor: float) -> list[Path]:
    """Write every shipped rule file, in quick motion."""
    written = []
    for shipped in sorted(bundle_path("alerts").glob("*.rules.yml")):
        rules = quick_rules(shipped.read_text(encoding="utf-8"), factor)
        written.append(folder / shipped.name)
        written[-1].write_text(yaml.safe_dump(rules, sort_keys=False))
    return written


def write_prometheus(folder: Path, exporter: str, alertmanager: str, factor: float) -> list[str]:
    """Write a configuration that scrapes the exporter; gives Prometheus's flags.

    It takes the rules from this folder, which has none yet.
    """
    scrape = f"{scrape_seconds(factor) * 1_000:.0f}ms"
    document = {
        "global": {
            "scrape_interval": scrape,
            "scrape_timeout": scrape,
            "evaluation_interval": f"{_INTERVAL_SECONDS / factor * 1_000:.0f}ms",
        },
        "rule_files": [str(folder / "*.rules.yml")],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
        "scrape_configs": [
            {"job_name": "streamgauge", "static_configs": [{"targets": [exporter]}]}
        ],
    }
    config = folder / "prometheus.yml"
    config.write_text(yaml.safe_dump(document))
    defaults = [f"--{flag}={quick(time, factor)}" for flag, time in _PROMETHEUS_DEFAULTS.items()]
    return [f"--config.file={config}", f"--storage.tsdb.path={folder / 'prometheus'}", *defaults]
