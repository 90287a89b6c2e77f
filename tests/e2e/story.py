"""One story, played on one stack: calm, every incident at once, Prometheus restarted, repair."""

import math
import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import redis

from e2e.promises import GROUP_INTERVAL, over_within
from e2e.receiver import FIRING, RESOLVED, Notification
from e2e.scaling import FACTOR, longest_memory
from e2e.stack import Monitoring, Stack
from streamgauge_demo.catalogue import STREAMS, key_of
from streamgauge_demo.incidents import INCIDENTS
from streamgauge_demo.quick import seconds
from support.polling import wait_for

PAGING = {kind.name: kind for kind in INCIDENTS.values() if kind.alert}
HARMLESS = {kind.name: kind for kind in INCIDENTS.values() if not kind.alert}
EMPTY_EVENT_STREAMS = ("policy.updated", "model.retrain", "reconcile.close")
STOPPED_FEED = INCIDENTS["feed-quiet"].stream
# Its page is still to come when Prometheus is restarted; all others have come by then.
SLOWEST = "consumer-slow"

# All that can page has by then had its time to do so. The rest is for Prometheus to come up, after
# the demo, whose clock this is; it scrapes nothing in its first five seconds.
CALM = longest_memory()
BEGIN = math.ceil(CALM) + 14
# The slowest page needs its limit, three times that, and Prometheus to be back; the rest is for a
# slow machine.
LASTING = 100
# Five minutes by the rules' clock, for what was repaired to come back, should it want to.
AFTERWARDS = seconds("5m") / FACTOR


@dataclass
class Story:
    """What happened when, by the clock of this machine, and whom was told what."""

    calm_from: float = 0.0
    calm_until: float = 0.0
    fired_in_calm: set[str] = field(default_factory=set)
    most_entries_in_calm: dict[str, float] = field(default_factory=dict)
    begun: dict[str, float] = field(default_factory=dict)
    feed_stopped: float = 0.0
    restarted: float = 0.0
    all_fire_again: float = 0.0
    firing_before_restart: set[str] = field(default_factory=set)
    repaired: dict[str, float] = field(default_factory=dict)
    entries_at_the_end: dict[str, float] = field(default_factory=dict)
    firing_at_the_end: set[str] = field(default_factory=set)
    pages: list[Notification] = field(default_factory=list)
    resolved: list[Notification] = field(default_factory=list)
    tickets: list[Notification] = field(default_factory=list)


def play(directory: Path, monitoring: Monitoring, redis_url: str, calm: Event) -> Story:
    """Play it and tell what happened; AssertionError when something does not come about.

    The event is set when all of it runs and the calm time begins.
    """
    incidents = [f"--incident={name}@{BEGIN}+{LASTING}" for name in INCIDENTS]
    story = Story()
    with Stack(directory, monitoring, f"--redis.url={redis_url}", *incidents) as stack:
        calm.set()
        _stay_calm(stack, story)
        _break_everything(stack, story, redis_url)
        _restart_prometheus(stack, story)
        _repair(stack, story)
        story.pages = stack.receiver.pages(FIRING)
        story.resolved = stack.receiver.pages(RESOLVED)
        story.tickets = stack.receiver.tickets()
    return story


def _stay_calm(stack: Stack, story: Story) -> None:
    prometheus = stack.prometheus
    story.calm_from = prometheus.evaluated_until()
    prometheus.wait_until_evaluated(story.calm_from + CALM, "a calm time")
    fired = prometheus.query(f'count_over_time(ALERTS{{alertstate="firing"}}[{CALM:.0f}s])')
    story.fired_in_calm = {labels["alertname"] for labels, _ in fired}
    story.most_entries_in_calm = _lengths(stack, "max_over_time", CALM)
    story.calm_until = prometheus.evaluated_until()
    assert not stack.demo.begun, "the machine was too slow to be ready before the incidents"


def _lengths(stack: Stack, function: str, window: float) -> dict[str, float]:
    """The length of each stream there is, by its short name."""
    found = stack.prometheus.query(f"{function}(redis_stream_length[{window:.0f}s])")
    by_key = {labels["stream"]: value for labels, value in found}
    return {one.name: by_key[one.key] for one in STREAMS if one.key in by_key}


def _all_incidents(stack: Stack, moments: dict[str, float]) -> dict[str, float]:
    """Wait until there is a moment for every incident, and give them."""

    def complete() -> bool:
        stack.demo.check()
        return moments.keys() == INCIDENTS.keys()

    wait_for(complete, "the demo says so of every incident", seconds=LASTING, every=0.05)
    return dict(moments)


def _break_everything(stack: Stack, story: Story, redis_url: str) -> None:
    story.begun = _all_incidents(stack, stack.demo.begun)
    _wait_until_told(stack, set(PAGING) - {SLOWEST})
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        last_id = client.xinfo_stream(key_of(STOPPED_FEED))["last-generated-id"]
    story.feed_stopped = int(last_id.partition("-")[0]) / 1_000


def _wait_until_told(stack: Stack, names: set[str]) -> None:
    """Wait until the pager was told of these incidents, all of them still on."""
    expected = {PAGING[name].alert for name in names}

    def told() -> bool:
        stack.demo.check()
        assert not stack.demo.repaired, "an incident was repaired before the pager was told of it"
        return expected <= {one.page[0] for one in stack.receiver.pages(FIRING)}

    wait_for(told, f"a page for each of {sorted(names)}", seconds=LASTING, every=0.05)


def _restart_prometheus(stack: Stack, story: Story) -> None:
    before = story.firing_before_restart = _paging_now(stack)
    story.restarted = time.time()
    stack.prometheus.restart()
    wait_for(lambda: _paging_now(stack) >= before, "all fire again", seconds=LASTING, every=0.1)
    story.all_fire_again = time.time()
    _wait_until_told(stack, set(PAGING))
    # By then Alertmanager has told all that it may have to tell once more.
    stack.prometheus.wait_until_evaluated(
        story.all_fire_again + GROUP_INTERVAL, "what follows a restart"
    )
    assert not stack.demo.repaired, "an incident was repaired before all was told again"


def _repair(stack: Stack, story: Story) -> None:
    receiver = stack.receiver
    story.repaired = _all_incidents(stack, stack.demo.repaired)
    told = {one.page for one in receiver.pages(FIRING)}

    def all_resolved() -> bool:
        since = min(story.repaired.values())
        return told <= {one.page for one in receiver.pages(RESOLVED) if one.at > since}

    longest = max(over_within(kind.alert) for kind in PAGING.values() if kind.alert)
    wait_for(all_resolved, "all are resolved", seconds=longest + 30, every=0.1)
    stack.prometheus.wait_until_evaluated(time.time() + AFTERWARDS, "a while after the repair")
    story.entries_at_the_end = _lengths(stack, "last_over_time", AFTERWARDS)
    story.firing_at_the_end = _paging_now(stack)


def _paging_now(stack: Stack) -> set[str]:
    """The alerts that page and are firing by Prometheus's own account."""
    firing = stack.prometheus.firing()
    return {labels["alertname"] for labels in firing if labels["severity"] == "critical"}
