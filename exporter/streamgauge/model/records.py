"""What a scrape concluded: one record per stream, group and consumer, and one per Redis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from streamgauge.policy import StreamClass

ERROR_REASONS: Final = ("noperm", "wrongtype", "timeout", "protocol", "other")
"""Why a stream could not be read, in the order in which they are exported."""


class Consumer(NamedTuple):
    """A consumer of a group; seconds on the server's clock."""

    name: bytes
    pending: int
    idle_seconds: float
    inactive_seconds: float | None


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
    consumer_list: tuple[Consumer, ...]


class Stream(NamedTuple):
    """A stream that was read, or (`exists` 0) one that ought to be there and is not."""

    name: bytes
    stream_class: StreamClass
    exists: int
    quiet_limit_seconds: float | None
    length: int | None = None
    age_seconds: float | None = None
    last_entry_timestamp_seconds: float | None = None
    first_entry_timestamp_seconds: float | None = None
    entries_added: int | None = None
    group_count: int | None = None
    groups: tuple[Group, ...] = ()


class ErrorCount(NamedTuple):
    """How many streams of one class could not be read for one reason."""

    stream_class: StreamClass
    reason: str
    streams: int


class ClassCount(NamedTuple):
    """How many streams of one class were read."""

    stream_class: StreamClass
    streams: int


class Instance(NamedTuple):
    """What a server that was read says of itself: its role, `master` or `slave`."""

    role: str


class StageDuration(NamedTuple):
    """How long one stage of the scrape took."""

    stage: str
    seconds: float


@dataclass(frozen=True, slots=True)
class RedisSnapshot:
    """Everything one scrape saw of one Redis; `up` 0 comes with no streams at all.

    `servers` holds what is distinct: the primaries of a cluster, all alike, are one.
    """

    redis: str
    db: int
    up: int
    streams: Sequence[Stream]
    class_counts: Sequence[ClassCount]
    error_counts: Sequence[ErrorCount]
    streams_dropped: int
    groups_lag_unknown: int | None
    durations: Sequence[StageDuration]
    clock_offset_seconds: float | None
    discovery_last_success_timestamp_seconds: float | None
    discovery_duration_seconds: float | None
    servers: Sequence[Instance] = ()


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
