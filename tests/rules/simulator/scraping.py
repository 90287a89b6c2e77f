"""What the exporter makes of a world: its own series, by the model's own functions, over time."""

from __future__ import annotations

import copy
import functools
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from rules.simulator.world import START, TICK, Stream, World
from streamgauge.labels import label_value
from streamgauge.metrics import METRICS, Level, Metric
from streamgauge.model.derive import absent_record, stream_record
from streamgauge.model.memory import Memory
from streamgauge.model.records import ERROR_REASONS, ErrorCount
from streamgauge.model.records import Stream as StreamRecord
from streamgauge.policy import StreamClass, StreamPolicy

JOB = "streamgauge"
STALE = "stale"

Labels = tuple[tuple[str, str], ...]
Series = tuple[str, Labels]
Values = list[float | str | None]
Span = tuple[float, float]


def inside(moment: float, spans: list[Span]) -> bool:
    return any(start <= moment < end for start, end in spans)


@dataclass(frozen=True, eq=False)
class Columns:
    """The series of one target, stream or group, and how to get the value of each of a record.

    There is one object for a level and its labels, so that a scrape need not compare labels.
    """

    series: tuple[Series, ...]
    values: tuple[Callable[[Any], float | None], ...]

    def row(self, record: object) -> Row:
        found = [value(record) for value in self.values]
        return [None if value is None else float(value) for value in found]


Row = list[float | None]
"""A value for each of the columns; None where the record has none."""

Samples = dict[Columns, Row]
"""One scrape."""


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
        self._restarted = 0
        self._old_primary: dict[str, Stream] | None = None

    def target_labels(self, now: float) -> dict[str, str]:
        labels = {"job": self.job, "instance": self.instance}
        for since, pod in self.pods:
            if now >= since:
                labels |= {"pod": pod, "instance": f"{pod}:10121"}
        return labels

    def scrape(self, world: World, now: float) -> Samples:
        """All series of one scrape at `now`, seconds since START."""
        starts = (*self.restarts, *(end for _, end in self.down))
        restarted = sum(moment <= now for moment in starts)
        if restarted > self._restarted:
            self._restarted = restarted
            self._memory = Memory(*self._memory.contents(), self._memory.servers)
        if inside(now, self.gone):
            return {}
        target = self.target_labels(now)
        samples: Samples = {}
        up = not inside(now, self.down)
        _emit(samples, "up", up, target)
        if up and now < self.forgets_redis_at:
            redis_up = not inside(now, self.redis_down)
            labels = target | {"redis": self.redis}
            _emit(samples, "redis_up", redis_up, labels)
            self._streams(world, now, redis_up, samples, labels)
        return samples

    def _streams(
        self, world: World, now: float, redis_up: bool, samples: Samples, labels: dict[str, str]
    ) -> None:
        errors: ErrorCounts = Counter()
        self._memory.look += 1
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
                _emit_stream(samples, name, record, labels)
        _emit(samples, Level.ERRORS, errors, labels)

    def _seen(self, world: World, now: float) -> dict[str, Stream]:
        if now < self.old_primary_since:
            return world.streams
        if self._old_primary is None:
            self._old_primary = copy.deepcopy(world.streams)
        return self._old_primary

    def _absent(self, name: str, policy: StreamPolicy, now: float) -> StreamRecord | None:
        if policy.declared or name.encode() in self._memory.continuous:
            now_us = int((START + now) * 1e6)
            return absent_record(name.encode(), policy, now_us, self._memory, frozenset())
        return None


ErrorCounts = Counter[tuple[StreamClass, str]]


def _emit_stream(samples: Samples, name: str, record: StreamRecord, labels: dict[str, str]) -> None:
    labels = labels | {"db": "db0", "stream": name, "class": record.stream_class}
    _emit(samples, Level.STREAM, record, labels)
    for group in (*record.groups, *record.absent_groups):
        _emit(samples, Level.GROUP, group, labels | {"group": label_value(group.name)})


def _emit(samples: Samples, level: Level | str, record: object, labels: dict[str, str]) -> None:
    columns = _columns(level, tuple(sorted(labels.items())))
    samples[columns] = columns.row(record)


@functools.cache
def _columns(level: Level | str, labels: Labels) -> Columns:
    """The columns of a level with these labels; a word is the one series of that name."""
    if isinstance(level, str):
        return Columns(((level, labels),), (float,))
    metrics = [metric for metric in METRICS if metric.level is level]
    if level is not Level.ERRORS:
        return Columns(
            tuple((metric.name, labels) for metric in metrics),
            tuple(metric.value for metric in metrics),
        )
    cells = [(m, kind, why) for m in metrics for kind in StreamClass for why in ERROR_REASONS]
    return Columns(
        tuple(
            (metric.name, tuple(sorted((*labels, ("class", kind), ("reason", why)))))
            for metric, kind, why in cells
        ),
        tuple(functools.partial(_error_count, *cell) for cell in cells),
    )


def _error_count(metric: Metric, kind: StreamClass, why: str, errors: ErrorCounts) -> float | None:
    return metric.value(ErrorCount(kind, why, errors[kind, why]))


def record_history(
    world: World, exporters: list[Exporter], *, seconds: float, interval: float
) -> dict[Series, Values]:
    """Run the world and scrape it; a series that ends is marked stale, as Prometheus does."""
    steps = int(seconds // interval) + 1
    rows: list[dict[Columns, list[Row | None]]] = [{} for _ in exporters]
    latest: list[Samples] = [{} for _ in exporters]
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
            for columns, row in samples.items():
                if columns not in rows[index]:
                    rows[index][columns] = [None] * steps
                rows[index][columns][step] = row
    return {
        series: values
        for of_exporter in rows
        for columns, of_columns in of_exporter.items()
        for series, values in _over_time(columns, of_columns)
    }


def _over_time(columns: Columns, rows: Sequence[Row | None]) -> Iterator[tuple[Series, Values]]:
    """Yield those of the columns that ever had a value, each with its values over time."""
    nothing: Row = [None] * len(columns.series)
    found = zip(*(row or nothing for row in rows), strict=True)
    for series, values in zip(columns.series, found, strict=True):
        if values.count(None) < len(values):
            yield series, _marked_stale(values)


def _marked_stale(values: Sequence[float | None]) -> Values:
    marked: Values = list(values)
    if None in marked:
        for step, (before, value) in enumerate(pairwise(values), 1):
            if value is None and before is not None:
                marked[step] = STALE
    return marked
