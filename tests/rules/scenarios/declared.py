"""A group that was declared and is gone, and an entry that is held for longer than declared."""

from __future__ import annotations

import re
from dataclasses import replace

from rules.scenarios.common import EVENT, M, flowing, of_class, scenarios_about
from rules.simulator.actors import at, consumer, except_between, until
from rules.simulator.case import GROUP_MISSING, NOT_ACKNOWLEDGING, Case
from streamgauge.policy import GroupLimit, StreamPolicy

missing = scenarios_about(GROUP_MISSING)
held = scenarios_about(NOT_ACKNOWLEDGING)


def declaring(ack_minutes: float | None = None) -> StreamPolicy:
    """An event stream whose group `g` has to be there."""
    ack_limit = None if ack_minutes is None else ack_minutes * M
    rule = GroupLimit(re.compile(rb"g"), 5 * M, ack_limit)
    return replace(of_class(EVENT), declared_groups=(b"g",), group_rules=(rule,))


@missing("7.0", "6.2")
def a_declared_group_that_is_destroyed_pages(server):
    case = Case(60)
    stream = flowing(case, server, policy=declaring())
    case.act(consumer(stream, "g", active=until(20 * M)), at(20 * M, stream.groups.clear))
    case.expect(GROUP_MISSING, "feed", "g", since=20 * M)
    return case


@missing("7.0", "6.2")
def a_declared_group_that_is_made_again_clears(server):
    case = Case(60)
    stream = flowing(case, server, policy=declaring())
    away = (20 * M, 35 * M)
    case.act(consumer(stream, "g", active=except_between(away)), at(20 * M, stream.groups.clear))
    case.expect(GROUP_MISSING, "feed", "g", since=20 * M, until=35 * M)
    return case


@missing("7.0", "6.2")
def a_declared_group_that_is_away_for_a_minute_is_calm(server):
    case = Case(60)
    stream = flowing(case, server, policy=declaring())
    away = (20 * M, 21 * M)
    case.act(consumer(stream, "g", active=except_between(away)), at(20 * M, stream.groups.clear))
    return case


@missing("7.0", "6.2")
def a_group_that_nobody_declared_may_go(server):
    case = Case(60)
    stream = flowing(case, server, policy=of_class(EVENT))
    case.act(consumer(stream, "g", active=until(20 * M)), at(20 * M, stream.groups.clear))
    return case


@held("7.0", "6.2", ack=[1, 10])
def an_entry_that_is_never_acknowledged_pages(server, ack):
    case = Case(60)
    stream = flowing(case, server, policy=declaring(ack))
    case.act(consumer(stream, "g"), at(20 * M, lambda: stream.hold("g", 20 * M)))
    case.expect(NOT_ACKNOWLEDGING, "feed", "g", since=20 * M, limit=ack * M)
    return case


@held("7.0", "6.2")
def an_entry_that_is_acknowledged_at_last_clears(server):
    case = Case(60)
    stream = flowing(case, server, policy=declaring(5))
    case.act(consumer(stream, "g"), at(20 * M, lambda: stream.hold("g", 20 * M)))
    case.act(at(40 * M, lambda: stream.hold("g", None)))
    case.expect(NOT_ACKNOWLEDGING, "feed", "g", since=20 * M, until=40 * M, limit=5 * M)
    return case


@held("7.0", "6.2")
def jobs_that_take_less_than_declared_are_calm(server):
    case = Case(60)
    stream = flowing(case, server, policy=declaring(10))
    case.act(consumer(stream, "g"))
    case.act(*(at(t * M, lambda t=t: stream.hold("g", t * M)) for t in range(5, 60, 9)))
    return case


@held("7.0", "6.2")
def a_group_without_an_ack_limit_may_hold_entries_for_ever(server):
    case = Case(60)
    stream = flowing(case, server, policy=declaring())
    case.act(consumer(stream, "g"), at(20 * M, lambda: stream.hold("g", 20 * M)))
    return case
