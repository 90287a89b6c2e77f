"""Tickets about groups that lag, and what must be told of them."""

from __future__ import annotations

from rules.hygiene.alert import Alert
from rules.hygiene.histories import HOSTILE, ORDERS, START, WORKERS, History, between, waiting


def drains(history: History) -> None:
    """20,000 entries behind at minute 10; gains 2 a second, and 20 a second after minute 70."""

    def lag(now):
        return 0 if now < 10 else max(0, 20_000 - 120 * min(now - 10, 60) - 1200 * max(0, now - 70))

    history.group(
        WORKERS,
        lag=lag,
        lag_seconds=lambda now: lag(now) / 10,
        entries_read=lambda now: 5000 * now,
    )


def behind(now):
    """A second more each minute for seven hours, then none.

    It grows by two seconds every other minute, because Prometheus 3 excludes the first moment of a
    window: both versions then find the same minimum.
    """
    return (now - 5) // 2 * 2 if 6 < now < 430 else 0


def loses_ground(history: History) -> None:
    history.last()
    history.group(WORKERS, lag=behind, lag_seconds=behind, entries_read=lambda now: 100 * now)


def loses_ground_on_redis_6_2(history: History) -> None:
    history.last()
    history.group(
        WORKERS,
        lag=None,
        lag_seconds=behind,
        last_delivered_timestamp_seconds=lambda now: START + 59 * now,
    )


def is_unknown(history: History) -> None:
    history.say("redis_stream_entries_added_total", 5000, **ORDERS)
    history.group(WORKERS, lag=between(10, 100, None, 0), lag_seconds=between(10, 100, 20))


TICKETS: dict[str, Alert] = {
    "a group without any consumer": Alert(
        "RedisStreamGroupWithoutConsumer",
        lambda history: history.group(WORKERS, consumers=0, lag_seconds=waiting(10, 40)),
        WORKERS,
        fires=16,
        silent=(15, 46),
        summary="Entries wait and no consumer of the group has been seen for five minutes.",
        description=(
            "Entries of the hybrid stream orders on Redis main have been waiting for the group "
            "workers for 6m 0s, and none of its consumers has asked for any in the last five "
            "minutes. They may wait for 5m 0s."
        ),
    ),
    "a group whose consumers were last seen long ago": Alert(
        "RedisStreamGroupWithoutConsumer",
        lambda history: (
            history.group(
                WORKERS,
                lag_seconds=waiting(10, 40),
                consumer_idle_seconds=between(40, 999, 0, 2000),
            ),
            history.say(
                "redis_stream_group_consumer_idle_seconds", 9000, consumer="old", **WORKERS
            ),
        ),
        WORKERS,
        fires=21,
        silent=(15, 46),
        summary="Entries wait and no consumer of the group has been seen for five minutes.",
        description=(
            "Entries of the hybrid stream orders on Redis main have been waiting for the group "
            "workers for 11m 0s, and none of its consumers has asked for any in the last five "
            "minutes. They may wait for 5m 0s."
        ),
    ),
    "a group with hostile names": Alert(
        "RedisStreamGroupWithoutConsumer",
        lambda history: history.group(HOSTILE, consumers=0, lag_seconds=waiting(10, 40)),
        HOSTILE,
        fires=16,
        silent=(15, 46),
        summary="Entries wait and no consumer of the group has been seen for five minutes.",
        description=(
            'Entries of the hybrid stream a "b" \\ {{c}}&d=e on Redis main have been waiting for '
            "the group g?# for 6m 0s, and none of its consumers has asked for any in the last "
            "five minutes. They may wait for 5m 0s."
        ),
    ),
    "a backlog that drains too slowly": Alert(
        "RedisStreamGroupDrainingSlowly",
        drains,
        WORKERS,
        fires=40,
        silent=(9, 85),
        summary="A group reads, but will need more than an hour to catch up.",
        description=(
            "Entries of the hybrid stream orders on Redis main have been waiting for the group "
            "workers for 27m 20s or longer during the last 15 minutes (they may wait for 5m "
            "0s). At the pace of these minutes it will not have caught up in an hour."
        ),
    ),
    "a backlog that drains too slowly, Redis 6.2": Alert(
        "RedisStreamGroupDrainingSlowly",
        lambda history: history.group(
            WORKERS,
            lag=None,
            lag_seconds=lambda now: 0 if now < 10 or now >= 70 else 7200 - 6 * (now - 10),
            last_delivered_timestamp_seconds=lambda now: START + 66 * now,
        ),
        WORKERS,
        fires=40,
        silent=(20, 75),
        summary="A group reads, but will need more than an hour to catch up.",
        description=(
            "Entries of the hybrid stream orders on Redis main have been waiting for the group "
            "workers for 1h 57m 0s or longer during the last 15 minutes (they may wait for 5m "
            "0s). At the pace of these minutes it will not have caught up in an hour."
        ),
    ),
    "a group that falls behind little by little": Alert(
        "RedisStreamGroupLosingGround",
        loses_ground,
        WORKERS,
        fires=425,
        silent=(350, 440),
        summary="A group has been falling behind for six hours.",
        description=(
            "The group workers reads the hybrid stream orders on Redis main a little slower "
            "than it is written, and has not caught up once in six hours. Entries now wait for "
            "6m 0s or longer (they may wait for 5m 0s)."
        ),
    ),
    "a group that falls behind little by little, Redis 6.2": Alert(
        "RedisStreamGroupLosingGround",
        loses_ground_on_redis_6_2,
        WORKERS,
        fires=425,
        silent=(350, 440),
        summary="A group has been falling behind for six hours.",
        description=(
            "The group workers reads the hybrid stream orders on Redis main a little slower "
            "than it is written, and has not caught up once in six hours. Entries now wait for "
            "6m 0s or longer (they may wait for 5m 0s)."
        ),
    ),
    "a lag that Redis cannot tell": Alert(
        "RedisStreamGroupLagUnknown",
        is_unknown,
        WORKERS,
        fires=77,
        silent=(70, 103),
        summary="Redis cannot tell how many entries a group has not read.",
        description=(
            "For an hour Redis main has not been able to tell how many entries of the hybrid "
            "stream orders the group workers has not read. Alerts that count entries miss this "
            "group; those on waiting time, with its limit of 5m 0s, still work."
        ),
    ),
}
