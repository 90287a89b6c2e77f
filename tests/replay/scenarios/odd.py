"""Rhythms, IDs and commands from which a wrong conclusion is near: four hours of them."""

from __future__ import annotations

from typing import Any

from replay.actors import at, batches, burst, but, consume, during, produce, until
from replay.scenario import GROWING, LOSING, QUIET, STALLED, Page, Scenario, World
from replay.scenarios.common import counted, event_time, feed, jobs, leak, trimmed
from support.servers import COUNTING

FAR_AHEAD = "9999999999999-0"
_ACKNOWLEDGE_ALL = """
for _, entry in ipairs(redis.call('XPENDING', KEYS[1], 'g', '-', '+', 1000)) do
  redis.call('XACK', KEYS[1], 'g', entry[1])
end
"""


def acknowledge_all(pipe: Any, stream: str) -> None:
    pipe.eval(_ACKNOWLEDGE_ALL, 1, stream)


def read_and_empty(pipe: Any, stream: str) -> None:
    pipe.xreadgroup("g", "c", {stream: ">"}, noack=True)
    pipe.xtrim(stream, maxlen=0, approximate=False)


def rename_over(pipe: Any, stream: str) -> None:
    for _ in range(20):
        pipe.xadd(f"{stream}:new", {"n": 1})
    pipe.xgroup_create(f"{stream}:new", "g", id="0")
    pipe.rename(f"{stream}:new", stream)


def make_again(pipe: Any, stream: str) -> None:
    pipe.delete(stream)
    pipe.xadd(stream, {"n": 1})
    pipe.xgroup_create(stream, "g", id="0")


RHYTHMS = (
    Scenario(
        "jobs of twenty minutes and twice as many coming",
        jobs("30m"),
        lambda: [produce(600), batches(range(20, 240, 20), count=1)],
        (Page(GROWING, since=70, limit=30, group="g", by=134),),
        COUNTING,
    ),
    Scenario(
        "a batch of half every twelve minutes",
        jobs("5m"),
        lambda: [produce(10), batches(range(12, 240, 12), count=36)],
        (Page(STALLED, since=0, limit=5, group="g"),),
    ),
    Scenario(
        "a minute of writing in ten that is read to three quarters",
        jobs("5m"),
        lambda: [produce(1, lambda t: t % 600 < 60), consume(per_second=0.075)],
        (Page(GROWING, since=5.4, limit=5, group="g", by=36),),
        COUNTING,
    ),
    Scenario(
        "a leak of two in a hundred under noise",
        jobs("1m"),
        lambda: [produce(1, jitter=0.9), consume(per_second=0.98)],
        (Page(GROWING, since=20, limit=1, group="g", by=120),),
    ),
    Scenario(
        "a crash loop",
        jobs("5m"),
        lambda: [produce(10), batches(range(2, 240, 2), count=1)],
        (leak(1 / 12, 0, 5),),
        COUNTING,
    ),
    Scenario(
        "one entry in ninety seconds of two a second",
        jobs("5m"),
        lambda: [produce(0.5), batches([n * 1.5 for n in range(1, 160)], count=1)],
        (Page(GROWING, since=5, limit=5, group="g"),),
        COUNTING,
    ),
    Scenario(
        "jobs with jitter that are done in time",
        jobs("10m"),
        lambda: [produce(60, jitter=0.4), consume(per_second=1 / 50)],
    ),
    Scenario(
        "a daily peak inside its limit",
        jobs("10m"),
        lambda: [produce(10), burst(60, 2000), burst(150, 2000), consume(per_second=4)],
    ),
    Scenario(
        "an hourly batch inside its limit",
        jobs("90m"),
        lambda: [produce(30), batches((20, 80, 140, 200))],
    ),
    Scenario(
        "a pause inside the limit again and again",
        jobs("15m"),
        lambda: [produce(5), consume(active=but((20, 34), (50, 64), (80, 94), (110, 124)))],
    ),
    Scenario(
        "workers that come and go",
        jobs(),
        lambda: [
            produce(2),
            consume(per_second=0.4),
            consume(consumer="second", per_second=0.4, active=during((10, 60), (90, 150))),
            consume(consumer="third", per_second=1, active=during((0, 240))),
            at(70, lambda redis, stream: redis.xgroup_delconsumer(stream, "g", "second")),
        ],
    ),
    Scenario(
        "a group that never read anything",
        feed("1m", "5m"),
        lambda: [produce(10), consume(active=until(0))],
        (Page(STALLED, since=0, limit=5, group="g"),),
    ),
    Scenario(
        "a single entry that nobody takes",
        jobs("5m"),
        lambda: [burst(5, 1), burst(60, 1), consume(active=until(30))],
        (Page(STALLED, since=60, limit=5, group="g"),),
    ),
    Scenario(
        "an idle group with nothing waiting",
        jobs(),
        lambda: [burst(5, 20), consume(active=until(10))],
    ),
    Scenario(
        "work that is acknowledged within its limit",
        jobs(groups=[{"match": "g", "ack_limit": "15m"}]),
        lambda: [
            produce(60),
            consume(keep=True),
            *(at(minute, acknowledge_all) for minute in range(10, 240, 10)),
        ],
    ),
    Scenario(
        "a group that may be absent",
        jobs(groups=[{"match": "g", "optional": True}]),
        lambda: [produce(60)],
    ),
)

TRIMMING = (
    Scenario(
        "a group at the edge of the trimming",
        jobs("10m"),
        lambda: [produce(1, **trimmed(300)), consume(per_second=1, active=during((4, 999)))],
    ),
    Scenario(
        "a batch in twenty minutes of a stream that holds fifteen",
        jobs("30m"),
        lambda: [produce(1, **trimmed(900)), batches(range(20, 240, 20))],
        (Page(LOSING, since=15, group="g"),),
    ),
    Scenario(
        "one trim past a batch",
        jobs("2h"),
        lambda: [
            produce(2),
            batches((20, 80, 140, 200)),
            at(50, lambda redis, stream: redis.xtrim(stream, maxlen=100, approximate=False)),
        ],
        (Page(LOSING, since=50, until=50, group="g"),),
    ),
    Scenario(
        "a stream that is emptied by those who read it",
        jobs(),
        lambda: [
            produce(10),
            consume(),
            *(at(minute, read_and_empty) for minute in range(5, 240, 5)),
        ],
    ),
    Scenario(
        "a feed that is trimmed to nothing while it flows",
        feed("1m"),
        lambda: [produce(10, **trimmed(0))],
    ),
)

COMMANDS = (
    Scenario(
        "another stream renamed over this one",
        jobs(),
        lambda: [produce(5), consume(), at(60, rename_over), at(150, rename_over)],
    ),
    Scenario(
        "a stream restored from a copy of half an hour ago",
        jobs(),
        lambda: [
            produce(5),
            consume(),
            at(60, lambda redis, stream: redis.copy(stream, f"{stream}:copy")),
            at(90, lambda redis, stream: redis.rename(f"{stream}:copy", stream)),
        ],
    ),
    Scenario(
        "a stream whose last ID is set far ahead",
        feed("1m"),
        lambda: [
            produce(10),
            consume(),
            at(60, lambda redis, stream: redis.execute_command("XSETID", stream, FAR_AHEAD)),
        ],
    ),
    Scenario(
        "a cursor that is set back and forth",
        jobs(),
        lambda: [
            produce(5),
            consume(),
            at(60, lambda redis, stream: redis.xgroup_setid(stream, "g", "0")),
            at(90, lambda redis, stream: redis.xgroup_setid(stream, "g", "$")),
            at(120, lambda redis, stream: redis.xgroup_setid(stream, "g", "0")),
        ],
    ),
    Scenario(
        "a stream that is deleted and made again",
        jobs(),
        lambda: [produce(5), consume(), at(60, make_again), at(61, make_again)],
    ),
    Scenario(
        "entries that were read and are deleted",
        jobs(),
        lambda: [
            produce(5),
            consume(),
            at(100, lambda redis, stream: redis.xtrim(stream, maxlen=3, approximate=False)),
        ],
    ),
)

IDS = (
    Scenario(
        "IDs that count from one",
        feed("1m"),
        lambda: [produce(10, until(60), id=counted()), consume()],
        (Page(QUIET, since=60, limit=1),),
    ),
    Scenario(
        "IDs in nanoseconds",
        feed("1m"),
        lambda: [produce(10, until(60), id=event_time(0, 1e9)), consume(active=until(30))],
        (Page(QUIET, since=60, limit=1), Page(STALLED, since=30, limit=5, group="g")),
    ),
    Scenario(
        "IDs in seconds",
        feed("1m"),
        lambda: [produce(10, until(60), id=event_time(0, 1)), consume()],
        (Page(QUIET, since=60, limit=1),),
    ),
    Scenario(
        "IDs of an hour ahead",
        feed("1m"),
        lambda: [produce(10, until(60), id=event_time(3600)), consume()],
        (Page(QUIET, since=60, limit=1),),
    ),
    Scenario(
        "IDs of an hour ago whose group stands still",
        feed("1m"),
        lambda: [produce(10, id=event_time(-3600)), consume(active=but((60, 90)))],
        (Page(STALLED, since=60, limit=5, until=90, group="g"),),
    ),
    Scenario(
        "IDs of an hour ago that pause inside the limit",
        feed("10m", "10m"),
        lambda: [produce(5, but((60, 68)), id=event_time(-3600)), consume(active=but((90, 98)))],
    ),
)

ODD = World("four odd hours", 240, RHYTHMS + TRIMMING + COMMANDS + IDS)
