"""Entries that are trimmed before a group has read them, and trimming that costs nothing."""

from __future__ import annotations

from rules.scenarios.common import NO_LIMIT, M, feed, flowing, scenarios_about
from rules.simulator.actors import at, batch_consumer, between, consumer, except_between, until
from rules.simulator.case import BLIND, LOSING, STALLED, Case, minutes
from rules.simulator.scraping import Exporter

on = scenarios_about(LOSING)


@on("7.0", "8.2", "6.2")
def a_dead_group_of_a_trimmed_stream_pages_for_both(server):
    case = Case(120)
    stream = flowing(case, server, every=1, maxlen=1800)
    case.act(consumer(stream, "g", active=until(20 * M)), consumer(stream, "healthy"))
    case.expect(STALLED, "feed", "g", since=20 * M, limit=5 * M)
    case.expect(LOSING, "feed", "g", since=50 * M)
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


@on("7.0", gap=[4, 6.5])
def a_steady_loss_pages_once_through_a_gap_in_scraping(server, gap):
    case = Case(120)
    stream = flowing(case, server, every=1, maxlen=120)
    case.act(consumer(stream, "g", 1.2, until(40 * M)))
    case.act(consumer(stream, "g", 0.25, between((40 * M, 9999 * M))))
    case.exporter.gone = minutes((80, 80 + gap))
    case.expect(LOSING, "feed", "g", since=42 * M)
    case.expect(BLIND, since=80 * M, until=(80 + gap) * M)
    return case


@on("7.0")
def a_group_that_only_one_replica_gives_a_limit_is_watched(server):
    case = Case(90)
    stream = flowing(case, server, every=1, maxlen=120)
    case.act(consumer(stream, "g", 1.2, until(40 * M)))
    case.act(consumer(stream, "g", 0.25, between((40 * M, 9999 * M))))
    without = {"feed": feed(1, NO_LIMIT)}
    case.exporters = [Exporter("a:1"), Exporter("b:1", offset=15, policies=without)]
    case.expect(LOSING, "feed", "g", since=42 * M)
    return case


@on("7.0", "6.2")
def a_single_loss_in_a_long_gap_pages_when_the_exporter_is_back(server):
    case = Case(120)
    stream = flowing(case, server, every=2, policy=feed(1, 120))
    case.act(consumer(stream, "g", active=until(20 * M)))
    case.exporter.gone = minutes((40, 50))
    case.act(at(42 * M, lambda: stream.trim(100)))
    case.expect(LOSING, "feed", "g", since=50 * M, until=50 * M)
    case.expect(BLIND, since=40 * M, until=50 * M)
    return case


@on("7.0")
def a_loss_seen_by_the_pod_that_takes_over_pages(server):
    case = Case(120)
    stream = flowing(case, server, every=2, policy=feed(1, 120))
    case.act(consumer(stream, "g", active=until(20 * M)))
    case.act(at(45 * M, lambda: stream.trim(100)))
    case.exporter.pods = [(0, "a"), (45 * M, "b")]
    case.expect(LOSING, "feed", "g", since=45 * M, until=45 * M)
    return case


@on("7.0")
def a_loss_that_another_exporter_came_too_late_to_see_pages(server):
    case = Case(120)
    stream = flowing(case, server, every=2, policy=feed(1, 120))
    case.act(consumer(stream, "g", active=until(20 * M)))
    case.act(at(42 * M, lambda: stream.trim(100)))
    late = Exporter("a:1", gone=minutes((0, 44)))
    case.exporters = [late, Exporter("b:1", offset=15, gone=minutes((40, 50)))]
    case.expect(LOSING, "feed", "g", since=50 * M, until=50 * M)
    case.expect(BLIND, since=40 * M, until=44 * M)
    return case


@on("7.0")
def an_old_loss_that_a_later_exporter_did_not_see_does_not_page_again(server):
    case = Case(150)
    stream = flowing(case, server, every=1, policy=feed(1, 120))
    case.act(consumer(stream, "g", active=except_between(*minutes((20, 32)))))
    case.act(at(30 * M, lambda: stream.trim(40)))
    later = Exporter("b:1", offset=15, gone=minutes((0, 40), (120, 122)))
    case.exporters = [Exporter("a:1"), later]
    case.expect(LOSING, "feed", "g", since=30 * M, until=32 * M)
    return case


@on("7.0")
def a_loss_smaller_than_an_older_one_of_another_exporter_pages(server):
    case = Case(120)
    stream = flowing(case, server, every=1, policy=feed(1, 120))
    case.act(consumer(stream, "g", active=except_between(*minutes((1, 12), (77, 90)))))
    case.act(at(10 * M, lambda: stream.trim(40)), at(85 * M, lambda: stream.trim(300)))
    without = {"feed": feed(1, NO_LIMIT)}
    first = Exporter("a:1", policies=without, gone=minutes((80, 999)))
    later = Exporter("b:1", offset=15, gone=minutes((0, 75)))
    case.exporters = [first, later]
    case.expect(LOSING, "feed", "g", since=85 * M, until=90 * M)
    return case
