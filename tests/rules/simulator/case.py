"""A scenario: a world, who scrapes it, and which alerts must fire on it and when."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rules.simulator.promtool import Firing, History, firings
from rules.simulator.scraping import Exporter, Span, record_history
from rules.simulator.world import MINUTE, Actor, Stream, World

INTERVAL = 30.0

# How long after its cause an alert may fire at the latest, and after the repair still be firing.
QUIET, MISSING, STALLED, GROWING, LOSING, BLIND = (
    "RedisStreamQuiet",
    "RedisStreamMissing",
    "RedisStreamGroupStalled",
    "RedisStreamGroupLagGrowing",
    "RedisStreamGroupLosingEntries",
    "RedisStreamsMonitoringBlind",
)
FIRES_WITHIN: dict[str, Callable[[float], float]] = {
    QUIET: lambda limit: limit + 4 * MINUTE,
    MISSING: lambda _: 6 * MINUTE,
    STALLED: lambda limit: max(limit, 10 * MINUTE) + 6 * MINUTE,
    GROWING: lambda _: 45 * MINUTE,
    LOSING: lambda _: 6 * MINUTE,
    BLIND: lambda _: 5 * MINUTE,
}
CLEARS_WITHIN = {
    QUIET: 10 * MINUTE,
    MISSING: 10 * MINUTE,
    STALLED: 15 * MINUTE,
    GROWING: 15 * MINUTE,
    LOSING: 20 * MINUTE,
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
        if firing.episodes_at_least > 1:
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

    @property
    def exporter(self) -> Exporter:
        return self.exporters[0]

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

    def history(self, name: str) -> History:
        series = record_history(self.world, self.exporters, seconds=self.seconds, interval=INTERVAL)
        return History(name, series, INTERVAL, self.seconds)

    def judge(self, fired: Sequence[Firing]) -> list[str]:
        """List what is wrong about the alerts that fired; nothing is what a good pack gets."""
        by_key = {(f.alert, f.stream, f.group): f for f in fired}
        wanted = {page.key for page in self.pages}
        problems = [
            f"{key} fired at {firing.first:.0f}s and must not"
            for key, firing in by_key.items()
            if key not in wanted
        ]
        for page in self.pages:
            problems += page.problems(by_key.get(page.key), self.seconds)
        return problems

    def run(self, name: str, rule_files: Sequence[Path], directory: Path) -> list[str]:
        """Play the scenario against rule files; returns what is wrong."""
        return self.judge(firings(self.history(name), rule_files, directory))


def minutes(*spans: tuple[float, float]) -> list[Span]:
    """Write spans in minutes."""
    return [(start * MINUTE, end * MINUTE) for start, end in spans]
