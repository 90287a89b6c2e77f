"""The verdicts on one Redis: frozen records, problems first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from streamgauge.model.records import AbsentGroup, Failure, Group, Key, KeyCount, Stream
from streamgauge.policy import StreamClass
from streamgauge.verdict.states import (
    SEVERITY,
    FindingKind,
    GroupState,
    KeyState,
    Severity,
    StreamState,
    worst,
)
from streamgauge.verdict.words import Sentence


class StreamVerdict(NamedTuple):
    """A stream, its state and why; `added` counts entries since the earlier look, where known."""

    stream: Stream
    state: StreamState
    reason: Sentence
    added: int | None = None

    @property
    def age_is_least(self) -> bool | None:
        """Whether the age is only a lower bound, for IDs that are no clocks; None without one."""
        if self.stream.age_seconds is None:
            return None
        return self.stream.last_entry_timestamp_seconds is None

    @property
    def severity(self) -> Severity:
        """How serious the state is; of a stream that cannot be seen, its class and hours decide.

        A feed of another type pages as missing, which a feed outside its hours does not.
        """
        is_feed = self.stream.stream_class is StreamClass.CONTINUOUS
        may_be_missing = self.stream.quiet_limit_seconds == math.inf
        if is_feed and self.state is StreamState.UNREADABLE:
            return Severity.CRITICAL
        if is_feed and self.state is StreamState.WRONG_TYPE and not may_be_missing:
            return Severity.CRITICAL
        return SEVERITY[self.state]


class GroupVerdict(NamedTuple):
    """A group of a stream, its state and why."""

    stream: bytes
    stream_class: StreamClass
    group: Group | AbsentGroup
    state: GroupState
    reason: Sentence

    @property
    def severity(self) -> Severity:
        """How serious the state is; of a group that was declared to have no limit it is not."""
        is_declared = self.stream_class is not StreamClass.UNCLASSIFIED
        if self.state is GroupState.NO_LIMIT and is_declared:
            return Severity.OK
        return SEVERITY[self.state]


class KeyVerdict(NamedTuple):
    """A state key, its state and why."""

    key: Key
    state: KeyState
    reason: Sentence

    @property
    def severity(self) -> Severity:
        """How serious the state is."""
        return SEVERITY[self.state]


class KeyCountVerdict(NamedTuple):
    """How many keys match a pattern, as far as that is known."""

    matching: KeyCount
    state: KeyState
    reason: Sentence

    @property
    def severity(self) -> Severity:
        """How serious the state is."""
        return SEVERITY[self.state]


class Subject(NamedTuple):
    """What a finding is about: a stream, a group of it, or a consumer of that."""

    stream: bytes
    group: bytes | None = None
    consumer: bytes | None = None


class Finding(NamedTuple):
    """Something that no state of a single stream or group says."""

    kind: FindingKind
    sentence: Sentence
    subjects: tuple[Subject, ...] = ()

    @property
    def severity(self) -> Severity:
        """How serious the finding is."""
        return SEVERITY[self.kind]


@dataclass(frozen=True, slots=True)
class RedisVerdict:
    """Everything that two looks, or one, say about one Redis.

    `at` is Unix time on the server's own clock; `seconds` is the time between the looks, None for
    a single one. `unknowns` are the questions that these looks leave open, `failures` what could
    not be read. With `up` false nothing could be, and all else is empty.
    """

    redis: str
    db: int
    up: bool
    at: float
    seconds: float | None
    streams: Sequence[StreamVerdict] = ()
    groups: Sequence[GroupVerdict] = ()
    findings: Sequence[Finding] = ()
    unknowns: Sequence[Sentence] = ()
    keys: Sequence[KeyVerdict] = ()
    key_counts: Sequence[KeyCountVerdict] = ()
    failures: Sequence[Failure] = ()

    def outages(self) -> Iterator[tuple[str, Failure, list[bytes]]]:
        """Yield each server that was not read, why, and the streams that are not seen for it.

        A server is a node of a cluster, or (`up` false) Redis as a whole.
        """
        for failure in self.failures:
            server = failure.subject
            if isinstance(server, str):
                hidden = [one.subject for one in self.failures if one.server == server]
                yield server, failure, [name for name in hidden if isinstance(name, bytes)]

    @property
    def severity(self) -> Severity:
        """The most serious verdict in it; a Redis that was not read is not judged here.

        A finding that is no problem changes nothing: it tells what is worth knowing.
        """
        found = [one for one in self.findings if one.severity.is_problem]
        return worst(
            worst(one.severity for one in verdicts)
            for verdicts in (self.streams, self.groups, found, self.keys)
        )
