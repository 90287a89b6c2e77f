"""Tickets about groups: what was measured is compared with what was declared; pages are spared."""

from __future__ import annotations

from collections.abc import Callable

from rules.hygiene.alert import Alert
from rules.hygiene.histories import (
    EVENTS,
    HOSTILE,
    ORDERS,
    REDIS,
    START,
    WORKERS,
    History,
    Line,
    Tell,
    between,
    waiting,
)

THEY = "the group workers of the hybrid stream orders on Redis main"
LIMIT = "; they may wait for 5m 0s"
LOOKING = {"lag_seconds": waiting(10, 50), "consumer_idle": waiting(10, 50)}


def held(since: float, until: float = 1e9) -> Line:
    """Seconds since an entry was handed out that is acknowledged at `until`."""
    return lambda now: max(0.0, now - since) * 60 if now < until else 0.0


def holds(deliveries: float = 1, since: float = 10, until: float = 100, **more: object) -> Tell:
    """An entry is pending from one minute to another; it was added when it was handed out."""

    def tell(history: History) -> None:
        length, first = more.pop("length", 1000), more.pop("first", 0.0)
        stream = {key: value for key, value in WORKERS.items() if key != "group"}
        history.say("redis_stream_length", length, **stream)
        history.say("redis_stream_last_entry_timestamp_seconds", START, **stream)
        history.say("redis_stream_last_entry_age_seconds", lambda now: now * 60, **stream)
        history.say("redis_stream_first_entry_timestamp_seconds", START + first * 60, **stream)
        age = held(since, until)
        history.group(
            WORKERS,
            **{
                "unacknowledged_seconds": age,
                "oldest_pending_age_seconds": age,
                "oldest_pending_deliveries": lambda now: deliveries if age(now) else 0,
            }
            | more,
        )

    return tell


def reads(labels: dict[str, str] = WORKERS, idle: Line | None = None, **values: object) -> Tell:
    """A group with a consumer that last asked `idle` seconds ago."""

    def tell(history: History) -> None:
        history.group(labels, **values)
        if idle is not None:
            consumer = "redis_stream_group_consumer_idle_seconds"
            history.say(consumer, idle, **labels, consumer="c")

    return tell


def vanishes(history: History) -> None:
    labels = REDIS | {"class": "event"}
    history.say("streamgauge_groups_vanished", between(10, 40, 2), **labels)


def is_unknown(history: History) -> None:
    history.last()
    history.say("redis_stream_entries_added_total", 5000, **ORDERS)
    history.group(WORKERS, lag=between(10, 100, None, 0), lag_seconds=between(10, 100, 20))


def is_as_long_as(length: Line, limit: float | None = 0) -> Tell:
    def tell(history: History) -> None:
        history.say("redis_stream_length", length, **ORDERS)
        if limit is not None:
            history.say("redis_stream_length_limit", limit, **ORDERS)

    return tell


def ticket(
    name: str,
    tell: Tell,
    times: tuple[int, int, int],
    summary: str,
    description: str,
    **more: object,
) -> Alert:
    """Fires at the second of three minutes, and neither at the first nor at the third."""
    before, fires, after = times
    labels = more.pop("labels", WORKERS)
    return Alert(name, tell, labels, fires, (before, after), summary, description, **more)


TICKETS: dict[str, Alert] = {
    "a group without any consumer": ticket(
        "RedisStreamGroupWithoutConsumer",
        reads(consumers=0, lag_seconds=waiting(10, 20)),
        (15, 17, 36),
        "Entries wait past the limit and nobody of the group reads.",
        f"Entries have been waiting for 7m 0s for {THEY}{LIMIT}. No consumer has asked for any in "
        "five minutes.",
    ),
    "a group whose consumers ask for nothing": ticket(
        "RedisStreamGroupWithoutConsumer",
        reads(idle=waiting(10, 20), lag_seconds=waiting(10, 20)),
        (15, 17, 36),
        "Entries wait past the limit and nobody of the group reads.",
        f"Entries have been waiting for 7m 0s for {THEY}{LIMIT}. No consumer has asked for any in "
        "five minutes.",
    ),
    "an entry on which consumers fail": ticket(
        "RedisStreamGroupPoisonEntry",
        holds(5),
        (70, 72, 116),
        "An entry is delivered again and again and never acknowledged.",
        f"The oldest pending entry of {THEY} was delivered at least five times in 1h 2m 0s and is "
        "not acknowledged. Its consumers probably fail on it each time.",
    ),
    "an entry that nobody finishes": ticket(
        "RedisStreamGroupAbandonedEntry",
        holds(4),
        (70, 72, 116),
        "An entry was handed to a consumer that does not finish it.",
        f"The oldest pending entry of {THEY} has been in the hands of a consumer for 1h 2m 0s. The "
        "one that took it probably died, and nobody claims its work.",
    ),
    "an entry that was released": ticket(
        "RedisStreamGroupReleasedEntry",
        holds(1, messages_nacked=1),
        (70, 72, 116),
        "An entry was released and nobody takes it up.",
        f"A consumer of {THEY} released an entry (XNACK), and for 1h 2m 0s nobody has taken it up.",
    ),
    "an entry that was released as one that cannot be processed": ticket(
        "RedisStreamGroupReleasedEntry",
        holds(2**63 - 1, messages_nacked=1),
        (70, 72, 116),
        "An entry was released and nobody takes it up.",
        f"A consumer of {THEY} released an entry (XNACK), and for 1h 2m 0s nobody has taken it up.",
    ),
    "an entry that was trimmed": ticket(
        "RedisStreamGroupGhostEntry",
        holds(9, first=30.0),
        (70, 72, 116),
        "A pending entry no longer exists in its stream.",
        f"An entry that is pending for {THEY} since 1h 2m 0s was removed from the stream before it "
        "was acknowledged. What it said is lost to the group, unless a consumer still has it in "
        "hand.",
    ),
    "an entry of a stream that was emptied": ticket(
        "RedisStreamGroupGhostEntry",
        holds(1, length=0),
        (70, 72, 116),
        "A pending entry no longer exists in its stream.",
        f"An entry that is pending for {THEY} since 1h 2m 0s was removed from the stream before it "
        "was acknowledged. What it said is lost to the group, unless a consumer still has it in "
        "hand.",
    ),
    "consumers that died": ticket(
        "RedisStreamGroupDeadConsumers",
        reads(consumers_dead=between(10, 40, 3)),
        (9, 12, 57),
        "Consumers of a group are dead.",
        f"3 consumers of {THEY} have not been seen for a day, while the others were handed many "
        "entries.",
    ),
    "groups that vanished": ticket(
        "RedisStreamsGroupsVanished",
        vanishes,
        (9, 12, 57),
        "A consumer group is gone and its stream is not.",
        "2 groups of event streams on Redis main were seen within the last day and are gone. "
        "Nobody declared that they must be there.",
        labels=REDIS | {"class": "event"},
    ),
    "a group at the edge of the stream": ticket(
        "RedisStreamGroupRetentionUsed",
        reads(retention_used_ratio=between(10, 40, 0.9, 0.8)),
        (9, 12, 57),
        "A group is about to lose entries to the trimming of its stream.",
        f"90% of what the stream holds waits for {THEY}. At 100% the next entry that comes in "
        "pushes one out that was not read.",
    ),
    "a dead letter": ticket(
        "RedisStreamTooLong",
        is_as_long_as(between(10, 40, 3)),
        (10, 12, 57),
        "A stream holds more entries than it may.",
        "The hybrid stream orders on Redis main holds 3 entries; it may hold 0. A dead-letter "
        "stream may hold none: then each of them is work that failed.",
        labels=ORDERS,
    ),
    "a group that drains for more than an hour": ticket(
        "RedisStreamGroupDrainingSlowly",
        reads(lag_seconds=between(10, 90, 400)),
        (68, 72, 106),
        "A group has been past its limit for an hour and does not catch up.",
        f"For an hour entries have been waiting for 6m 40s or longer for {THEY}{LIMIT}. It reads, "
        "and does not catch up.",
    ),
    "a group whose lag is not known": ticket(
        "RedisStreamGroupLagUnknown",
        is_unknown,
        (65, 80, 130),
        "Redis cannot tell how many entries a group has not read.",
        f"For an hour Redis has not been able to tell how many entries wait for {THEY}. Alerts on "
        "waiting time, with its limit of 5m 0s, still work.",
    ),
    "a group with any name": ticket(
        "RedisStreamGroupDeadConsumers",
        reads(HOSTILE, consumers_dead=between(10, 40, 3)),
        (9, 12, 57),
        "Consumers of a group are dead.",
        '3 consumers of the group g?# of the hybrid stream a "b" \\ {{c}}&d=e on Redis main have '
        "not been seen for a day, while the others were handed many entries.",
        labels=HOSTILE,
    ),
}

ONE = {**EVENTS, "group": "g"}
CALM: dict[str, Callable[[History], object]] = {
    "jobs of 45 minutes within a limit of two hours": holds(1, 10, 55, lag_limit_seconds=7200),
    "a job of 90 minutes within a limit of two hours": holds(9, 10, 100, lag_limit_seconds=7200),
    "a stream as long as it may be": is_as_long_as(3, 3),
    "a long stream without a limit": is_as_long_as(1e6, None),
    "retries within the hour": holds(9, 10, 69),
    "an entry in somebody's hands for longer than declared, which pages": holds(
        9, ack_limit_seconds=600
    ),
    "an entry in somebody's hands for less than declared": holds(9, ack_limit_seconds=36000),
    "an entry of a group without a limit": holds(9, lag_limit_seconds=None),
    "nobody reads within the limit": reads(consumers=0, lag_seconds=waiting(10, 15)),
    "nobody reads, which pages": reads(
        consumers=0, lag_seconds=waiting(10), stalled_seconds=lambda now: 301 if now > 14 else 0
    ),
    "a consumer that asks": reads(idle=lambda _: 20, lag_seconds=between(10, 60, 400)),
    "a group that falls behind, which pages": reads(
        lag_seconds=between(10, 110, 400), falling_behind_seconds=between(10, 110, 901)
    ),
    "a group that stands still, which pages": reads(
        lag_seconds=between(10, 110, 400), stalled_seconds=between(10, 110, 301)
    ),
    "a group that loses entries, which pages": reads(
        retention_used_ratio=between(10, 40, 1.0), entries_lost_total=lambda now: 10 * now
    ),
    "dead consumers and the edge for a group without a limit": reads(
        consumers_dead=3, retention_used_ratio=0.9, lag_limit_seconds=None
    ),
    "a daily peak that drains within the hour": reads(ONE, lag_seconds=between(10, 65, 400)),
    "a group that Redis 6.2 cannot count": reads(lag=None, lag_seconds=20),
}
