"""The incidents: what each breaks, how they are written on the command line, which are on."""

import asyncio
import difflib
import re
from dataclasses import dataclass

from streamgauge_demo.catalogue import (
    APPLY_RECON,
    EXECUTION_AUDIT,
    FEATURE_STORE,
    HOURLY_ARCHIVE,
    RETRAINING_WORKERS,
)

DEFAULT_AT_SECONDS = 10.0


@dataclass(frozen=True)
class IncidentKind:
    """One thing to break, where it shows, and the only alert it may trip (None: none at all)."""

    name: str
    stream: str
    group: str | None
    alert: str | None
    sentence: str


# Each breaks a leaf of the system, and no two the same one: nothing downstream goes down with it,
# and several can be on at the same time.
INCIDENTS = {
    kind.name: kind
    for kind in (
        IncidentKind(
            "feed-quiet",
            "market.klines",
            None,
            "RedisStreamQuiet",
            "the candlestick feed stops; everything else flows on",
        ),
        IncidentKind(
            "consumer-dead",
            "apply.result",
            EXECUTION_AUDIT.name,
            "RedisStreamGroupStalled",
            "the audit's consumer dies in the middle of its work while results keep coming",
        ),
        IncidentKind(
            "consumer-slow",
            "exchange.normalized",
            FEATURE_STORE.name,
            "RedisStreamGroupLagGrowing",
            "the feature store keeps reading, but only a quarter of what comes in",
        ),
        IncidentKind(
            "trim-loss",
            "exchange.raw",
            HOURLY_ARCHIVE.name,
            "RedisStreamGroupLosingEntries",
            "the raw feed is cut to 20 entries, past what the hourly archive has yet to read",
        ),
        IncidentKind(
            "stream-deleted",
            "market.tick",
            None,
            "RedisStreamMissing",
            "the tick stream is deleted and not written again",
        ),
        IncidentKind(
            "drift",
            "reconcile.close",
            APPLY_RECON.name,
            None,
            "exchange and ledger disagree without evidence; one correction is ordered and made",
        ),
        IncidentKind(
            "retrain-job",
            "model.retrain",
            RETRAINING_WORKERS.name,
            None,
            "a retraining job is queued, worked on and its result published",
        ),
        IncidentKind(
            "retrain-unanswered",
            "learning.retraining.started",
            None,
            "RedisStreamReactionOverdue",
            "a retraining job is taken and not begun, though nothing waits and nothing is pending",
        ),
    )
}


@dataclass(frozen=True)
class Incident:
    """An incident at a wall time after the start, repaired after a duration or never."""

    kind: IncidentKind
    at_seconds: float = DEFAULT_AT_SECONDS
    duration_seconds: float | None = None


_WRITTEN = re.compile(
    r"(?P<name>[^@+]+)(?:@(?P<at>\d+(?:\.\d+)?))?(?:\+(?P<duration>\d+(?:\.\d+)?))?"
)


def parse_incident(text: str) -> Incident:
    """Read `NAME[@SECONDS][+DURATION]`; ValueError says what is wrong and names the nearest."""
    written = _WRITTEN.fullmatch(text)
    if written is None:
        raise ValueError(f"{text!r} is not NAME[@SECONDS][+DURATION], such as feed-quiet@30+60")
    kind = INCIDENTS.get(written["name"])
    if kind is None:
        near = difflib.get_close_matches(written["name"], INCIDENTS, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(INCIDENTS)}."
        raise ValueError(f"there is no incident {written['name']!r}; {hint}")
    return Incident(
        kind,
        at_seconds=float(written["at"] or DEFAULT_AT_SECONDS),
        duration_seconds=float(written["duration"]) if written["duration"] else None,
    )


class Breakages:
    """Which incidents are on right now; the actors ask, or wait for the repair."""

    def __init__(self) -> None:
        self._sound = {name: asyncio.Event() for name in INCIDENTS}
        for event in self._sound.values():
            event.set()

    def start(self, name: str) -> None:
        """The incident is on."""
        self._sound[name].clear()

    def repair(self, name: str) -> None:
        """The incident is over."""
        self._sound[name].set()

    def on(self, name: str) -> bool:
        """Whether the incident is on."""
        return not self._sound[name].is_set()

    async def repaired(self, name: str) -> None:
        """Return when the incident is over, at once when it never began."""
        await self._sound[name].wait()
