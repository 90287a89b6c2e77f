"""Which consumers are dead. An idle time does not tell: that of one that waits for work grows too.

A consumer is dead when it was not seen for a day and its group was handed, since then, ten entries
or more for each of its consumers: Redis serves those that wait in turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from streamgauge.model.memory import GroupMemory, Unseen
from streamgauge.model.records import Consumer

MOST_CONSUMERS: Final = 10_000
"""Of a group that are ever listed."""

_DEAD_AFTER_US: Final = 86_400 * 1_000_000
_TURNS: Final = 10
_SAME_US: Final = 1_000_000
"""Idle times are read a moment after the clock."""


def dead_consumers(
    memory: GroupMemory, consumers: Sequence[Consumer], handed: int | None, now_us: int
) -> int | None:
    """Count the dead; `handed` is how many entries the group was given so far.

    None where that is not counted. `memory` must still be that of the look before.
    """
    if handed is None:
        memory.unseen = None
        return None
    known, before_us = memory.unseen or {}, memory.seen_us
    is_later = before_us != now_us
    passed_seconds = (now_us - before_us) / 1e6
    unseen: dict[bytes, Unseen] = {}
    dead = 0
    for one in consumers:
        if is_later and one.idle_seconds < passed_seconds:
            continue  # it was seen since the last look
        since_us = now_us - int(one.idle_seconds * 1e6)
        found = known.get(one.name)
        if found is None or abs(found.since_us - since_us) > _SAME_US:
            earlier = memory.entries_read if is_later else handed
            found = Unseen(since_us, handed if earlier is None else min(earlier, handed))
        elif handed < found.handed:  # the server's count went back
            found = Unseen(since_us, handed)
        unseen[one.name] = found
        is_old = now_us - since_us > _DEAD_AFTER_US
        dead += is_old and handed - found.handed >= _TURNS * len(consumers)
    memory.unseen = unseen or None
    return dead
