"""When the entries of a simulated stream arrive, and the history that this makes."""

import random
from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile

from streamgauge.model.ids import NEVER, StreamId
from streamgauge.model.readings import History

MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0
NOW = 1_771_426_800.0  # 2026-02-18 15:00 UTC, a Wednesday
ENTRIES = 10_000
Process = Callable[[random.Random], Sequence[float]]


def history_of(
    times: Sequence[float],
    *,
    silent: float = 0.0,
    is_whole: bool | None = False,
    name: bytes = b"s",
) -> History:
    """A history with these arrivals, in Unix seconds."""
    ids: list[StreamId] = []
    for time in sorted(times):
        ms = int(time * 1000)
        same = bool(ids) and ids[-1].ms == ms
        ids.append(StreamId(ms, ids[-1].seq + 1 if same else 0))
    added = None if is_whole is None else len(ids) + (0 if is_whole else 1_000)
    now = max([NOW, *times]) + silent
    return History(
        name=name,
        now_ms=int(now * 1000),
        ids=tuple(ids),
        length=len(ids),
        last_generated=ids[-1] if ids else NEVER,
        entries_added=added,
    )


def renewal(span: float, gap: Callable[[random.Random], float]) -> Process:
    """Gaps drawn one after the other, for so long, until now."""

    def arrive(chance: random.Random) -> list[float]:
        times, at = [], NOW - chance.random() * min(1.0, span)
        while at > NOW - span and len(times) < ENTRIES:
            times.append(at)
            at -= max(0.001, gap(chance))
        return times[::-1]

    return arrive


def every(seconds: float, jitter: float = 0.0) -> Callable[[random.Random], float]:
    return lambda chance: seconds * max(0.02, chance.gauss(1, jitter))


def uniform(low: float, high: float) -> Callable[[random.Random], float]:
    return lambda chance: chance.uniform(low, high)


def poisson(mean: float) -> Callable[[random.Random], float]:
    return lambda chance: chance.expovariate(1 / mean)


def gamma(mean: float, shape: float) -> Callable[[random.Random], float]:
    return lambda chance: chance.gammavariate(shape, mean / shape)


def ticks(seconds: float, entries: int) -> Process:
    """So many entries at once, at every tick."""

    def arrive(chance: random.Random) -> list[float]:
        count = ENTRIES // entries
        return [NOW - seconds * each for each in range(count, 0, -1) for _ in range(entries)]

    return arrive


def batches(
    span: float, every_seconds: float, entries: int, within: float, jitter: float
) -> Process:
    """A punctual job: so many entries within so many seconds, at every full interval."""

    def arrive(chance: random.Random) -> Iterator[float]:
        at = (NOW - span) // every_seconds * every_seconds
        while at < NOW:
            start = at + chance.uniform(0, jitter)
            yield from (start + within * each / entries for each in range(entries))
            at += every_seconds

    return lambda chance: [time for time in arrive(chance) if time <= NOW]


def bursts(span: float, pause: float, length: float, gap: float, least: float = 0.0) -> Process:
    """Flow for a random time, pause for a random time; both exponential."""

    def arrive(chance: random.Random) -> Iterator[float]:
        at = NOW - span
        while at < NOW:
            end = at + chance.expovariate(1 / length)
            while at < end:
                yield at
                at += chance.expovariate(1 / gap)
            at += least + chance.expovariate(1 / pause)

    return lambda chance: list(takewhile(lambda time: time <= NOW, arrive(chance)))


def heavy(span: float, gap: float, alpha: float) -> Process:
    """Pareto gaps: most are short, some are longer than everything before."""
    return renewal(span, lambda chance: gap * chance.paretovariate(alpha))


def market(
    days: float,
    windows: Sequence[tuple[float, float]],
    gap: Callable[[random.Random], float],
    weekdays: Sequence[int] = range(5),
    slack: float = 0.0,
) -> Process:
    """A flow in these windows (hours of the day, UTC) of these weekdays."""

    def arrive(chance: random.Random) -> Iterator[float]:
        midnight = NOW // DAY * DAY
        for day in range(-int(days) - 2, 1):
            if int((midnight + day * DAY) // DAY + 3) % 7 not in weekdays:
                continue
            for opens, closes in windows:
                at = midnight + day * DAY + opens * HOUR + chance.uniform(0, slack)
                end = midnight + day * DAY + closes * HOUR - chance.uniform(0, slack)
                while at < end:
                    yield at
                    at += max(0.001, gap(chance))

    return lambda chance: [time for time in arrive(chance) if NOW - days * DAY <= time <= NOW]


def with_outage(process: Process, seconds: float, ago: float) -> Process:
    """The same process, with nothing for so many seconds."""
    start = NOW - ago
    return lambda chance: [time for time in process(chance) if not start <= time < start + seconds]


def sparse(*ago: float) -> Process:
    return lambda _chance: [NOW - each for each in ago]
