"""What the exporter makes of a world: its own series, by the model's own functions, over time."""

from __future__ import annotations

import copy
import functools
import math
from collections.abc import Callable
from dataclasses import dataclass, field

from rules.simulator.world import START, TICK, Stream, World
from streamgauge.labels import label_value
from streamgauge.metrics import METRICS, Level
from streamgauge.model.derive import absent_record, stream_record
from streamgauge.model.memory import Memory
from streamgauge.model.records import ERROR_REASONS, ErrorCount
from streamgauge.model.records import Stream as StreamRecord
from streamgauge.policy import StreamClass, StreamPolicy

JOB = "streamgauge"
STALE = "stale"

Labels = tuple[tuple[str, str], ...]
Series = tuple[str, Labels]
Span = tuple[float, float]


def inside(moment: float, spans: list[Span]) -> bool:
    return any(start <= moment < end for start, end in spans)


@dataclass
class Exporter:
    """One scrape target: when it is down or gone, when Redis or a stream cannot be read.

    `offset` is how many seconds before the others it is scraped. A stream that is `denied` cannot
    be read for one of the `reasons`, by default a missing permission. `policies` are those of a
    configuration that differs from the other replica's. From `old_primary_since` on this replica
    sees Redis as it was then, as one does that still talks to the old primary after a failover.
    At `forgets_redis_at` Redis is taken out of its configuration.
    """

    instance: str = "a:10121"
    offset: float = 0.0
    redis: str = "main"
    job: str = JOB
    down: list[Span] = field(default_factory=list)
    gone: list[Span] = field(default_factory=list)
    redis_down: list[Span] = field(default_factory=list)
    restarts: list[float] = field(default_factory=list)
    denied: dict[str, list[Span]] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    pods: list[tuple[float, str]] = field(default_factory=list)
    policies: dict[str, StreamPolicy] = field(default_factory=dict)
    old_primary_since: float = math.inf
    forgets_redis_at: float = math.inf

    def __post_init__(self) -> None:
        self._memory = Memory()
        self._restarts = sorted([*self.restarts, *(end for _, end in self.down)])
        self._old_primary: dict[str, Stream] | None = None

    def target_labels(self, now: float) -> dict[str, str]:
        labels = {"job": self.job, "instance": self.instance}
        for since, pod in self.pods:
            if now >= since:
                labels |= {"pod": pod, "instance": f"{pod}:10121"}
        return labels

    def scrape(self, world: World, now: float) -> dict[Series, float]:
        """All series of one scrape at `now`, seconds since START."""
        while self._restarts and self._restarts[0] <= now:
            self._restarts.pop(0)
            self._memory = Memory()
        target = self.target_labels(now)
        samples: dict[Series, float] = {}

        def emit(level: Level, record: object, **labels: str) -> None:
            for series, value_of in _columns(level, tuple((target | labels).items())):
                value = value_of(record)
                if value is not None:
                    samples[series] = float(value)

        if inside(now, self.gone):
            return samples
        up = not inside(now, self.down)
        samples["up", tuple(sorted(target.items()))] = float(up)
        if up and now < self.forgets_redis_at:
            redis_up = not inside(now, self.redis_down)
            labels = tuple(sorted((target | {"redis": self.redis}).items()))
            samples["redis_up", labels] = float(redis_up)
            self._streams(world, now, redis_up, emit)
        return samples

    def _streams(self, world: World, now: float, redis_up: bool, emit: Emit) -> None:
        errors = {(kind, reason): 0 for kind in StreamClass for reason in ERROR_REASONS}
        for name, stream in self._seen(world, now).items():
            policy = self.policies.get(name, stream.policy)
            record = None
            if not redis_up:
                errors[policy.stream_class, "other"] += 1
            elif inside(now, self.denied.get(name, [])):
                reason = self.reasons.get(name, "noperm")
                errors[policy.stream_class, reason] += 1
                if reason == "wrongtype":  # whatever stands there, the stream does not
                    record = self._absent(name, policy, now)
            elif stream.exists:
                reading = stream.reading(name, START + now)
                record = stream_record(reading, policy, self._memory)
            else:
                record = self._absent(name, policy, now)
            if record is not None:
                self._emit_stream(name, record, emit)
        for (kind, reason), count in errors.items():
            counted = ErrorCount(kind, reason, count)
            emit(Level.ERRORS, counted, redis=self.redis, reason=reason, **{"class": kind})

    def _seen(self, world: World, now: float) -> dict[str, Stream]:
        if now < self.old_primary_since:
            return world.streams
        if self._old_primary is None:
            self._old_primary = copy.deepcopy(world.streams)
        return self._old_primary

    def _absent(self, name: str, policy: StreamPolicy, now: float) -> StreamRecord | None:
        if policy.declared or name.encode() in self._memory.continuous:
            return absent_record(name.encode(), policy, START + now, self._memory)
        return None

    def _emit_stream(self, name: str, record: StreamRecord, emit: Emit) -> None:
        labels = {"redis": self.redis, "db": "db0", "stream": name, "class": record.stream_class}
        emit(Level.STREAM, record, **labels)
        for group in record.groups:
            emit(Level.GROUP, group, **labels, group=label_value(group.name))


Emit = Callable[..., None]


@functools.cache
def _columns(level: Level, labels: Labels) -> list[tuple[Series, Callable[[object], float | None]]]:
    """The series of a level with these labels, and how to get the value of each."""
    ordered = tuple(sorted(labels))
    return [((metric.name, ordered), metric.value) for metric in METRICS if metric.level is level]


def record_history(
    world: World, exporters: list[Exporter], *, seconds: float, interval: float
) -> dict[Series, list[float | str | None]]:
    """Run the world and scrape it; a series that ends is marked stale, as Prometheus does."""
    steps = int(seconds // interval) + 1
    history: dict[Series, list[float | str | None]] = {}
    before: list[set[Series]] = [set() for _ in exporters]
    latest: list[dict[Series, float]] = [{} for _ in exporters]
    now = 0.0
    for step in range(steps):
        moment = step * interval
        while now < moment:
            world.tick(now)
            now += TICK
            for index, exporter in enumerate(exporters):
                if now == moment - exporter.offset:
                    latest[index] = exporter.scrape(world, now)
        for index, exporter in enumerate(exporters):
            samples = latest[index] if exporter.offset and step else exporter.scrape(world, now)
            for series, value in samples.items():
                if series not in history:
                    history[series] = [None] * steps
                history[series][step] = value
            for series in before[index] - samples.keys():
                history[series][step] = STALE
            before[index] = set(samples)
    return history
