"""A scenario: what is declared about a stream, what happens to it, and what must page and when."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from replay.actors import MINUTE, Actor
from support.promtool import EVALUATION_SECONDS, Firing

QUIET, MISSING, GROUP_MISSING, STALLED, GROWING, LOSING, NOT_ACKNOWLEDGING, BLIND, REACTION = (
    "RedisStreamQuiet",
    "RedisStreamMissing",
    "RedisStreamGroupMissing",
    "RedisStreamGroupStalled",
    "RedisStreamGroupLagGrowing",
    "RedisStreamGroupLosingEntries",
    "RedisStreamGroupNotAcknowledging",
    "RedisStreamsMonitoringBlind",
    "RedisStreamReactionOverdue",
)

# The contract's table, in minutes from the cause; a limit is what was declared.
NOT_BEFORE: dict[str, Callable[[float], float]] = {
    QUIET: lambda limit: limit,
    MISSING: lambda _: 2,
    GROUP_MISSING: lambda _: 2,
    STALLED: lambda limit: max(limit, 2),
    GROWING: lambda limit: min(max(3 * limit, 5), 30),
    LOSING: lambda _: 0,
    NOT_ACKNOWLEDGING: lambda limit: limit,
    BLIND: lambda _: 2,
    REACTION: lambda limit: limit,
}
NO_LATER: dict[str, float] = {
    QUIET: 4, MISSING: 4, GROUP_MISSING: 4, STALLED: 5, GROWING: 4, LOSING: 6,
    NOT_ACKNOWLEDGING: 4, BLIND: 3, REACTION: 4,
}  # fmt: skip
"""So many minutes after the earliest moment."""
CLEARS: dict[str, float] = {
    QUIET: 10, MISSING: 10, GROUP_MISSING: 10, STALLED: 20, GROWING: 20, LOSING: 60,
    NOT_ACKNOWLEDGING: 10, BLIND: 5, REACTION: 10,
}  # fmt: skip
LOOK = 0.5
"""Minutes from one scrape to the next: nothing is known more exactly."""


@dataclass(frozen=True)
class Page:
    """An alert that must fire, once: its cause begins at `since` and ends at `until`, in minutes.

    For GROWING the cause is that the group goes past its limit.
    """

    alert: str
    since: float
    limit: float = 0.0
    until: float | None = None
    group: str = ""
    by: float | None = None
    """The latest moment, where the table does not tell it."""

    @property
    def earliest(self) -> float:
        return self.since + NOT_BEFORE[self.alert](self.limit)

    @property
    def latest(self) -> float:
        return self.earliest + NO_LATER[self.alert] if self.by is None else self.by

    def problems(self, firing: Firing, end: float) -> Iterator[str]:
        """Say in which way what fired is not this page."""
        first, last = firing.first / MINUTE, firing.last / MINUTE
        if first < self.earliest - LOOK:
            yield f"{self.alert} at {first:g} min, before {self.earliest:g}"
        if first > self.latest:
            yield f"{self.alert} at {first:g} min, later than {self.latest:g}"
        if not firing.is_once:
            yield f"{self.alert} more than once"
        if self.until is None:
            if last < end - EVALUATION_SECONDS / MINUTE:
                yield f"{self.alert} stopped at {last:g} min though nothing was mended"
        elif last < self.until - LOOK:
            yield f"{self.alert} stopped at {last:g} min, before its cause at {self.until:g}"
        elif last > self.until + CLEARS[self.alert] + LOOK:
            yield f"{self.alert} still at {last:g} min, mended at {self.until:g}"


@dataclass(frozen=True, eq=False)
class Scenario:
    """`declared` is the rule of its stream, without `match`; `life` makes its actors."""

    name: str
    declared: dict[str, Any]
    life: Callable[[], Iterable[Actor]]
    pages: tuple[Page, ...] = ()
    servers: tuple[str, ...] = ()
    """Those it can be played on; empty is all."""

    @property
    def stream(self) -> str:
        return self.name.replace(" ", "-")

    def problems(self, firings: Iterable[Firing], end: float) -> list[str]:
        """Compare what fired for its stream within `end` minutes with what must."""
        found = [one for one in firings if one.labels.get("stream") == self.stream]
        return compare(self.pages, found, end)


def compare(pages: Iterable[Page], firings: Iterable[Firing], end: float) -> list[str]:
    """Say how the alerts that fired differ from the pages that must: nothing when all is well."""
    wanted = {(page.alert, page.group): page for page in pages}
    problems = []
    for one in firings:
        page = wanted.pop((one.alert, one.labels.get("group", "")), None)
        if page is None:
            problems.append(f"{one.alert} at {one.first / MINUTE:g} min, and must not")
        else:
            problems += page.problems(one, end)
    return problems + [f"{page.alert} never" for page in wanted.values()]


@dataclass(frozen=True, eq=False)
class World:
    """Scenarios that share a server, an exporter and their time, and what happens to these."""

    name: str
    minutes: float
    scenarios: tuple[Scenario, ...]
    events: tuple[tuple[float, Callable[[Any], None]], ...] = ()
    """At which minute, and what is done with the stage."""
    pages: tuple[Page, ...] = ()
    """Of RedisStreamsMonitoringBlind, which is about no stream."""
    exporters: tuple[str, ...] = ("a",)
    keeps_state: bool = True
    options: tuple[str, ...] = ()
    """Of the server."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Of the exporter."""
    begins: float | None = None
    """Unix time; a Friday at eight o'clock UTC unless another is named."""

    def on(self, server: str) -> list[Scenario]:
        """The scenarios that can be played on a server."""
        return [one for one in self.scenarios if not one.servers or server in one.servers]

    def problems(self, firings: Iterable[Firing]) -> list[str]:
        """Compare what fired for no stream at all with what must."""
        found = [one for one in firings if "stream" not in one.labels]
        return compare(self.pages, found, self.minutes)
