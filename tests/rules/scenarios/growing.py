"""A group that reads and falls further behind, and backlogs that drain or stay within bounds."""

from __future__ import annotations

import random

from rules.scenarios.common import M, feed, flowing, scenarios_about
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
from rules.simulator.case import BLIND, GROWING, LOSING, STALLED, Case, minutes
from rules.simulator.scraping import Exporter
from rules.simulator.world import Server, Stream

on = scenarios_about(GROWING)


@on("7.0", "8.2", "6.2", share=[0.25, 0.5, 0.75])
def a_group_that_reads_less_than_comes_pages(server, share):
    case = Case(150)
    stream = flowing(case, server, every=1)
    case.act(consumer(stream, "g"))
    case.act(consumer(stream, "slow", 1.2, until(40 * M)))
    case.act(consumer(stream, "slow", share, between((40 * M, 9999 * M))))
    case.expect(GROWING, "feed", "slow", since=40 * M)
    return case


@on("7.0", "8.2", "6.2", share=[0.25, 0.75])
def a_slow_group_that_recovers_clears(server, share):
    case = Case(200)
    stream = flowing(case, server, every=1)
    slow = between(*minutes((40, 100)))
    case.act(consumer(stream, "g", 1.5, except_between(*minutes((40, 100)))))
    case.act(consumer(stream, "g", share, slow))
    behind = (1 - share) * 60 * M
    half_drained = 100 * M + behind / 2 / 0.5
    case.expect(GROWING, "feed", "g", since=40 * M, until=half_drained)
    return case


@on("7.0", "6.2", drain=[5, 30, 60])
def a_burst_that_drains_is_calm(server, drain):
    case = Case(60 + 2 * drain)
    stream = flowing(case, server, every=5)
    rate = 0.2 + 1200 / (drain * M)
    case.act(burst(stream, 40 * M, 1200, 20), consumer(stream, "g", rate))
    return case


@on("7.0", "6.2", period=[4, 8])
def a_bounded_sawtooth_is_calm(server, period):
    case = Case(180)
    stream = flowing(case, server, every=2, policy=feed(1, 9))
    times = [t * M for t in range(period, 180, period)]
    case.act(batch_consumer(stream, "g", times))
    return case


@on("7.0", "6.2")
def a_bounded_sawtooth_of_slow_reading_is_calm(server):
    case = Case(180)
    stream = flowing(case, server, every=1)
    slow = [(t * M, (t + 12) * M) for t in range(0, 180, 15)]
    case.act(consumer(stream, "g", 0.8, between(*slow)))
    case.act(consumer(stream, "g", None, except_between(*slow)))
    return case


@on("7.0", "6.2")
def a_rising_inflow_that_is_kept_up_with_is_calm(server):
    case = Case(150)
    stream = flowing(case, server, every=5)
    for start in range(30, 120, 10):
        case.act(producer(stream, 5, between((start * M, 9999 * M))))
    case.act(consumer(stream, "g"))
    return case


@on("7.0", "8.2")
def a_phantom_lag_is_calm(server):
    case = Case(180)
    stream = flowing(case, server, every=1, maxlen=2000, policy=feed(1, 60))
    case.act(consumer(stream, "g", active=except_between(*minutes((20, 52)))))
    case.act(at(50 * M, lambda: stream.trim(50)))
    case.expect(LOSING, "feed", "g", since=50 * M, until=52 * M)
    return case


@on("7.0")
def a_phantom_lag_is_calm_when_the_exporter_forgets_it(server):
    case = Case(180)
    stream = flowing(case, server, every=1, policy=feed(1, 60))
    case.act(consumer(stream, "g", active=except_between(*minutes((20, 52)))))
    case.act(at(50 * M, lambda: stream.trim(50)))
    case.exporter.restarts = [80 * M, 110 * M]
    case.expect(LOSING, "feed", "g", since=50 * M, until=52 * M)
    return case


@on("7.0", "8.2", "6.2")
def a_leak_in_batches_pages(server):
    case = Case(180)
    stream = flowing(case, server, every=1)
    case.act(consumer(stream, "g", 1.2, until(40 * M)))
    for start in range(40, 180, 4):
        case.act(consumer(stream, "g", 2.0, between((start * M, (start + 1) * M))))
    case.expect(GROWING, "feed", "g", since=40 * M)
    return case


@on("7.0", "6.2")
def a_leak_with_jitter_pages(server):
    case = Case(150)
    stream = case.stream("feed", Stream(feed(), server))
    case.act(producer(stream, 1, jitter=0.9, rng=random.Random(3)))
    case.act(consumer(stream, "g", 1.3, until(40 * M)))
    case.act(consumer(stream, "g", 0.6, between((40 * M, 9999 * M))))
    case.expect(GROWING, "feed", "g", since=40 * M)
    return case


def leaking(case: Case, server: Server, **more) -> None:
    """A group that reads half of what comes, from minute 40 on."""
    stream = flowing(case, server, every=1, **more)
    case.act(consumer(stream, "g", 1.2, until(40 * M)))
    case.act(consumer(stream, "g", 0.5, between((40 * M, 9999 * M))))
    case.expect(GROWING, "feed", "g", since=40 * M)


@on("7.0", "6.2", gap=[4, 6.5])
def a_leak_pages_once_through_a_gap_in_scraping(server, gap):
    case = Case(150)
    leaking(case, server)
    case.exporter.gone = minutes((100, 100 + gap))
    case.expect(BLIND, since=100 * M, until=(100 + gap) * M)
    return case


@on("7.0")
def a_long_burst_that_drains_is_calm(server):
    case = Case(150)
    stream = flowing(case, server)
    case.act(producer(stream, 0.1, between(*minutes((40, 50)))))
    case.act(consumer(stream, "g", 1.8))
    return case


@on("7.0")
def a_long_burst_that_drains_is_calm_through_a_gap_in_scraping(server):
    case = Case(150)
    stream = flowing(case, server)
    case.act(producer(stream, 0.1, between(*minutes((40, 50)))))
    case.act(consumer(stream, "g", 1.8))
    case.exporter.gone = minutes((72, 77))
    case.expect(BLIND, since=72 * M, until=77 * M)
    return case


@on("7.0", "6.2")
def a_backlog_that_rises_and_falls_within_bounds_is_calm(server):
    case = Case(150)
    stream = flowing(case, server, every=1, policy=feed(1, 10))
    paused = (10 * M, 19 * M)
    slower = [(t * M, (t + 8) * M) for t in range(40, 150, 16)]
    case.act(consumer(stream, "g", 1.1, except_between(paused, *slower)))
    case.act(consumer(stream, "g", 0.9, between(*slower)))
    return case


@on("7.0", "6.2")
def a_leak_that_ends_soon_after_the_limit_is_calm(server):
    case = Case(110)
    stream = flowing(case, server, every=1)
    leak = (20 * M, 84 * M)
    case.act(consumer(stream, "g", 3.0, except_between(leak)))
    case.act(consumer(stream, "g", 0.9, between(leak)))
    return case


@on("7.0", "6.2")
def a_backlog_that_swings_by_more_than_it_drifts_is_calm(server):
    case = Case(90)
    stream = flowing(case, server, every=1, policy=feed(1, 10))
    case.act(consumer(stream, "g", 1.1, except_between((10 * M, 19.5 * M), (40 * M, 90 * M))))
    batches = [(t * M, (t + 0.5) * M) for t in range(40, 90, 2)]
    case.act(consumer(stream, "g", 3.8, between(*batches)))
    return case


@on("7.0", "6.2")
def a_pause_on_top_of_a_backlog_that_is_caught_up_with_is_calm(server):
    case = Case(90)
    stream = flowing(case, server, every=1, policy=feed(1, 10))
    first, second, after = (10 * M, 19.5 * M), (50 * M, 58 * M), (58 * M, 74 * M)
    case.act(consumer(stream, "g", 1.05, except_between(first, second, after)))
    case.act(consumer(stream, "g", 1.5, between(after)))
    return case


@on("7.0", "6.2", pause=[7, 9])
def a_pause_that_is_caught_up_with_slowly_is_calm(server, pause):
    case = Case(100)
    stream = flowing(case, server, every=1, policy=feed(1, 10))
    case.act(consumer(stream, "g", 1.1, except_between(*minutes((40, 40 + pause)))))
    return case


@on("7.0", "6.2", limit=[0.5, 1, 3])
def a_pause_past_a_short_limit_pages_and_catching_up_slowly_does_not(server, limit):
    case = Case(100)
    stream = flowing(case, server, every=1, policy=feed(1, limit))
    case.act(consumer(stream, "g", 1.02, except_between(*minutes((40, 49)))))
    case.expect(STALLED, "feed", "g", since=40 * M, until=49 * M, limit=limit * M)
    return case


@on("7.0")
def a_leak_pages_once_through_an_exporter_restart(server):
    case = Case(150)
    leaking(case, server)
    case.exporter.down = minutes((100, 101))
    return case


@on("7.0")
def a_leak_seen_by_two_replicas_pages_once(server):
    case = Case(150)
    leaking(case, server)
    case.exporters = [Exporter("a:1"), Exporter("b:1", offset=15)]
    return case


@on("7.0", "6.2")
def a_failover_that_loses_the_last_writes_is_calm(server):
    case = Case(120)
    stream = flowing(case, server, every=1)
    case.act(consumer(stream, "g"))

    def rewind():
        del stream.times[-20:]
        group = stream.groups["g"]
        group.cursor = len(stream.times) - 10
        group.entries_read -= 30
        group.last_delivered = stream._id(group.cursor - 1)

    case.act(at(60 * M, rewind))
    return case
