"""From what Redis answered, and what earlier looks showed, to what it means.

The `now` of every stream is the server's own clock at the moment of its reading, so no other
machine's clock has a say. `memory` is the only state; everything else comes in as an argument.
"""

from __future__ import annotations

import math
from collections.abc import Set as AbstractSet
from typing import Final

from streamgauge.model.arrival import Mark, arrival_us, contradicts, noted
from streamgauge.model.group import group_record
from streamgauge.model.ids import NEVER
from streamgauge.model.memory import FeedMemory, Memory, StreamMemory, is_another
from streamgauge.model.places import placed
from streamgauge.model.reaction import GRACE_US
from streamgauge.model.readings import StreamReading
from streamgauge.model.records import AbsentGroup, Stream
from streamgauge.policy import StreamClass, StreamPolicy

_LEAST_GRACE_SECONDS: Final = 180.0
"""Producers that lost their connection need some time to come back."""

_FORGOTTEN_AFTER_US: Final = 86_400 * 1_000_000
"""A group that vanished is told for a day."""

_MOST_VANISHED: Final = 64
"""Of one stream; some make a group for each job and destroy it."""


def quiet_limit_seconds(
    feed: FeedMemory,
    policy: StreamPolicy,
    *,
    now_us: int,
    age_seconds: float | None,
    is_disturbed: bool,
) -> float | None:
    """Return the quiet limit as it is now; infinite while it is lifted.

    It is lifted outside active hours, and for one limit, three minutes at least, after Redis could
    not be read or another process of it answers (`is_disturbed`): for a stream that was within its
    limit before, and never again while that lasts. An age of None is that of a missing stream.
    """
    limit = policy.quiet_limit_at(now_us / 1e6)
    if limit is None or policy.quiet_limit_seconds is None:
        return limit
    if is_disturbed and feed.is_within and now_us >= feed.free_until_us:
        grace_seconds = max(policy.quiet_limit_seconds, _LEAST_GRACE_SECONDS)
        feed.free_until_us = now_us + int(grace_seconds * 1e6)
    feed.is_within = math.isinf(limit) or (age_seconds is not None and age_seconds <= limit)
    return math.inf if now_us < feed.free_until_us else limit


def stream_record(reading: StreamReading, policy: StreamPolicy, memory: Memory) -> Stream:
    """Conclude what one stream's reading means; updates `memory`."""
    name, now_us = reading.name, reading.now_us
    before = memory.stream(name)
    seen = _seen(reading, memory.look)
    known = None if before is not None and is_another(before, seen) else before
    if known is not None:
        seen.marks, seen.groups, seen.vanished = known.marks, known.groups, known.vanished
        seen.stood = known.stood
        seen.is_trimmed = known.is_trimmed or _was_trimmed(known, seen)
        if known.look != memory.look - 1:
            for one in seen.groups.values():
                if one.is_within:
                    one.free_until_us = now_us + GRACE_US
    _mark(reading, known, seen)
    for group in reading.groups:
        if group.is_far_behind:
            seen.places = placed(known, seen)
            break
    if before is not None:
        _note_vanished(before, reading, policy, seen)
    memory.keep(name, seen)

    age: float | None = None
    last_entry: float | None = None
    if reading.last_generated != NEVER:
        arrived_us = arrival_us(reading.last_generated, seen.marks, now_us)
        age, last_entry = _seconds_since(arrived_us, now_us), arrived_us / 1e6
    groups = [group_record(reading, group, policy, known, seen) for group in reading.groups]
    memory.has_news |= seen.has_lost
    first, now_ms = reading.first_entry, now_us // 1000
    return Stream(
        name,
        policy.stream_class,
        1,
        _quiet_limit(name, policy, memory, now_us, age, {reading.server}),
        reading.length,
        age,
        last_entry,
        first.ms / 1000 if first is not None and first.is_clock(now_ms) else None,
        reading.entries_added,
        reading.group_count,
        bool(seen.marks),
        _absent_groups(reading, policy, seen),
        len(seen.vanished or ()),
        policy,
        (),
        reading.idempotence,
        tuple(groups),
    )


def absent_record(
    name: bytes, policy: StreamPolicy, now_us: int, memory: Memory, servers: AbstractSet[str | None]
) -> Stream:
    """Say of a stream that ought to exist that it does not; `servers` are those that were read."""
    memory.forget_contents(name)
    limit = _quiet_limit(name, policy, memory, now_us, None, servers)
    return Stream(name, policy.stream_class, 0, limit, policy=policy)


def _quiet_limit(
    name: bytes,
    policy: StreamPolicy,
    memory: Memory,
    now_us: int,
    age: float | None,
    servers: AbstractSet[str | None],
) -> float | None:
    if policy.stream_class is not StreamClass.CONTINUOUS:
        return None
    feed = memory.feed(name)
    is_disturbed = feed is not None and (
        feed.look != memory.look - 1 or memory.is_other_server(servers)
    )
    if feed is None:
        feed = FeedMemory(memory.look)
        if age is not None or memory.stream(name) is not None:
            memory.keep_feed(name, feed)
    feed.look = memory.look
    return quiet_limit_seconds(
        feed, policy, now_us=now_us, age_seconds=age, is_disturbed=is_disturbed
    )


def _note_vanished(
    before: StreamMemory, reading: StreamReading, policy: StreamPolicy, seen: StreamMemory
) -> None:
    """Forget groups that are gone, but for where declared ones stood; tell for a day of others."""
    present = {group.name for group in reading.groups}
    gone = before.groups.keys() - present
    if not gone and not before.vanished and not seen.stood:
        return
    is_same = seen.groups is before.groups
    vanished = dict(before.vanished or {})
    stood = {name: at for name, at in (seen.stood or {}).items() if name not in present}
    for name in gone:
        was = seen.groups.pop(name, None)  # a node that was given up may have dropped it
        if was is not None and is_same and name in policy.declared_groups:
            stood[name] = was.cursor
        if policy.lag_limit_for(name) is not None and name not in policy.declared_groups:
            vanished[name] = reading.now_us
    seen.stood = stood or None
    if vanished:
        earliest_us = reading.now_us - _FORGOTTEN_AFTER_US
        kept = [
            (name, at_us)
            for name, at_us in vanished.items()
            if at_us > earliest_us and name not in present
        ]
        seen.vanished = dict(kept[-_MOST_VANISHED:])


def _seen(reading: StreamReading, look: int) -> StreamMemory:
    return StreamMemory(
        reading.now_us,
        reading.last_generated,
        reading.length,
        reading.first_entry,
        reading.entries_added,
        reading.max_deleted,
        look,
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
    if known is not None:
        return False
    # Entries from before the first look may be counted in another way than the last one.
    return any(
        entry is not None and not entry.is_clock(now_us // 1000)
        for group in reading.groups
        for entry in (group.oldest_undelivered, group.oldest_pending and group.oldest_pending[0])
    )


def _absent_groups(
    reading: StreamReading, policy: StreamPolicy, seen: StreamMemory
) -> tuple[AbsentGroup, ...]:
    """List the declared groups that the stream does not have."""
    if not policy.declared_groups:
        return ()
    present, stood = {group.name for group in reading.groups}, seen.stood or {}
    return tuple(
        AbsentGroup(
            name, policy.lag_limit_for(name), policy.ack_limit_for(name), stood=stood.get(name)
        )
        for name in policy.declared_groups
        if name not in present
    )


def _seconds_since(since_us: int, now_us: int) -> float:
    return max(0, now_us - since_us) / 1e6
