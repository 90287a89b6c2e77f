"""A continuous stream that is not there or never held an entry, and one that need not be."""

from __future__ import annotations

from rules.scenarios.common import (
    EVENT,
    FROM_HALF_PAST_EIGHT,
    HYBRID,
    M,
    feed,
    flowing,
    of_class,
    scenarios_about,
    stopping,
)
from rules.simulator.actors import at, between, consumer, producer, until
from rules.simulator.case import BLIND, MISSING, Case, minutes
from rules.simulator.scraping import Exporter
from rules.simulator.world import Stream
from streamgauge.policy import StreamClass
from streamgauge.schedule import Schedule

on = scenarios_about(MISSING)


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


@on("7.0", gap=[4, 6.5])
def a_missing_feed_pages_once_through_a_gap_in_scraping(server, gap):
    case = Case(60)
    stream = stopping(case, server, (10, 999), policy=feed(declared=True))
    case.act(at(10 * M, stream.delete))
    case.exporter.gone = minutes((25, 25 + gap))
    case.expect(MISSING, "feed", since=10 * M)
    case.expect(BLIND, since=25 * M, until=(25 + gap) * M)
    return case


@on("7.0", gap=[4, 6.5])
def a_feed_that_never_held_an_entry_pages_once_through_a_gap_in_scraping(server, gap):
    case = Case(60)
    case.stream("feed", Stream(feed(), server))
    case.exporter.gone = minutes((25, 25 + gap))
    case.expect(MISSING, "feed", since=0)
    case.expect(BLIND, since=25 * M, until=(25 + gap) * M)
    return case


@on("7.0")
def a_feed_missing_in_closed_hours_is_calm_through_a_gap_in_scraping(server):
    case = Case(40)
    policy = feed(2, declared=True, active=Schedule("mon-fri", "08:45-09:30", "UTC"))
    case.stream("feed", Stream(policy, server, exists=False))
    case.exporter.gone = minutes((15, 21))
    case.expect(BLIND, since=15 * M, until=21 * M)
    return case


@on("7.0", "6.2", also=BLIND)
def a_key_of_another_type_in_place_of_a_feed_pages_missing_alone(server):
    case = Case(60)
    flowing(case, server)
    flowing(case, server, "other")
    case.exporter.denied = {"feed": minutes((20, 40))}
    case.exporter.reasons = {"feed": "wrongtype"}
    case.expect(MISSING, "feed", since=20 * M, until=40 * M)
    return case


@on("7.0")
def a_feed_written_again_is_calm_though_one_replica_last_saw_it_deleted(server):
    case = Case(60)
    stream = stopping(case, server, (19.5, 20.5))
    case.act(at(19.5 * M, stream.delete))
    case.exporters = [Exporter("a:1"), Exporter("b:1", offset=15, old_primary_since=20 * M)]
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
