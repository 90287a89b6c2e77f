"""A scenario: a world, who scrapes it, and which alerts must fire on it and when."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from rules.simulator.scraping import Exporter, Series, Span
from rules.simulator.world import MINUTE, Actor, Stream, World
from support.promtool import Firing

INTERVAL = 30.0

# How long after its cause an alert may fire at the latest, and after the repair still be firing.
QUIET, MISSING, STALLED, GROWING, LOSING, GROUP_MISSING, NOT_ACKNOWLEDGING, BLIND = (
    "RedisStreamQuiet",
    "RedisStreamMissing",
    "RedisStreamGroupStalled",
    "RedisStreamGroupLagGrowing",
    "RedisStreamGroupLosingEntries",
    "RedisStreamGroupMissing",
    "RedisStreamGroupNotAcknowledging",
    "RedisStreamsMonitoringBlind",
)
FIRES_WITHIN: dict[str, Callable[[float], float]] = {
    QUIET: lambda limit: limit + 4 * MINUTE,
    MISSING: lambda _: 6 * MINUTE,
    STALLED: lambda limit: max(limit, 2 * MINUTE) + 5 * MINUTE,
    GROWING: lambda _: 45 * MINUTE,
    LOSING: lambda _: 6 * MINUTE,
    GROUP_MISSING: lambda _: 6 * MINUTE,
    NOT_ACKNOWLEDGING: lambda limit: limit + 4 * MINUTE,
    BLIND: lambda _: 5 * MINUTE,
}
CLEARS_WITHIN = {
    QUIET: 10 * MINUTE,
    MISSING: 10 * MINUTE,
    STALLED: 20 * MINUTE,
    GROWING: 20 * MINUTE,
    LOSING: 60 * MINUTE,
    GROUP_MISSING: 10 * MINUTE,
    NOT_ACKNOWLEDGING: 10 * MINUTE,
    BLIND: 5 * MINUTE,
}


@dataclass(frozen=True)
class Page:
    """An alert that must fire: its cause begins at `since` and, if ever, is repaired at `until`."""

    alert: str
    stream: str = ""
    group: str = ""
    since: float = 0.0
    until: float | None = None
    limit: float = 0.0

    @property
    def key(self) -> tuple[str, str, str]:
        return self.alert, self.stream, self.group

    def problems(self, firing: Firing | None, end: float) -> Iterable[str]:
        """Say in which way what fired is not this page."""
        if firing is None:
            yield f"{self.alert} on {self.stream} {self.group} never fired"
            return
        latest = self.since + FIRES_WITHIN[self.alert](self.limit)
        if firing.first < self.since:
            yield f"{self.key} fired at {firing.first:.0f}s, before its cause at {self.since:.0f}s"
        if firing.first > latest:
            yield f"{self.key} fired at {firing.first:.0f}s, later than {latest:.0f}s"
        if not firing.is_once:
            yield f"{self.key} fired more than once"
        if self.until is None:
            if firing.last < end - INTERVAL:
                yield f"{self.key} stopped at {firing.last:.0f}s though nothing was repaired"
        elif firing.last > self.until + CLEARS_WITHIN[self.alert]:
            yield f"{self.key} still fires at {firing.last:.0f}s, repaired at {self.until:.0f}s"


@dataclass
class Case:
    """What happens in one scenario. Streams get their actors through `act`."""

    minutes: float = 90.0
    pages: list[Page] = field(default_factory=list)
    world: World = field(default_factory=World)
    exporters: list[Exporter] = field(default_factory=lambda: [Exporter()])
    series: dict[Series, list[float | str | None]] = field(default_factory=dict)
    """What was scraped, once it is recorded."""

    @property
    def exporter(self) -> Exporter:
        return self.exporters[0]

    @property
    def redis_names(self) -> set[str]:
        return {exporter.redis for exporter in self.exporters}

    def stream(self, name: str, stream: Stream) -> Stream:
        self.world.streams[name] = stream
        return stream

    def act(self, *actors: Actor) -> None:
        self.world.actors += actors

    def expect(self, alert: str, stream: str = "", group: str = "", **when: float | None) -> None:
        self.pages.append(Page(alert, stream, group, **when))

    @property
    def seconds(self) -> float:
        return self.minutes * MINUTE

    def judge(self, fired: Iterable[Firing], alerts: Collection[str] = FIRES_WITHIN) -> Verdict:
        """Compare the alerts that fired within the case with those that must, of these alerts."""
        pages = [page for page in self.pages if page.alert in alerts]
        wanted = {page.key for page in pages}
        by_key: dict[tuple[str, str, str], Firing] = {}
        verdict = Verdict()
        for firing in fired:
            if firing.first > self.seconds:
                continue
            key = firing.alert, firing.stream, firing.group
            if key in wanted and key not in by_key:
                by_key[key] = firing
            else:
                verdict.false += 1
                verdict.problems.append(f"{key} fired at {firing.first:.0f}s and must not")
        for page in pages:
            problems = list(page.problems(by_key.get(page.key), self.seconds))
            verdict.problems += problems
            verdict.right += page.key in by_key and not problems
            verdict.missed += bool(problems)
        return verdict


@dataclass
class Verdict:
    """How many pages were right, missed (late, doubled or not cleared count too) and false."""

    right: int = 0
    missed: int = 0
    false: int = 0
    problems: list[str] = field(default_factory=list)


def minutes(*spans: tuple[float, float]) -> list[Span]:
    """Write spans in minutes."""
    return [(start * MINUTE, end * MINUTE) for start, end in spans]
