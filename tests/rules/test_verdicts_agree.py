"""Verdicts and paging alerts agree: at the end of a scenario the report calls critical what pages.

Every scenario is played and looked at twice, at its end and ten minutes earlier, which is as far
back as the alert about stalled groups looks. What must fire then is what the scenario declares, and
test_scenarios.py holds the rules to that. Where the two differ on purpose, DIFFERENCES says why.
"""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from rules.scenarios import SCENARIOS
from rules.simulator.case import (
    CLEARS_WITHIN,
    GROUP_MISSING,
    GROWING,
    LOSING,
    MISSING,
    NOT_ACKNOWLEDGING,
    QUIET,
    STALLED,
    Case,
)
from rules.simulator.world import START, TICK
from streamgauge.model.derive import absent_record, stream_record
from streamgauge.model.looks import Seen, earlier_look
from streamgauge.model.memory import Memory
from streamgauge.model.records import RedisSnapshot, Stream
from streamgauge.verdict.judge import judge
from streamgauge.verdict.records import RedisVerdict, Subject
from streamgauge.verdict.states import FindingKind, GroupState, Severity, StreamState
from support.looks import look

WINDOW = 600.0
SCRAPE = 30.0

ALERT_OF = {
    StreamState.QUIET: QUIET,
    StreamState.MISSING: MISSING,
    StreamState.NEVER_WRITTEN: MISSING,
    GroupState.STALLED: STALLED,
    GroupState.LOSING_ENTRIES: LOSING,
    GroupState.LAG_GROWING: GROWING,
    GroupState.MISSING: GROUP_MISSING,
    GroupState.NOT_ACKNOWLEDGING: NOT_ACKNOWLEDGING,
}
"""Every critical state is an alert's."""

DIFFERENCES: dict[str, str] = {
    "a dead group of a trimmed stream pages for both": (
        "a group has one state, and the cause comes first: it is stalled, and that it loses "
        "entries meanwhile is a finding"
    ),
}
"""By what the scenario is called, without its release: why a page is not a state of the report."""

Critical = set[tuple[str, str, str]]


class Reporter:
    """Looks at a world as the exporter does, and remembers what the exporter remembers."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.memory = Memory()

    def look(self, now: float) -> RedisSnapshot:
        self.memory.look += 1
        return look(*self._records(now), at=START + now)

    def _records(self, now: float) -> Iterable[Stream]:
        for name, stream in self.case.world.streams.items():
            if stream.exists:
                yield stream_record(stream.reading(name, START + now), stream.policy, self.memory)
            elif stream.policy.declared or name.encode() in self.memory.continuous:
                yield absent_record(
                    *(name.encode(), stream.policy, int((START + now) * 1e6), self.memory),
                    frozenset(),
                )


def looks_at_end(case: Case) -> Seen:
    """Play the case to its end; returns what is seen there and what was seen a window earlier."""
    reporter, looks = Reporter(case), {}
    now = 0.0
    while now < case.seconds:
        case.world.tick(now)
        now += TICK
        if now % SCRAPE == 0:
            looks[now] = reporter.look(now)
    return Seen(looks[now], earlier_look(looks[now - WINDOW]))


def states(verdict: RedisVerdict) -> Critical:
    """What the report calls critical, as (alert, stream, group)."""
    streams = ((one, one.stream.name, b"") for one in verdict.streams)
    groups = ((one, one.stream, one.group.name) for one in verdict.groups)
    return {
        (ALERT_OF[one.state], stream.decode(), group.decode())
        for one, stream, group in (*streams, *groups)
        if one.severity is Severity.CRITICAL
    }


def paging(case: Case) -> Critical:
    """What must be firing at the end, of the alerts that a critical state stands for."""
    alerts = ALERT_OF.values()
    return {page.key for page in case.pages if page.alert in alerts and page.until is None}


def clearing(case: Case) -> Critical:
    """What was repaired so late that it may still be firing at the end."""
    return {
        page.key
        for page in case.pages
        if page.until is not None and case.seconds - page.until < CLEARS_WITHIN[page.alert]
    }


def explained(name: str) -> bool:
    return name.rpartition(", Redis ")[0] in DIFFERENCES


@pytest.mark.parametrize("name", [name for name in SCENARIOS if not explained(name)])
def test_report_and_alerts_agree_at_the_end_of(name):
    case = SCENARIOS[name]()
    assert states(judge(*looks_at_end(case))) - clearing(case) == paging(case)


@pytest.mark.parametrize("name", [*filter(explained, SCENARIOS)])
def test_where_a_page_is_no_state_a_finding_says_it(name):
    case = SCENARIOS[name]()
    verdict = judge(*looks_at_end(case))
    ((alert, stream, group),) = paging(case) - states(verdict)
    assert alert == LOSING
    lost = next(one for one in verdict.findings if one.kind is FindingKind.TRIMMED_UNREAD)
    assert lost.subjects == (Subject(stream.encode(), group.encode()),)


def test_every_difference_is_one_of_a_scenario():
    assert {name.rpartition(", Redis ")[0] for name in filter(explained, SCENARIOS)} == {
        *DIFFERENCES
    }
