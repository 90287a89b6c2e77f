"""From what Redis answered, and what earlier looks showed, to what it means.

The `now` of every stream is the server's own clock at the moment of its reading, so no other
machine's clock has a say. `memory` is the only state; everything else comes in as an argument.
"""

from __future__ import annotations

from typing import Final

from streamgauge.model.arrival import arrival_us, contradicts
from streamgauge.model.ids import NEVER, StreamId
from streamgauge.model.lag import corrected_lag, is_caught_up, learned_error
from streamgauge.model.loss import newly_lost, position_of
from streamgauge.model.marks import Mark, noted
from streamgauge.model.memory import GroupMemory, Memory, StreamMemory, drop_groups, is_another
from streamgauge.model.readings import GroupReading, PendingReading, StreamReading
from streamgauge.model.records import AbsentGroup, Group, Stream, new_group
from streamgauge.model.standing import (
    falling_behind_seconds,
    stalled_seconds,
    standing_limit_seconds,
)
from streamgauge.policy import StreamClass, StreamPolicy

GRACE_US: Final = 300 * 1_000_000
"""For so long after an outage a group that was within its limit before does not stand still."""


def stream_record(reading: StreamReading, policy: StreamPolicy, memory: Memory) -> Stream:
    """Conclude what one stream's reading means; updates `memory`."""
    name, now_us = reading.name, reading.now_us
    if policy.stream_class is StreamClass.CONTINUOUS:
        memory.saw_continuous(name)
    known = memory.stream(name)
    seen = _seen(reading)
    if known is not None and is_another(known, seen):
        known = None
    if known is not None:
        seen.marks, seen.groups = known.marks, known.groups
        seen.is_trimmed = known.is_trimmed or _was_trimmed(known, seen)
    _mark(reading, known, seen)
    memory.keep(name, seen)
    drop_groups(seen, {group.name for group in reading.groups})

    age: float | None = None
    last_entry: float | None = None
    if reading.last_generated != NEVER:
        arrived_us = arrival_us(reading.last_generated, seen.marks, now_us)
        age, last_entry = _seconds_since(arrived_us, now_us), arrived_us / 1e6
    if known is not None and memory.is_after_outage:
        for group in seen.groups.values():
            if group.is_within:
                group.free_until_us = now_us + GRACE_US
    groups = [_group_record(reading, group, policy, known, seen) for group in reading.groups]
    return Stream(
        name,
        policy.stream_class,
        1,
        policy.quiet_limit_at(now_us / 1e6),
        reading.length,
        age,
        last_entry,
        _timestamp_seconds(reading.first_entry, now_us // 1000),
        reading.entries_added,
        reading.group_count,
        bool(seen.marks),
        _absent_groups(reading, policy),
        tuple(groups),
    )


def absent_record(name: bytes, policy: StreamPolicy, now: float, memory: Memory) -> Stream:
    """Say of a stream that ought to exist that it does not; `now` is Unix time in seconds."""
    memory.forget_contents(name)
    return Stream(name, policy.stream_class, 0, policy.quiet_limit_at(now))


def _seen(reading: StreamReading) -> StreamMemory:
    return StreamMemory(
        reading.now_us,
        reading.last_generated,
        reading.length,
        reading.first_entry,
        reading.entries_added,
        reading.max_deleted,
    )


def _was_trimmed(known: StreamMemory, seen: StreamMemory) -> bool:
    """Tell whether the front left the stream by a trim: XDEL and XACKDEL move max-deleted."""
    if None in (known.first_entry, seen.first_entry, seen.max_deleted):
        return False
    return seen.first_entry != known.first_entry and seen.max_deleted == known.max_deleted


def _mark(reading: StreamReading, known: StreamMemory | None, seen: StreamMemory) -> None:
    """Keep what looks saw from the first one on that contradicts the time in an ID."""
    last, now_us = seen.last_generated, seen.seen_us
    if not seen.marks and not _is_contradicted(reading, known, seen):
        return
    if not seen.marks and known is not None:
        arrived_us = min(known.last_generated.ms * 1000, known.seen_us)
        before = Mark(arrived_us, known.seen_us, known.last_generated)
        seen.marks = (before,)
    seen.marks = noted(seen.marks, now_us, last)


def _is_contradicted(
    reading: StreamReading, known: StreamMemory | None, seen: StreamMemory
) -> bool:
    last, now_us = seen.last_generated, seen.seen_us
    after_us = None if known is None else known.seen_us
    is_new = last != NEVER and (known is None or last != known.last_generated)
    if is_new and contradicts(last, after_us, now_us):
        return True
    # Entries from before the first look may be counted in another way than the last one.
    return known is None and any(
        entry is not None and not entry.is_clock(now_us // 1000)
        for group in reading.groups
        for entry in (group.oldest_undelivered, group.oldest_pending and group.oldest_pending[0])
    )


def _absent_groups(reading: StreamReading, policy: StreamPolicy) -> tuple[AbsentGroup, ...]:
    """List the declared groups that the stream does not have."""
    if not policy.declared_groups:
        return ()
    present = {group.name for group in reading.groups}
    return tuple(
        AbsentGroup(name, policy.lag_limit_for(name), policy.ack_limit_for(name))
        for name in policy.declared_groups
        if name not in present
    )


def _group_record(
    stream: StreamReading,
    group: GroupReading,
    policy: StreamPolicy,
    known_stream: StreamMemory | None,
    seen: StreamMemory,
) -> Group:
    now_us, cursor, limit = stream.now_us, group.last_delivered, policy.lag_limit_for(group.name)
    known = seen.groups.get(group.name)
    memory = known or GroupMemory(cursor, now_us)
    seen.groups[group.name] = memory

    ahead = _ahead(memory, seen, cursor)
    lag = None if stream.from_replica else (_lag(stream, group, memory) if ahead is None else ahead)
    waits_since_us = _waits_since_us(memory, seen, group.oldest_undelivered, now_us)
    wait_seconds = 0.0 if waits_since_us is None else _seconds_since(waits_since_us, now_us)
    if known is None:
        if waits_since_us is not None:
            memory.stands_since_us = max(waits_since_us, now_us - _inactivity_us(group))
    elif known_stream is not None:
        memory.lost += newly_lost(known_stream, seen, memory, cursor, group.entries_read)
    standing_limit = standing_limit_seconds(limit)
    stalled = stalled_seconds(
        memory,
        now_us=now_us,
        waits_since_us=waits_since_us,
        was_handed=cursor != memory.cursor,
        backlog=lag,
        limit_seconds=standing_limit,
    )
    falling: float | None = None
    if limit is not None:
        falling = falling_behind_seconds(
            memory,
            now_us=now_us,
            backlog=lag,
            is_past_limit=wait_seconds > limit,
            is_standing=stalled > standing_limit,
        )
    unacknowledged = _unacknowledged_seconds(memory, group.oldest_pending, now_us)

    memory.cursor, memory.seen_us, memory.entries_read = cursor, now_us, group.entries_read
    memory.waiting_id = group.oldest_undelivered
    memory.position = position_of(seen, cursor, lag)
    memory.is_within = wait_seconds <= (limit or standing_limit)

    pending_age, deliveries = 0.0, 0
    if group.oldest_pending is not None:
        entry_id, _, deliveries = group.oldest_pending
        pending_age = _seconds_since(arrival_us(entry_id, seen.marks, now_us), now_us)
    retention = None
    if seen.is_trimmed and lag is not None and stream.length:
        retention = lag / stream.length
    return new_group(
        (
            group.name,
            lag,
            wait_seconds,
            limit,
            group.consumers,
            group.pending,
            pending_age,
            deliveries,
            group.entries_read,
            _timestamp_seconds(cursor, now_us // 1000),
            1,
            stalled,
            falling,
            memory.lost,
            retention,
            unacknowledged,
            policy.ack_limit_for(group.name),
            group.consumer_list,
        )
    )


def _ahead(memory: GroupMemory, seen: StreamMemory, cursor: StreamId) -> int | None:
    """Count what waits for a group whose cursor is ahead of the stream; None when it is not.

    Redis never gives such a group anything, so what was added since that was first seen waits.
    """
    if cursor <= seen.last_generated:
        memory.ahead_of = memory.ahead_added = memory.ahead_waits_us = None
        return None
    if memory.ahead_of is None or cursor != memory.cursor:
        memory.ahead_of, memory.ahead_added = seen.last_generated, seen.entries_added
        memory.ahead_waits_us = None
    if memory.ahead_waits_us is None and seen.last_generated > memory.ahead_of:
        memory.ahead_waits_us = max(
            memory.seen_us, arrival_us(seen.last_generated, seen.marks, seen.seen_us)
        )
    if seen.entries_added is None or memory.ahead_added is None:
        return None if memory.ahead_waits_us is not None else 0
    return max(0, seen.entries_added - memory.ahead_added)


def _lag(stream: StreamReading, group: GroupReading, memory: GroupMemory) -> int | None:
    """Correct the lag of a group as a primary reports it, and learn from that report."""
    caught_up = is_caught_up(group.last_delivered, stream.last_generated)
    if group.is_proven_empty:
        return 0
    if memory.lag_error is not None or (caught_up and group.reported_lag):
        memory.lag_error = learned_error(
            memory.lag_error,
            caught_up=caught_up,
            reported=group.reported_lag,
            entries_added=stream.entries_added,
            entries_read=group.entries_read,
        )
    return corrected_lag(
        length=stream.length,
        first_entry=stream.first_entry,
        last_generated=stream.last_generated,
        last_delivered=group.last_delivered,
        reported=group.reported_lag,
        error=memory.lag_error,
    )


def _waits_since_us(
    memory: GroupMemory, seen: StreamMemory, oldest: StreamId | None, now_us: int
) -> int | None:
    """Return when the oldest entry that was not delivered arrived; None when none waits."""
    if memory.ahead_of is not None:
        return memory.ahead_waits_us
    return None if oldest is None else arrival_us(oldest, seen.marks, now_us)


def _inactivity_us(group: GroupReading) -> int:
    """Return how long no consumer was handed anything; 0 when that is not known."""
    if group.consumers != len(group.consumer_list):
        return 0
    seconds = [
        one.idle_seconds if one.inactive_seconds is None else one.inactive_seconds
        for one in group.consumer_list
    ]
    return int(min(seconds) * 1e6) if seconds else 1 << 62


def _unacknowledged_seconds(
    memory: GroupMemory, oldest: PendingReading | None, now_us: int
) -> float:
    """Return how long the oldest pending entry has been in somebody's hands; 0 when none is.

    What was delivered once was handed out when its idle time began.
    """
    if oldest is None:
        memory.pending_id = None
        return 0.0
    entry_id, idle_ms, deliveries = oldest
    if memory.pending_id != entry_id:
        memory.pending_id, memory.pending_us = entry_id, now_us
        if deliveries == 1 and idle_ms > 0:
            memory.pending_us = now_us - idle_ms * 1000
    return _seconds_since(memory.pending_us, now_us)


def _seconds_since(since_us: int, now_us: int) -> float:
    return max(0, now_us - since_us) / 1e6


def _timestamp_seconds(entry_id: StreamId | None, now_ms: int) -> float | None:
    if entry_id is None or not entry_id.is_clock(now_ms):
        return None
    return entry_id.ms / 1000
