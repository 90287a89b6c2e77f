"""From what Redis answered to what it means: corrected lag, ages, limits.

The `now` of every stream is the server's own clock at the moment of its reading, so no other
machine's clock has a say. `memory` is the only state; everything else comes in as an argument.
"""

from __future__ import annotations

from streamgauge.model.ids import NEVER, StreamId
from streamgauge.model.lag import LagError, began_anew, corrected_lag, is_caught_up, learned_error
from streamgauge.model.memory import Memory
from streamgauge.model.readings import GroupReading, StreamReading
from streamgauge.model.records import Group, Stream, new_group
from streamgauge.policy import StreamClass, StreamPolicy


def stream_record(reading: StreamReading, policy: StreamPolicy, memory: Memory) -> Stream:
    """Conclude what one stream's reading means; updates `memory`."""
    name, now_us, last_generated = reading.name, reading.now_us, reading.last_generated
    now_ms = now_us // 1000
    if policy.stream_class is StreamClass.CONTINUOUS:
        memory.saw_continuous(name)
    if memory.knows_groups_of(name):
        memory.forget_groups(name, kept={group.name for group in reading.groups})

    age: float | None = None
    last_entry: float | None = None
    if last_generated == NEVER:
        memory.forget_last_generated(name)
    elif last_generated.is_clock(now_ms):
        memory.forget_last_generated(name)
        age = _age_seconds(last_generated, now_us)
        last_entry = last_generated.ms / 1000
    else:
        age = memory.unchanged_seconds(name, last_generated, now_us)

    return Stream(
        name,
        policy.stream_class,
        1,
        policy.quiet_limit_at(now_us / 1e6),
        reading.length,
        age,
        last_entry,
        _timestamp_seconds(reading.first_entry, now_ms),
        reading.entries_added,
        reading.group_count,
        tuple([_group_record(reading, group, policy, memory) for group in reading.groups]),
    )


def absent_record(name: bytes, policy: StreamPolicy, now: float, memory: Memory) -> Stream:
    """Say of a stream that ought to exist that it does not; `now` is Unix time in seconds."""
    memory.forget_contents(name)
    return Stream(name, policy.stream_class, 0, policy.quiet_limit_at(now))


def _group_record(
    stream: StreamReading, group: GroupReading, policy: StreamPolicy, memory: Memory
) -> Group:
    now_us = stream.now_us
    now_ms = now_us // 1000
    pending_age, deliveries = 0.0, 0
    if group.oldest_pending is not None:
        entry_id, idle_ms, deliveries = group.oldest_pending
        is_clock = entry_id.is_clock(now_ms)
        pending_age = _age_seconds(entry_id, now_us) if is_clock else idle_ms / 1000

    return new_group(
        (
            group.name,
            None if stream.from_replica else _lag(stream, group, memory),
            _lag_seconds(stream, group, memory),
            policy.lag_limit_for(group.name),
            group.consumers,
            group.pending,
            pending_age,
            deliveries,
            group.entries_read,
            _timestamp_seconds(group.last_delivered, now_ms),
            group.consumer_list,
        )
    )


def _lag(stream: StreamReading, group: GroupReading, memory: Memory) -> int | None:
    """Correct the lag of a group as a primary reports it, and learn from that report."""
    caught_up = is_caught_up(group.last_delivered, stream.last_generated)
    error = memory.lag_error(stream.name, group.name)
    if error is not None or (caught_up and group.reported_lag):
        error = _learned(stream, group, error, caught_up=caught_up)
        memory.set_lag_error(stream.name, group.name, error)
    return corrected_lag(
        length=stream.length,
        first_entry=stream.first_entry,
        last_generated=stream.last_generated,
        last_delivered=group.last_delivered,
        reported=group.reported_lag,
        error=error,
    )


def _learned(
    stream: StreamReading, group: GroupReading, error: LagError | None, *, caught_up: bool
) -> LagError | None:
    """Return what is known of a group's lag error after one more look, at maybe a new stream."""
    if error is not None and began_anew(
        error,
        length=stream.length,
        first_entry=stream.first_entry,
        entries_added=stream.entries_added,
    ):
        error = None
    return learned_error(
        error,
        caught_up=caught_up,
        reported=group.reported_lag,
        entries_added=stream.entries_added,
        entries_read=group.entries_read,
        last_generated=stream.last_generated,
    )


def _lag_seconds(stream: StreamReading, group: GroupReading, memory: Memory) -> float:
    """Return the age of the oldest entry the group was not delivered; 0 when there is none."""
    oldest = group.oldest_undelivered
    if oldest is None or oldest.is_clock(stream.now_us // 1000):
        memory.forget_undelivered(stream.name, group.name)
        return 0.0 if oldest is None else _age_seconds(oldest, stream.now_us)
    return memory.undelivered_seconds(stream.name, group.name, oldest, stream.now_us)


def _age_seconds(entry_id: StreamId, now_us: int) -> float:
    """Return the time since an ID that is a clock; 0 for one that runs ahead within tolerance."""
    age_us = now_us - entry_id.ms * 1000
    return age_us / 1e6 if age_us > 0 else 0.0


def _timestamp_seconds(entry_id: StreamId | None, now_ms: int) -> float | None:
    if entry_id is None or not entry_id.is_clock(now_ms):
        return None
    return entry_id.ms / 1000
