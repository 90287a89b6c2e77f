"""The page of a blind monitor, in all its words."""

from __future__ import annotations

from rules.hygiene.alert import Alert
from rules.hygiene.histories import REDIS, History, between
from rules.simulator.case import BLIND

BLIND_SUMMARY = "Redis streams are not being monitored."
NO_EXPORTER = (
    "No exporter of the job streamgauge answers Prometheus. Nothing is known about any Redis "
    "stream, and no alert about one can fire."
)


def is_blind_to_one_feed(history: History) -> None:
    for reason, count in (("noperm", between(20, 60, 2)), ("wrongtype", 0), ("timeout", 0)):
        labels = REDIS | {"class": "continuous", "reason": reason}
        history.say("streamgauge_stream_errors", count, **labels)


def watched_by_nobody_else(history: History) -> None:
    """Two exporters of two servers; the second is down for an hour."""
    history.redis()
    history.redis(between(20, 80, None, 1), between(20, 80, 0, 1), redis="other", instance="b:1")


PAGES: dict[str, Alert] = {
    "a server that cannot be read": Alert(
        BLIND,
        lambda history: history.redis(between(20, 60, 0, 1)),
        REDIS,
        fires=24,
        silent=(22, 65),
        summary=BLIND_SUMMARY,
        description=(
            "The exporter runs but cannot read Redis main. Nothing is known about its streams, "
            "and no alert about them can fire."
        ),
        severity="critical",
    ),
    "feeds that cannot be read": Alert(
        BLIND,
        is_blind_to_one_feed,
        REDIS | {"class": "continuous"},
        fires=24,
        silent=(22, 65),
        summary=BLIND_SUMMARY,
        description=(
            "Redis main is readable, but 2 of its continuous streams cannot be read: nobody "
            "would notice if they went quiet. Its other streams are still watched."
        ),
        severity="critical",
    ),
    "an exporter that is down": Alert(
        BLIND,
        lambda history: history.redis(between(20, 60, None, 1), between(20, 60, 0, 1)),
        {},
        fires=24,
        silent=(22, 65),
        summary=BLIND_SUMMARY,
        description=NO_EXPORTER,
        severity="critical",
    ),
    "a target that is gone": Alert(
        BLIND,
        lambda history: history.redis(between(20, 60, None, 1), between(20, 60, None, 1)),
        {},
        fires=24,
        silent=(22, 65),
        summary=BLIND_SUMMARY,
        description=NO_EXPORTER,
        severity="critical",
    ),
    "the only exporter of one of two servers": Alert(
        BLIND,
        watched_by_nobody_else,
        {"redis": "other"},
        fires=24,
        silent=(22, 85),
        summary=BLIND_SUMMARY,
        description=(
            "The exporter that watches Redis other does not answer Prometheus, and no other "
            "exporter watches it. Nothing is known about its streams, and no alert about them "
            "can fire."
        ),
        severity="critical",
    ),
}
