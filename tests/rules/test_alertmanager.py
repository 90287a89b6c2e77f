"""The Alertmanager example: valid, routes every alert, and hides what another alert explains."""

import functools
import json
import subprocess
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from streamgauge.bundled import bundle_path
from streamgauge.pack.adapt import IDENTITY_LABELS
from support import fast_yaml
from support.peers import Peer
from support.polling import wait_for
from support.servers import free_port

# Each takes seconds at the most, whatever the version.
pytestmark = pytest.mark.newest_too

EXAMPLE = bundle_path("alerts") / "alertmanager.example.yml"
RULES = sorted(bundle_path("alerts").glob("*.rules.yml"))
RECEIVERS = {"critical": "pager", "warning": "tickets"}

Labels = dict[str, str]
Names = set[str]


@functools.cache
def severities() -> dict[str, str]:
    """The severity of every shipped alert."""
    return {
        rule["alert"]: rule["labels"]["severity"]
        for file in RULES
        for group in fast_yaml.load(file.read_text())["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }


def test_amtool_finds_no_fault(each_amtool: Peer):
    found = each_amtool.run("check-config", str(EXAMPLE))
    assert "SUCCESS" in found
    assert "2 receivers" in found


def test_every_alert_reaches_its_receiver(each_amtool: Peer):
    def receiver(alert: str, severity: str) -> str:
        labels = {"alertname": alert, "severity": severity, "redis": "main", "stream": "orders"}
        arguments = [f"{key}={value}" for key, value in labels.items()]
        route = ("config", "routes", "test", f"--config.file={EXAMPLE}")
        return each_amtool.run(*route, *arguments).strip()

    reached = {alert: receiver(alert, severity) for alert, severity in severities().items()}
    assert reached == {alert: RECEIVERS[severity] for alert, severity in severities().items()}


def test_alerts_are_grouped_by_redis_and_stream(each_amtool: Peer):
    tree = each_amtool.run("config", "routes", "show", f"--config.file={EXAMPLE}")
    assert 'severity="critical"' in tree
    grouped = fast_yaml.load(EXAMPLE.read_text())["route"]["group_by"]
    assert grouped == [*IDENTITY_LABELS, "redis", "stream"]


def test_a_copied_example_mutes_nothing():
    document = fast_yaml.load(EXAMPLE.read_text())
    for interval in document["time_intervals"]:
        for window in interval["time_intervals"]:
            assert all(int(year) < datetime.now(UTC).year for year in window["years"])


class Alertmanager:
    """An Alertmanager with the example as its configuration, on a free port, that sends nothing."""

    def __init__(self, directory: Path, binary: Path) -> None:
        self.address = f"127.0.0.1:{free_port()}"
        # Nobody is notified while a test looks.
        document = fast_yaml.load(EXAMPLE.read_text())
        document["route"]["group_wait"] = "1h"
        file = directory / "alertmanager.yml"
        file.write_text(fast_yaml.dump(document))
        self.log = directory / "alertmanager.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    binary,
                    f"--config.file={file}",
                    f"--storage.path={directory / 'data'}",
                    f"--web.listen-address={self.address}",
                    "--cluster.listen-address=",
                ],
                cwd=directory,
                stdout=log,
                stderr=log,
            )

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=10)

    def is_ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self._get("/-/ready").startswith(b"OK")
        except OSError:
            return False

    def fire(self, *alerts: Labels) -> None:
        """Report alerts as firing."""
        self._post(alerts, datetime.now(UTC) + timedelta(hours=1))

    def resolve(self, *alerts: Labels) -> None:
        self._post(alerts, datetime.now(UTC))

    def _post(self, alerts: tuple[Labels, ...], ends: datetime) -> None:
        body = [{"labels": alert, "endsAt": ends.isoformat()} for alert in alerts]
        request = urllib.request.Request(
            f"http://{self.address}/api/v2/alerts",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=5):
            pass

    def _get(self, path: str) -> bytes:
        with urllib.request.urlopen(f"http://{self.address}{path}", timeout=5) as answer:
            return answer.read()

    def hidden_by(self) -> dict[str, list[str]]:
        """The test names of the firing alerts, and of those that hide each; "?" is none of them."""
        alerts = json.loads(self._get("/api/v2/alerts"))
        names = {alert["fingerprint"]: alert["labels"]["test"] for alert in alerts}
        return {
            name: [names.get(source, "?") for source in alert["status"]["inhibitedBy"]]
            for name, alert in zip(names.values(), alerts, strict=True)
        }

    def hides(self, alerts: dict[str, Labels]) -> Names:
        """Fire alerts, tell which of them are hidden by others, and take them back.

        A bystander that is surely hidden comes last: when it is, all before it were looked at.
        """
        last = {"redis": "bystander", "stream": "s"}
        bystanders = {
            "bystander, missing": last | {"alertname": "RedisStreamMissing"},
            "bystander": last | {"alertname": "RedisStreamQuiet"},
        }
        fired = [labels | {"test": name} for name, labels in (alerts | bystanders).items()]
        self.fire(*fired)
        names = alerts.keys() | bystanders.keys()
        wait_for(lambda: self._settled(names), "the bystander is hidden")
        seen = self.hidden_by()  # once more: an answer is made one alert after the other
        self.resolve(*fired)
        wait_for(lambda: not self.hidden_by(), "all alerts are resolved")
        return {name for name in alerts if seen[name]}

    def _settled(self, names: Names) -> bool:
        seen = self.hidden_by()
        return seen.keys() == names and bool(seen["bystander"]) and ["?"] not in seen.values()


@pytest.fixture(scope="module")
def alertmanager(tmp_path_factory, each_alertmanager: Peer) -> Iterator[Alertmanager]:
    server = Alertmanager(tmp_path_factory.mktemp("alertmanager"), each_alertmanager.binary)
    try:
        wait_for(server.is_ready, "Alertmanager is ready")
        yield server
    finally:
        server.stop()


def about(alert: str, redis: str = "", stream: str = "", group: str = "", **more: str) -> Labels:
    """The labels of an alert; those that are empty are not there."""
    labels = {"alertname": alert, "severity": severities()[alert], "job": "streamgauge"}
    labels |= {"redis": redis, "stream": stream, "group": group} | more
    if stream:
        labels |= {"db": "db0"}
    return {key: value for key, value in labels.items() if value}


BLIND, QUIET, MISSING, STALLED, GROWING = (
    "RedisStreamsMonitoringBlind",
    "RedisStreamQuiet",
    "RedisStreamMissing",
    "RedisStreamGroupStalled",
    "RedisStreamGroupLagGrowing",
)
EVERYWHERE = {
    f"{alert} on {redis}": about(alert, redis, f"stream of {alert}", "workers")
    for alert in severities()
    if alert != BLIND
    for redis in ("a", "b")
}

SOURCES = {
    "no exporter": about(BLIND),
    "one Redis": about(BLIND, "a"),
    "missing": about(MISSING, "a", "ticks"),
    "stalled": about(STALLED, "a", "orders", "g"),
}
TARGETS = {
    "quiet": about(QUIET, "a", "ticks"),
    "growing": about(GROWING, "a", "orders", "g"),
}
ENVIRONMENTS = {
    f"{name}, {label} {place}": alert | {label: place}
    for label in IDENTITY_LABELS
    for name, alert, places in (
        *((name, alert, ["one"]) for name, alert in SOURCES.items()),
        *((name, alert, ["one", "other"]) for name, alert in TARGETS.items()),
    )
    for place in places
}

CASES: dict[str, tuple[dict[str, Labels], Names]] = {
    "nothing of one environment hides anything of another": (
        ENVIRONMENTS,
        {name for name in ENVIRONMENTS if "other" not in name and "no exporter" not in name},
    ),
    "no exporter hides all": (
        EVERYWHERE
        | {"blind": about(BLIND), "blind to a": about(BLIND, "a")}
        | {"reload": about("RedisStreamsConfigReloadFailed")},
        {*EVERYWHERE, "blind to a", "reload"},
    ),
    "a Redis that cannot be read hides all of its own": (
        EVERYWHERE
        | {
            "blind to a": about(BLIND, "a"),
            "feeds of a": about(BLIND, "a", **{"class": "continuous"}),
        }
        | {"reload": about("RedisStreamsConfigReloadFailed")},
        {*(name for name in EVERYWHERE if name.endswith("on a")), "feeds of a"},
    ),
    "a feed that cannot be read hides nothing": (
        {"feeds of a": about(BLIND, "a", **{"class": "continuous"})}
        | {
            "of a": about(STALLED, "a", "orders", "g"),
            "unreadable": about("RedisStreamsUnreadable", "a"),
        },
        set(),
    ),
    "two blind alerts do not hide each other": (
        {"a": about(BLIND, "a"), "b": about(BLIND, "b")},
        set(),
    ),
    "a missing stream hides that it is quiet": (
        {
            "missing": about(MISSING, "a", "ticks"),
            "same": about(QUIET, "a", "ticks"),
            "another stream": about(QUIET, "a", "books"),
            "another Redis": about(QUIET, "b", "ticks"),
            "another alert": about(STALLED, "a", "ticks", "g"),
        },
        {"same"},
    ),
    "a stalled group hides that it falls behind": (
        {
            "stalled": about(STALLED, "a", "orders", "g"),
            "same": about(GROWING, "a", "orders", "g"),
            "another group": about(GROWING, "a", "orders", "h"),
            "another stream": about(GROWING, "a", "refunds", "g"),
            "another Redis": about(GROWING, "b", "orders", "g"),
            "another alert": about("RedisStreamGroupLosingEntries", "a", "orders", "g"),
            "the stream": about(QUIET, "a", "orders"),
        },
        {"same"},
    ),
    "labels missing on both sides hide nothing": (
        {
            "missing without a stream": about(MISSING, "a"),
            "quiet without a stream": about(QUIET, "a"),
            "missing without a Redis": about(MISSING),
            "quiet without a Redis": about(QUIET),
            "missing with a stream alone": about(MISSING, stream="ticks"),
            "quiet with a stream alone": about(QUIET, stream="ticks"),
            "stalled without a Redis": about(STALLED, stream="orders", group="g"),
            "growing without a Redis": about(GROWING, stream="orders", group="g"),
            "stalled without a stream": about(STALLED, "a", group="g"),
            "growing without a stream": about(GROWING, "a", group="g"),
            "stalled without a group": about(STALLED, "a", "orders"),
            "growing without a group": about(GROWING, "a", "orders"),
        },
        set(),
    ),
    "what is not ours is not hidden": (
        {"blind": about(BLIND), "other": {"alertname": "RedisDown", "redis": "a"}},
        set(),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_inhibition(name, alertmanager):
    alerts, hidden = CASES[name]
    assert alertmanager.hides(alerts) == hidden
