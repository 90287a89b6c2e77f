"""What Redis answered, field by field and not yet judged; None is what the server did not tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from streamgauge.model.ids import NEVER, StreamId
from streamgauge.model.records import Consumer, Idempotence
from streamgauge.state_keys import StateKey

_WHOLE_SECONDS: Final = 5
"""So many IDs at whole seconds are no chance: it is one in a thousand for each."""


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


@dataclass(frozen=True, slots=True)
class GroupCursor:
    """A consumer group and the last entry that it was given."""

    name: bytes
    last_delivered: StreamId


@dataclass(frozen=True, slots=True)
class History:
    """The newest IDs of one stream, oldest first, and what Redis says of those that are gone.

    `now_ms` is the server's clock. `entries_added` and `max_deleted` are None before Redis 7,
    `groups` is None where they may not be read. `is_cut` when the reading ended before the number
    of entries that was asked for, because they are large.
    """

    name: bytes
    now_ms: int
    ids: tuple[StreamId, ...] = ()
    length: int = 0
    last_generated: StreamId = NEVER
    entries_added: int | None = None
    max_deleted: StreamId | None = None
    groups: tuple[GroupCursor, ...] | None = ()
    is_cut: bool = False

    @property
    def tells_time(self) -> bool:
        """Tell whether every ID is a point in time."""
        ends = (*self.ids[:1], *self.ids[-1:], self.last_generated)
        return all(each == NEVER or each.is_clock(self.now_ms) for each in ends)

    @property
    def is_whole(self) -> bool:
        """Tell whether nothing was ever trimmed or deleted, as far as the server counts that."""
        return self.entries_added is not None and self.entries_added == len(self.ids)

    @property
    def has_holes(self) -> bool:
        """Tell whether entries were deleted from between those that are left."""
        return self.max_deleted is not None and bool(self.ids) and self.max_deleted > self.ids[0]

    @property
    def is_trimmed(self) -> bool:
        """Tell whether all that the stream holds was read, and its beginning was trimmed away."""
        if self.entries_added is None or self.has_holes or not self.ids:
            return False
        return len(self.ids) >= self.length and self.entries_added > self.length

    @property
    def tells_events(self) -> bool:
        """Tell whether the IDs were given by who writes, as times of events: no clock of Redis
        gives out nothing but whole seconds.
        """
        return len(self.ids) >= _WHOLE_SECONDS and not any(each.ms % 1000 for each in self.ids)

    def arrivals(self) -> list[float]:
        """When entries arrived, in Unix seconds and in order.

        The last one counts even when the entry itself is gone: its ID is still known.
        """
        times = [each.ms / 1000 for each in self.ids]
        if self.last_generated > (self.ids[-1] if self.ids else NEVER):
            times.append(self.last_generated.ms / 1000)
        return times
