"""Looks at a Redis that does not exist, for the verdicts on it."""

from __future__ import annotations

import math
from typing import Any

from streamgauge.model.records import (
    Consumer,
    ErrorCount,
    Failure,
    Group,
    Key,
    RedisSnapshot,
    Stream,
)
from streamgauge.policy import StreamClass, StreamPolicy
from streamgauge.state_keys import StateKey

AT = 1_800_000_000.0
CONTINUOUS, HYBRID, EVENT, UNCLASSIFIED = StreamClass

NEVER_WRITTEN = {"length": 0, "age": None}
MISSING = {"exists": 0, "length": None, "age": None}
CLOSED = {"quiet_limit_seconds": math.inf}  # a feed outside its active hours


def stream(
    stream_class: StreamClass = EVENT,
    *groups: Group,
    name: bytes = b"s",
    age: float | None = 10.0,
    at: float = AT,
    clock: bool = True,
    **fields: Any,
) -> Stream:
    """A stream of three entries, the last ten seconds old; a continuous one may be silent 30 s."""
    limit = 30.0 if stream_class is StreamClass.CONTINUOUS else None
    is_timed = clock and age is not None
    return Stream(
        **{
            "name": name,
            "stream_class": stream_class,
            "exists": 1,
            "quiet_limit_seconds": limit,
            "length": 3,
            "age_seconds": age,
            "last_entry_timestamp_seconds": at - (age or 0.0) if is_timed else None,
            "first_entry_timestamp_seconds": at - 3600.0 if is_timed else None,
            "entries_added": 3,
            "group_count": len(groups),
            "age_is_least": age is not None and not clock,
            "groups": groups,
        }
        | fields
    )


def group(name: bytes = b"g", **fields: Any) -> Group:
    """A group with one consumer seen a second ago, caught up, whose entries may wait 60 s."""
    return Group(
        **{
            "name": name,
            "lag": 0,
            "lag_seconds": 0.0,
            "lag_limit_seconds": 60.0,
            "consumers": 1,
            "pending": 0,
            "oldest_pending_age_seconds": 0.0,
            "oldest_pending_deliveries": 0,
            "entries_read": 3,
            "last_delivered_timestamp_seconds": AT - 10.0,
            "consumer_list": (consumer(),),
        }
        | fields
    )


def consumer(name: bytes = b"c", idle: float = 1.0, pending: int = 0) -> Consumer:
    return Consumer(name, pending, idle, None)


def key(
    name: bytes = b"k",
    *,
    field: bytes | None = None,
    max_age: float | None = None,
    exists: int | None = 1,
    **fields: Any,
) -> Key:
    """A state key that exists and never expires."""
    return Key(StateKey(name, field, max_age), exists, **fields)


def look(
    *streams: Stream, at: float = AT, redis: str = "main", up: int = 1, **fields: Any
) -> RedisSnapshot:
    """A look that walked the whole keyspace and could read everything in it."""
    return RedisSnapshot(
        **{
            "redis": redis,
            "db": 0,
            "up": up,
            "at": at,
            "streams": streams,
            "class_counts": (),
            "error_counts": (),
            "streams_dropped": 0,
            "groups_lag_unknown": 0,
            "durations": (),
            "clock_offset_seconds": 0.0,
            "discovery_last_success_timestamp_seconds": AT,
            "discovery_duration_seconds": 0.01,
        }
        | fields
    )


def refused(
    name: bytes, reason: str, detail: str = "", stream_class: StreamClass = CONTINUOUS
) -> Failure:
    """A stream that could not be read."""
    return Failure(name, reason, detail, policy=StreamPolicy(stream_class))


def unreadable(stream_class: StreamClass, reason: str = "noperm", streams: int = 1) -> ErrorCount:
    return ErrorCount(stream_class, reason, streams)
