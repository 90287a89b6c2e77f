"""Simulated streams, each with the label that a person who knows the process would give it.

The label is a class, or None where nobody could tell from the history: then the right answer is to
leave the stream unclassified. Bursts that come punctually are a feed (`continuous`): their absence
is news. Bursts that come at random are `hybrid`, and so is what comes at random and too thinly for
the default quiet limit of five minutes. What comes at random less often than every quarter of an
hour, or in a tenth of them, is an `event`.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass

from streamgauge.model.readings import History
from streamgauge.policy import StreamClass
from support.arrivals import (
    DAY,
    ENTRIES,
    HOUR,
    MINUTE,
    Process,
    batches,
    bursts,
    every,
    gamma,
    heavy,
    history_of,
    market,
    poisson,
    renewal,
    sparse,
    ticks,
    uniform,
    with_outage,
)

CONTINUOUS, HYBRID, EVENT = StreamClass.CONTINUOUS, StreamClass.HYBRID, StreamClass.EVENT


@dataclass(frozen=True)
class Labelled:
    """A process, its label, and what goes with it; `silent` seconds lie behind the last entry."""

    name: str
    kind: str
    label: StreamClass | None
    process: Process
    silent: float = 0.0
    active: bool = False
    is_whole: bool | None = False

    def history(self, seed: str = "") -> History:
        """One history of it; the same for the same seed."""
        chance = random.Random(f"{self.name}{seed}")
        times = list(self.process(chance))[-ENTRIES:]
        return history_of(times, silent=self.silent, is_whole=self.is_whole)


STEADY = [
    Labelled("steady 20 ms", "steady", CONTINUOUS, renewal(DAY, every(0.02))),
    Labelled("steady 500 ms, 4 minutes", "steady", CONTINUOUS, renewal(250, every(0.5))),
    Labelled("steady 1 s", "steady", CONTINUOUS, renewal(DAY, every(1))),
    Labelled("steady 10 s", "steady", CONTINUOUS, renewal(2 * DAY, every(10))),
    Labelled("steady 1 min", "steady", CONTINUOUS, renewal(10 * DAY, every(MINUTE))),
    Labelled("heartbeat 5 min", "steady", CONTINUOUS, renewal(3 * DAY, every(300))),
    Labelled("heartbeat 1 h", "steady", CONTINUOUS, renewal(5 * DAY, every(HOUR, 0.01))),
    Labelled("ten symbols every 5 s", "steady", CONTINUOUS, ticks(5, 10)),
    Labelled("fifty symbols every minute", "steady", CONTINUOUS, ticks(60, 50)),
    Labelled("steady 2 s, an outage of 20 min", "steady", CONTINUOUS,
             with_outage(renewal(DAY, every(2)), 1200, 2 * HOUR)),
    Labelled("steady 1 min, an outage of 5 h in a week", "steady", CONTINUOUS,
             with_outage(renewal(7 * DAY, every(60)), 5 * HOUR, 3 * DAY)),
]  # fmt: skip
JITTERED = [
    Labelled("jittered 1 s", "jittered", CONTINUOUS, renewal(DAY, every(1, 0.3))),
    Labelled("jittered 15 s", "jittered", CONTINUOUS, renewal(2 * DAY, every(15, 0.2))),
    Labelled("uniform 0-2 s", "jittered", CONTINUOUS, renewal(DAY, uniform(0, 2))),
    Labelled("uniform 30-90 s", "jittered", CONTINUOUS, renewal(3 * DAY, uniform(30, 90))),
    Labelled("jittered 10 min", "jittered", CONTINUOUS, renewal(9 * DAY, every(600, 0.15))),
    Labelled("poisson 50 ms", "jittered", CONTINUOUS, renewal(DAY, poisson(0.05))),
    Labelled("poisson 1 s", "jittered", CONTINUOUS, renewal(DAY, poisson(1))),
    Labelled("poisson 10 s", "jittered", CONTINUOUS, renewal(2 * DAY, poisson(10))),
    Labelled("gamma 5 s", "jittered", CONTINUOUS, renewal(DAY, gamma(5, 3))),
    Labelled("gamma 30 s", "jittered", CONTINUOUS, renewal(3 * DAY, gamma(30, 4))),
    Labelled("short bursts within the minute", "jittered", CONTINUOUS, bursts(DAY, 8, 5, 0.1)),
    Labelled("poisson 2 s, an outage of 30 min", "jittered", CONTINUOUS,
             with_outage(renewal(DAY, poisson(2)), 1800, 2 * HOUR)),
]  # fmt: skip
BURSTY = [
    Labelled("bursts, pauses of 10 min", "bursty", HYBRID, bursts(2 * DAY, 600, 300, 5)),
    Labelled("bursts, pauses of 30 min", "bursty", HYBRID, bursts(4 * DAY, 1800, 600, 10)),
    Labelled("bursts, pauses of 2 h", "bursty", HYBRID, bursts(10 * DAY, 2 * HOUR, HOUR, 20)),
    Labelled("long bursts, pauses of 5 h", "bursty", HYBRID,
             bursts(14 * DAY, 5 * HOUR, 3 * HOUR, 60)),
    Labelled("poisson 2 min", "bursty", HYBRID, renewal(5 * DAY, poisson(120))),
    Labelled("poisson 5 min", "bursty", HYBRID, renewal(3 * DAY, poisson(300))),
    Labelled("poisson 45 s", "bursty", HYBRID, renewal(3 * DAY, poisson(45))),
    Labelled("heavy tail, mostly 1 s", "bursty", HYBRID, heavy(9 * DAY, 1, 0.7)),
    Labelled("heavy tail, mostly 10 s", "bursty", HYBRID, heavy(9 * DAY, 10, 0.9)),
    Labelled("bursts in the night too, 3 days", "bursty", HYBRID, bursts(3 * DAY, 2400, 1200, 30)),
]  # fmt: skip
MARKET = [
    Labelled("US market, a minute bar, 3 weeks", "market hours", CONTINUOUS,
             market(21, [(14.5, 21)], every(60)), active=True),
    Labelled("US market, 10 s, 4 days", "market hours", CONTINUOUS,
             market(5, [(14.5, 21)], every(10, 0.1)), active=True),
    Labelled("US market, 5 min, 8 weeks", "market hours", CONTINUOUS,
             market(56, [(14.5, 21)], every(300)), active=True),
    Labelled("Tokyo with its lunch break", "market hours", CONTINUOUS,
             market(14, [(0, 2.5), (3.5, 6)], every(30, 0.2)), active=True),
    Labelled("across midnight, every day", "market hours", CONTINUOUS,
             market(9, [(22, 28)], every(60), range(7)), active=True),
    Labelled("office hours, irregular edges", "market hours", CONTINUOUS,
             market(14, [(8, 17)], poisson(20), slack=900), active=True),
    Labelled("weekdays, day and night", "market hours", CONTINUOUS,
             market(28, [(0, 24)], every(300)), active=True),
    Labelled("European market, weekdays", "market hours", CONTINUOUS,
             market(10, [(8, 16.5)], poisson(15)), active=True),
    Labelled("closed over lunch and at night, daily", "market hours", CONTINUOUS,
             market(6, [(7, 11), (13, 18)], every(30), range(7)), active=True),
    Labelled("market, one night seen", "too short", None, market(1.4, [(14, 21)], every(5))),
    Labelled("day shift, one night seen", "too short", None, market(1.5, [(6, 18)], poisson(10))),
]  # fmt: skip
BATCH = [
    Labelled("hourly, 200 entries", "batch", CONTINUOUS, batches(2 * DAY, HOUR, 200, 90, 60)),
    Labelled("hourly, 20 min long", "batch", CONTINUOUS, batches(2 * DAY, HOUR, 200, 1200, 30)),
    Labelled("every quarter, 30 entries", "batch", CONTINUOUS, batches(2 * DAY, 900, 30, 20, 20)),
    Labelled("every 6 h, 100 entries", "batch", CONTINUOUS,
             batches(10 * DAY, 6 * HOUR, 100, 300, 300)),
    Labelled("nightly, 500 entries", "batch", CONTINUOUS, batches(14 * DAY, DAY, 500, 600, 600)),
    Labelled("daily report", "batch", CONTINUOUS, batches(20 * DAY, DAY, 1, 1, 60)),
    Labelled("every minute, 40 entries", "batch", CONTINUOUS, batches(4 * HOUR, MINUTE, 40, 2, 2)),
    Labelled("two hourly batches", "too short", None, batches(1.9 * HOUR, HOUR, 200, 60, 60)),
]  # fmt: skip
RARE = [
    Labelled("poisson 20 min", "rare", EVENT, renewal(20 * DAY, poisson(1200))),
    Labelled("poisson 3 h", "rare", EVENT, renewal(30 * DAY, poisson(3 * HOUR))),
    Labelled("poisson 1 day", "rare", EVENT, renewal(60 * DAY, poisson(DAY))),
    Labelled("poisson 1 week", "rare", EVENT, renewal(200 * DAY, poisson(7 * DAY))),
    Labelled("incidents of five entries", "rare", EVENT, bursts(30 * DAY, 8 * HOUR, 10, 2)),
    Labelled("incidents of 200 entries", "rare", EVENT, bursts(60 * DAY, 2 * DAY, 400, 2)),
    Labelled("three in a month", "rare", EVENT, sparse(25 * DAY, 13 * DAY, DAY)),
    Labelled("weekly release", "rare", EVENT, renewal(100 * DAY, every(7 * DAY, 0.05))),
    Labelled("five since this morning", "too short", None,
             sparse(5 * HOUR, 4.9 * HOUR, 3 * HOUR, 2 * HOUR, 200)),
]  # fmt: skip
DEAD = [
    Labelled("dead: 1 s, for 2 h", "dead", CONTINUOUS, renewal(DAY, every(1, 0.1)), 2 * HOUR),
    Labelled("dead: 10 s, for 3 days", "dead", CONTINUOUS, renewal(DAY, every(10, 0.2)), 3 * DAY),
    Labelled("dead: 5 min, for 9 days", "dead", CONTINUOUS, renewal(9 * HOUR, every(300)), 9 * DAY),
    Labelled("dead: poisson 5 s, for a day", "dead", CONTINUOUS, renewal(DAY, poisson(5)), DAY),
    Labelled("dead: hourly batch, for 2 days", "dead", CONTINUOUS,
             batches(4 * DAY, HOUR, 100, 60, 30), 2 * DAY),
    Labelled("dead: market hours, for 8 days", "dead", CONTINUOUS,
             market(21, [(14.5, 21)], every(60)), 8 * DAY, active=True),
    Labelled("dead: heartbeat 1 min, for 30 days", "dead", CONTINUOUS,
             renewal(3 * DAY, every(60, 0.05)), 30 * DAY),
    Labelled("a burst, then nothing", "too short", None, renewal(100, poisson(0.1)), 5 * HOUR),
]  # fmt: skip
LITTLE = [
    Labelled("one entry ever, 9 days ago", "one entry", EVENT, sparse(9 * DAY), is_whole=True),
    Labelled("two entries ever, a month ago", "one entry", EVENT, sparse(30 * DAY, 5 * DAY),
             is_whole=True),
    Labelled("one entry, just now", "one entry", None, sparse(30), is_whole=True),
    Labelled("one entry, kept by trimming", "one entry", None, sparse(DAY)),
    Labelled("one entry, 6.2 does not tell", "one entry", None, sparse(DAY), is_whole=None),
    Labelled("two entries of many", "one entry", None, sparse(4, 2)),
    Labelled("never written", "none", None, sparse(), is_whole=True),
    Labelled("empty, entries came and went", "none", None, sparse()),
    Labelled("empty, 6.2 does not tell", "none", None, sparse(), is_whole=None),
    Labelled("twelve entries in 4 minutes", "too short", None, renewal(240, every(20))),
]  # fmt: skip
PROCESSES = [*STEADY, *JITTERED, *BURSTY, *MARKET, *BATCH, *RARE, *DEAD, *LITTLE]


def drawn(chance: random.Random, count: int) -> Iterator[Labelled]:
    """Processes of each kind whose parameters are drawn, so that nobody chose them to fit."""

    def between(low: float, high: float) -> float:
        return math.exp(chance.uniform(math.log(low), math.log(high)))

    for index in range(count):
        span = between(2 * HOUR, 6 * DAY)
        period = between(0.05, 300)
        yield Labelled(f"steady {index}", "steady", CONTINUOUS,
                       renewal(span, every(period, chance.uniform(0, 0.3))))  # fmt: skip
        yield Labelled(f"poisson {index}", "jittered", CONTINUOUS,
                       renewal(span, poisson(between(0.02, 15))))  # fmt: skip
        opens = chance.randrange(48) / 2
        closes = opens + chance.randrange(16, 44) / 4
        week = chance.choice((range(5), range(7)))
        yield Labelled(f"market {index}", "market hours", CONTINUOUS,
                       market(chance.uniform(5, 30), [(opens, closes)],
                              every(between(10, 200), 0.1), week), active=True)  # fmt: skip
        interval = chance.choice((300, 900, 1800, HOUR, 2 * HOUR, 6 * HOUR))
        yield Labelled(f"batch {index}", "batch", CONTINUOUS,
                       batches(interval * chance.uniform(9, 50), interval, 50,
                               interval * chance.uniform(0.01, 0.3), interval * 0.03))  # fmt: skip
        pause = between(600, 2 * HOUR)
        yield Labelled(f"bursts {index}", "bursty", HYBRID,
                       bursts(40 * pause, pause, pause / 3, between(10, 40)))  # fmt: skip
        mean = between(1300, 3 * DAY)
        yield Labelled(f"rare {index}", "rare", EVENT,
                       renewal(mean * chance.uniform(15, 200), poisson(mean)))  # fmt: skip
