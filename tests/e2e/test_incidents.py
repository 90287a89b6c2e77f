"""Every incident of the demo pages with its alert, once, and clears; a calm system pages nobody.

All of it is played once, on a real Redis, with the shipped files in quick motion; each test then
looks at what was recorded.
"""

from collections import Counter
from concurrent.futures import Future

import pytest

from e2e.demo import SPEED
from e2e.promises import GROUP_WAIT, over_within, told_within
from e2e.receiver import Notification
from e2e.scaling import FACTOR, quick_paging_rules
from e2e.story import (
    CALM,
    EMPTY_EVENT_STREAMS,
    HARMLESS,
    PAGING,
    SLOWEST,
    Story,
)
from streamgauge_demo.catalogue import ANSWER, ANSWERED_WITHIN_SECONDS, BY_NAME, TRIGGER
from streamgauge_demo.incidents import IncidentKind
from streamgauge_demo.monitoring import scrape_seconds
from streamgauge_demo.pace import Pace
from streamgauge_demo.quick import seconds


def page_of(kind: IncidentKind) -> tuple[str, str, str]:
    """What an incident is to page with."""
    return kind.alert or "", kind.stream, kind.group or ""


def of(kind: IncidentKind, notifications: list[Notification]) -> list[Notification]:
    return [one for one in notifications if one.page == page_of(kind)]


def limit_of(kind: IncidentKind) -> float:
    """The limit that the demo's configuration sets for the incident's stream or group, seconds."""
    stream, group_name = BY_NAME[kind.stream], page_of(kind)[2]
    limits = {group.name: group.lag_limit_seconds for group in stream.groups}
    limit = limits[group_name] if group_name else stream.quiet_limit_seconds
    if stream.name == ANSWER:
        limit = ANSWERED_WITHIN_SECONDS
    assert limit is not None
    return Pace(SPEED).limit(limit)


def test_a_calm_time_pages_nobody(story: Story):
    assert story.calm_until - story.calm_from >= CALM
    assert story.fired_in_calm == set()
    told = [one for one in (*story.pages, *story.tickets) if one.at < min(story.begun.values())]
    assert told == []


def test_three_event_streams_are_empty_all_the_calm_time(story: Story):
    most = {name: story.most_entries_in_calm[name] for name in EMPTY_EVENT_STREAMS}
    assert most == dict.fromkeys(EMPTY_EVENT_STREAMS, 0)
    assert len(most) == 3


def test_nothing_pages_but_the_incidents(story: Story):
    assert {one.page for one in story.pages} == {page_of(kind) for kind in PAGING.values()}


@pytest.mark.parametrize("name", PAGING)
def test_an_incident_pages_once(story: Story, name: str):
    """Once before Prometheus is restarted; the slowest, whose page is still to come then, after."""
    told = of(PAGING[name], story.pages)
    if name != SLOWEST:
        told = [one for one in told if one.at < story.restarted]
    assert len(told) == 1


@pytest.mark.parametrize("name", PAGING)
def test_a_page_says_what_and_where(story: Story, name: str):
    page = of(PAGING[name], story.pages)[0]
    stream = BY_NAME[PAGING[name].stream]
    assert page.labels["severity"] == "critical"
    assert (page.labels["redis"], page.labels["class"]) == ("quantum", stream.stream_class)
    assert "instance" not in page.labels
    assert stream.key in page.annotations["description"]
    assert "error" not in page.annotations["description"]


@pytest.mark.parametrize("name", PAGING)
def test_a_page_comes_and_goes_in_time(story: Story, name: str, capsys: pytest.CaptureFixture):
    kind = PAGING[name]
    alert = page_of(kind)[0]
    fires, clears = told_within(alert, limit_of(kind)), over_within(alert)
    came = of(kind, story.pages)[0].at - story.begun[name]
    went = of(kind, story.resolved)[-1].at - story.repaired[name]
    with capsys.disabled():
        print(f"\n{name}: paged after {came:.1f} s (at most {fires:g}),", end=" ")
        print(f"resolved after {went:.1f} s (at most {clears:g})")
    assert 0 < came <= fires
    assert 0 < went <= clears


def test_from_the_stop_of_a_feed_to_the_page(story: Story, capsys: pytest.CaptureFixture):
    kind = PAGING["feed-quiet"]
    limit, lasting = limit_of(kind), seconds(quick_paging_rules()[page_of(kind)[0]]["for"])
    scrape = scrape_seconds(FACTOR)
    bound = limit + lasting + 2 * scrape + GROUP_WAIT
    took = of(kind, story.pages)[0].at - story.feed_stopped
    with capsys.disabled():
        print(f"\nfrom the last entry of {kind.stream} to the page: {took:.2f} s,", end=" ")
        print(f"at most {bound:g} s (limit {limit} + for {lasting:g}", end=" ")
        print(f"+ 2 intervals of {scrape:g} + group_wait {GROUP_WAIT:g})")
    assert limit + lasting <= took <= bound


def test_a_restart_of_prometheus_repeats_a_page_at_most_once(
    story: Story, capsys: pytest.CaptureFixture
):
    # In its first five seconds Prometheus knows of no Alertmanager, whatever the pace. By the clock
    # of the rules that is two and a half minutes: Alertmanager may then take an alert for resolved.
    fired = {kind.alert for name, kind in PAGING.items() if name != SLOWEST}
    assert story.firing_before_restart == fired
    after = [one for one in story.pages if one.at > story.restarted]
    repeats = Counter(one.page[0] for one in after if one.page[0] in fired)
    with capsys.disabled():
        print(f"\nall fire again {story.all_fire_again - story.restarted:.1f} s", end=" ")
        print(f"after the restart began; repeated: {dict(repeats) or 'nothing'}")
    assert set(repeats.values()) <= {1}


@pytest.mark.parametrize("name", PAGING)
def test_a_page_is_resolved_after_the_repair_and_stays_so(story: Story, name: str):
    pages, resolved = of(PAGING[name], story.pages), of(PAGING[name], story.resolved)
    repaired = min(story.repaired.values())
    assert all(one.at < repaired for one in pages)
    assert len([one for one in resolved if one.at >= repaired]) == 1
    # Before the repair, only what is then repeated may have been resolved.
    assert len(resolved) == len(pages)


def test_nothing_that_pages_fires_when_all_is_repaired(story: Story):
    assert story.firing_at_the_end == set()


@pytest.mark.parametrize("name", HARMLESS)
def test_an_event_that_is_none_happens_and_pages_nobody(story: Story, name: str):
    stream = HARMLESS[name].stream
    assert story.most_entries_in_calm[stream] == 0
    # The incident retrain-unanswered queues a job too.
    assert story.entries_at_the_end[stream] == (2 if stream == TRIGGER else 1)
    assert [one for one in story.pages if one.page[1] == stream] == []


def test_a_dead_exporter_and_a_dead_redis_page_blind_and_nothing_else(blindness: Future[None]):
    blindness.result()  # e2e/blindness.py looks at every step as it comes about
