"""A group whose cursor is frozen while entries wait, and one that is merely idle or late."""

from __future__ import annotations

from rules.scenarios.common import (
    EVENT,
    HYBRID,
    NO_LIMIT,
    M,
    feed,
    flowing,
    of_class,
    scenarios_about,
    stopping,
)
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
from rules.simulator.world import Group, Stream
from streamgauge.policy import StreamClass, StreamPolicy

on = scenarios_about(STALLED)


@on("7.0", "6.2", "8.2", limit=[1, 5, 20], also=GROWING)
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


@on("7.0", "6.2", "8.2", also=GROWING)
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


@on("7.0", "6.2", also=LOSING)
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
def a_consumer_that_pauses_within_its_limit_is_calm(server):
    case = Case(90)
    stream = flowing(case, server, policy=feed(1, 9))
    case.act(consumer(stream, "g", active=except_between(*minutes((20, 28), (40, 48)))))
    return case


@on("7.0", "6.2")
def a_consumer_that_is_back_just_past_its_limit_clears(server):
    case = Case(90)
    stream = flowing(case, server, policy=feed(1, 9))
    case.act(consumer(stream, "g", active=except_between(*minutes((20, 31)))))
    case.expect(STALLED, "feed", "g", since=20 * M, until=31 * M, limit=9 * M)
    return case


@on("7.0", "6.2")
def consumers_that_come_back_minutes_after_an_outage_are_calm(server):
    case = Case(100)
    stream = stopping(case, server, (30, 50))
    case.act(consumer(stream, "g", 0.3, except_between(*minutes((29, 57)))))
    case.exporter.redis_down = minutes((30, 50))
    case.expect(BLIND, since=30 * M, until=50 * M)
    return case


@on("7.0", "6.2")
def a_consumer_that_went_with_a_gap_in_scraping_pages_after_it(server):
    case = Case(80)
    stream = flowing(case, server)
    case.act(consumer(stream, "g", active=except_between(*minutes((30, 44)))))
    case.exporter.gone = minutes((30, 38))
    case.expect(BLIND, since=30 * M, until=38 * M)
    case.expect(STALLED, "feed", "g", since=38 * M, until=44 * M, limit=5 * M)
    return case


@on("7.0", "6.2")
def a_group_within_the_longer_limit_is_calm_while_a_changed_one_is_rolled_out(server):
    case = Case(80)
    stream = flowing(case, server, policy=feed(1, 40))
    case.act(consumer(stream, "g", active=except_between(*minutes((20, 50)))))
    case.exporters = [Exporter("a:1"), Exporter("b:1", offset=15, policies={"feed": feed(1, 5)})]
    return case


@on("7.0", "6.2", gap=[0, 4.5])
def a_new_group_that_works_through_a_backlog_in_batches_is_calm(server, gap):
    case = Case(100)
    stream = stopping(case, server, (40, 999), policy=of_class(HYBRID, 10))
    batches = [(t * M, t * M + 5) for t in range(54, 100, 8)]
    case.act(consumer(stream, "g", 20, between(*batches)))
    del stream.groups["g"]
    case.act(at(45 * M, lambda: stream.groups.update(g=Group())))
    if gap:
        case.exporter.gone = minutes((54.5, 54.5 + gap))
        case.expect(BLIND, since=54.5 * M, until=(54.5 + gap) * M)
    return case


@on("7.0", "8.2")
def a_slow_reader_of_many_entries_of_one_millisecond_is_calm(server):
    case = Case(100)
    stream = flowing(case, server)
    case.act(burst(stream, 30 * M, 2400, seconds=0))
    case.act(consumer(stream, "g", 0.2 + 1.0))
    return case


@on("7.0", "6.2")
def a_slow_reader_of_entries_whose_ids_tell_no_time_is_calm(server):
    case = Case(100)
    stream = flowing(case, server, policy=feed(1, 6), ids_tell_time=False)
    case.act(batch_consumer(stream, "g", [t * M for t in range(5, 100, 5)]))
    return case


@on("7.0", gap=[4, 9])
def a_stalled_group_pages_once_through_a_gap_in_scraping(server, gap):
    case = Case(90)
    stream = flowing(case, server)
    case.act(consumer(stream, "g", active=until(20 * M)))
    case.exporter.gone = minutes((50, 50 + gap))
    case.expect(STALLED, "feed", "g", since=20 * M, limit=5 * M)
    case.expect(BLIND, since=50 * M, until=(50 + gap) * M)
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
