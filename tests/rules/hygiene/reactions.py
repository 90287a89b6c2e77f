"""The page of a stream that must answer: it compares what was measured with what was declared."""

from __future__ import annotations

import math

from rules.hygiene.alert import Alert
from rules.hygiene.histories import REDIS, History, Line, Tell, between

STARTED = REDIS | {"db": "db0", "stream": "started", "class": "event", "after": "retrain"}


def waits(since: float, until: float, limit: float | Line = 600) -> Tell:
    """A trigger that came at one minute and is answered at another."""

    def tell(history: History) -> None:
        def wait(now: float) -> float:
            return (now - since) * 60 if since <= now < until else 0

        history.say("redis_stream_reaction_wait_seconds", wait, **STARTED)
        history.say("redis_stream_reaction_limit_seconds", limit, **STARTED)

    return tell


PAGES = {
    "a trigger that is not answered in time": Alert(
        "RedisStreamReactionOverdue",
        waits(10, 40),
        STARTED,
        fires=24,
        silent=(9, 20, 50),
        severity="critical",
        summary="A stream that must answer has not answered.",
        description="After an entry in retrain the event stream started on Redis main must get one,"
        " and for 14m 0s it has not; it may take 10m 0s. Look at whoever reads retrain.",
    ),
}

CALM = {
    "a trigger that is answered in time": waits(10, 19),
    "a trigger whose limit is lifted after an outage": waits(10, 40, between(0, 40, math.inf, 600)),
}
