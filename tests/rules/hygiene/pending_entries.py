"""Tickets about entries that were handed out and never acknowledged."""

from __future__ import annotations

import math

from rules.hygiene.alert import Alert
from rules.hygiene.histories import WORKERS, History, Tell, between

POISON_WORDS = (
    "The oldest pending entry of the group workers on the hybrid stream orders of Redis main "
    "has been pending for more than 30 minutes, was delivered at least five times and is 35m 0s "
    "old. Its consumers probably fail on it each time."
)
ABANDONED_WORDS = (
    "The oldest pending entry of the group workers on the hybrid stream orders of Redis main "
    "has been pending for more than 30 minutes, was hardly ever delivered again and is 35m 0s "
    "old. The consumer that took it probably died, and nobody claims its work."
)
GHOST_WORDS = (
    "The group workers on the hybrid stream orders of Redis main still lists an entry as "
    "pending that is 35m 0s old and was removed from the stream before it was acknowledged. "
    "What it said is lost to the group, unless a consumer still has it in hand."
)


def moves_on(history: History) -> None:
    """Half an hour behind, so old entries are pending, but another one every minute."""
    history.pending(WORKERS, lambda now: math.floor(now) - 30, deliveries=9)


def takes_another_after_half_an_hour(history: History) -> None:
    history.pending(
        WORKERS,
        lambda now: 5 if now < 34 else None if now < 36 else 36 if now < 60 else None,
        deliveries=9,
    )


TICKETS: dict[str, Alert] = {
    "an entry that fails again and again": Alert(
        "RedisStreamGroupPoisonEntry",
        lambda history: history.pending(
            WORKERS, between(5, 60, 5, None), deliveries=lambda now: now // 5
        ),
        WORKERS,
        fires=40,
        silent=(34, 75),
        summary="An entry is delivered again and again and never acknowledged.",
        description=POISON_WORDS,
    ),
    "an entry that was left behind": Alert(
        "RedisStreamGroupAbandonedEntry",
        lambda history: history.pending(WORKERS, between(5, 60, 5, None), deliveries=4, first=5),
        WORKERS,
        fires=40,
        silent=(34, 75),
        summary="An entry was handed to a consumer that does not finish it.",
        description=ABANDONED_WORDS,
    ),
    "a pending entry that was trimmed": Alert(
        "RedisStreamGroupGhostEntry",
        lambda history: history.pending(
            WORKERS, between(5, 60, 5, None), deliveries=9, first=5.001
        ),
        WORKERS,
        fires=40,
        silent=(34, 75),
        summary="A pending entry no longer exists in its stream.",
        description=GHOST_WORDS,
    ),
    "a pending entry of a stream that was emptied": Alert(
        "RedisStreamGroupGhostEntry",
        lambda history: history.pending(WORKERS, between(5, 60, 5, None), first=None, length=0),
        WORKERS,
        fires=40,
        silent=(34, 75),
        summary="A pending entry no longer exists in its stream.",
        description=GHOST_WORDS,
    ),
}

CALM: dict[str, Tell] = {
    "old entries pending, another one every minute": moves_on,
    "another entry pending than half an hour ago": takes_another_after_half_an_hour,
}
