"""Every way in which an alert must, or must not, fire. Times are minutes from the start.

A scenario is a function that builds its case for one server release; `@on` names the releases it is
played on. The contract's bounds (how late, how long after repair) are in simulator/case.py.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from rules.simulator.actors import (
    always,
    at,
    batch_consumer,
    between,
    burst,
    consumer,
    except_between,
    producer,
    until,
)
from rules.simulator.case import (
    BLIND,
    GROWING,
    LOSING,
    MISSING,
    QUIET,
    STALLED,
    Case,
    minutes,
)
from rules.simulator.scraping import Exporter
from rules.simulator.world import (
    MINUTE,
    REDIS_6_2,
    REDIS_7_0,
    REDIS_8_2,
    Server,
    Stream,
)
from streamgauge.policy import StreamClass, StreamPolicy
from streamgauge.schedule import Schedule

RELEASES = {"6.2": REDIS_6_2, "7.0": REDIS_7_0, "8.2": REDIS_8_2}
M = MINUTE
NO_LIMIT = None

SCENARIOS: dict[str, Callable[[], Case]] = {}
SECTIONS: dict[str, list[str]] = {}
"""The names of the scenarios that are about each alert, whether it must fire in them or not."""


def section(alert: str) -> None:
    """Begin the scenarios about one alert."""
    SECTIONS[alert] = []


def on(*releases: str, **parameters: list):
    """Register a scenario for each release and each value of one parameter."""

    def register(build):
        names = list(parameters.items())
        for release in releases:
            server = RELEASES[release]
            variants = [({}, "")]
            if names:
                key, values = names[0]
                variants = [({key: value}, f", {key} {value}") for value in values]
            for options, suffix in variants:
                name = f"{build.__name__.replace('_', ' ')}{suffix}, Redis {release}"
                SCENARIOS[name] = lambda s=server, o=options: build(s, **o)
                list(SECTIONS.values())[-1].append(name)
        return build

    return register


def feed(quiet: float = 1.0, lag: float | None = 5.0, active: Schedule | None = None, **more):
    return StreamPolicy(
        StreamClass.CONTINUOUS,
        quiet_limit_seconds=quiet * M,
        lag_limit_seconds=None if lag is None else lag * M,
        active=active,
        **more,
    )


def of_class(stream_class: StreamClass, lag: float | None = 5.0, **more):
    limit = None if lag is None else lag * M
    return StreamPolicy(stream_class, lag_limit_seconds=limit, **more)


EVENT, HYBRID = StreamClass.EVENT, StreamClass.HYBRID


def flowing(case: Case, server: Server, name: str = "feed", policy=None, every=5.0, **more):
    """A continuous stream with a producer that never stops."""
    stream = case.stream(name, Stream(policy or feed(), server, **more))
    case.act(producer(stream, every))
    return stream


def stopping(case: Case, server: Server, *spans, policy=None, every=5.0, name="feed"):
    """A continuous stream whose producer is silent during these spans of minutes."""
    stream = case.stream(name, Stream(policy or feed(), server))
    case.act(producer(stream, every, except_between(*minutes(*spans))))
    return stream


section(QUIET)


@on("7.0", "6.2", limit=[0.5, 1, 5, 30])
def a_feed_that_stops_pages(server, limit):
    case = Case(90)
    stopping(case, server, (20, 999), policy=feed(limit))
    case.expect(QUIET, "feed", since=20 * M, limit=limit * M)
    return case


@on("7.0", "6.2", limit=[0.5, 5])
def a_feed_that_stops_and_flows_again_clears(server, limit):
    case = Case(90)
    stopping(case, server, (20, 40), policy=feed(limit))
    case.expect(QUIET, "feed", since=20 * M, until=40 * M, limit=limit * M)
    return case


@on("7.0")
def a_quiet_feed_pages_once_through_a_gap_in_scraping(server):
    case = Case(60)
    stopping(case, server, (10, 999))
    case.exporter.gone = minutes((20, 24))
    case.expect(QUIET, "feed", since=10 * M, limit=1 * M)
    case.expect(BLIND, since=20 * M, until=24 * M)
    return case


@on("7.0")
def a_quiet_feed_seen_by_two_replicas_pages_once(server):
    case = Case(60)
    stopping(case, server, (10, 999))
    case.exporters = [Exporter("a:1"), Exporter("b:1", offset=15)]
    case.expect(QUIET, "feed", since=10 * M, limit=1 * M)
    return case


@on("7.0")
def a_quiet_feed_pages_once_through_a_pod_change(server):
    case = Case(60)
    stopping(case, server, (10, 999))
    case.exporter.pods = [(0, "pod-a"), (25 * M, "pod-b")]
    case.exporter.restarts = [25 * M]
    case.expect(QUIET, "feed", since=10 * M, limit=1 * M)
    return case


@on("7.0")
def a_quiet_feed_pages_once_through_an_exporter_restart(server):
    case = Case(60)
    stopping(case, server, (10, 999))
    case.exporter.down = minutes((25, 26))
    case.expect(QUIET, "feed", since=10 * M, limit=1 * M)
    return case


@on("7.0", "6.2", every=[5, 40, 55])
def a_feed_within_its_limit_is_calm(server, every):
    case = Case(90)
    flowing(case, server, every=every)
    return case


@on("7.0")
def a_jittered_feed_within_its_limit_is_calm(server):
    case = Case(120)
    stream = case.stream("feed", Stream(feed(2), server))
    case.act(producer(stream, 50, jitter=0.9, rng=random.Random(7)))
    return case


@on("7.0", "6.2")
def a_feed_trimmed_to_nothing_while_it_flows_is_calm(server):
    case = Case(60)
    flowing(case, server, maxlen=0)
    return case


@on("7.0", "6.2", stream_class=[EVENT, HYBRID, StreamClass.UNCLASSIFIED])
def a_silent_stream_of_another_class_is_calm(server, stream_class):
    case = Case(90)
    stopping(case, server, (10, 999), policy=of_class(stream_class))
    return case


@on("7.0", "6.2", stream_class=[EVENT, HYBRID, StreamClass.UNCLASSIFIED])
def an_empty_stream_of_another_class_with_a_waiting_group_is_calm(server, stream_class):
    case = Case(90)
    stream = case.stream("jobs", Stream(of_class(stream_class), server))
    case.act(consumer(stream, "workers"))
    return case


# START is Friday 2027-01-15 08:00 UTC.
FROM_HALF_PAST_EIGHT = Schedule("mon-fri", "08:30-09:30", "UTC")


@on("7.0", "6.2")
def closed_hours_and_the_opening_are_calm(server):
    case = Case(150)
    stopping(case, server, (0, 31), (90, 999), policy=feed(2, active=FROM_HALF_PAST_EIGHT))
    case.world.streams["feed"].add(1_799_990_000.0)
    return case


@on("7.0", "6.2")
def a_feed_that_does_not_start_after_the_opening_pages(server):
    case = Case(80)
    stopping(case, server, (0, 999), policy=feed(2, active=FROM_HALF_PAST_EIGHT))
    case.world.streams["feed"].add(1_799_990_000.0)
    case.expect(QUIET, "feed", since=30 * M, limit=2 * M)
    return case


@on("7.0")
def a_feed_quiet_before_the_close_clears_with_it(server):
    case = Case(150)
    stopping(case, server, (0, 31), (60, 999), policy=feed(2, active=FROM_HALF_PAST_EIGHT))
    case.world.streams["feed"].add(1_799_990_000.0)
    case.expect(QUIET, "feed", since=60 * M, until=90 * M, limit=2 * M)
    return case


@on("7.0", "6.2")
def a_feed_missing_in_closed_hours_is_calm(server):
    case = Case(50)
    policy = feed(2, declared=True, active=Schedule("mon-fri", "08:45-09:30", "UTC"))
    stream = case.stream("feed", Stream(policy, server, exists=False))
    case.act(producer(stream, 5, between(*minutes((45.5, 999)))))
    return case


@on("7.0")
def a_feed_missing_after_the_opening_pages(server):
    case = Case(90)
    policy = feed(2, declared=True, active=FROM_HALF_PAST_EIGHT)
    case.stream("feed", Stream(policy, server, exists=False))
    case.expect(MISSING, "feed", since=32 * M)
    case.minutes = 80
    return case


section(MISSING)


@on("7.0", "6.2")
def a_feed_that_is_deleted_pages(server):
    case = Case(60)
    stream = stopping(case, server, (20, 999))
    case.act(at(20 * M, stream.delete))
    case.expect(MISSING, "feed", since=20 * M)
    return case


@on("7.0", "6.2")
def a_deleted_feed_that_is_written_again_clears(server):
    case = Case(60)
    stream = stopping(case, server, (20, 35))
    case.act(at(20 * M, stream.delete))
    case.expect(MISSING, "feed", since=20 * M, until=35 * M)
    return case


@on("7.0", "6.2")
def a_feed_deleted_and_written_again_at_once_is_calm(server):
    case = Case(60)
    stream = stopping(case, server, (20, 21))
    case.act(at(20 * M, stream.delete))
    return case


@on("7.0", "6.2")
def a_declared_feed_that_never_existed_pages(server):
    case = Case(40)
    case.stream("feed", Stream(feed(declared=True), server, exists=False))
    case.expect(MISSING, "feed", since=0)
    return case


@on("7.0", "6.2")
def a_feed_that_exists_and_never_held_an_entry_pages(server):
    case = Case(40)
    stream = case.stream("feed", Stream(feed(), server))
    case.act(consumer(stream, "readers"))
    case.expect(MISSING, "feed", since=0)
    return case


@on("7.0", "6.2")
def a_feed_written_half_a_minute_after_its_group_was_made_is_calm(server):
    case = Case(40)
    stream = case.stream("feed", Stream(feed(), server, exists=False))
    case.act(at(10 * M, lambda: setattr(stream, "exists", True)))
    case.act(producer(stream, 5, between(*minutes((10.5, 999)))))
    return case


@on("7.0", stream_class=[EVENT, HYBRID, StreamClass.UNCLASSIFIED])
def a_declared_stream_of_another_class_may_be_absent(server, stream_class):
    case = Case(40)
    case.stream("jobs", Stream(of_class(stream_class, declared=True), server, exists=False))
    return case


@on("7.0", stream_class=[EVENT, HYBRID])
def a_deleted_stream_of_another_class_is_calm(server, stream_class):
    case = Case(40)
    stream = stopping(case, server, (15, 999), policy=of_class(stream_class))
    case.act(at(15 * M, stream.delete))
    return case


@on("7.0")
def a_missing_feed_pages_once_through_a_gap_in_scraping(server):
    case = Case(60)
    stream = stopping(case, server, (10, 999), policy=feed(declared=True))
    case.act(at(10 * M, stream.delete))
    case.exporter.gone = minutes((25, 29))
    case.expect(MISSING, "feed", since=10 * M)
    case.expect(BLIND, since=25 * M, until=29 * M)
    return case


@on("7.0", "6.2")
def a_server_restarted_empty_pages_for_its_feed_and_not_for_its_events(server):
    case = Case(60)
    stream = stopping(case, server, (20, 999))
    jobs = stopping(case, server, (20, 999), policy=of_class(EVENT), name="jobs")
    case.act(consumer(jobs, "workers", active=until(20 * M)))
    case.act(at(20 * M, stream.delete), at(20 * M, jobs.delete))
    case.exporter.redis_down = minutes((20, 21))
    case.expect(MISSING, "feed", since=20 * M)
    return case


section(STALLED)


@on("7.0", "6.2", "8.2", limit=[1, 5, 20])
def a_consumer_that_dies_pages(server, limit):
    case = Case(90)
    stream = flowing(case, server, policy=feed(1, limit))
    case.act(consumer(stream, "g", active=until(20 * M)), consumer(stream, "healthy"))
    case.expect(STALLED, "feed", "g", since=20 * M, limit=limit * M)
    return case


@on("7.0", "6.2", "8.2", every=[20, 240])
def a_dead_consumer_that_comes_back_clears(server, every):
    case = Case(120)
    stream = flowing(case, server, policy=of_class(HYBRID), every=every)
    case.act(consumer(stream, "g", active=except_between(*minutes((20, 60)))))
    late = every  # the first entry to wait may be the next to come
    case.expect(STALLED, "feed", "g", since=20 * M, until=60 * M, limit=5 * M + late)
    return case


@on("7.0", "6.2", "8.2")
def a_dead_consumer_that_drains_slowly_when_it_is_back_clears(server):
    case = Case(150)
    stream = flowing(case, server, every=2)
    case.act(consumer(stream, "g", 0.7, except_between(*minutes((20, 60)))))
    case.expect(STALLED, "feed", "g", since=20 * M, until=60 * M, limit=5 * M)
    return case


@on("7.0", "6.2", "8.2")
def a_group_that_never_read_anything_pages(server):
    case = Case(60)
    stream = flowing(case, server)
    case.act(consumer(stream, "g", active=lambda _: False))
    case.expect(STALLED, "feed", "g", since=0, limit=5 * M)
    return case


@on("7.0", "6.2")
def a_single_entry_that_nobody_takes_pages(server):
    case = Case(60)
    stream = case.stream("jobs", Stream(of_class(EVENT), server))
    case.act(burst(stream, 5 * M, 1), burst(stream, 20 * M, 1))
    case.act(consumer(stream, "workers", active=until(10 * M)))
    case.expect(STALLED, "jobs", "workers", since=20 * M, limit=5 * M)
    return case


@on("7.0", "6.2")
def an_idle_group_with_nothing_waiting_is_calm(server):
    case = Case(90)
    stream = case.stream("jobs", Stream(of_class(EVENT), server))
    case.act(burst(stream, 5 * M, 20), consumer(stream, "workers", active=until(10 * M)))
    return case


@on("7.0", "6.2")
def rare_entries_that_are_taken_at_once_are_calm(server):
    case = Case(180)
    stream = case.stream("jobs", Stream(of_class(EVENT), server))
    case.act(producer(stream, 900), consumer(stream, "workers"))
    return case


@on("7.0", "6.2")
def an_hourly_batch_inside_its_limit_is_calm(server):
    case = Case(240)
    stream = flowing(case, server, policy=feed(1, 90))
    case.act(batch_consumer(stream, "archive", [20 * M, 80 * M, 140 * M, 200 * M]))
    return case


@on("7.0", "6.2")
def a_group_without_a_limit_never_pages(server):
    case = Case(120)
    stream = flowing(case, server, policy=feed(1, NO_LIMIT), maxlen=200)
    case.act(consumer(stream, "old", active=until(10 * M)), consumer(stream, "slow", 0.05))
    return case


@on("7.0", "6.2")
def a_group_of_an_unclassified_stream_never_pages(server):
    case = Case(120)
    stream = flowing(case, server, policy=StreamPolicy(StreamClass.UNCLASSIFIED), maxlen=200)
    case.act(consumer(stream, "dead", active=until(10 * M)), consumer(stream, "slow", 0.05))
    return case


@on("7.0", "6.2")
def catching_up_after_redis_was_away_pages_blind_alone(server):
    case = Case(120)
    stream = stopping(case, server, (30, 60), policy=feed(1, 5))
    case.act(consumer(stream, "g", 0.2, except_between(*minutes((29, 62)))))
    case.exporter.redis_down = minutes((30, 60))
    case.expect(BLIND, since=30 * M, until=60 * M)
    return case


@on("7.0", "6.2")
def catching_up_after_the_exporter_was_away_pages_blind_alone(server):
    case = Case(120)
    stream = flowing(case, server, every=2)
    case.act(consumer(stream, "g", 2, except_between(*minutes((32, 55)))))
    case.exporter.gone = minutes((30, 60))
    case.expect(BLIND, since=30 * M, until=60 * M)
    return case


@on("7.0", "6.2")
def a_consumer_that_pauses_for_less_than_ten_minutes_is_calm(server):
    case = Case(90)
    stream = flowing(case, server, policy=feed(1, 5))
    case.act(consumer(stream, "g", active=except_between(*minutes((20, 28), (40, 48)))))
    return case


@on("7.0")
def a_stalled_group_pages_once_through_an_exporter_restart(server):
    case = Case(90)
    stream = flowing(case, server)
    case.act(consumer(stream, "g", active=until(20 * M)))
    case.exporter.down = minutes((45, 46))
    case.expect(STALLED, "feed", "g", since=20 * M, limit=5 * M)
    return case


@on("7.0")
def a_stalled_group_seen_by_two_replicas_pages_once(server):
    case = Case(90)
    stream = flowing(case, server)
    case.act(consumer(stream, "g", active=until(20 * M)))
    case.exporters = [Exporter("a:1"), Exporter("b:1", offset=15)]
    case.expect(STALLED, "feed", "g", since=20 * M, limit=5 * M)
    return case


@on("7.0")
def a_stalled_group_pages_once_through_a_pod_change(server):
    case = Case(90)
    stream = flowing(case, server)
    case.act(consumer(stream, "g", active=until(20 * M)))
    case.exporter.pods = [(0, "pod-a"), (50 * M, "pod-b")]
    case.exporter.restarts = [50 * M]
    case.expect(STALLED, "feed", "g", since=20 * M, limit=5 * M)
    return case


section(GROWING)


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
    case.expect(GROWING, "feed", "g", since=40 * M, until=100 * M)
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
    stream = flowing(case, server, every=2)
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


@on("7.0")
def a_leak_pages_once_through_an_exporter_restart(server):
    case = Case(150)
    stream = flowing(case, server, every=1)
    case.act(consumer(stream, "g", 1.2, until(40 * M)))
    case.act(consumer(stream, "g", 0.5, between((40 * M, 9999 * M))))
    case.exporter.down = minutes((100, 101))
    case.expect(GROWING, "feed", "g", since=40 * M)
    return case


@on("7.0")
def a_leak_seen_by_two_replicas_pages_once(server):
    case = Case(150)
    stream = flowing(case, server, every=1)
    case.act(consumer(stream, "g", 1.2, until(40 * M)))
    case.act(consumer(stream, "g", 0.5, between((40 * M, 9999 * M))))
    case.exporters = [Exporter("a:1"), Exporter("b:1", offset=15)]
    case.expect(GROWING, "feed", "g", since=40 * M)
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


section(LOSING)


@on("7.0", "8.2")
def a_dead_group_of_a_trimmed_stream_pages_for_both(server):
    case = Case(120)
    stream = flowing(case, server, every=1, maxlen=1800)
    case.act(consumer(stream, "g", active=until(20 * M)), consumer(stream, "healthy"))
    case.expect(STALLED, "feed", "g", since=20 * M, limit=5 * M)
    case.expect(LOSING, "feed", "g", since=50 * M)
    return case


@on("6.2")
def a_dead_group_of_a_trimmed_stream_pages_for_the_stall(server):
    case = Case(120)
    stream = flowing(case, server, every=1, maxlen=1800)
    case.act(consumer(stream, "g", active=until(20 * M)), consumer(stream, "healthy"))
    case.expect(STALLED, "feed", "g", since=20 * M, limit=5 * M)
    return case


@on("7.0", "8.2")
def a_group_too_slow_for_the_trimming_pages(server):
    case = Case(120)
    stream = flowing(case, server, every=1, maxlen=120)
    case.act(consumer(stream, "g", 1.2, until(40 * M)))
    case.act(consumer(stream, "g", 0.25, between((40 * M, 9999 * M))))
    case.expect(LOSING, "feed", "g", since=42 * M)
    return case


@on("7.0", "8.2")
def one_trim_past_a_batch_pages_and_clears(server):
    case = Case(150)
    stream = flowing(case, server, every=2, policy=feed(1, 120))
    case.act(batch_consumer(stream, "batch", [20 * M, 80 * M, 140 * M]))
    case.act(at(50 * M, lambda: stream.trim(100)))
    case.expect(LOSING, "feed", "batch", since=50 * M, until=50 * M)
    return case


@on("7.0", "8.2", "6.2")
def trimming_what_was_read_is_calm(server):
    case = Case(120)
    stream = flowing(case, server, every=1, maxlen=300)
    case.act(consumer(stream, "g"), consumer(stream, "h", 1.5))
    return case


@on("7.0", "8.2", "6.2")
def trimming_now_and_then_what_was_read_is_calm(server):
    case = Case(120)
    stream = flowing(case, server, every=1)
    case.act(consumer(stream, "g"))
    case.act(*(at(t * M, lambda: stream.trim(30)) for t in range(10, 120, 7)))
    return case


@on("7.0", "8.2")
def an_old_loss_does_not_page_again(server):
    case = Case(180)
    stream = flowing(case, server, every=1, policy=feed(1, 60))
    case.act(consumer(stream, "g", active=except_between(*minutes((20, 32)))))
    case.act(at(30 * M, lambda: stream.trim(40)))
    case.act(*(at(t * M, lambda: stream.trim(30)) for t in range(40, 180, 11)))
    case.expect(LOSING, "feed", "g", since=30 * M, until=32 * M)
    return case


@on("7.0")
def two_replicas_that_look_at_different_moments_see_no_loss(server):
    case = Case(120)
    stream = flowing(case, server, every=0.2, maxlen=600)
    case.act(consumer(stream, "g"), consumer(stream, "h", 5.5))
    case.exporters = [Exporter("a:1"), Exporter("b:1", offset=15)]
    return case


section(BLIND)


@on("7.0", "6.2")
def redis_that_cannot_be_read_pages_blind_alone(server):
    case = Case(60)
    stream = stopping(case, server, (20, 40))
    case.act(consumer(stream, "g", active=except_between(*minutes((20, 41)))))
    case.exporter.redis_down = minutes((20, 40))
    case.expect(BLIND, since=20 * M, until=40 * M)
    return case


@on("7.0")
def an_exporter_that_is_down_pages_blind_alone(server):
    case = Case(60)
    stream = flowing(case, server)
    case.act(consumer(stream, "g"))
    case.exporter.down = minutes((20, 40))
    case.expect(BLIND, since=20 * M, until=40 * M)
    return case


@on("7.0")
def a_target_that_is_gone_pages_blind_alone(server):
    case = Case(60)
    flowing(case, server)
    case.exporter.gone = minutes((20, 40))
    case.expect(BLIND, since=20 * M, until=40 * M)
    return case


@on("7.0")
def a_feed_that_may_not_be_read_pages_blind_alone(server):
    case = Case(60)
    flowing(case, server)
    flowing(case, server, "other")
    case.exporter.denied = {"feed": minutes((20, 40))}
    case.expect(BLIND, since=20 * M, until=40 * M)
    return case


@on("7.0", stream_class=[EVENT, HYBRID])
def another_stream_that_may_not_be_read_pages_nobody(server, stream_class):
    case = Case(60)
    flowing(case, server)
    flowing(case, server, "jobs", of_class(stream_class))
    case.exporter.denied = {"jobs": minutes((20, 40))}
    return case


@on("7.0")
def one_replica_of_two_that_is_down_pages_nobody(server):
    case = Case(60)
    stream = flowing(case, server)
    case.act(consumer(stream, "g"))
    case.exporters = [Exporter("a:1", down=minutes((20, 40))), Exporter("b:1", offset=15)]
    return case


@on("7.0")
def one_replica_of_two_that_cannot_reach_redis_pages_nobody(server):
    case = Case(60)
    flowing(case, server)
    case.exporters = [Exporter("a:1", redis_down=minutes((20, 40))), Exporter("b:1", offset=15)]
    return case


@on("7.0")
def an_exporter_restart_pages_nobody(server):
    case = Case(60)
    stream = flowing(case, server)
    case.act(consumer(stream, "g"))
    case.exporter.down = minutes((20, 21), (40, 41.5))
    return case


@on("7.0")
def scrapes_that_fail_now_and_then_page_nobody(server):
    case = Case(90)
    stream = flowing(case, server)
    case.act(consumer(stream, "g", active=always))
    case.exporter.down = minutes(*((t, t + 0.5) for t in range(5, 90, 3)))
    return case
