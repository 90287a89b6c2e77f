"""What streams and groups do while server, exporter and Prometheus run on: two hours and a half."""

from __future__ import annotations

from replay.actors import at, batches, burst, but, consume, during, produce, until
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
    World,
)
from replay.scenarios.common import event_time, feed, jobs, leak, trimmed
from support.servers import COUNTING

ORDINARY = World(
    "an ordinary day",
    150,
    (
        Scenario(
            "a feed that stops and flows again",
            feed("1m"),
            lambda: [produce(10, but((20, 40)))],
            (Page(QUIET, since=20, limit=1, until=40),),
        ),
        Scenario(
            "a feed that stops for good",
            feed("30m"),
            lambda: [produce(10, until(40)), consume()],
            (Page(QUIET, since=40, limit=30),),
        ),
        Scenario(
            "a feed that is slow within its limit",
            feed("2m"),
            lambda: [produce(70, jitter=0.6)],
        ),
        Scenario(
            "an event stream that is silent",
            jobs(),
            lambda: [produce(10, until(10)), consume()],
        ),
        Scenario(
            "a hybrid stream that is empty",
            {"class": "hybrid", "lag_limit": "5m"},
            lambda: [consume()],
        ),
        Scenario(
            "a stream that nobody classified",
            {"class": "unclassified"},
            lambda: [produce(10, until(60), **trimmed(50)), consume(active=until(20))],
        ),
        Scenario(
            "a feed that is deleted",
            feed("5m"),
            lambda: [
                produce(10, but((20, 40))),
                at(20, lambda redis, stream: redis.delete(stream)),
            ],
            (Page(MISSING, since=20, until=40),),
        ),
        Scenario(
            "a declared group that is destroyed",
            jobs(groups=[{"match": "g", "lag_limit": "5m"}]),
            lambda: [
                produce(60),
                consume(active=but((20, 40))),
                at(20, lambda redis, stream: redis.xgroup_destroy(stream, "g")),
                at(40, lambda redis, stream: redis.xgroup_create(stream, "g", id="$")),
            ],
            (Page(GROUP_MISSING, since=20, until=40, group="g"),),
        ),
        Scenario(
            "a group that nobody declared is destroyed",
            jobs(),
            lambda: [
                produce(60),
                consume(active=until(20)),
                at(20, lambda redis, stream: redis.xgroup_destroy(stream, "g")),
            ],
        ),
        Scenario(
            "a consumer that dies",
            feed(lag="5m"),
            lambda: [produce(10), consume(active=but((20, 60)))],
            (Page(STALLED, since=20, limit=5, until=60, group="g"),),
        ),
        Scenario(
            "one entry every eleven minutes of two a second",
            jobs("5m"),
            lambda: [
                produce(0.5),
                consume(active=until(30)),
                batches(range(41, 150, 11), count=1),
            ],
            (Page(STALLED, since=30, limit=5, group="g"),),
        ),
        Scenario(
            "a batch inside its limit",
            jobs("45m"),
            lambda: [produce(5), batches(range(20, 150, 30))],
        ),
        Scenario(
            "a leak of a quarter",
            jobs("5m"),
            lambda: [produce(1), consume(per_second=2, active=until(20)), consume(per_second=0.75)],
            (leak(0.75, 20, 5),),
        ),
        Scenario(
            "a burst that drains",
            jobs("5m"),
            lambda: [produce(10), burst(20, 2000), consume(per_second=0.5)],
        ),
        Scenario(
            "a leak that is read in rounds of four minutes",
            jobs("5m"),
            lambda: [produce(1), consume(active=until(20)), batches(range(24, 151, 4), count=120)],
            (Page(GROWING, since=29, limit=5, group="g"),),
        ),
        Scenario(
            "a group that is too slow for the trimming",
            jobs("90m"),
            lambda: [
                produce(1, **trimmed(600)),
                consume(active=until(20)),
                consume(per_second=0.1, active=during((20, 999))),
            ],
            (Page(LOSING, since=31, group="g"),),
            COUNTING,
        ),
        Scenario(
            "a dead group that is left behind by the trimming",
            jobs("3h"),
            lambda: [produce(1, **trimmed(600)), consume(active=until(20))],
            (Page(LOSING, since=30, group="g"),),
        ),
        Scenario(
            "trimming of what was read",
            jobs("5m"),
            lambda: [produce(1, **trimmed(100)), consume()],
        ),
        Scenario(
            "a group without a limit that loses and stands still",
            jobs(groups=[{"match": "g", "lag_limit": "none"}]),
            lambda: [produce(5, **trimmed(100)), consume(active=until(10))],
        ),
        Scenario(
            "an entry that is never acknowledged",
            jobs(groups=[{"match": "g", "ack_limit": "10m"}]),
            lambda: [
                produce(60),
                consume(active=but((20, 20.5))),
                consume(keep=True, active=during((20, 20.5))),
            ],
            (Page(NOT_ACKNOWLEDGING, since=20, limit=10, group="g"),),
        ),
        Scenario(
            "IDs that are event times of an hour ago",
            feed("1m"),
            lambda: [produce(10, id=event_time(-3600)), consume()],
        ),
    ),
)
