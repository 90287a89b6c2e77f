"""For how long a group has stood still, and for how long it has been falling behind.

Both are measured from what was seen at each look, without a window in which a rhythm of reads could
hide. Times are Unix times in microseconds on the server's clock.
"""

from __future__ import annotations

from typing import Final

from streamgauge.model.memory import GroupMemory

_LEAST_LIMIT_SECONDS: Final = 120.0
_WITHOUT_LIMIT_SECONDS: Final = 300.0


def standing_limit_seconds(lag_limit_seconds: float | None) -> float:
    """Return for how long a group may stand still: its lag limit, at least two minutes."""
    if lag_limit_seconds is None:
        return _WITHOUT_LIMIT_SECONDS
    return max(lag_limit_seconds, _LEAST_LIMIT_SECONDS)


def growing_limit_seconds(lag_limit_seconds: float) -> float:
    """Return for how long a group may fall behind: three times its lag limit, 5 to 30 minutes."""
    return min(max(3 * lag_limit_seconds, 300.0), 1800.0)


def stalled_seconds(
    memory: GroupMemory,
    *,
    now_us: int,
    waits_since_us: int | None,
    was_handed: bool,
    backlog: int | None,
    limit_seconds: float,
) -> float:
    """Return how long entries have waited while the group was handed none; 0 when none waits.

    Counts from when the cursor last moved or entries began to wait, whichever is later. One entry
    every eleven minutes is not reading: a hand-out after a pause longer than the limit changes
    nothing when it leaves as many waiting as the one before it left.
    """
    if waits_since_us is None:
        memory.stands_since_us = memory.handed_left = None
        if was_handed:
            memory.handed_us = now_us
        return 0.0
    since_us = memory.stands_since_us
    if since_us is None:
        since_us = now_us if was_handed else waits_since_us
    elif was_handed and not _is_in_vain(memory, backlog, limit_seconds):
        since_us = now_us
    if was_handed:
        memory.handed_us, memory.handed_left = now_us, backlog
    memory.stands_since_us = since_us = max(since_us, waits_since_us, memory.free_until_us)
    return max(0, now_us - since_us) / 1e6


def _is_in_vain(memory: GroupMemory, backlog: int | None, limit_seconds: float) -> bool:
    if memory.handed_us is None or memory.handed_left is None or backlog is None:
        return False
    # Until the look before: what happened between two looks that were far apart was not seen.
    paused_seconds = (memory.seen_us - memory.handed_us) / 1e6
    return paused_seconds > limit_seconds and backlog >= memory.handed_left


def falling_behind_seconds(
    memory: GroupMemory,
    *,
    now_us: int,
    backlog: int | None,
    is_past_limit: bool,
    is_standing: bool,
) -> float | None:
    """Return for how long the backlog of a group past its limit has kept reaching new highs.

    From the moment the group went past its limit to the latest new high: a burst has its high at
    its start, a leak reaches new ones in any rhythm. Begins again when half of the highest backlog
    is drained. None when the backlog is unknown.
    """
    if not is_past_limit or is_standing:
        memory.past_limit_us = memory.highest = None
        return 0.0
    if backlog is None:
        return None
    if memory.past_limit_us is None or memory.highest is None or 2 * backlog <= memory.highest:
        memory.past_limit_us = max(now_us, memory.free_until_us)
        memory.highest, memory.highest_us = backlog, now_us
    elif backlog > memory.highest:
        memory.highest, memory.highest_us = backlog, now_us
    return max(0, memory.highest_us - memory.past_limit_us) / 1e6
