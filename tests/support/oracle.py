"""What must be true of a stream, from its history alone: the reference that scrapes are held to.

`Stream` and `Group` are the plainest possible model of Redis Streams: the list of entries, each
group's cursor and pending list, each consumer's last attempt and success. Times are seconds on
Redis's clock, as (earliest, latest) of when the server did it.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple, Self

from support.metrics import Between, Series

YEAR_2010 = 1_262_304_000_000
FUTURE_ALLOWED = 60_000


class Span(NamedTuple):
    """When something happened, in seconds: somewhere from `low` to `high`."""

    low: float
    high: float

    def until(self, now: "Span") -> Between:
        """The age of it at `now`."""
        return Between(now.low - self.high, now.high - self.low)


class StreamId(NamedTuple):
    """An entry's ID, ordered as Redis orders them."""

    ms: int
    seq: int

    @classmethod
    def parse(cls, text: str) -> Self:
        ms, _, seq = text.partition("-")
        return cls(int(ms), int(seq or 0))

    def __str__(self) -> str:
        return f"{self.ms}-{self.seq}"

    def is_time(self, now: Span) -> bool:
        return YEAR_2010 <= self.ms <= now.low * 1000 + FUTURE_ALLOWED

    @property
    def seconds(self) -> float:
        return self.ms / 1000

    def age(self, now: Span) -> Between:
        return Span(self.seconds, self.seconds).until(now)


MOST_COUNTED = 10  # entries behind a cursor, where the server's own number cannot be right
ZERO = StreamId(0, 0)


@dataclass
class Pending:
    """One delivered entry that nobody acknowledged."""

    consumer: str
    deliveries: int
    at: Span


@dataclass
class Consumer:
    """One consumer: its last attempt to read and its last success."""

    attempt: Span
    success: Span | None


@dataclass
class Group:
    """One consumer group."""

    last_delivered: StreamId
    pending: dict[StreamId, Pending] = field(default_factory=dict)
    consumers: dict[str, Consumer] = field(default_factory=dict)


@dataclass
class Stream:
    """One stream."""

    entries: list[StreamId] = field(default_factory=list)
    last_generated: StreamId = ZERO
    added: int = 0
    groups: dict[str, Group] = field(default_factory=dict)

    def undelivered(self, group: Group) -> list[StreamId]:
        return self.entries[bisect_right(self.entries, group.last_delivered) :]


class Reported(NamedTuple):
    """What Redis itself says of a group; None where it says nil or nothing."""

    lag: int | None
    entries_read: int | None


class Policy(NamedTuple):
    """What the user declared for one stream; a group without its own limit has `lag_limit`."""

    class_: str = "unclassified"
    quiet_limit: float | None = None
    lag_limit: float | None = None
    lag_limits: Mapping[str, float | None] = MappingProxyType({})
    consumers_exported: bool = True


@dataclass
class Observer:
    """What one exporter process can have learned from its scrapes; one Observer per process.

    Call `expect` once for every scrape, in order: it learns as the exporter may learn.
    """

    arrivals: dict[str, dict[StreamId, Span]] = field(default_factory=dict)
    looks: dict[str, tuple[StreamId, Span]] = field(default_factory=dict)
    errors: dict[tuple[str, str], int] = field(default_factory=dict)
    counters: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)

    def expect(
        self,
        name: str,
        stream: Stream,
        reported: dict[str, Reported],
        policy: Policy,
        now: Span,
        *,
        tells_lag: bool,
        tells_inactive: bool,
    ) -> dict[str, Series]:
        """Every S, G and C series of the stream, keyed as by `Scrape.of`; no absent ones."""
        self._look(name, stream, now)
        series = self._of_stream(name, stream, policy, now, tells_lag=tells_lag)
        for group_name, group in stream.groups.items():
            said = reported[group_name] if tells_lag else Reported(None, None)
            one = self._of_group(name, stream, group_name, said, policy, now)
            _put(series, "redis_stream_group_", (policy.class_, group_name), one)
            if policy.consumers_exported:
                for consumer_name, consumer in group.consumers.items():
                    one = _of_consumer(consumer_name, consumer, group, now, tells_inactive)
                    key = (policy.class_, group_name, consumer_name)
                    _put(series, "redis_stream_group_consumer_", key, one)
        return series

    def _of_stream(
        self, name: str, stream: Stream, policy: Policy, now: Span, *, tells_lag: bool
    ) -> dict[str, Series]:
        last = stream.last_generated
        first = stream.entries[0] if stream.entries else None
        series: dict[str, Series] = {}
        known: dict[str, object] = {
            "exists": 1,
            "length": len(stream.entries),
            "groups": len(stream.groups),
            "entries_added_total": stream.added if tells_lag else None,
            "quiet_limit_seconds": policy.quiet_limit,
            "first_entry_timestamp_seconds": (
                first.seconds if first and first.is_time(now) else None
            ),
        }
        if last != ZERO:
            arrived = self.arrivals[name][last]
            known["last_entry_age_seconds"] = arrived.until(now)
            exactly = arrived.low == arrived.high
            known["last_entry_timestamp_seconds"] = last.seconds if exactly else Between(*arrived)
        _put(series, "redis_stream_", (policy.class_,), known)
        return series

    def _of_group(
        self,
        name: str,
        stream: Stream,
        group_name: str,
        said: Reported,
        policy: Policy,
        now: Span,
    ) -> dict[str, object]:
        group = stream.groups[group_name]
        cursor = group.last_delivered
        oldest, waiting = min(group.pending, default=None), stream.undelivered(group)
        return {
            "lag": self.lag(name, stream, group_name, said),
            "lag_seconds": self.arrivals[name][waiting[0]].until(now) if waiting else 0,
            "lag_limit_seconds": policy.lag_limits.get(group_name, policy.lag_limit),
            "consumers": len(group.consumers),
            "messages_pending": len(group.pending),
            "entries_read": said.entries_read,
            "last_delivered_timestamp_seconds": cursor.seconds if cursor.is_time(now) else None,
            "oldest_pending_deliveries": group.pending[oldest].deliveries if oldest else 0,
            "oldest_pending_age_seconds": self.arrivals[name][oldest].until(now) if oldest else 0,
        }

    def lag(self, name: str, stream: Stream, group_name: str, said: Reported) -> int | None:
        """The corrected lag by the rules of the contract, checked against the true one."""
        group = stream.groups[group_name]
        truth = len(stream.undelivered(group))
        error = self._error(name, stream, group_name, said)
        if group.last_delivered >= stream.last_generated or not stream.entries:
            assert truth == 0
            return 0
        if group.last_delivered < stream.entries[0]:
            assert truth == len(stream.entries)
            return truth
        is_possible = said.lag is not None and 1 <= said.lag < len(stream.entries)
        if not is_possible and truth <= MOST_COUNTED:
            return truth
        if said.lag is None:
            return None
        corrected = said.lag - error
        return corrected if 1 <= corrected <= len(stream.entries) - 1 else None

    def _error(self, name: str, stream: Stream, group_name: str, said: Reported) -> int:
        """The constant error of Redis's lag, as far as a caught-up moment has shown it."""
        key = (name, group_name)
        before = self.counters.get(key, (0, 0))
        counters = (stream.added, said.entries_read if said.entries_read is not None else before[1])
        if counters[0] < before[0] or counters[1] < before[1]:
            self.errors.pop(key, None)
        self.counters[key] = counters
        caught_up = stream.groups[group_name].last_delivered >= stream.last_generated
        if caught_up and said.lag is not None:
            self.errors[key] = max(said.lag, 0)
        return self.errors.get(key, 0)

    def _look(self, name: str, stream: Stream, now: Span) -> None:
        """Note when each entry arrived: when its ID says, unless a look denies it."""
        before = self.looks.get(name)
        if before is not None and stream.last_generated < before[0]:
            self.arrivals.pop(name)
            before = None
        arrivals = self.arrivals.setdefault(name, {})
        pending = [id_ for group in stream.groups.values() for id_ in group.pending]
        for id_ in {*stream.entries, *pending, stream.last_generated} - arrivals.keys():
            may_be = id_.is_time(now) and id_.seconds <= now.high
            if before is not None and id_.seconds < before[1].low - 0.01:
                may_be = False
            arrivals[id_] = Span(id_.seconds, id_.seconds) if may_be else now
        self.looks[name] = stream.last_generated, now


def _of_consumer(
    name: str, consumer: Consumer, group: Group, now: Span, tells_inactive: bool
) -> dict[str, object]:
    success = consumer.success if tells_inactive else None
    return {
        "messages_pending": sum(one.consumer == name for one in group.pending.values()),
        "idle_seconds": consumer.attempt.until(now),
        "inactive_seconds": success.until(now) if success else None,
    }


def _put(
    series: dict[str, Series], prefix: str, key: tuple[str, ...], known: dict[str, object]
) -> None:
    for name, value in known.items():
        if value is not None:
            series.setdefault(prefix + name, {})[key] = value
