"""State keys: not refreshed in time, gone, or not readable."""

from __future__ import annotations

from rules.hygiene.alert import Alert
from rules.hygiene.histories import REDIS, START, History, Line, Tell, between

POLICY = REDIS | {"db": "db0", "key": "policy"}
HOSTILE = POLICY | {"key": 'a "b" \\ {{c}}&d=e'}


def key(labels: dict[str, str], exists: float | Line = 1, deadline: Line | None = None) -> Tell:
    def tell(history: History) -> None:
        history.say("redis_key_exists", exists, **labels)
        if deadline is not None:
            history.say("redis_key_deadline_seconds", deadline, **labels)

    return tell


def refreshed(every: float, valid: float, until: float = START) -> Line:
    """Seconds to a deadline that is set `valid` minutes ahead, and again every few minutes."""
    return lambda now: (min(now, until) // every * every + valid - now) * 60


def comes_back(now: float) -> float:
    """Refreshed at the start, after 60 minutes and from then on."""
    return refreshed(10, 20, until=0)(now) if now < 60 else refreshed(10, 20)(now)


def redis_is_down(history: History) -> None:
    """For half an hour there is no series of any key, and each counts as unreadable."""
    history.redis(between(20, 50, 0, 1))
    key(POLICY, between(20, 50, None, 1), lambda now: None if 20 <= now < 50 else 600.0)(history)
    errors = between(20, 50, 2)
    history.say("streamgauge_key_errors", errors, **REDIS, reason="other")


def one_replica_lags(history: History) -> None:
    """One of two exporters has read the key before it was refreshed, again and again."""
    for instance, behind in (("a:1", 0), ("b:1", 360)):
        labels = POLICY | {"instance": instance}
        history.say("redis_key_exists", 1 - behind // 360, **labels)
        history.say("redis_key_deadline_seconds", 300 - behind, **labels)


def _passed(labels: dict[str, str]) -> Alert:
    return Alert(
        "RedisKeyDeadlinePassed",
        key(labels, deadline=comes_back),
        labels,
        fires=26,
        silent=(24, 62),
        summary="A state key was not refreshed before its deadline.",
        description=(
            f"The deadline of the key {labels['key']} on Redis main passed 6m 0s ago. Whoever "
            "refreshes it does not, and what it says may be out of date. A stream that is silent "
            "because this key is kept fresh has no excuse any more."
        ),
    )


TICKETS: dict[str, Alert] = {
    "a key that nobody refreshes": _passed(POLICY),
    "a key of a hostile name that nobody refreshes": _passed(HOSTILE),
    "a key that expired": Alert(
        "RedisKeyMissing",
        key(POLICY, between(10, 60, 0, 1), lambda now: None if 10 <= now < 60 else 60.0),
        POLICY,
        fires=16,
        silent=(14, 66),
        summary="A state key does not exist.",
        description=(
            "The key policy is declared for Redis main and does not exist: it was never written, "
            "has expired or was deleted. A stream that is silent because this key is kept fresh "
            "has no excuse any more."
        ),
    ),
    "a key whose field holds no time": Alert(
        "RedisKeysUnreadable",
        lambda history: history.say(
            "streamgauge_key_errors", between(10, 60, 2), **REDIS, reason="notime"
        ),
        REDIS | {"reason": "notime"},
        fires=26,
        silent=(24, 66),
        summary="Some state keys or their deadlines cannot be read.",
        description=(
            "2 declared keys of Redis main cannot be read, or have no deadline that can (reason: "
            "notime). No alert can fire for them. The log of the exporter names them."
        ),
    ),
}

CALM: dict[str, Tell] = {
    "a key that is refreshed in time": key(POLICY, deadline=refreshed(10, 20)),
    "a key that is refreshed a little late": key(POLICY, deadline=refreshed(30, 27)),
    "a key without a deadline": key(POLICY),
    "a key that is gone for a moment": key(POLICY, between(10, 14, 0, 1)),
    "Redis is down, and its keys with it": redis_is_down,
    "one replica reads a key late": one_replica_lags,
    "any number of keys that are only counted": lambda history: history.say(
        "redis_keys_matching", between(10, 60, 400), **REDIS, db="db0", pattern="hold:*"
    ),
}
