"""Tickets, and the page of a blind monitor: each fires with its words, resolves, else is silent.

Everything is played in a few runs of promtool, each history as a Redis of its own.
"""

import ast
import math
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import quote_plus

import pytest
import yaml

from rules.simulator.actors import consumer, producer
from rules.simulator.case import BLIND, Case, minutes
from rules.simulator.corpus import batches, judge_all
from rules.simulator.scraping import Exporter
from rules.simulator.world import MINUTE, Stream
from streamgauge.bundled import bundle_path
from streamgauge.policy import StreamClass, StreamPolicy
from support.servers import missing

RULES = [bundle_path("alerts") / f"{name}.rules.yml" for name in ("streams", "exporter", "hygiene")]
PROMTOOLS_AT_ONCE = 2
START = 1_800_000_000.0

REDIS = {"redis": "main"}
ORDERS = REDIS | {"db": "db0", "stream": "orders", "class": "hybrid"}
TICKS = REDIS | {"db": "db0", "stream": "ticks", "class": "continuous"}
EVENTS = REDIS | {"db": "db0", "stream": "events", "class": "event"}
SCRATCH = REDIS | {"db": "db0", "stream": "scratch", "class": "unclassified"}
WORKERS = ORDERS | {"group": "workers"}
NOBODY = SCRATCH | {"group": "nobody"}
HOSTILE = ORDERS | {"stream": 'a "b" \\ {{c}}&d=e', "group": "g?#"}

Line = Callable[[float], float | None]
"""The value of a series at a minute; None is a scrape that has none."""


@dataclass
class History:
    """What one or more exporters say over time."""

    minutes: int = 120
    step_seconds: int = 30
    series: dict[str, str] = field(default_factory=dict)

    def last(self) -> None:
        """Go on for eight hours, with an interval of a minute."""
        self.minutes, self.step_seconds = 480, 60

    def say(self, name: str, value: float | Line, *, instance: str = "a:1", **labels: str) -> None:
        target = {"job": "streamgauge", "instance": instance}
        text = ", ".join(f"{key}={_quoted(text)}" for key, text in (target | labels).items())
        line = value if callable(value) else lambda _: value
        values, before = [], None
        for step in range(self.minutes * 60 // self.step_seconds + 1):
            now = line(step * self.step_seconds / 60)
            values.append(_written(now, before))
            before = now
        self.series[f"{name}{{{text}}}"] = " ".join(values)

    def redis(
        self,
        redis_up: float | Line = 1,
        up: float | Line = 1,
        *,
        redis: str = "main",
        **target: str,
    ) -> None:
        """An exporter whose discovery works, and its Redis."""
        self.say("up", up, **target)
        self.say("redis_up", redis_up, redis=redis, **target)
        discovery = {"last_success_timestamp_seconds": lambda now: now * 60, "duration_seconds": 1}
        for name, value in discovery.items():
            self.say(f"streamgauge_discovery_{name}", value, redis=redis, **target)

    def group(self, labels: dict[str, str], **values: float | Line | None) -> None:
        """A healthy group apart from what is given; None leaves a series out."""
        healthy = {"lag": 0, "lag_seconds": 0, "lag_limit_seconds": 300, "consumers": 1}
        for name, value in (healthy | values).items():
            if value is not None:
                self.say(f"redis_stream_group_{name}", value, **labels)

    def pending(
        self,
        labels: dict[str, str],
        entry: Line,
        *,
        deliveries: float | Line = 1,
        first: float | None = 0.0,
        length: float = 1000,
        **values: float | None,
    ) -> None:
        """A group whose oldest pending entry was added at minute `entry(now)`.

        The oldest entry that the stream still holds was added at minute `first`.
        """
        stream = {key: value for key, value in labels.items() if key != "group"}
        self.say("redis_stream_last_entry_timestamp_seconds", START, **stream)
        self.say("redis_stream_last_entry_age_seconds", lambda now: now * 60, **stream)
        self.say("redis_stream_length", length, **stream)
        if first is not None:
            self.say("redis_stream_first_entry_timestamp_seconds", START + first * 60, **stream)
        count = deliveries if callable(deliveries) else lambda _: deliveries
        values["oldest_pending_age_seconds"] = lambda now: (
            0 if entry(now) is None else (now - entry(now)) * 60
        )
        values["oldest_pending_deliveries"] = lambda now: 0 if entry(now) is None else count(now)
        self.group(labels, **values)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", r"\\").replace('"', r"\"") + '"'


def _written(now: float | None, before: float | None) -> str:
    if now is None:
        return "_" if before is None else "stale"
    return "+Inf" if math.isinf(now) else repr(float(now)).removesuffix(".0")


class Look(NamedTuple):
    """Is this alert firing at this minute?"""

    alert: str
    minute: int


Said = tuple[dict[str, str], dict[str, str]]
"""The labels and the annotations of an alert."""


@dataclass
class Played:
    """What the rules made of histories: which alerts ever fired, and what was seen at each look."""

    ever: dict[str, dict[str, int]] = field(default_factory=dict)
    seen: dict[tuple[str, Look], list[Said]] = field(default_factory=dict)


def play(directory, histories: dict[str, History], looks: Iterable[Look] = ()) -> Played:
    """Judge histories of one length in one run; AssertionError when promtool cannot."""
    tokens = {name: f"redis-{index:02}" for index, name in enumerate(histories)}
    series = {
        text.replace('redis="main"', f'redis="{tokens[name]}"'): values
        for name, history in histories.items()
        for text, values in history.series.items()
    }
    one = next(iter(histories.values()))
    output = _promtool(directory, series, one, sorted(set(looks)))
    found = Played({name: {} for name in histories})
    by_token = {token: name for name, token in tokens.items()}
    alerts, _, counts = output.partition('expr: "')
    for labels, count in re.findall(r"(\{__name.*?\}|\{alertname.*?\}) ([\d.E+]+)", counts):
        said = _labels(labels)
        name = by_token.get(said.get("redis"), next(iter(histories)))
        found.ever[name][said["alertname"]] = int(float(count))
    for block in alerts.split("alertname: ")[1:]:
        alert, hours, rest = re.match(r"(\w+), time: (?:(\d+)h)?(?:(\d+)m)?", block).groups()
        look = Look(alert, int(hours or 0) * 60 + int(rest or 0))
        got = block.partition("got:[")[2]
        for said in re.findall(r"Labels:(\{.*\})\s+Annotations:(\{.*\})", got):
            token = _labels(said[0]).get("redis", "")
            name = by_token.get(token, next(iter(histories)))
            plain = [part.replace(token, "main") if token in by_token else part for part in said]
            found.seen.setdefault((name, look), []).append((_labels(plain[0]), _labels(plain[1])))
    return found


def _promtool(directory, series: dict[str, str], one: History, looks: list[Look]) -> str:
    binary = shutil.which("promtool")
    if binary is None:
        missing("promtool")
    ever = f'count_over_time(ALERTS{{alertstate="firing"}}[{one.minutes}m])'
    content = {
        "rule_files": [str(file) for file in RULES],
        "evaluation_interval": f"{one.step_seconds}s",
        "group_eval_order": [
            group["name"] for file in RULES for group in yaml.safe_load(file.read_text())["groups"]
        ],
        "tests": [
            {
                "interval": f"{one.step_seconds}s",
                "input_series": [{"series": s, "values": v} for s, v in series.items()],
                "alert_rule_test": [
                    {"eval_time": f"{look.minute}m", "alertname": look.alert, "exp_alerts": []}
                    for look in looks
                ],
                "promql_expr_test": [{"expr": ever, "eval_time": f"{one.minutes}m"}],
            }
        ],
    }
    file = directory / "test.yml"
    file.write_text(yaml.safe_dump(content, width=math.inf))
    done = subprocess.run([binary, "test", "rules", str(file)], capture_output=True, text=True)
    output = done.stdout + done.stderr
    assert done.returncode == 0 or "got:" in output, output
    return output


def _labels(text: str) -> dict[str, str]:
    pairs = re.findall(r'(\w+)=("(?:[^"\\]|\\.)*")', text)
    return {key: ast.literal_eval(value) for key, value in pairs}


def between(start: float, end: float, inside: float | None, outside: float | None = 0) -> Line:
    return lambda now: inside if start <= now < end else outside


def waiting(since: float, until: float = math.inf) -> Line:
    """Seconds that the oldest of the entries that came at `since` has waited."""
    return lambda now: max(0.0, now - since) * 60 if now < until else 0.0


@dataclass
class Alert:
    """An alert that fires at one minute, not at others, and what it says."""

    name: str
    tell: Callable[[History], object]
    labels: dict[str, str]
    fires: int
    silent: tuple[int, ...]
    summary: str
    description: str
    dashboard: str = "streamgauge-stream"
    severity: str = "warning"

    @property
    def looks(self) -> list[Look]:
        return [Look(self.name, minute) for minute in (self.fires, *self.silent)]

    @property
    def says(self) -> Said:
        labels = {"job": "streamgauge", "severity": self.severity} | self.labels
        names = ("redis", "stream", "group", "class")
        if self.dashboard == "streamgauge-exporter":
            names = names[:1]
        values = [f"var-{name}={quote_plus(labels[name])}" for name in names if name in labels]
        url = f"https://grafana.example.com/d/{self.dashboard}"
        return labels | {"alertname": self.name}, {
            "summary": self.summary,
            "description": self.description,
            "runbook_url": f"https://runbooks.example.com/streamgauge/{self.name}.md",
            "dashboard_url": "?".join([url, "&".join(values)] if values else [url]),
        }


def drains(history: History) -> None:
    """20,000 entries behind at minute 10; gains 2 a second, and 20 a second after minute 70."""

    def lag(now):
        return 0 if now < 10 else max(0, 20_000 - 120 * min(now - 10, 60) - 1200 * max(0, now - 70))

    history.group(
        WORKERS,
        lag=lag,
        lag_seconds=lambda now: lag(now) / 10,
        entries_read=lambda now: 5000 * now,
    )


def loses_ground(history: History) -> None:
    """A second behind each minute for seven hours, then caught up."""
    history.last()

    def behind(now):
        return now - 5 if 6 < now < 430 else 0

    history.group(WORKERS, lag=behind, lag_seconds=behind, entries_read=lambda now: 100 * now)


def loses_ground_on_redis_6_2(history: History) -> None:
    history.last()
    history.group(
        WORKERS,
        lag=None,
        lag_seconds=lambda now: now - 5 if 6 < now < 430 else 0,
        last_delivered_timestamp_seconds=lambda now: START + 59 * now,
    )


def is_emptied(labels: dict[str, str]) -> Callable[[History], None]:
    return lambda history: history.say("redis_stream_length", between(60, 90, 0, 1200), **labels)


def is_recreated(history: History) -> None:
    def added(now):
        return 100_000 + now * 60 if now < 30 else (now - 30) * 60

    history.say("redis_stream_entries_added_total", added, **ORDERS)


def is_unknown(history: History) -> None:
    history.say("redis_stream_entries_added_total", 5000, **ORDERS)
    history.group(WORKERS, lag=between(10, 100, None, 0), lag_seconds=between(10, 100, 20))


def is_blind_to_one_feed(history: History) -> None:
    for reason, count in (("noperm", between(20, 60, 2)), ("wrongtype", 0), ("timeout", 0)):
        labels = REDIS | {"class": "continuous", "reason": reason}
        history.say("streamgauge_stream_errors", count, **labels)


def watched_by_nobody_else(history: History) -> None:
    """Two exporters of two servers; the second is down for an hour."""
    history.redis()
    history.redis(between(20, 80, None, 1), between(20, 80, 0, 1), redis="other", instance="b:1")


POISON_WORDS = (
    "The oldest pending entry of the group workers on the hybrid stream orders of Redis main "
    "has been pending for more than 30 minutes, was delivered at least five times and is 35m 0s "
    "old. Its consumers probably fail on it each time."
)
ABANDONED_WORDS = (
    "The oldest pending entry of the group workers on the hybrid stream orders of Redis main "
    "has been pending for more than 30 minutes, was hardly ever delivered again and is 35m 0s "
    "old. The consumer that took it probably died, and nobody claims its work."
)
GHOST_WORDS = (
    "The group workers on the hybrid stream orders of Redis main still lists an entry as "
    "pending that is 35m 0s old and was removed from the stream before it was acknowledged. "
    "What it said is lost to the group, unless a consumer still has it in hand."
)

TICKETS = {
    "a group without any consumer": Alert(
        "RedisStreamGroupWithoutConsumer",
        lambda history: history.group(WORKERS, consumers=0, lag_seconds=waiting(10, 40)),
        WORKERS,
        fires=16,
        silent=(15, 46),
        summary="Entries wait and no consumer of the group has been seen for five minutes.",
        description=(
            "Entries of the hybrid stream orders on Redis main have been waiting for the group "
            "workers for 6m 0s, and none of its consumers has asked for any in the last five "
            "minutes. They may wait for 5m 0s."
        ),
    ),
    "a group whose consumers were last seen long ago": Alert(
        "RedisStreamGroupWithoutConsumer",
        lambda history: (
            history.group(
                WORKERS,
                lag_seconds=waiting(10, 40),
                consumer_idle_seconds=between(40, 999, 0, 2000),
            ),
            history.say(
                "redis_stream_group_consumer_idle_seconds", 9000, consumer="old", **WORKERS
            ),
        ),
        WORKERS,
        fires=21,
        silent=(15, 46),
        summary="Entries wait and no consumer of the group has been seen for five minutes.",
        description=(
            "Entries of the hybrid stream orders on Redis main have been waiting for the group "
            "workers for 11m 0s, and none of its consumers has asked for any in the last five "
            "minutes. They may wait for 5m 0s."
        ),
    ),
    "a group with hostile names": Alert(
        "RedisStreamGroupWithoutConsumer",
        lambda history: history.group(HOSTILE, consumers=0, lag_seconds=waiting(10, 40)),
        HOSTILE,
        fires=16,
        silent=(15, 46),
        summary="Entries wait and no consumer of the group has been seen for five minutes.",
        description=(
            'Entries of the hybrid stream a "b" \\ {{c}}&d=e on Redis main have been waiting for '
            "the group g?# for 6m 0s, and none of its consumers has asked for any in the last "
            "five minutes. They may wait for 5m 0s."
        ),
    ),
    "an entry that fails again and again": Alert(
        "RedisStreamGroupPoisonEntry",
        lambda history: history.pending(
            WORKERS, between(5, 60, 5, None), deliveries=lambda now: now // 5
        ),
        WORKERS,
        fires=40,
        silent=(34, 75),
        summary="An entry is delivered again and again and never acknowledged.",
        description=POISON_WORDS,
    ),
    "an entry that was left behind": Alert(
        "RedisStreamGroupAbandonedEntry",
        lambda history: history.pending(WORKERS, between(5, 60, 5, None), deliveries=4, first=5),
        WORKERS,
        fires=40,
        silent=(34, 75),
        summary="An entry was handed to a consumer that does not finish it.",
        description=ABANDONED_WORDS,
    ),
    "a pending entry that was trimmed": Alert(
        "RedisStreamGroupGhostEntry",
        lambda history: history.pending(
            WORKERS, between(5, 60, 5, None), deliveries=9, first=5.001
        ),
        WORKERS,
        fires=40,
        silent=(34, 75),
        summary="A pending entry no longer exists in its stream.",
        description=GHOST_WORDS,
    ),
    "a pending entry of a stream that was emptied": Alert(
        "RedisStreamGroupGhostEntry",
        lambda history: history.pending(WORKERS, between(5, 60, 5, None), first=None, length=0),
        WORKERS,
        fires=40,
        silent=(34, 75),
        summary="A pending entry no longer exists in its stream.",
        description=GHOST_WORDS,
    ),
    "a backlog that drains too slowly": Alert(
        "RedisStreamGroupDrainingSlowly",
        drains,
        WORKERS,
        fires=40,
        silent=(9, 85),
        summary="A group reads, but will need more than an hour to catch up.",
        description=(
            "Entries of the hybrid stream orders on Redis main have been waiting for the group "
            "workers for 27m 20s or longer during the last 15 minutes (they may wait for 5m "
            "0s). At the pace of these minutes it will not have caught up in an hour."
        ),
    ),
    "a backlog that drains too slowly, Redis 6.2": Alert(
        "RedisStreamGroupDrainingSlowly",
        lambda history: history.group(
            WORKERS,
            lag=None,
            lag_seconds=lambda now: 0 if now < 10 or now >= 70 else 7200 - 6 * (now - 10),
            last_delivered_timestamp_seconds=lambda now: START + 66 * now,
        ),
        WORKERS,
        fires=40,
        silent=(20, 75),
        summary="A group reads, but will need more than an hour to catch up.",
        description=(
            "Entries of the hybrid stream orders on Redis main have been waiting for the group "
            "workers for 1h 57m 0s or longer during the last 15 minutes (they may wait for 5m "
            "0s). At the pace of these minutes it will not have caught up in an hour."
        ),
    ),
    "a group that falls behind little by little": Alert(
        "RedisStreamGroupLosingGround",
        loses_ground,
        WORKERS,
        fires=425,
        silent=(350, 440),
        summary="A group has been falling behind for six hours.",
        description=(
            "The group workers reads the hybrid stream orders on Redis main a little slower "
            "than it is written, and has not caught up once in six hours. Entries now wait for "
            "6m 0s or longer (they may wait for 5m 0s)."
        ),
    ),
    "a group that falls behind little by little, Redis 6.2": Alert(
        "RedisStreamGroupLosingGround",
        loses_ground_on_redis_6_2,
        WORKERS,
        fires=425,
        silent=(350, 440),
        summary="A group has been falling behind for six hours.",
        description=(
            "The group workers reads the hybrid stream orders on Redis main a little slower "
            "than it is written, and has not caught up once in six hours. Entries now wait for "
            "6m 0s or longer (they may wait for 5m 0s)."
        ),
    ),
    "a lag that Redis cannot tell": Alert(
        "RedisStreamGroupLagUnknown",
        is_unknown,
        WORKERS,
        fires=77,
        silent=(70, 103),
        summary="Redis cannot tell how many entries a group has not read.",
        description=(
            "For an hour Redis main has not been able to tell how many entries of the hybrid "
            "stream orders the group workers has not read. Alerts that count entries miss this "
            "group; those on waiting time, with its limit of 5m 0s, still work."
        ),
    ),
    "a hybrid stream that lost all it held": Alert(
        "RedisStreamEmptied",
        is_emptied(ORDERS),
        ORDERS,
        fires=66,
        silent=(64, 97),
        summary="A stream that held entries was emptied.",
        description=(
            "The hybrid stream orders on Redis main held 1.2k entries or more for half an hour "
            "and now holds none. Groups that had not read them cannot do so any more."
        ),
    ),
    "a feed that lost all it held": Alert(
        "RedisStreamEmptied",
        is_emptied(TICKS),
        TICKS,
        fires=66,
        silent=(64, 97),
        summary="A stream that held entries was emptied.",
        description=(
            "The continuous stream ticks on Redis main held 1.2k entries or more for half an "
            "hour and now holds none. Groups that had not read them cannot do so any more."
        ),
    ),
    "a declared hybrid stream that was deleted": Alert(
        "RedisStreamEmptied",
        lambda history: (
            history.say("redis_stream_length", between(60, 90, None, 1200), **ORDERS),
            history.say("redis_stream_exists", between(60, 90, 0, 1), **ORDERS),
        ),
        ORDERS,
        fires=66,
        silent=(64, 97),
        summary="A stream that held entries was emptied.",
        description=(
            "The hybrid stream orders on Redis main held 1.2k entries or more for half an hour "
            "and now holds none. Groups that had not read them cannot do so any more."
        ),
    ),
    "a stream that was deleted and written anew": Alert(
        "RedisStreamEntriesAddedBackwards",
        is_recreated,
        ORDERS,
        fires=34,
        silent=(29, 110),
        summary="A stream's count of entries ever added went backwards.",
        description=(
            "The hybrid stream orders on Redis main now says that 240 entries were ever added "
            "to it, fewer than minutes before. It was deleted and written anew, restored, or "
            "Redis failed over to a replica that had not everything."
        ),
    ),
    "more streams than may be exported": Alert(
        "RedisStreamsDropped",
        lambda history: history.say("streamgauge_streams_dropped", between(10, 40, 25), **REDIS),
        REDIS,
        fires=21,
        silent=(19, 46),
        summary="There are more streams than the exporter may export.",
        description=(
            "25 streams of Redis main were found and not exported, because there are more than "
            "discovery.max_streams allows. No alert can fire for them."
        ),
        dashboard="streamgauge-exporter",
    ),
    "streams that may not be read": Alert(
        "RedisStreamsUnreadable",
        lambda history: (
            history.say(
                "streamgauge_stream_errors",
                between(10, 40, 3),
                **{"redis": "main", "class": "event", "reason": "noperm"},
            ),
        ),
        REDIS | {"class": "event", "reason": "noperm"},
        fires=26,
        silent=(24, 46),
        summary="Some streams cannot be read.",
        description=(
            "3 event streams of Redis main cannot be read (reason: noperm). No alert can fire "
            "for them. The log of the exporter names them."
        ),
        dashboard="streamgauge-exporter",
    ),
    "a server whose clock runs behind": Alert(
        "RedisStreamsClockOffset",
        lambda history: history.say(
            "streamgauge_clock_offset_seconds", between(10, 40, -7), **REDIS
        ),
        REDIS,
        fires=21,
        silent=(19, 46),
        summary="The clocks of Redis and of the exporter disagree.",
        description=(
            "The clock of Redis main and that of the exporter differ by 7s; 5s are tolerated. "
            "Ages are measured on the clock of Redis alone, but every time shown as a date is "
            "off, and a clock that is set right will jump."
        ),
        dashboard="streamgauge-exporter",
    ),
    "a configuration with a mistake": Alert(
        "RedisStreamsConfigReloadFailed",
        lambda history: history.say(
            "streamgauge_config_last_reload_successful", between(10, 40, 0, 1)
        ),
        {},
        fires=16,
        silent=(14, 46),
        summary="The exporter's configuration has a mistake and was not loaded.",
        description=(
            "An exporter of the job streamgauge refused its configuration file at the last "
            "reload and goes on with the one before. A restart would fail on it. Its log names "
            "every mistake."
        ),
        dashboard="streamgauge-exporter",
    ),
    "a discovery that stopped": Alert(
        "RedisStreamsDiscoveryStale",
        lambda history: (
            history.say(
                "streamgauge_discovery_last_success_timestamp_seconds",
                lambda now: min(now, 10) * 60 if now < 100 else now * 60,
                **REDIS,
            ),
            history.say("streamgauge_discovery_duration_seconds", 30, **REDIS),
        ),
        REDIS,
        fires=82,
        silent=(80, 106),
        summary="New streams are not being found.",
        description=(
            "The exporter last walked the keys of Redis main from end to end 1h 12m 0s ago. "
            "Streams created since then have no series and no alerts; those known are still "
            "read."
        ),
        dashboard="streamgauge-exporter",
    ),
    "a discovery that never worked": Alert(
        "RedisStreamsDiscoveryStale",
        lambda history: (
            history.say(
                "streamgauge_discovery_last_success_timestamp_seconds",
                lambda now: None if now < 40 else now * 60,
                **REDIS,
            ),
            history.say(
                "streamgauge_discovery_duration_seconds", between(40, 999, 1, None), **REDIS
            ),
        ),
        REDIS,
        fires=12,
        silent=(9, 46),
        summary="New streams are not being found.",
        description=(
            "The exporter has not once walked the keys of Redis main from end to end since it "
            "started. Streams created since then have no series and no alerts; those known are "
            "still read."
        ),
        dashboard="streamgauge-exporter",
    ),
}

BESIDE = {
    "a group that falls behind little by little": {"RedisStreamGroupDrainingSlowly"},
    "feeds that cannot be read": {"RedisStreamsUnreadable"},
    "Redis is down": {BLIND},
}
"""Further alerts that are right in a history."""

BLIND_SUMMARY = "Redis streams are not being monitored."
NO_EXPORTER = (
    "No exporter of the job streamgauge answers Prometheus. Nothing is known about any Redis "
    "stream, and no alert about one can fire."
)
PAGES = {
    "a server that cannot be read": Alert(
        BLIND,
        lambda history: history.redis(between(20, 60, 0, 1)),
        REDIS,
        fires=24,
        silent=(22, 65),
        summary=BLIND_SUMMARY,
        description=(
            "The exporter runs but cannot read Redis main. Nothing is known about its streams, "
            "and no alert about them can fire."
        ),
        dashboard="streamgauge-exporter",
        severity="critical",
    ),
    "feeds that cannot be read": Alert(
        BLIND,
        is_blind_to_one_feed,
        REDIS | {"class": "continuous"},
        fires=24,
        silent=(22, 65),
        summary=BLIND_SUMMARY,
        description=(
            "Redis main is readable, but 2 of its continuous streams cannot be read: nobody "
            "would notice if they went quiet. Its other streams are still watched."
        ),
        dashboard="streamgauge-exporter",
        severity="critical",
    ),
    "an exporter that is down": Alert(
        BLIND,
        lambda history: history.redis(between(20, 60, None, 1), between(20, 60, 0, 1)),
        {},
        fires=24,
        silent=(22, 65),
        summary=BLIND_SUMMARY,
        description=NO_EXPORTER,
        dashboard="streamgauge-exporter",
        severity="critical",
    ),
    "a target that is gone": Alert(
        BLIND,
        lambda history: history.redis(between(20, 60, None, 1), between(20, 60, None, 1)),
        {},
        fires=24,
        silent=(22, 65),
        summary=BLIND_SUMMARY,
        description=NO_EXPORTER,
        dashboard="streamgauge-exporter",
        severity="critical",
    ),
    "the only exporter of one of two servers": Alert(
        BLIND,
        watched_by_nobody_else,
        {"redis": "other"},
        fires=24,
        silent=(22, 85),
        summary=BLIND_SUMMARY,
        description=(
            "The exporter that watches Redis other does not answer Prometheus, and no other "
            "exporter watches it. Nothing is known about its streams, and no alert about them "
            "can fire."
        ),
        dashboard="streamgauge-exporter",
        severity="critical",
    ),
}


def moves_on(history: History) -> None:
    """Half an hour behind, so old entries are pending, but another one every minute."""
    history.pending(WORKERS, lambda now: math.floor(now) - 30, deliveries=9)


def takes_another_after_half_an_hour(history: History) -> None:
    history.pending(
        WORKERS,
        lambda now: 5 if now < 34 else None if now < 36 else 36 if now < 60 else None,
        deliveries=9,
    )


def of_nobody(history: History) -> None:
    """Everything that is wrong with a group, without a limit."""
    history.last()
    history.pending(NOBODY, lambda _: 5, lag_limit_seconds=None)

    def lag(now):
        return now * 100

    history.group(
        NOBODY, lag=lag, lag_seconds=lag, consumers=0, entries_read=lag, lag_limit_seconds=None
    )
    history.say("redis_stream_length", between(60, 90, 0, 100), **SCRATCH)
    history.say("redis_stream_entries_added_total", between(0, 60, 1000, 5), **SCRATCH)


def is_read_by_an_hourly_batch(history: History) -> None:
    history.last()
    history.say("redis_stream_entries_added_total", lambda now: now * 60, **ORDERS)
    history.group(
        WORKERS,
        lag=lambda now: now % 60 * 60,
        lag_seconds=lambda now: now % 60 * 60,
        lag_limit_seconds=7200,
        consumer_idle_seconds=lambda now: now % 60 * 60,
        entries_read=lambda now: now // 60 * 3600,
    )


def is_read_by_a_daily_batch(history: History) -> None:
    history.last()
    history.group(
        WORKERS,
        lag=lambda now: now * 60,
        lag_seconds=lambda now: now * 60,
        lag_limit_seconds=26 * 3600,
        consumer_idle_seconds=lambda now: now * 60,
        entries_read=1000,
    )


def drains_a_burst(entries: bool) -> Callable[[History], None]:
    """A burst at minute 10, all of its entries of one age, read within 40 minutes."""

    def tell(history: History) -> None:
        def left(now):
            return max(0, 4000 - 100 * (now - 10)) if now >= 10 else 0

        history.group(
            WORKERS,
            lag=left if entries else None,
            lag_seconds=waiting(10, 50),
            last_delivered_timestamp_seconds=lambda now: START + 600 + now * 0.01,
        )

    return tell


def drains_for_a_day(history: History) -> None:
    """One burst, of which there is less from hour to hour; it only grows older."""
    history.last()
    history.group(
        WORKERS,
        lag=lambda now: 100_000 - 100 * now,
        lag_seconds=lambda now: 600 + now * 60,
        lag_limit_seconds=26 * 3600,
        entries_read=lambda now: now * 100,
    )


def has_caught_up_once(history: History) -> None:
    history.last()

    def behind(now):
        return 0 if 200 <= now < 201 else now

    history.group(
        WORKERS,
        lag=behind,
        lag_seconds=behind,
        lag_limit_seconds=26 * 3600,
        entries_read=lambda now: now * 100,
    )


def stands_still(history: History) -> None:
    """The group reads nothing: a page of its own, and no drain to speak of."""
    history.group(WORKERS, lag=lambda now: now, lag_seconds=waiting(10), entries_read=5)


def gains_on_a_known_lag(history: History) -> None:
    """The wait shrinks slowly, but few entries are left."""
    history.group(
        WORKERS,
        lag=lambda now: max(0, 3000 - 60 * now),
        lag_seconds=lambda now: 7200 - 6 * now if now < 50 else 0,
        entries_read=lambda now: 60 * now,
    )


def gains_quickly_on_redis_6_2(history: History) -> None:
    history.group(
        WORKERS,
        lag=None,
        lag_seconds=lambda now: max(0, 7200 - 180 * now),
        last_delivered_timestamp_seconds=lambda now: START + 240 * now,
    )


def loses_seconds_in_hours(history: History) -> None:
    history.last()
    history.group(
        WORKERS,
        lag=lambda now: 10 + now,
        lag_seconds=lambda now: 10 + now / 10,
        entries_read=lambda now: 100 * now,
    )


def is_deleted(history: History) -> None:
    """A feed of which RedisStreamMissing tells."""
    history.say("redis_stream_length", between(60, 90, None, 1200), **TICKS)
    history.say("redis_stream_exists", between(60, 90, 0, 1), **TICKS)


def is_short_lived(history: History) -> None:
    history.say(
        "redis_stream_length", lambda now: None if now < 40 else 30 if now < 55 else 0, **ORDERS
    )


def walks_for_long(history: History) -> None:
    """Discovery takes fifty minutes, and as long passes between two of them."""
    history.last()
    success = "streamgauge_discovery_last_success_timestamp_seconds"
    history.say(success, lambda now: now // 100 * 6000, **REDIS)
    history.say("streamgauge_discovery_duration_seconds", 3000, **REDIS)


def is_a_queue(history: History) -> None:
    """Consumers delete what they have done, so the stream is empty every few minutes."""
    history.say("redis_stream_length", lambda now: 20 - math.floor(now) % 21, **ORDERS)


def is_trimmed_overnight(history: History) -> None:
    history.say("redis_stream_length", between(60, 999, 0, 500), **TICKS)
    history.say("redis_stream_quiet_limit_seconds", between(55, 999, math.inf, 60), **TICKS)


def is_seen_by_two(history: History) -> None:
    """Two exporters, the second of them two minutes behind; the first leaves."""
    history.say(
        "redis_stream_entries_added_total",
        lambda now: 6000 * math.floor(now) if now < 30 else None,
        **ORDERS,
    )
    history.say(
        "redis_stream_entries_added_total",
        lambda now: 6000 * math.floor(now) - 12_000,
        instance="b:1",
        **ORDERS,
    )


def cannot_tell_lag(history: History) -> None:
    """Redis 6.2: no lag in entries while behind, and no entries-added."""
    history.group(WORKERS, lag=None, lag_seconds=20)


def knows_lag_at_times(history: History) -> None:
    history.say("redis_stream_entries_added_total", 5000, **ORDERS)
    history.group(WORKERS, lag=lambda now: None if now % 50 else 0, lag_seconds=20)


def redis_is_down(history: History) -> None:
    history.redis(0)
    for reason in ("timeout", "noperm"):
        for stream_class in ("continuous", "event"):
            labels = REDIS | {"class": stream_class, "reason": reason}
            history.say("streamgauge_stream_errors", 4, **labels)
    history.say("streamgauge_discovery_last_success_timestamp_seconds", 60, **REDIS)
    history.say("streamgauge_discovery_duration_seconds", 1, **REDIS)


def one_replica_is_worse_off(history: History) -> None:
    for instance, bad in (("a:1", 1), ("b:1", 0)):
        history.redis(1 - bad, instance=instance)
        labels = REDIS | {"instance": instance}
        errors = labels | {"class": "continuous", "reason": "noperm"}
        history.say("streamgauge_stream_errors", 3 * bad, **errors)
        history.say("streamgauge_clock_offset_seconds", 60 * bad, **labels)
        history.say(
            "streamgauge_discovery_last_success_timestamp_seconds",
            60 if bad else lambda now: now * 60,
            **labels,
        )
        history.say("streamgauge_discovery_duration_seconds", 1, **labels)


NEVER = {
    "entries wait for a moment and no consumer is listed": lambda history: history.group(
        WORKERS, consumers=0, lag_seconds=lambda now: 30 if now % 10 < 4 else 0
    ),
    "a group without consumers, nothing waiting": lambda history: history.group(
        WORKERS, consumers=0
    ),
    "entries wait, and a consumer takes one at a time": lambda history: history.group(
        WORKERS, lag=40, lag_seconds=250, consumer_idle_seconds=9000, lag_limit_seconds=3600
    ),
    "old entries pending, another one every minute": moves_on,
    "another entry pending than half an hour ago": takes_another_after_half_an_hour,
    "a group and a stream of nobody": of_nobody,
    "an hourly batch inside its limit": is_read_by_an_hourly_batch,
    "a daily batch inside its limit": is_read_by_a_daily_batch,
    "a burst that drains": drains_a_burst(entries=True),
    "a burst that drains, Redis 6.2": drains_a_burst(entries=False),
    "a backlog of which few entries are left": gains_on_a_known_lag,
    "a backlog that drains within the hour, Redis 6.2": gains_quickly_on_redis_6_2,
    "a backlog within its limit": drains_for_a_day,
    "a group that falls behind by seconds in hours": loses_seconds_in_hours,
    "a group that caught up once": has_caught_up_once,
    "a group that reads nothing": stands_still,
    "a lag that Redis 6.2 never tells": cannot_tell_lag,
    "a lag that is known at times": knows_lag_at_times,
    "a queue that is empty every few minutes": is_a_queue,
    "a feed that is trimmed after hours": is_trimmed_overnight,
    "a stream that held something for a quarter of an hour": is_short_lived,
    "a feed that is deleted": is_deleted,
    "an event stream that is emptied": is_emptied(EVENTS),
    "an unclassified stream that is emptied": is_emptied(SCRATCH),
    "a replica that saw less than the one before": is_seen_by_two,
    "Redis is down": redis_is_down,
    "one replica is worse off": one_replica_is_worse_off,
    "a discovery that takes long": walks_for_long,
    "a clock that is off by a little": lambda history: history.say(
        "streamgauge_clock_offset_seconds", 4.9, **REDIS
    ),
    "a key of another type where a feed should be": lambda history: (
        history.say(
            "streamgauge_stream_errors",
            between(20, 30, 1),
            **(REDIS | {"class": "continuous", "reason": "wrongtype"}),
        ),
    ),
}


OURS = {*(alert.name for alert in TICKETS.values()), BLIND}
"""What is under test here; histories may well page for what they tell."""


def told(tell: Callable[[History], object]) -> History:
    """Tell a history, of a Redis that can be read unless it says otherwise."""
    history = History()
    tell(history)
    healthy = History(history.minutes, history.step_seconds)
    healthy.redis()
    history.series = healthy.series | history.series
    return history


@pytest.fixture(scope="module")
def played(tmp_path_factory) -> Played:
    """All histories: those of one length together, and alone what is not about `main`."""
    alerts = TICKETS | PAGES
    histories = {name: told(alert.tell) for name, alert in alerts.items()}
    histories |= {name: told(tell) for name, tell in NEVER.items()}
    together: dict[tuple[object, ...], dict[str, History]] = {}
    for name, history in histories.items():
        alone = name in alerts and alerts[name].labels.get("redis") != "main"
        together.setdefault((history.minutes, alone and name), {})[name] = history
    folders = [tmp_path_factory.mktemp("promtool") for _ in together]
    looks = [
        [look for name in batch if name in alerts for look in alerts[name].looks]
        for batch in together.values()
    ]
    found = Played()
    with ThreadPoolExecutor(PROMTOOLS_AT_ONCE) as pool:
        for judged in pool.map(play, folders, together.values(), looks):
            found.ever |= judged.ever
            found.seen |= judged.seen
    return found


@pytest.mark.parametrize("name", TICKETS | PAGES)
def test_fires_with_its_words_and_resolves(name, played):
    alert = (TICKETS | PAGES)[name]
    at_first, *others = alert.looks
    assert played.seen.get((name, at_first)) == [alert.says]
    assert [look for look in others if (name, look) in played.seen] == []


@pytest.mark.parametrize("name", TICKETS | PAGES)
def test_no_other_ticket_fires(name, played):
    alert = (TICKETS | PAGES)[name]
    assert OURS & played.ever[name].keys() == {alert.name} | BESIDE.get(name, set())


@pytest.mark.parametrize("name", NEVER)
def test_no_ticket(name, played):
    assert OURS & played.ever[name].keys() == BESIDE.get(name, set())


def test_a_stuck_entry_is_one_ticket_through_a_gap_and_a_change_of_pod(tmp_path):
    history = History()
    lives = {"pod-a": lambda now: now < 50 and not 44 <= now < 47, "pod-b": lambda now: now >= 51}
    for pod, is_there in lives.items():
        whole = History()
        whole.pending(WORKERS | {"pod": pod, "instance": f"{pod}:1"}, lambda _: 5)
        for series, values in whole.series.items():
            history.series[series] = " ".join(
                value if is_there(step * whole.step_seconds / 60) else "stale"
                for step, value in enumerate(values.split())
            )
    fired = play(tmp_path, {"one": history}).ever["one"]
    assert fired["RedisStreamGroupAbandonedEntry"] == 2 * (120 - 35)


# --- RedisStreamsMonitoringBlind on simulated systems: in time, once, and cleared

SYSTEMS: dict[str, Callable[[Case], None]] = {}


def system(tell: Callable[[Case], None]) -> Callable[[Case], None]:
    SYSTEMS[tell.__name__.replace("_", " ")] = tell
    return tell


@system
def redis_that_is_away_through_a_failed_scrape_is_one_page(case):
    case.exporter.redis_down = minutes((10, 40))
    case.exporter.down = minutes((12.5, 13), (30, 30.5))
    case.expect(BLIND, since=10 * MINUTE, until=40 * MINUTE)


@system
def a_feed_that_may_not_be_read_through_a_failed_scrape_is_one_page(case):
    case.exporter.denied = {"feed": minutes((10, 40))}
    case.exporter.down = minutes((12.5, 13), (30, 30.5))
    case.expect(BLIND, since=10 * MINUTE, until=40 * MINUTE)


@system
def redis_that_answers_once_in_between_is_one_page(case):
    case.exporter.redis_down = minutes((10, 30), (30.5, 50))
    case.expect(BLIND, since=10 * MINUTE, until=50 * MINUTE)


@system
def redis_that_two_replicas_cannot_read_is_one_page(case):
    both = minutes((10, 40))
    case.exporters = [Exporter("a:1", redis_down=both), Exporter("b:1", offset=15, redis_down=both)]
    case.expect(BLIND, since=10 * MINUTE, until=40 * MINUTE)


@system
def a_feed_that_one_replica_may_not_read_is_no_page(case):
    denied = {"feed": minutes((10, 40))}
    case.exporters = [Exporter("a:1", denied=denied), Exporter("b:1", offset=15)]


@system
def a_redis_that_one_replica_cannot_reach_is_no_page(case):
    case.exporters = [Exporter("a:1", redis_down=minutes((10, 40))), Exporter("b:1", offset=15)]


@system
def a_replica_that_is_down_for_good_is_no_page(case):
    case.exporters = [Exporter("a:1", down=minutes((10, 999))), Exporter("b:1", offset=15)]


@system
def restarts_of_an_exporter_are_no_page(case):
    case.exporter.down = minutes((10, 12.5), (20, 21), (22, 23))


@system
def a_pod_that_takes_over_after_two_minutes_is_no_page(case):
    case.exporter.pods = [(0, "pod-a"), (20 * MINUTE, "pod-b")]
    case.exporter.gone = minutes((20, 22))
    case.exporter.restarts = [20 * MINUTE]


@system
def a_redis_that_fails_a_single_scrape_is_no_page(case):
    case.exporter.redis_down = minutes(*((start, start + 0.5) for start in range(10, 40, 2)))


@pytest.fixture(scope="module")
def verdicts():
    cases = {}
    for name, tell in SYSTEMS.items():
        case = cases[name] = Case(60)
        policy = StreamPolicy(StreamClass.CONTINUOUS, quiet_limit_seconds=60.0)
        feed = case.stream("feed", Stream(policy))
        case.act(producer(feed, 5), consumer(feed, "readers"))
        tell(case)
    return judge_all(batches(cases), RULES[:2])


@pytest.mark.parametrize("name", SYSTEMS)
def test_blind_on_a_simulated_system(name, verdicts):
    assert verdicts[name].problems == []
