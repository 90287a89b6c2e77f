"""From one line of XINFO GROUPS, and what earlier looks showed, to what it means."""

from __future__ import annotations

from streamgauge.model.arrival import arrival_us
from streamgauge.model.consumers import MOST_CONSUMERS, dead_consumers
from streamgauge.model.ids import StreamId
from streamgauge.model.lag import corrected_lag, is_caught_up, learned_error
from streamgauge.model.loss import newly_lost, position_of
from streamgauge.model.memory import GroupMemory, StreamMemory
from streamgauge.model.places import added_behind
from streamgauge.model.readings import GroupReading, PendingReading, StreamReading
from streamgauge.model.records import Group, new_group
from streamgauge.model.standing import (
    falling_behind_seconds,
    stalled_seconds,
    standing_limit_seconds,
)
from streamgauge.policy import StreamPolicy


def group_record(
    stream: StreamReading,
    group: GroupReading,
    policy: StreamPolicy,
    known_stream: StreamMemory | None,
    seen: StreamMemory,
) -> Group:
    """Conclude what one group's reading means; updates what `seen` remembers of it."""
    now_us, cursor, limit = stream.now_us, group.last_delivered, policy.lag_limit_for(group.name)
    known = seen.groups.get(group.name)
    memory = known or GroupMemory(cursor, now_us)
    seen.groups[group.name] = memory

    ahead = _ahead(memory, seen, cursor)
    lag = None if stream.from_replica else _lag(stream, group, memory, ahead)
    waits_since_us = _waits_since_us(memory, seen, group.oldest_undelivered, now_us)
    wait_seconds = 0.0 if waits_since_us is None else max(0, now_us - waits_since_us) / 1e6
    if known is None:
        if waits_since_us is not None:
            memory.stands_since_us = max(waits_since_us, now_us - _inactivity_us(group))
    elif known_stream is not None:
        lost = newly_lost(known_stream, seen, memory, cursor, group.entries_read)
        if lost:
            memory.lost += lost
            memory.lost_us = now_us
            seen.has_lost = True
    standing_limit = standing_limit_seconds(limit)
    backlog = added_behind(seen, cursor) if lag is None and wait_seconds else lag
    stalled = stalled_seconds(
        memory,
        now_us=now_us,
        waits_since_us=waits_since_us,
        was_handed=cursor != memory.cursor,
        backlog=backlog,
        limit_seconds=standing_limit,
    )
    falling: float | None = None
    if limit is not None:
        falling = falling_behind_seconds(
            memory,
            now_us=now_us,
            backlog=backlog,
            is_past_limit=wait_seconds > limit,
            is_standing=stalled > standing_limit,
        )
    unacknowledged = 0.0
    if group.oldest_pending is not None or memory.pending_id is not None:
        unacknowledged = _unacknowledged_seconds(memory, group.oldest_pending, now_us)
    dead = _dead(memory, group, now_us)
    if group.nacked is not None:
        memory.nacked = group.nacked

    memory.cursor, memory.seen_us, memory.entries_read = cursor, now_us, group.entries_read
    memory.waiting_id = group.oldest_undelivered
    memory.position = position_of(seen, cursor, lag)
    memory.is_within = wait_seconds <= (limit or standing_limit)

    pending_age, deliveries = 0.0, 0
    if group.oldest_pending is not None:
        entry_id, _, deliveries = group.oldest_pending
        pending_age = max(0, now_us - arrival_us(entry_id, seen.marks, now_us)) / 1e6
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
            cursor.ms / 1000 if cursor.is_clock(now_us // 1000) else None,
            1,
            stalled,
            falling,
            memory.lost,
            retention,
            unacknowledged,
            policy.ack_limit_for(group.name),
            dead,
            memory.nacked,
            None if memory.lost_us is None else max(0, now_us - memory.lost_us) / 1e6,
            () if group.is_large else group.consumer_list,
        )
    )


def _ahead(memory: GroupMemory, seen: StreamMemory, cursor: StreamId) -> int | None:
    """Count what waits for a group whose cursor is ahead of the stream; None when it is not.

    Redis never gives such a group anything, so what was added since that was first seen waits.
    None also where the server does not count and something was removed since.
    """
    if cursor <= seen.last_generated:
        memory.ahead_of = memory.ahead_added = memory.ahead_waits_us = None
        return None
    if memory.ahead_of is None or cursor != memory.cursor:
        memory.ahead_of, memory.ahead_added = seen.last_generated, seen.entries_added
        memory.ahead_waits_us = None
    if seen.entries_added is None or memory.ahead_added is None:
        if seen.last_generated == memory.ahead_of:
            return 0
        waiting = added_behind(seen, memory.ahead_of)
    else:
        waiting = max(0, seen.entries_added - memory.ahead_added)
        if not waiting:  # XSETID moves the last ID and adds nothing
            memory.ahead_waits_us = None
            return 0
    if memory.ahead_waits_us is None:
        memory.ahead_waits_us = max(
            memory.seen_us, arrival_us(seen.last_generated, seen.marks, seen.seen_us)
        )
    return waiting


def _lag(
    stream: StreamReading, group: GroupReading, memory: GroupMemory, ahead: int | None
) -> int | None:
    """Correct the lag of a group as a primary reports it, and learn from that report."""
    if memory.ahead_of is not None:
        return ahead
    if group.behind is not None:
        return group.behind
    caught_up = is_caught_up(group.last_delivered, stream.last_generated)
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
    """Return how long the oldest pending entry has not been acknowledged; 0 when none is pending.

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
    return max(0, now_us - memory.pending_us) / 1e6


def _dead(memory: GroupMemory, group: GroupReading, now_us: int) -> int | None:
    """Count the dead consumers; of a large group what its last list showed."""
    if group.consumers > MOST_CONSUMERS:
        memory.dead = None
    elif group.consumer_list or not group.consumers:
        memory.dead = dead_consumers(memory, group.consumer_list, group.entries_read, now_us)
    return memory.dead
