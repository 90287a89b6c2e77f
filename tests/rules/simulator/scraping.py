"""What the exporter makes of a world: its own series, by the model's own functions, over time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from rules.simulator.world import START, TICK, Stream, World
from streamgauge.labels import label_value
from streamgauge.metrics import METRICS, Level
from streamgauge.model.derive import absent_record, stream_record
from streamgauge.model.memory import Memory
from streamgauge.model.records import ERROR_REASONS, ErrorCount
from streamgauge.model.records import Stream as StreamRecord
from streamgauge.policy import StreamClass

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

    `offset` is how many seconds before the others it is scraped.
    """

    instance: str = "a:10121"
    offset: float = 0.0
    redis: str = "main"
    down: list[Span] = field(default_factory=list)
    gone: list[Span] = field(default_factory=list)
    redis_down: list[Span] = field(default_factory=list)
    restarts: list[float] = field(default_factory=list)
    denied: dict[str, list[Span]] = field(default_factory=dict)
    pods: list[tuple[float, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._memory = Memory()
        self._restarts = sorted([*self.restarts, *(end for _, end in self.down)])

    def target_labels(self, now: float) -> dict[str, str]:
        labels = {"job": JOB, "instance": self.instance}
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

        def emit(name: str, value: float | None, **labels: str) -> None:
            if value is not None:
                samples[name, tuple(sorted((target | labels).items()))] = float(value)

        if inside(now, self.gone):
            return samples
        if inside(now, self.down):
            emit("up", 0)
            return samples
        emit("up", 1)
        redis_up = not inside(now, self.redis_down)
        emit("redis_up", redis_up, redis=self.redis)
        self._streams(world, now, redis_up, emit)
        return samples

    def _streams(self, world: World, now: float, redis_up: bool, emit: Emit) -> None:
        denied = dict.fromkeys(StreamClass, 0)
        for name, stream in world.streams.items():
            if not redis_up or inside(now, self.denied.get(name, [])):
                denied[stream.policy.stream_class] += 1
                continue
            record = self._record(name, stream, now)
            if record is not None:
                labels = {"redis": self.redis, "db": "db0", "stream": name}
                _emit_stream(record, labels | {"class": record.stream_class}, emit)
        for stream_class, count in denied.items():
            for reason in ERROR_REASONS:
                errors = ErrorCount(stream_class, reason, count * (reason == "noperm"))
                labels = {"redis": self.redis, "class": stream_class, "reason": reason}
                _emit_level(Level.ERRORS, errors, labels, emit)

    def _record(self, name: str, stream: Stream, now: float) -> StreamRecord | None:
        policy = stream.policy
        if stream.exists:
            return stream_record(stream.reading(name, START + now), policy, self._memory)
        if policy.declared or name.encode() in self._memory.continuous:
            return absent_record(name.encode(), policy, START + now, self._memory)
        return None


Emit = Callable[..., None]


def _emit_stream(record: StreamRecord, labels: dict[str, str], emit: Emit) -> None:
    _emit_level(Level.STREAM, record, labels, emit)
    for group in record.groups:
        _emit_level(Level.GROUP, group, labels | {"group": label_value(group.name)}, emit)


def _emit_level(level: Level, record: object, labels: dict[str, str], emit: Emit) -> None:
    for metric in METRICS:
        if metric.level is level:
            emit(metric.name, metric.value(record), **labels)


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
                history.setdefault(series, [None] * steps)[step] = value
            for series in before[index] - samples.keys():
                history[series][step] = STALE
            before[index] = set(samples)
    return history
