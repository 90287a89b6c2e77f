"""What a scrape concluded: one record per stream, group and consumer, and one per Redis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple

from streamgauge.model.ids import StreamId
from streamgauge.policy import UNCLASSIFIED, StreamClass, StreamPolicy
from streamgauge.state_keys import StateKey

ERROR_REASONS: Final = (
    "connection", "timeout", "noperm", "wrongtype", "replica", "cluster", "protocol", "other",
)  # fmt: skip
"""Why a stream could not be read, in the order in which they are exported."""

NO_TIME: Final = "notime"
"""Why a state key has no deadline that was read: its field is missing or holds no Unix time."""

KEY_ERROR_REASONS: Final = (*ERROR_REASONS, NO_TIME)
"""Why a state key, or only its deadline, could not be read."""


class Consumer(NamedTuple):
    """A consumer of a group; seconds on the server's clock."""

    name: bytes
    pending: int
    idle_seconds: float
    inactive_seconds: float | None


new_consumer: Final = partial(tuple.__new__, Consumer)
"""Consumer(...) of all its values in order, in half the time: these are most of all records."""


class Group(NamedTuple):
    """A consumer group; None is unknown and becomes an absent series."""

    name: bytes
    lag: int | None
    lag_seconds: float
    lag_limit_seconds: float | None
    consumers: int
    pending: int
    oldest_pending_age_seconds: float
    oldest_pending_deliveries: int
    entries_read: int | None
    last_delivered_timestamp_seconds: float | None
    exists: int = 1
    stalled_seconds: float | None = None
    falling_behind_seconds: float | None = None
    entries_lost: int | None = None
    retention_used_ratio: float | None = None
    unacknowledged_seconds: float | None = None
    ack_limit_seconds: float | None = None
    consumers_dead: int | None = None
    nacked: int | None = None
    lost_ago_seconds: float | None = None
    consumer_list: tuple[Consumer, ...] = ()


new_group: Final = partial(tuple.__new__, Group)
"""Group(...) of all its values in order, in half the time."""


@dataclass(frozen=True)
class AbsentGroup:
    """A declared group that is not there: a Group of which only its limits are known.

    `stood` is the last entry it had been handed when it was last seen.
    """

    name: bytes
    lag_limit_seconds: float | None
    ack_limit_seconds: float | None
    exists: int = 0
    stood: StreamId | None = None

    lag = lag_seconds = stalled_seconds = falling_behind_seconds = entries_lost = None
    retention_used_ratio = consumers = pending = unacknowledged_seconds = None
    consumers_dead = nacked = lost_ago_seconds = None
    consumer_list: tuple[Consumer, ...] = ()
    oldest_pending_age_seconds = oldest_pending_deliveries = None
    entries_read = last_delivered_timestamp_seconds = None


class Idempotence(NamedTuple):
    """What a stream remembers so as to refuse an entry that comes twice (IDMP, Redis 8.6).

    Of each producer the newest `max_size` IDs are kept, for `duration_seconds`.
    """

    duration_seconds: int
    max_size: int
    producers: int
    tracked: int
    added: int
    duplicates: int

    @property
    def is_full(self) -> bool:
        """Whether every producer has as many IDs remembered as may be."""
        return self.producers > 0 and self.tracked >= self.producers * self.max_size


class Reaction(NamedTuple):
    """For how long a stream has not answered to another one, and how long it may take."""

    after: bytes
    wait_seconds: float | None
    limit_seconds: float

    @property
    def is_overdue(self) -> bool:
        """Whether an answer has taken too long."""
        return self.wait_seconds is not None and self.wait_seconds > self.limit_seconds


class Stream(NamedTuple):
    """A stream that was read, or (`exists` 0) one that ought to be there and is not.

    `age_is_least` where IDs do not tell the time: the age counts from when a change was seen.
    `policy` is what was declared about it when it was read.

    A verdict also has one of which that is unknown (None), because it could not be read.
    """

    name: bytes
    stream_class: StreamClass
    exists: int | None
    quiet_limit_seconds: float | None
    length: int | None = None
    age_seconds: float | None = None
    last_entry_timestamp_seconds: float | None = None
    first_entry_timestamp_seconds: float | None = None
    entries_added: int | None = None
    group_count: int | None = None
    age_is_least: bool = False
    absent_groups: tuple[AbsentGroup, ...] = ()
    groups_vanished: int = 0
    policy: StreamPolicy = UNCLASSIFIED
    reactions: tuple[Reaction, ...] = ()
    idempotence: Idempotence | None = None
    groups: tuple[Group, ...] = ()

    @property
    def length_limit(self) -> int | None:
        """How many entries it may hold; None without a limit."""
        return self.policy.length_limit

    @property
    def labels(self) -> tuple[tuple[str, str], ...]:
        """The labels that were declared for it, each with its value."""
        return self.policy.labels


new_stream: Final = partial(tuple.__new__, Stream)
"""Stream(...) of all its values in order, in half the time."""


class Key(NamedTuple):
    """A state key; None is unknown, or a time it has none of.

    `error`, one of KEY_ERROR_REASONS, says why something is unknown. The deadline is the seconds
    until then, negative once it has passed.
    """

    declared: StateKey
    exists: int | None = None
    ttl_seconds: float | None = None
    deadline_seconds: float | None = None
    error: str | None = None


class KeyCount(NamedTuple):
    """How many keys match a pattern, at the last walk through the whole keyspace; None before."""

    pattern: bytes
    keys: int | None


class KeyErrorCount(NamedTuple):
    """How many state keys could not be read for one reason."""

    reason: str
    keys: int


class Failure(NamedTuple):
    """Something that could not be read: one of KEY_ERROR_REASONS, and in words why.

    The subject is a stream by its name, a state key, a node of a cluster by its address, or Redis
    as a whole by its name. Where `server` is out, that is what has to be said, and not this.
    `policy` is what was declared about a stream.
    """

    subject: bytes | StateKey | str
    reason: str
    detail: str
    server: str | None = None
    policy: StreamPolicy = UNCLASSIFIED


class ErrorCount(NamedTuple):
    """How many streams of one class could not be read for one reason."""

    stream_class: StreamClass
    reason: str
    streams: int


class ClassCount(NamedTuple):
    """How many streams of one class were read, and how many of their groups have vanished."""

    stream_class: StreamClass
    streams: int
    groups_vanished: int | None = None


class Instance(NamedTuple):
    """What a server that was read says of itself: its role, `master` or `slave`."""

    role: str


class StageDuration(NamedTuple):
    """How long one stage of the scrape took."""

    stage: str
    seconds: float


@dataclass(frozen=True, slots=True, weakref_slot=True)
class RedisSnapshot:
    """Everything one scrape saw of one Redis; `up` 0 comes with no streams at all.

    `at` is when it ended: Unix time on the server's own clock. `servers` holds
    what is distinct: the primaries of a cluster, all alike, are one. `keys` holds every state key
    that is declared, read or not. `failures` hold what could not be read.
    """

    redis: str
    db: int
    up: int
    at: float
    streams: Sequence[Stream]
    class_counts: Sequence[ClassCount]
    error_counts: Sequence[ErrorCount]
    streams_dropped: int | None
    groups_lag_unknown: int | None
    durations: Sequence[StageDuration]
    clock_offset_seconds: float | None
    discovery_last_success_timestamp_seconds: float | None
    discovery_duration_seconds: float | None
    servers: Sequence[Instance] = ()
    keys: Sequence[Key] = ()
    key_counts: Sequence[KeyCount] = ()
    key_error_counts: Sequence[KeyErrorCount] = ()
    streams_read_whole: int | None = None
    failures: Sequence[Failure] = ()


@dataclass(frozen=True, slots=True)
class ProcessState:
    """The exporter's own state, the same whatever Redis says."""

    version: str
    python: str
    config_reload_successful: int
    config_reload_timestamp_seconds: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One scrape: every configured Redis and the exporter itself."""

    instances: Sequence[RedisSnapshot]
    process: ProcessState | None
