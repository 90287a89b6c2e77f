"""Tickets about what the exporter cannot do: read streams, tell the time, load, discover."""

from __future__ import annotations

from rules.hygiene.alert import Alert
from rules.hygiene.histories import REDIS, History, Tell, between


def redis_is_down(history: History) -> None:
    history.redis(0)
    for reason in ("timeout", "noperm"):
        for stream_class in ("continuous", "event"):
            labels = REDIS | {"class": stream_class, "reason": reason}
            history.say("streamgauge_stream_errors", 4, **labels)
    history.say("streamgauge_discovery_last_success_timestamp_seconds", 60, **REDIS)
    history.say("streamgauge_discovery_duration_seconds", 1, **REDIS)


def one_replica_is_worse_off(history: History) -> None:
    for instance, bad in (("a:1", 1), ("b:1", 0)):
        history.redis(1 - bad, instance=instance)
        labels = REDIS | {"instance": instance}
        errors = labels | {"class": "continuous", "reason": "noperm"}
        history.say("streamgauge_stream_errors", 3 * bad, **errors)
        history.say("streamgauge_clock_offset_seconds", 60 * bad, **labels)
        history.say(
            "streamgauge_discovery_last_success_timestamp_seconds",
            60 if bad else lambda now: now * 60,
            **labels,
        )
        history.say("streamgauge_discovery_duration_seconds", 1, **labels)


def walks_for_long(history: History) -> None:
    """Discovery takes fifty minutes, and as long passes between two of them."""
    history.last()
    success = "streamgauge_discovery_last_success_timestamp_seconds"
    history.say(success, lambda now: now // 100 * 6000, **REDIS)
    history.say("streamgauge_discovery_duration_seconds", 3000, **REDIS)


TICKETS: dict[str, Alert] = {
    "more streams than may be exported": Alert(
        "RedisStreamsDropped",
        lambda history: history.say("streamgauge_streams_dropped", between(10, 40, 25), **REDIS),
        REDIS,
        fires=21,
        silent=(19, 46),
        summary="There are more streams than the exporter may export.",
        description=(
            "25 streams of Redis main were found and not exported, because there are more than "
            "discovery.max_streams allows. No alert can fire for them."
        ),
    ),
    "streams that may not be read": Alert(
        "RedisStreamsUnreadable",
        lambda history: (
            history.say(
                "streamgauge_stream_errors",
                between(10, 40, 3),
                **{"redis": "main", "class": "event", "reason": "noperm"},
            ),
        ),
        REDIS | {"class": "event", "reason": "noperm"},
        fires=26,
        silent=(24, 46),
        summary="Some streams cannot be read.",
        description=(
            "3 event streams of Redis main cannot be read (reason: noperm). No alert can fire "
            "for them. The log of the exporter names them."
        ),
    ),
    "a server whose clock runs behind": Alert(
        "RedisStreamsClockOffset",
        lambda history: history.say(
            "streamgauge_clock_offset_seconds", between(10, 40, -7), **REDIS
        ),
        REDIS,
        fires=21,
        silent=(19, 46),
        summary="The clocks of Redis and of the exporter disagree.",
        description=(
            "The clock of Redis main and that of the exporter differ by 7s; 5s are tolerated. "
            "Ages are measured on the clock of Redis alone, but every time shown as a date is "
            "off, and a clock that is set right will jump."
        ),
    ),
    "a configuration with a mistake": Alert(
        "RedisStreamsConfigReloadFailed",
        lambda history: history.say(
            "streamgauge_config_last_reload_successful", between(10, 40, 0, 1)
        ),
        {},
        fires=16,
        silent=(14, 46),
        summary="The exporter's configuration has a mistake and was not loaded.",
        description=(
            "An exporter of the job streamgauge refused its configuration file at the last "
            "reload and goes on with the one before. A restart would fail on it. Its log names "
            "every mistake."
        ),
    ),
    "a discovery that stopped": Alert(
        "RedisStreamsDiscoveryStale",
        lambda history: (
            history.say(
                "streamgauge_discovery_last_success_timestamp_seconds",
                lambda now: min(now, 10) * 60 if now < 100 else now * 60,
                **REDIS,
            ),
            history.say("streamgauge_discovery_duration_seconds", 30, **REDIS),
        ),
        REDIS,
        fires=82,
        silent=(80, 106),
        summary="New streams are not being found.",
        description=(
            "The exporter last walked the keys of Redis main from end to end 1h 12m 0s ago. "
            "Streams created since then have no series and no alerts; those known are still "
            "read."
        ),
    ),
    "a discovery that never worked": Alert(
        "RedisStreamsDiscoveryStale",
        lambda history: (
            history.say(
                "streamgauge_discovery_last_success_timestamp_seconds",
                lambda now: None if now < 40 else now * 60,
                **REDIS,
            ),
            history.say(
                "streamgauge_discovery_duration_seconds", between(40, 999, 1, None), **REDIS
            ),
        ),
        REDIS,
        fires=12,
        silent=(9, 46),
        summary="New streams are not being found.",
        description=(
            "The exporter has not once walked the keys of Redis main from end to end since it "
            "started. Streams created since then have no series and no alerts; those known are "
            "still read."
        ),
    ),
}

CALM: dict[str, Tell] = {
    "Redis is down": redis_is_down,
    "one replica is worse off": one_replica_is_worse_off,
    "a discovery that takes long": walks_for_long,
    "a clock that is off by a little": lambda history: history.say(
        "streamgauge_clock_offset_seconds", 4.9, **REDIS
    ),
    "a key of another type where a feed should be": lambda history: (
        history.say(
            "streamgauge_stream_errors",
            between(20, 30, 1),
            **(REDIS | {"class": "continuous", "reason": "wrongtype"}),
        ),
    ),
}
