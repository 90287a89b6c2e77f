"""Every verdict there is, and how serious each one is."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final


class Severity(enum.StrEnum):
    """How serious something is, the least serious first; `unknown` is neither good nor bad."""

    OK = "ok"
    UNKNOWN = "unknown"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Its place in the order; the most serious has the highest."""
        return _RANKS[self]

    @property
    def is_problem(self) -> bool:
        """Whether somebody has to do something about it."""
        return self.rank >= Severity.WARNING.rank


_RANKS: Final = {severity: rank for rank, severity in enumerate(Severity)}


def worst(severities: Iterable[Severity]) -> Severity:
    """Return the most serious of these; `ok` for none."""
    return max(severities, key=_RANKS.__getitem__, default=Severity.OK)


class StreamState(enum.StrEnum):
    """What a stream's silence, or its flow, means for its class."""

    FLOWING = "flowing"
    IDLE_BY_DESIGN = "idle by design"
    EMPTY_BY_DESIGN = "empty by design"
    OUTSIDE_ACTIVE_HOURS = "outside active hours"
    AFTER_OUTAGE = "after an outage"
    UNCLASSIFIED = "unclassified"
    AGE_UNKNOWN = "age unknown"
    QUIET = "quiet"
    MISSING = "missing"
    NEVER_WRITTEN = "never written"
    REACTION_OVERDUE = "reaction overdue"
    WRONG_TYPE = "wrong type"
    UNREADABLE = "unreadable"


class GroupState(enum.StrEnum):
    """What a consumer group does about the entries that wait for it."""

    ACTIVE = "active"
    WAITING = "waiting"
    LAG_UNKNOWN = "lag unknown"
    NO_LIMIT = "no limit"
    BEHIND = "behind"
    NO_CONSUMER = "no consumer while entries wait"
    ABANDONED = "abandoned"
    STALLED = "stalled"
    LAG_GROWING = "lag growing"
    NOT_ACKNOWLEDGING = "not acknowledging"
    MISSING = "group missing"
    LOSING_ENTRIES = "losing entries"


class KeyState(enum.StrEnum):
    """What a state key says of the path it stands for."""

    ALIVE = "alive"
    COUNTED = "counted"
    NOT_COUNTED = "not counted"
    DEADLINE_PASSED = "deadline passed"
    DEADLINE_UNKNOWN = "deadline unknown"
    MISSING = "key missing"
    UNREADABLE = "key unreadable"


class FindingKind(enum.StrEnum):
    """What shows only across streams, or beside the state of one."""

    UNFINISHED_RENAME = "unfinished rename"
    UNREAD_STREAM = "unread stream"
    NO_PUBLISHER = "group without a publisher"
    TRIMMED_UNREAD = "entries trimmed unread"
    IDS_NO_CLOCKS = "IDs are no clocks"
    CONSUMERS_GONE = "consumers gone"
    DEAD_PENDING = "pending entries of dead consumers"
    POISON_ENTRY = "poison entry"
    GHOST_ENTRY = "pending entry that no longer exists"
    RELEASED_ENTRY = "released entry"
    TOO_LONG = "too long"
    IDEMPOTENCE_OVERFLOWS = "idempotence overflows"
    DUPLICATES_RISE = "duplicates rise"
    FEED_UNREADABLE = "continuous stream unreadable"
    STREAM_UNREADABLE = "stream unreadable"
    FEED_OF_ANOTHER_TYPE = "continuous stream of another type"
    STREAM_OF_ANOTHER_TYPE = "stream of another type"
    LIMIT_NEVER_HOLDS = "quiet limit never holds"
    NO_STREAM = "no stream found"
    NOT_WALKED = "keyspace not walked"
    LEFT_OUT = "streams left out"


Verdict = StreamState | GroupState | KeyState | FindingKind

# The one table of seriousness. Critical is what the shipped alerts page for.
SEVERITY: Final[Mapping[Verdict, Severity]] = MappingProxyType(
    {
        StreamState.FLOWING: Severity.OK,
        StreamState.IDLE_BY_DESIGN: Severity.OK,
        StreamState.EMPTY_BY_DESIGN: Severity.OK,
        StreamState.OUTSIDE_ACTIVE_HOURS: Severity.OK,
        StreamState.AFTER_OUTAGE: Severity.UNKNOWN,
        StreamState.UNCLASSIFIED: Severity.UNKNOWN,
        StreamState.AGE_UNKNOWN: Severity.UNKNOWN,
        StreamState.QUIET: Severity.CRITICAL,
        StreamState.MISSING: Severity.CRITICAL,
        StreamState.NEVER_WRITTEN: Severity.CRITICAL,
        StreamState.REACTION_OVERDUE: Severity.CRITICAL,
        StreamState.WRONG_TYPE: Severity.WARNING,
        StreamState.UNREADABLE: Severity.WARNING,
        GroupState.ACTIVE: Severity.OK,
        GroupState.WAITING: Severity.OK,
        GroupState.LAG_UNKNOWN: Severity.UNKNOWN,
        GroupState.NO_LIMIT: Severity.UNKNOWN,
        GroupState.BEHIND: Severity.WARNING,
        GroupState.NO_CONSUMER: Severity.WARNING,
        GroupState.ABANDONED: Severity.WARNING,
        GroupState.STALLED: Severity.CRITICAL,
        GroupState.LAG_GROWING: Severity.CRITICAL,
        GroupState.NOT_ACKNOWLEDGING: Severity.CRITICAL,
        GroupState.MISSING: Severity.CRITICAL,
        GroupState.LOSING_ENTRIES: Severity.CRITICAL,
        KeyState.ALIVE: Severity.OK,
        KeyState.COUNTED: Severity.OK,
        KeyState.NOT_COUNTED: Severity.UNKNOWN,
        KeyState.DEADLINE_PASSED: Severity.WARNING,
        KeyState.DEADLINE_UNKNOWN: Severity.WARNING,
        KeyState.MISSING: Severity.WARNING,
        KeyState.UNREADABLE: Severity.WARNING,
        FindingKind.UNFINISHED_RENAME: Severity.WARNING,
        FindingKind.UNREAD_STREAM: Severity.OK,
        FindingKind.NO_PUBLISHER: Severity.UNKNOWN,
        FindingKind.TRIMMED_UNREAD: Severity.WARNING,
        FindingKind.IDS_NO_CLOCKS: Severity.UNKNOWN,
        FindingKind.CONSUMERS_GONE: Severity.WARNING,
        FindingKind.DEAD_PENDING: Severity.WARNING,
        FindingKind.POISON_ENTRY: Severity.WARNING,
        FindingKind.GHOST_ENTRY: Severity.WARNING,
        FindingKind.RELEASED_ENTRY: Severity.WARNING,
        FindingKind.IDEMPOTENCE_OVERFLOWS: Severity.WARNING,
        FindingKind.DUPLICATES_RISE: Severity.WARNING,
        FindingKind.TOO_LONG: Severity.WARNING,
        FindingKind.FEED_UNREADABLE: Severity.CRITICAL,
        FindingKind.STREAM_UNREADABLE: Severity.WARNING,
        FindingKind.FEED_OF_ANOTHER_TYPE: Severity.CRITICAL,
        FindingKind.STREAM_OF_ANOTHER_TYPE: Severity.WARNING,
        FindingKind.LIMIT_NEVER_HOLDS: Severity.WARNING,
        FindingKind.NO_STREAM: Severity.WARNING,
        FindingKind.NOT_WALKED: Severity.WARNING,
        FindingKind.LEFT_OUT: Severity.WARNING,
    }
)
