"""Contenders take turns, and each visit is measured: time, processor time, bytes, memory."""

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import NamedTuple, Self

import redis
from contenders import Contender, Exporter, Memory, series_in, streams_in

from support.servers import RealServer

# What an exporter puts off until after its answer belongs to this scrape, and to nobody else's.
SETTLE_SECONDS = 0.05


class Summary(NamedTuple):
    """The median of some measurements, and their quartiles."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        if len(values) == 1:
            return cls(values[0], values[0], values[0])
        low, median, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(median, low, high)


class Measures(NamedTuple):
    """What one contender's scrapes were like; None is what it does not have."""

    wall_ms: Summary
    gzip_wall_ms: Summary | None
    redis_cpu_ms: Summary
    exporter_cpu_ms: Summary
    redis_bytes: Summary
    resident_mb: float | None
    peak_mb: float | None
    series: int | None
    body_bytes: int | None
    gzip_bytes: int | None


class Usage(NamedTuple):
    """What a Redis has used up."""

    cpu_seconds: float
    sent_bytes: float

    def __sub__(self, other: Self) -> Self:
        return type(self)(*(mine - its for mine, its in zip(self, other, strict=True)))


class RedisMeter:
    """Reads what a Redis uses up; what its own questions add is known, and taken off."""

    def __init__(self, client: redis.Redis):
        self._client = client
        self._own = Usage(0, 0)
        idle = [self.during(lambda: None) for _ in range(5)]
        self._own = Usage(*(statistics.median(column) for column in zip(*idle, strict=True)))

    def during(self, work: Callable[[], object]) -> Usage:
        """What Redis used up while the work was done, and in the moment after."""
        before = self._read()
        work()
        time.sleep(SETTLE_SECONDS)
        return self._read() - before - self._own

    def _read(self) -> Usage:
        cpu, stats = self._client.info("cpu"), self._client.info("stats")
        return Usage(cpu["used_cpu_user"] + cpu["used_cpu_sys"], stats["total_net_output_bytes"])


@contextmanager
def redis_meter(server: RealServer) -> Iterator[RedisMeter]:
    with server.client() as client:
        yield RedisMeter(client)


class TimedSample:
    """One scrape, and what it cost; to be called once."""

    def __init__(self, contender: Contender, *, gzip: bool = False):
        self._contender = contender
        self._gzip = gzip
        self.wall_seconds = 0.0
        self.body = b""

    def __call__(self) -> None:
        started = time.perf_counter()
        self.body = self._contender.scrape(gzip=self._gzip)
        self.wall_seconds = time.perf_counter() - started


class Stand(NamedTuple):
    """A contender, the Redis that it reads, and how many streams are there."""

    contender: Contender
    server: RealServer
    streams: int


def take_turns(stands: Mapping[str, Stand], rounds: int) -> dict[str, Measures]:
    """Each of them in every round, A B A B; the answers by the same names."""
    seen: dict[str, list[dict[str, float]]] = defaultdict(list)
    with ExitStack() as stack:
        meters = {
            name: stack.enter_context(redis_meter(stand.server)) for name, stand in stands.items()
        }
        for _ in range(rounds):
            for name, stand in stands.items():
                seen[name].append(_visit(meters[name], stand.contender, stand.streams))
    return {name: _measures(stand.contender, seen[name]) for name, stand in stands.items()}


def _visit(meter: RedisMeter, contender: Contender, streams: int) -> dict[str, float]:
    visit = TimedSample(contender)
    processor = contender.cpu_seconds()
    usage = meter.during(visit)
    found = {
        "wall_ms": visit.wall_seconds * 1e3,
        "redis_cpu_ms": usage.cpu_seconds * 1e3,
        "exporter_cpu_ms": (contender.cpu_seconds() - processor) * 1e3,
        "redis_bytes": usage.sent_bytes,
    }
    if isinstance(contender, Exporter):
        shown = streams_in(visit.body)
        assert shown == streams, f"{contender.name} shows {shown} of {streams} streams"
        packed = TimedSample(contender, gzip=True)
        packed()
        time.sleep(SETTLE_SECONDS)
        found["gzip_wall_ms"] = packed.wall_seconds * 1e3
        found["series"] = series_in(visit.body)
        found["body_bytes"], found["gzip_bytes"] = len(visit.body), len(packed.body)
    return found


def _measures(contender: Contender, seen: Sequence[dict[str, float]]) -> Measures:
    columns = {name: Summary.of([one[name] for one in seen]) for name in seen[0]}
    counts = ("series", "body_bytes", "gzip_bytes")
    whole = {name: int(columns.pop(name).median) if name in columns else None for name in counts}
    held = contender.memory() if isinstance(contender, Exporter) else Memory(None, None)
    return Measures(
        **{"gzip_wall_ms": None, **columns, **whole},
        resident_mb=held.resident,
        peak_mb=held.peak,
    )
