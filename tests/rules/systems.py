"""Random systems with a known truth: streams that each do one thing, under random circumstances.

What a stream does is drawn so that the truth is clear: an incident is well past its limit and lasts
well longer than its alert needs, or it is well within. What lies between is nobody's mistake.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from rules.simulator.actors import (
    at,
    batch_consumer,
    between,
    burst,
    consumer,
    except_between,
    producer,
    until,
)
from rules.simulator.case import GROWING, LOSING, MISSING, QUIET, STALLED, Case, minutes
from rules.simulator.scraping import Exporter
from rules.simulator.world import MINUTE, REDIS_6_2, REDIS_7_0, REDIS_8_2, START, Server, Stream
from streamgauge.policy import StreamClass, StreamPolicy

M = MINUTE
LENGTH = 150.0


class Part:
    """One stream of a system under construction."""

    def __init__(self, case: Case, rng: random.Random, server: Server, name: str) -> None:
        self.case, self.rng, self.server, self.name = case, rng, server, name

    def stream(self, stream_class: StreamClass, *, quiet=None, lag=None, **more) -> Stream:
        policy = StreamPolicy(stream_class, quiet_limit_seconds=quiet, lag_limit_seconds=lag)
        stream = self.case.stream(self.name, Stream(policy, self.server, **more))
        if quiet is not None:
            stream.add(START)  # a feed does not begin its life just now
        return stream

    def classed(self, lag: float | None = 5 * M, **more) -> Stream:
        """A stream of any class in which entries may have a limit."""
        kind = self.rng.choice([StreamClass.CONTINUOUS, StreamClass.HYBRID, StreamClass.EVENT])
        quiet = 10 * M if kind is StreamClass.CONTINUOUS else None
        return self.stream(kind, quiet=quiet, lag=lag, **more)

    def produce(self, stream: Stream, every: float, active=lambda _: True) -> None:
        jitter = self.rng.uniform(0, 0.5)
        seeded = random.Random(self.rng.random())
        self.case.act(producer(stream, every, active, jitter=jitter, rng=seeded))


def healthy_feed(part: Part) -> None:
    limit = part.rng.choice([1, 2, 5]) * M
    stream = part.stream(StreamClass.CONTINUOUS, quiet=limit, lag=5 * M)
    part.produce(stream, limit * part.rng.uniform(0.02, 0.5))
    part.case.act(consumer(stream, "g"))


def feed_with_a_short_pause(part: Part) -> None:
    limit = part.rng.choice([2, 5, 10]) * M
    start = part.rng.uniform(20, 100) * M
    stream = part.stream(StreamClass.CONTINUOUS, quiet=limit, lag=5 * M)
    part.produce(stream, limit * 0.1, except_between((start, start + limit * 0.6)))


def feed_that_stops(part: Part) -> None:
    limit = part.rng.choice([0.5, 1, 5, 10]) * M
    start = part.rng.uniform(20, 80) * M
    end = start + limit + part.rng.uniform(10, 40) * M
    stream = part.stream(StreamClass.CONTINUOUS, quiet=limit, lag=5 * M)
    part.produce(stream, limit * 0.2, except_between((start, end)))
    part.case.act(consumer(stream, "g"))
    part.case.expect(QUIET, part.name, since=start - limit * 0.3, until=end + 5, limit=limit * 1.3)


def feed_that_is_deleted(part: Part) -> None:
    start = part.rng.uniform(20, 80) * M
    end = start + part.rng.uniform(10, 40) * M
    stream = part.stream(StreamClass.CONTINUOUS, quiet=2 * M, lag=5 * M)
    part.produce(stream, 5, except_between((start - 5, end)))
    part.case.act(at(start, stream.delete))
    part.case.expect(MISSING, part.name, since=start, until=end + 10)


def silent_stream(part: Part) -> None:
    kind = part.rng.choice([StreamClass.HYBRID, StreamClass.EVENT, StreamClass.UNCLASSIFIED])
    stream = part.stream(kind, lag=5 * M)
    if part.rng.random() < 0.7:
        part.case.act(consumer(stream, "g"))
    if part.rng.random() < 0.5:
        part.case.act(burst(stream, part.rng.uniform(5, 100) * M, part.rng.randint(1, 50)))
        if not stream.groups:
            part.case.act(consumer(stream, "late", active=lambda t: t > 1))


def unlimited_group(part: Part) -> None:
    stream = part.classed(lag=None, maxlen=part.rng.choice([None, 50]))
    part.produce(stream, 5)
    part.case.act(consumer(stream, "g", 0.02), consumer(stream, "h", active=until(600)))


def dead_consumer(part: Part) -> None:
    limit = part.rng.choice([1, 5, 10, 15]) * M
    every = part.rng.choice([2, 10, 60])
    start = part.rng.uniform(20, 60) * M
    end = start + max(limit, 10 * M) + part.rng.uniform(10, 40) * M
    stream = part.classed(lag=limit)
    part.produce(stream, every)
    part.case.act(consumer(stream, "g", active=except_between((start, end))))
    part.case.expect(STALLED, part.name, "g", since=start, until=end + 5, limit=limit + 1.5 * every)


def short_pause_of_a_consumer(part: Part) -> None:
    stream = part.classed(lag=part.rng.choice([9, 15]) * M)
    start = part.rng.uniform(20, 100) * M
    part.produce(stream, part.rng.choice([2, 10]))
    end = start + part.rng.uniform(1, 8) * M
    part.case.act(consumer(stream, "g", active=except_between((start, end))))


def leak(part: Part) -> None:
    share = part.rng.uniform(0.25, 0.75)
    start = part.rng.uniform(35, 60) * M
    end = start + part.rng.uniform(50, 60) * M
    every = part.rng.choice([1, 2])
    stream = part.classed(lag=part.rng.choice([1, 3, 5]) * M)
    part.produce(stream, every)
    part.case.act(consumer(stream, "g", 1.5 / every, except_between((start, end))))
    part.case.act(consumer(stream, "g", share / every, between((start, end))))
    half_drained = end + (1 - share) * (end - start)
    part.case.expect(GROWING, part.name, "g", since=start, until=half_drained)


def burst_that_drains(part: Part) -> None:
    stream = part.classed()
    start, drain = part.rng.uniform(20, 60) * M, part.rng.uniform(2, 60) * M
    count = part.rng.randint(600, 2000)
    part.produce(stream, 10)
    part.case.act(burst(stream, start, count, part.rng.uniform(1, 60)))
    part.case.act(consumer(stream, "g", 0.2 + count / drain))


def sawtooth(part: Part) -> None:
    stream = part.classed(lag=9 * M)
    period = part.rng.uniform(1, 8) * M
    part.produce(stream, part.rng.choice([1, 5]))
    times = [period * i for i in range(1, int(LENGTH * M / period) + 1)]
    part.case.act(batch_consumer(stream, "g", times))


def batch_within_its_limit(part: Part) -> None:
    stream = part.classed(lag=60 * M)
    period = part.rng.uniform(20, 45) * M
    part.produce(stream, part.rng.choice([2, 30]))
    times = [period * i for i in range(1, int(LENGTH * M / period) + 1)]
    part.case.act(batch_consumer(stream, "g", times))


def trimmed_after_reading(part: Part) -> None:
    stream = part.classed(maxlen=part.rng.choice([60, 300]))
    part.produce(stream, part.rng.choice([1, 5]))
    rate = part.rng.choice([None, 3.0])
    part.case.act(consumer(stream, "g", rate))


def trimmed_before_reading(part: Part) -> None:
    start = part.rng.uniform(30, 60) * M
    end = start + part.rng.uniform(15, 30) * M
    stream = part.classed(lag=90 * M)
    part.produce(stream, 2)
    part.case.act(consumer(stream, "g", active=except_between((start - 5 * M, end + 2 * M))))
    trims = [start + i * 60 for i in range(int((end - start) // 60) + 1)]
    part.case.act(*(at(moment, lambda: stream.trim(5)) for moment in trims))
    part.case.expect(LOSING, part.name, "g", since=start, until=end)


BEHAVIOURS: list[Callable[[Part], None]] = [
    healthy_feed,
    feed_with_a_short_pause,
    feed_that_stops,
    feed_that_is_deleted,
    silent_stream,
    unlimited_group,
    dead_consumer,
    short_pause_of_a_consumer,
    leak,
    burst_that_drains,
    sawtooth,
    batch_within_its_limit,
    trimmed_after_reading,
    trimmed_before_reading,
]


def random_system(seed: int) -> Case:
    """Three to six streams on one Redis, watched by one exporter or two that may come and go."""
    rng = random.Random(seed)
    case = Case(LENGTH)
    server = rng.choice([REDIS_6_2, REDIS_7_0, REDIS_7_0, REDIS_8_2])
    for index in range(rng.randint(3, 6)):
        behaviour = rng.choice(BEHAVIOURS)
        behaviour(Part(case, rng, server, f"{index}-{behaviour.__name__}"))
    if rng.random() < 0.3:
        case.exporters = [Exporter("a"), Exporter("b", offset=rng.choice([5, 10, 15, 25]))]
    if rng.random() < 0.3:
        changed = rng.uniform(10, 140) * M
        case.exporter.pods = [(0, "pod-a"), (changed, "pod-b")]
        case.exporter.restarts = [changed]
    elif rng.random() < 0.3:
        case.exporter.restarts = [rng.uniform(10, 140) * M]
    if rng.random() < 0.2:
        start = rng.uniform(30, 120)
        case.exporter.redis_down = minutes((start, start + rng.uniform(0.5, 1.5)))
    return case
