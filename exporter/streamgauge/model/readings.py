"""What Redis answered, field by field and not yet judged; None is what the server did not tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from streamgauge.model.ids import StreamId
from streamgauge.model.records import Consumer, Idempotence
from streamgauge.state_keys import StateKey


class PendingReading(NamedTuple):
    """The pending entry with the smallest ID (XPENDING ... COUNT 1).

    `idle_ms` is the time since it was last delivered, -1 when nobody owns it.
    """

    entry_id: StreamId
    idle_ms: int
    deliveries: int


@dataclass(slots=True)
class GroupReading:
    """One line of XINFO GROUPS; the second round fills in what it finds out about it.

    `behind` is how many entries were found behind the cursor; `is_far_behind` where they were too
    many to be counted. The consumers of a large group are listed now and then, and not exported.
    """

    name: bytes
    consumers: int
    pending: int
    last_delivered: StreamId
    entries_read: int | None
    reported_lag: int | None
    oldest_undelivered: StreamId | None = None
    oldest_pending: PendingReading | None = None
    consumer_list: tuple[Consumer, ...] = ()
    behind: int | None = None
    is_far_behind: bool = False
    is_large: bool = False
    nacked: int | None = None


@dataclass(slots=True)
class StreamReading:
    """XINFO STREAM and XINFO GROUPS of one key, and the server's clock when it was read."""

    name: bytes
    now_us: int
    length: int
    group_count: int
    last_generated: StreamId
    first_entry: StreamId | None
    entries_added: int | None
    groups: tuple[GroupReading, ...]
    from_replica: bool = False
    server: str | None = None
    max_deleted: StreamId | None = None
    idempotence: Idempotence | None = None


class KeyReading(NamedTuple):
    """PTTL and HGET of one state key, and the server's clock when it was read.

    `ttl_ms` is None for a key that never expires, `value` for a field that is not there or was not
    asked for.
    """

    key: StateKey
    now_us: int
    exists: bool
    ttl_ms: int | None = None
    value: bytes | None = None
