"""What moves in a world: producers, consumers, and single events."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

from rules.simulator.world import START, Actor, Group, Stream

Active = Callable[[float], bool]


def always(_: float) -> bool:
    return True


def until(end: float) -> Active:
    return lambda t: t < end


def except_between(*spans: tuple[float, float]) -> Active:
    return lambda t: not any(start <= t < end for start, end in spans)


def between(*spans: tuple[float, float]) -> Active:
    return lambda t: any(start <= t < end for start, end in spans)


def producer(
    stream: Stream,
    every: float,
    active: Active = always,
    *,
    jitter: float = 0.0,
    rng: random.Random | None = None,
) -> Actor:
    """Add an entry every so many seconds, give or take a share of that."""
    rng = rng or random.Random(1)
    due = every

    def act(start: float, end: float) -> None:
        nonlocal due
        times = []
        while due <= end:
            if active(due):
                times.append(START + due)
            due += every * (1 + rng.uniform(-jitter, jitter))
        if times:
            stream.add(*times)

    return act


def consumer(
    stream: Stream, group: str, per_second: float | None = None, active: Active = always
) -> Actor:
    """Read what is there, at most so many entries a second on average."""
    stream.groups[group] = stream.groups.get(group) or Group()
    credit = 0.0

    def act(start: float, end: float) -> None:
        nonlocal credit
        if not active(end) or not stream.exists:
            return
        if group not in stream.groups:
            stream.groups[group] = Group()
        if per_second is None:
            stream.read(group)
            return
        credit = min(credit, 1.0) + per_second * (end - start)
        credit -= stream.read(group, int(credit))

    return act


def batch_consumer(stream: Stream, group: str, times: Iterable[float]) -> Actor:
    """Read everything at these moments and nothing in between."""
    stream.groups[group] = Group()
    due = sorted(times)

    def act(start: float, end: float) -> None:
        while due and due[0] <= end:
            due.pop(0)
            stream.read(group)

    return act


def at(moment: float, action: Callable[[], object]) -> Actor:
    """Do something once."""
    done = False

    def act(start: float, end: float) -> None:
        nonlocal done
        if not done and end >= moment:
            done = True
            action()

    return act


def burst(stream: Stream, moment: float, count: int, seconds: float = 1.0) -> Actor:
    """Add many entries within a short time."""
    due = [moment + seconds * i / count for i in range(count)]

    def act(start: float, end: float) -> None:
        now = [time for time in due if time <= end]
        if now:
            del due[: len(now)]
            stream.add(*(START + time for time in now))

    return act
