"""Groups that are no ticket."""

from __future__ import annotations

from rules.hygiene.histories import (
    NOBODY,
    ORDERS,
    SCRATCH,
    START,
    WORKERS,
    History,
    Tell,
    between,
    waiting,
)


def of_nobody(history: History) -> None:
    """Everything that is wrong with a group, without a limit."""
    history.last()
    history.pending(NOBODY, lambda _: 5, lag_limit_seconds=None)

    def lag(now):
        return now * 100

    history.group(
        NOBODY, lag=lag, lag_seconds=lag, consumers=0, entries_read=lag, lag_limit_seconds=None
    )
    history.say("redis_stream_length", between(60, 90, 0, 100), **SCRATCH)
    history.say("redis_stream_entries_added_total", between(0, 60, 1000, 5), **SCRATCH)


def is_read_by_an_hourly_batch(history: History) -> None:
    history.last()
    history.say("redis_stream_entries_added_total", lambda now: now * 60, **ORDERS)
    history.group(
        WORKERS,
        lag=lambda now: now % 60 * 60,
        lag_seconds=lambda now: now % 60 * 60,
        lag_limit_seconds=7200,
        consumer_idle_seconds=lambda now: now % 60 * 60,
        entries_read=lambda now: now // 60 * 3600,
    )


def is_read_by_a_daily_batch(history: History) -> None:
    history.last()
    history.group(
        WORKERS,
        lag=lambda now: now * 60,
        lag_seconds=lambda now: now * 60,
        lag_limit_seconds=26 * 3600,
        consumer_idle_seconds=lambda now: now * 60,
        entries_read=1000,
    )


def drains_a_burst(entries: bool) -> Tell:
    """A burst at minute 10, all of its entries of one age, read within 40 minutes."""

    def tell(history: History) -> None:
        def left(now):
            return max(0, 4000 - 100 * (now - 10)) if now >= 10 else 0

        history.group(
            WORKERS,
            lag=left if entries else None,
            lag_seconds=waiting(10, 50),
            last_delivered_timestamp_seconds=lambda now: START + 600 + now * 0.01,
        )

    return tell


def drains_for_a_day(history: History) -> None:
    """One burst, of which there is less from hour to hour; it only grows older."""
    history.last()
    history.group(
        WORKERS,
        lag=lambda now: 100_000 - 100 * now,
        lag_seconds=lambda now: 600 + now * 60,
        lag_limit_seconds=26 * 3600,
        entries_read=lambda now: now * 100,
    )


def has_caught_up_once(history: History) -> None:
    history.last()

    def behind(now):
        return 0 if 200 <= now < 201 else now

    history.group(
        WORKERS,
        lag=behind,
        lag_seconds=behind,
        lag_limit_seconds=26 * 3600,
        entries_read=lambda now: now * 100,
    )


def stands_still(history: History) -> None:
    """The group reads nothing: a page of its own, and no drain to speak of."""
    history.group(WORKERS, lag=lambda now: now, lag_seconds=waiting(10), entries_read=5)


def gains_on_a_known_lag(history: History) -> None:
    """The wait shrinks slowly, but few entries are left."""
    history.group(
        WORKERS,
        lag=lambda now: max(0, 3000 - 60 * now),
        lag_seconds=lambda now: 7200 - 6 * now if now < 50 else 0,
        entries_read=lambda now: 60 * now,
    )


def gains_quickly_on_redis_6_2(history: History) -> None:
    history.group(
        WORKERS,
        lag=None,
        lag_seconds=lambda now: max(0, 7200 - 180 * now),
        last_delivered_timestamp_seconds=lambda now: START + 240 * now,
    )


def loses_seconds_in_hours(history: History) -> None:
    history.last()
    history.group(
        WORKERS,
        lag=lambda now: 10 + now,
        lag_seconds=lambda now: 10 + now / 10,
        entries_read=lambda now: 100 * now,
    )


def cannot_tell_lag(history: History) -> None:
    """Redis 6.2: no lag in entries while behind, and no entries-added."""
    history.group(WORKERS, lag=None, lag_seconds=20)


def knows_lag_at_times(history: History) -> None:
    history.say("redis_stream_entries_added_total", 5000, **ORDERS)
    history.group(WORKERS, lag=lambda now: None if now % 50 else 0, lag_seconds=20)


CALM: dict[str, Tell] = {
    "entries wait for a moment and no consumer is listed": lambda history: history.group(
        WORKERS, consumers=0, lag_seconds=lambda now: 30 if now % 10 < 4 else 0
    ),
    "a group without consumers, nothing waiting": lambda history: history.group(
        WORKERS, consumers=0
    ),
    "entries wait, and a consumer takes one at a time": lambda history: history.group(
        WORKERS, lag=40, lag_seconds=250, consumer_idle_seconds=9000, lag_limit_seconds=3600
    ),
    "a group and a stream of nobody": of_nobody,
    "an hourly batch inside its limit": is_read_by_an_hourly_batch,
    "a daily batch inside its limit": is_read_by_a_daily_batch,
    "a burst that drains": drains_a_burst(entries=True),
    "a burst that drains, Redis 6.2": drains_a_burst(entries=False),
    "a backlog of which few entries are left": gains_on_a_known_lag,
    "a backlog that drains within the hour, Redis 6.2": gains_quickly_on_redis_6_2,
    "a backlog within its limit": drains_for_a_day,
    "a group that falls behind by seconds in hours": loses_seconds_in_hours,
    "a group that caught up once": has_caught_up_once,
    "a group that reads nothing": stands_still,
    "a lag that Redis 6.2 never tells": cannot_tell_lag,
    "a lag that is known at times": knows_lag_at_times,
}
