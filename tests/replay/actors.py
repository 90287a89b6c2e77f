"""What moves in a scenario: producers, consumers, and what happens once.

Each answers a fresh actor, which a world calls for each step of its clock. An actor writes its
commands into a pipeline; the stream it acts on is the scenario's own. Times are seconds from the
start of the world.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import redis


class Moment(NamedTuple):
    """A step of the clock, and where a scenario sends its commands in it."""

    start: float
    end: float
    unix: float
    stream: str
    pipe: Any
    redis: redis.Redis


Actor = Callable[[Moment], None]
Active = Callable[[float], bool]
Command = Callable[[Any, str], object]

MINUTE = 60.0


def always(_: float) -> bool:
    return True


def during(*spans: tuple[float, float]) -> Active:
    """Within these spans of minutes."""
    return lambda t: any(start * MINUTE <= t < end * MINUTE for start, end in spans)


def but(*spans: tuple[float, float]) -> Active:
    """Outside of these spans of minutes."""
    inside = during(*spans)
    return lambda t: not inside(t)


def until(minute: float) -> Active:
    return lambda t: t < minute * MINUTE


def produce(every: float, active: Active = always, *, jitter: float = 0.0, **options: Any) -> Actor:
    """Add an entry every so many seconds, give or take a share of that; `options` are of XADD.

    An option that can be called is given the Unix time: for IDs.
    """
    rng = random.Random(1)
    due = every

    def act(moment: Moment) -> None:
        nonlocal due
        while due <= moment.end:
            if active(due):
                given = {k: v(moment.unix) if callable(v) else v for k, v in options.items()}
                moment.pipe.xadd(moment.stream, {"n": 1}, **given)
            due += every * (1 + rng.uniform(-jitter, jitter))

    return act


def burst(minute: float, count: int, **options: Any) -> Actor:
    """Add many entries at once."""

    def add(pipe: Any, stream: str) -> None:
        for _ in range(count):
            pipe.xadd(stream, {"n": 1}, **options)

    return at(minute, add)


def consume(
    group: str = "g",
    per_second: float = 1e6,
    active: Active = always,
    *,
    keep: bool = False,
    consumer: str = "c",
) -> Actor:
    """Read what is there, so many entries a second at most; acknowledge it unless it is kept."""
    credit = 0.0
    is_new = True

    def act(moment: Moment) -> None:
        nonlocal credit, is_new
        if is_new:
            moment.pipe.xgroup_create(moment.stream, group, id="0", mkstream=True)
            is_new = False
        if active(moment.end):
            credit = min(credit, 1.0) + per_second * (moment.end - moment.start)
            if credit >= 1:
                _read(moment, group, consumer, int(credit), keep=keep)
                credit -= int(credit)

    return act


def batches(minutes: Iterable[float], count: int = 1_000_000, group: str = "g") -> Actor:
    """Read so many at these moments and nothing in between."""
    due = sorted(minutes)
    is_new = True

    def act(moment: Moment) -> None:
        nonlocal is_new
        if is_new:
            moment.pipe.xgroup_create(moment.stream, group, id="0", mkstream=True)
            is_new = False
        while due and due[0] * MINUTE <= moment.end:
            due.pop(0)
            _read(moment, group, "c", count, keep=False)

    return act


def _read(moment: Moment, group: str, consumer: str, count: int, *, keep: bool) -> None:
    moment.pipe.xreadgroup(
        group, consumer, {moment.stream: ">"}, count=min(count, 1_000_000), noack=not keep
    )


def at(minute: float, command: Command) -> Actor:
    """Do something once: `at(20, lambda redis, stream: redis.delete(stream))`."""
    is_done = False

    def act(moment: Moment) -> None:
        nonlocal is_done
        if not is_done and moment.end >= minute * MINUTE:
            is_done = True
            command(moment.pipe, moment.stream)

    return act
