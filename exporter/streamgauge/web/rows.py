"""The rows of the status page: one for each stream with its groups, before any markup."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from streamgauge.labels import label_value
from streamgauge.model.records import AbsentGroup, Group
from streamgauge.policy import StreamClass
from streamgauge.verdict.records import GroupVerdict, RedisVerdict, StreamVerdict
from streamgauge.verdict.states import Severity, StreamState, worst
from streamgauge.verdict.words import Sentence, duration


class Figure(NamedTuple):
    """A number and what it is; one that is an age goes on while the page is open."""

    label: str
    value: str
    age_seconds: float | None = None
    bound: str = ""


class GroupRow(NamedTuple):
    """A group beneath its stream."""

    name: bytes
    state: str
    severity: Severity
    why: Sentence
    figures: tuple[Figure, ...]


class StreamRow(NamedTuple):
    """A stream, its state and why, and its groups, the most serious first."""

    name: bytes
    stream_class: StreamClass
    state: str
    own_severity: Severity
    why: Sentence
    figures: tuple[Figure, ...] = ()
    groups: tuple[GroupRow, ...] = ()

    @property
    def severity(self) -> Severity:
        """The most serious of the stream and its groups."""
        return worst([self.own_severity, *(group.severity for group in self.groups)])

    @property
    def is_problem(self) -> bool:
        """Whether somebody has to do something about the stream or one of its groups."""
        return self.severity.is_problem

    def mentions(self, query: str) -> bool:
        """Whether a text is in one of its names, states or its class; the case does not matter."""
        names = [self.name, *(group.name for group in self.groups)]
        states = [self.stream_class, self.state, *(group.state for group in self.groups)]
        return any(query in text.casefold() for text in [*map(label_value, names), *states])


def stream_rows(verdict: RedisVerdict) -> list[StreamRow]:
    """Make a row of every stream, read or not, the most serious first."""
    groups: dict[bytes, list[GroupVerdict]] = defaultdict(list)
    for group in verdict.groups:
        groups[group.stream].append(group)
    rows = [_stream_row(one, groups[one.stream.name], verdict.seconds) for one in verdict.streams]
    rows.sort(key=lambda row: (-row.severity.rank, -row.own_severity.rank, row.name))
    return rows


def _stream_row(
    verdict: StreamVerdict, groups: Iterable[GroupVerdict], seconds: float | None
) -> StreamRow:
    return StreamRow(
        verdict.stream.name,
        verdict.stream.stream_class,
        verdict.state,
        verdict.severity,
        verdict.reason,
        tuple(_stream_figures(verdict, seconds)),
        tuple(
            GroupRow(
                one.group.name, one.state, one.severity, one.reason, tuple(_group_figures(one))
            )
            for one in groups
        ),
    )


def _stream_figures(verdict: StreamVerdict, seconds: float | None) -> Iterator[Figure]:
    stream = verdict.stream
    if verdict.state in (StreamState.WRONG_TYPE, StreamState.UNREADABLE):
        return  # a limit alone would look like a number that was read
    if stream.length is not None:
        yield Figure("length", f"{stream.length:,}")
    if stream.age_seconds is not None:
        bound = "at least " if verdict.age_is_least else ""
        yield Figure("last entry", duration(stream.age_seconds), stream.age_seconds, bound)
    elif stream.exists:
        yield Figure("last entry", "never")
    if stream.quiet_limit_seconds is not None:
        is_closed = math.isinf(stream.quiet_limit_seconds)
        limit = "closed hours" if is_closed else duration(stream.quiet_limit_seconds)
        yield Figure("limit", limit)
    if verdict.added is not None and seconds is not None:
        yield Figure(f"added in {duration(seconds)}", f"{verdict.added:,}")


def _group_figures(verdict: GroupVerdict) -> Iterator[Figure]:
    group = verdict.group
    if isinstance(group, AbsentGroup):
        yield Figure("limit", _lag_limit(group, verdict.stream_class))
        return
    yield Figure("waiting", "unknown" if group.lag is None else f"{group.lag:,}")
    if group.lag != 0:
        yield Figure("oldest waits", duration(group.lag_seconds))
    yield Figure("limit", _lag_limit(group, verdict.stream_class))
    yield Figure("pending", f"{group.pending:,}")
    if group.pending:
        yield Figure("oldest pending", duration(group.oldest_pending_age_seconds))
    yield Figure("consumers", f"{group.consumers:,}")


def _lag_limit(group: Group | AbsentGroup, stream_class: StreamClass) -> str:
    if group.lag_limit_seconds is not None:
        return duration(group.lag_limit_seconds)
    return "not declared" if stream_class is StreamClass.UNCLASSIFIED else "none"
