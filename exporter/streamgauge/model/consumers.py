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

_DEAD_AFTER_SECONDS: Final = 86_400
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
    if handed == memory.entries_read:
        longest = max([one.idle_seconds for one in consumers], default=0.0)
        if longest <= _DEAD_AFTER_SECONDS:
            return 0  # nothing was handed out, so a later look can begin with what is known now
    known, before_us = memory.unseen or {}, memory.seen_us
    earlier = handed if before_us == now_us or memory.entries_read is None else memory.entries_read
    passed_seconds = (now_us - before_us) / 1e6
    unseen: dict[bytes, Unseen] = {}
    dead = 0
    for name, _, idle_seconds, _ in consumers:
        if idle_seconds < passed_seconds:
            continue  # it was seen since the last look
        since_us = now_us - int(idle_seconds * 1e6)
        found = known.get(name)
        if found is None or abs(found.since_us - since_us) > _SAME_US:
            found = Unseen(since_us, min(earlier, handed))
        elif handed < found.handed:  # the server's count went back
            found = Unseen(since_us, handed)
        unseen[name] = found
        if idle_seconds > _DEAD_AFTER_SECONDS:
            dead += handed - found.handed >= _TURNS * len(consumers)
    memory.unseen = unseen or None
    return dead
