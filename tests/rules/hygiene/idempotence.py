"""Tickets about entries that producers send twice (IDMP, Redis 8.6 and newer)."""

from __future__ import annotations

from rules.hygiene.alert import Alert
from rules.hygiene.histories import ORDERS, History, Line, Tell, between

STREAM = "the hybrid stream orders on Redis main"


def remembers(tracked: float | Line, duplicates: float | Line = 0, producers: int = 2) -> Tell:
    """A stream that may remember a hundred IDs of each producer, and gets ten entries a minute."""

    def tell(history: History) -> None:
        told = {
            "producer_ids_tracked": producers,
            "max_size": 100,
            "idempotent_ids_tracked": tracked,
            "entries_added_total": lambda now: 10 * now,
            "duplicates_total": duplicates,
        }
        for name, value in told.items():
            history.say(f"redis_stream_idmp_{name}", value, **ORDERS)

    return tell


def sent_twice(each_minute: float) -> Line:
    """From the tenth minute to the fortieth entries come twice."""
    return lambda now: each_minute * min(max(0.0, now - 10), 30)


TICKETS = {
    "IDs that find no room": Alert(
        "RedisStreamIdempotenceOverflows",
        remembers(between(10, 60, 200, 150)),
        ORDERS,
        fires=25,
        silent=(18, 90),
        summary="A stream forgets the IDs of its producers too early.",
        description=f"For ten minutes {STREAM} has had no room for the IDs by which it tells an "
        "entry that comes twice. It forgets older ones before their time, so an entry that is sent "
        "again may pass. Raise IDMP-MAXSIZE.",
    ),
    "a producer that sends entries twice": Alert(
        "RedisStreamDuplicatesRise",
        remembers(50, sent_twice(2)),
        ORDERS,
        fires=40,
        silent=(12, 110),
        summary="A producer sends entries twice.",
        description=f"In half an hour 60 entries of {STREAM} came a second time and were refused. "
        "A producer retries: it may get no answers in time.",
    ),
}

CALM = {
    "IDs that find room": remembers(199),
    "a stream without IDs": remembers(0, producers=0),
    "one entry in twenty comes twice": remembers(50, sent_twice(0.5)),
}
