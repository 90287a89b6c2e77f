"""A continuous stream that goes quiet, and one that may."""

from __future__ import annotations

import random

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
from rules.simulator.actors import consumer, producer
from rules.simulator.case import BLIND, QUIET, Case, minutes
from rules.simulator.scraping import Exporter
from rules.simulator.world import START, Stream
from streamgauge.policy import StreamClass

on = scenarios_about(QUIET)


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


@on("7.0", gap=[4, 6.5])
def a_quiet_feed_pages_once_through_a_gap_in_scraping(server, gap):
    case = Case(60)
    stopping(case, server, (10, 999))
    case.exporter.gone = minutes((20, 20 + gap))
    case.expect(QUIET, "feed", since=10 * M, limit=1 * M)
    case.expect(BLIND, since=20 * M, until=(20 + gap) * M)
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


@on("7.0", "6.2")
def a_feed_that_is_late_by_half_a_minute_is_calm(server):
    case = Case(60)
    stopping(case, server, (20, 21.5), (40, 41.5), policy=feed(1))
    return case


@on("7.0")
def a_feed_is_calm_within_the_longer_limit_while_a_changed_one_is_rolled_out(server):
    case = Case(60)
    flowing(case, server, policy=feed(10), every=200).add(START)
    case.exporters = [Exporter("a:1"), Exporter("b:1", offset=15, policies={"feed": feed(1)})]
    return case


@on("7.0", "6.2")
def a_feed_is_calm_while_one_replica_still_reads_the_old_primary(server):
    case = Case(60)
    stream = flowing(case, server)
    case.act(consumer(stream, "g"))
    case.exporters = [Exporter("a:1"), Exporter("b:1", offset=15, old_primary_since=20 * M)]
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
