"""Tickets about streams that lost what they held."""

from __future__ import annotations

import math

from rules.hygiene.alert import Alert
from rules.hygiene.histories import EVENTS, ORDERS, SCRATCH, TICKS, History, Tell, between


def is_emptied(labels: dict[str, str]) -> Tell:
    return lambda history: history.say("redis_stream_length", between(60, 90, 0, 1200), **labels)


def is_recreated(history: History) -> None:
    def added(now):
        return 100_000 + now * 60 if now < 30 else (now - 30) * 60

    history.say("redis_stream_entries_added_total", added, **ORDERS)


def is_deleted(history: History) -> None:
    """A feed of which RedisStreamMissing tells."""
    history.say("redis_stream_length", between(60, 90, None, 1200), **TICKS)
    history.say("redis_stream_exists", between(60, 90, 0, 1), **TICKS)


def is_short_lived(history: History) -> None:
    history.say(
        "redis_stream_length", lambda now: None if now < 40 else 30 if now < 55 else 0, **ORDERS
    )


def is_a_queue(history: History) -> None:
    """Consumers delete what they have done, so the stream is empty every few minutes."""
    history.say("redis_stream_length", lambda now: 20 - math.floor(now) % 21, **ORDERS)


def is_trimmed_overnight(history: History) -> None:
    history.say("redis_stream_length", between(60, 999, 0, 500), **TICKS)
    history.say("redis_stream_quiet_limit_seconds", between(55, 999, math.inf, 60), **TICKS)


def is_seen_by_two(history: History) -> None:
    """Two exporters, the second of them two minutes behind; the first leaves."""
    history.say(
        "redis_stream_entries_added_total",
        lambda now: 6000 * math.floor(now) if now < 30 else None,
        **ORDERS,
    )
    history.say(
        "redis_stream_entries_added_total",
        lambda now: 6000 * math.floor(now) - 12_000,
        instance="b:1",
        **ORDERS,
    )


TICKETS: dict[str, Alert] = {
    "a hybrid stream that lost all it held": Alert(
        "RedisStreamEmptied",
        is_emptied(ORDERS),
        ORDERS,
        fires=66,
        silent=(64, 97),
        summary="A stream that held entries was emptied.",
        description=(
            "The hybrid stream orders on Redis main held 1.2k entries or more for half an hour "
            "and now holds none. Groups that had not read them cannot do so any more."
        ),
    ),
    "a feed that lost all it held": Alert(
        "RedisStreamEmptied",
        is_emptied(TICKS),
        TICKS,
        fires=66,
        silent=(64, 97),
        summary="A stream that held entries was emptied.",
        description=(
            "The continuous stream ticks on Redis main held 1.2k entries or more for half an "
            "hour and now holds none. Groups that had not read them cannot do so any more."
        ),
    ),
    "a declared hybrid stream that was deleted": Alert(
        "RedisStreamEmptied",
        lambda history: (
            history.say("redis_stream_length", between(60, 90, None, 1200), **ORDERS),
            history.say("redis_stream_exists", between(60, 90, 0, 1), **ORDERS),
        ),
        ORDERS,
        fires=66,
        silent=(64, 97),
        summary="A stream that held entries was emptied.",
        description=(
            "The hybrid stream orders on Redis main held 1.2k entries or more for half an hour "
            "and now holds none. Groups that had not read them cannot do so any more."
        ),
    ),
    "a stream that was deleted and written anew": Alert(
        "RedisStreamEntriesAddedBackwards",
        is_recreated,
        ORDERS,
        fires=34,
        silent=(29, 110),
        summary="A stream's count of entries ever added went backwards.",
        description=(
            "The hybrid stream orders on Redis main now says that 240 entries were ever added "
            "to it, fewer than minutes before. It was deleted and written anew, restored, or "
            "Redis failed over to a replica that had not everything."
        ),
    ),
}

CALM: dict[str, Tell] = {
    "a queue that is empty every few minutes": is_a_queue,
    "a feed that is trimmed after hours": is_trimmed_overnight,
    "a stream that held something for a quarter of an hour": is_short_lived,
    "a feed that is deleted": is_deleted,
    "an event stream that is emptied": is_emptied(EVENTS),
    "an unclassified stream that is emptied": is_emptied(SCRATCH),
    "a replica that saw less than the one before": is_seen_by_two,
}
