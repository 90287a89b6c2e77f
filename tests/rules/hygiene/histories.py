"""What exporters say over time, told as a few lines that differ from a healthy system."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

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


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", r"\\").replace('"', r"\"") + '"'


def _written(now: float | None, before: float | None) -> str:
    if now is None:
        return "_" if before is None else "stale"
    return "+Inf" if math.isinf(now) else repr(float(now)).removesuffix(".0")


Tell = Callable[[History], object]
"""Tells a history what is not as it should be."""


def told(tell: Tell) -> History:
    """Tell a history, of a Redis that can be read unless it says otherwise."""
    history = History()
    tell(history)
    healthy = History(history.minutes, history.step_seconds)
    healthy.redis()
    history.series = healthy.series | history.series
    return history


def between(start: float, end: float, inside: float | None, outside: float | None = 0) -> Line:
    return lambda now: inside if start <= now < end else outside


def waiting(since: float, until: float = math.inf) -> Line:
    """Seconds that the oldest of the entries that came at `since` has waited."""
    return lambda now: max(0.0, now - since) * 60 if now < until else 0.0
