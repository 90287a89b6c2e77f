"""What streams are declared to be, and lives that several worlds have in common."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from replay.actors import at, burst, but, consume, during, produce, until
from replay.scenario import (
    GROUP_MISSING,
    GROWING,
    LOSING,
    MISSING,
    NOT_ACKNOWLEDGING,
    QUIET,
    STALLED,
    Page,
    Scenario,
)
from support.servers import COUNTING

Declared = dict[str, Any]


def feed(quiet: str = "1m", lag: str = "5m", **more: Any) -> Declared:
    return {"class": "continuous", "quiet_limit": quiet, "lag_limit": lag} | more


def jobs(lag: str = "5m", **more: Any) -> Declared:
    return {"class": "event", "lag_limit": lag} | more


def trimmed(length: int) -> dict[str, Any]:
    return {"maxlen": length, "approximate": False}


def leak(share: float, start: float, limit: float, end: float | None = None) -> Page:
    """A group that reads so large a share of what comes: when it must page."""
    return Page(GROWING, start + limit / (1 - share), limit, until=end, group="g")


def event_time(offset: float, in_a_second: float = 1000) -> Callable[[float], str]:
    """IDs that are times so many seconds from now, in so many parts of a second."""
    numbers = itertools.count()
    return lambda unix: f"{int((unix + offset) * in_a_second)}-{next(numbers)}"


def counted(first: int = 1) -> Callable[[float], str]:
    """IDs that are 1-0, 2-0, ..."""
    numbers = itertools.count(first)
    return lambda _: f"{next(numbers)}-0"


DECLARED = {"groups": [{"match": "g", "lag_limit": "5m", "ack_limit": "10m"}]}

INCIDENTS = (
    Scenario(
        "quiet",
        feed("1m"),
        lambda: [produce(10, until(20)), consume()],
        (Page(QUIET, since=20, limit=1),),
    ),
    Scenario(
        "missing",
        feed("5m"),
        lambda: [produce(10, until(20)), at(20, lambda redis, stream: redis.delete(stream))],
        (Page(MISSING, since=20),),
    ),
    Scenario(
        "group missing",
        jobs(**DECLARED),
        lambda: [
            produce(30),
            consume(active=until(20)),
            at(20, lambda redis, stream: redis.xgroup_destroy(stream, "g")),
        ],
        (Page(GROUP_MISSING, since=20, group="g"),),
    ),
    Scenario(
        "stalled",
        jobs("5m"),
        lambda: [produce(10), consume(active=until(20))],
        (Page(STALLED, since=20, limit=5, group="g"),),
    ),
    Scenario(
        "growing",
        jobs("2m"),
        lambda: [produce(1), consume(per_second=2, active=until(10)), consume(per_second=0.5)],
        (leak(0.5, 10, 2),),
    ),
    Scenario(
        "losing",
        jobs("90m"),
        lambda: [
            produce(1, **trimmed(300)),
            consume(active=until(20)),
            consume(per_second=0.1, active=during((20, 999))),
        ],
        (Page(LOSING, since=25, group="g"),),
        COUNTING,
    ),
    Scenario(
        "not acknowledging",
        jobs(**DECLARED),
        lambda: [
            produce(60),
            consume(active=but((20, 21))),
            consume(keep=True, active=during((20, 21))),
        ],
        (Page(NOT_ACKNOWLEDGING, since=20, limit=10, group="g"),),
    ),
)
"""One of each that begins at minute 20, or 10, and goes on to the end."""

BYSTANDERS = (
    Scenario("a feed that flows", feed("1m"), lambda: [produce(10), consume()]),
    Scenario("events that are rare", jobs(), lambda: [produce(1500), consume()]),
    Scenario("a backlog that drains", jobs(), lambda: [burst(5, 3000), consume(per_second=1)]),
    Scenario(
        "a trimmed feed that is read in time",
        feed("1m"),
        lambda: [produce(1, **trimmed(100)), consume()],
    ),
)
"""Nothing of these must page, whatever happens to the exporter."""
