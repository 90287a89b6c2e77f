"""One view of the verdicts: rows in parts. Text, Markdown, JSON and HTML are writers of it."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from streamgauge.labels import label_value
from streamgauge.model.memory import Changes
from streamgauge.model.records import AbsentGroup, Group
from streamgauge.policy import StreamClass
from streamgauge.report.summary import UNREAD, severity_of, summary, trouble
from streamgauge.verdict.records import (
    Finding,
    GroupVerdict,
    KeyCountVerdict,
    KeyVerdict,
    RedisVerdict,
    StreamVerdict,
)
from streamgauge.verdict.states import Severity
from streamgauge.verdict.words import Sentence, duration


class Figure(NamedTuple):
    """A value for programs under `key` and, with a `label`, for people as `text`.

    Empty text is unknown or none. Only some stand in tables. An age goes on while a page is open.
    """

    key: str
    value: object
    label: str = ""
    text: str = ""
    in_table: bool = False
    age_seconds: float | None = None


class Row(NamedTuple):
    """What is said of one stream, group, key or finding; `names` from the whole to its part.

    `since` says when it came into its state, where that was seen.
    """

    names: tuple[tuple[str, bytes], ...]
    state: str
    severity: Severity
    why: Sentence
    figures: tuple[Figure, ...] = ()
    since: str = ""

    @property
    def name(self) -> bytes:
        """The name of the thing itself."""
        return self.names[-1][1] if self.names else b""

    @property
    def stream(self) -> bytes:
        """The stream that it is about, or belongs to."""
        return self.names[0][1] if self.names else b""

    def mentions(self, query: str) -> bool:
        """Whether a text is in its names, its state or its reason; the case does not matter."""
        words = [self.state, self.why.text(label_value), *(label_value(n) for _, n in self.names)]
        words += [one.text for one in self.figures if one.key == "class"]
        return any(query in word.casefold() for word in words)


class Part(NamedTuple):
    """Rows of one kind under a title; `nothing` is said where there is none, if anything is.

    Their states are marked by how serious they are where they are judged.
    """

    key: str
    title: str
    rows: Sequence[Row]
    nothing: str = ""
    is_table: bool = True
    is_judged: bool = True


@dataclass(frozen=True, slots=True)
class View:
    """Everything that is said of one Redis; `method` tells how it was looked at."""

    verdict: RedisVerdict
    summary: Sentence
    trouble: Sequence[Sentence]
    parts: Sequence[Part]

    @property
    def redis(self) -> bytes:
        """The name of the Redis."""
        return self.verdict.redis.encode("utf-8", "surrogatepass")

    @property
    def severity(self) -> Severity:
        """The most serious of all; a Redis that was not read is critical."""
        return severity_of([self.verdict])

    @property
    def time(self) -> str:
        """When it was looked at."""
        return utc(self.verdict.at).strftime("%Y-%m-%d %H:%M:%S UTC")

    @property
    def method(self) -> str:
        """How it was looked at."""
        if not self.verdict.up:
            return "no look succeeded"
        if self.verdict.seconds is None:
            return "one look"
        return f"two looks, {duration(self.verdict.seconds)} apart"

    def part(self, key: str) -> Part:
        """Return one part."""
        return next(one for one in self.parts if one.key == key)


def view(verdict: RedisVerdict, *, only_problems: bool = False) -> View:
    """Lay the verdict on one Redis out as rows, all of them or the problems alone."""
    seconds = verdict.seconds

    def part(key: str, title: str, rows: Iterable[Row], none: str, no_problem: str = "") -> Part:
        kept = [row for row in rows if row.severity.is_problem or not only_problems]
        return Part(key, title, kept, no_problem if only_problems else none)

    no_key = "No state key has a problem." if verdict.keys else ""
    parts = [
        part(
            "streams",
            "Streams",
            (stream_row(one, seconds) for one in verdict.streams),
            "No stream is watched.",
            "No stream has a problem.",
        ),
        part(
            "groups",
            "Consumer groups",
            map(group_row, verdict.groups),
            "There is no consumer group.",
            "No group has a problem.",
        ),
        part("keys", "State keys", map(_key_row, verdict.keys), "", no_key),
        part("keys_matching", "State keys by pattern", map(_key_count_row, verdict.key_counts), ""),
        part("findings", "Findings", map(finding_row, verdict.findings), "None.", "None.")._replace(
            is_table=False
        ),
        Part(
            "unknown",
            "What this cannot tell",
            [Row((), "", Severity.OK, one) for one in verdict.unknowns],
            is_table=False,
        ),
    ]
    return View(verdict, summary(verdict), trouble(verdict), parts)


def stream_row(verdict: StreamVerdict, seconds: float | None = None) -> Row:
    """Lay out the verdict on a stream; `seconds` lie between the two looks."""
    figures = tuple(_stream_figures(verdict, seconds))
    names = (("stream", verdict.stream.name),)
    return Row(names, verdict.state, verdict.severity, verdict.reason, figures)


def _stream_figures(verdict: StreamVerdict, seconds: float | None) -> Iterator[Figure]:
    stream, age = verdict.stream, verdict.stream.age_seconds
    exists = None if stream.exists is None else bool(stream.exists)
    least = "at least " if verdict.age_is_least else ""
    last = f"{least}{duration(age)} ago" if age is not None else "never" if exists else ""
    is_read = verdict.state not in UNREAD  # a limit alone looks like a number that was read
    window = "" if seconds is None else f"added in {duration(seconds)}"
    yield Figure("class", stream.stream_class, "class", stream.stream_class, in_table=True)
    yield Figure("exists", exists)
    yield _count("length", stream.length if is_read else None, "length", in_table=True)
    yield Figure("age_seconds", age, "last entry", last if is_read else "", True, age)
    yield Figure("age_is_least", verdict.age_is_least)
    yield from time_figures("last_entry", stream.last_entry_timestamp_seconds)
    yield _limit("quiet_limit_seconds", stream.quiet_limit_seconds if is_read else None, "limit")
    yield Figure("groups", stream.group_count)
    yield Figure("entries_added", stream.entries_added)
    yield _count("added_in_window", verdict.added, window, in_table=bool(window))


def group_row(verdict: GroupVerdict) -> Row:
    """Lay out the verdict on a group."""
    names = (("stream", verdict.stream), ("group", verdict.group.name))
    figures = tuple(_group_figures(verdict.group, verdict.stream_class))
    return Row(names, verdict.state, verdict.severity, verdict.reason, figures)


def _group_figures(group: Group | AbsentGroup, stream_class: StreamClass) -> Iterator[Figure]:
    is_there = bool(group.exists)
    waits = is_there and group.lag != 0
    yield Figure("class", stream_class)
    waiting = "unknown" if group.lag is None and is_there else _number(group.lag)
    yield Figure("lag", group.lag, "waiting", waiting, in_table=True)
    yield _span("lag_seconds", group.lag_seconds, "oldest waits", is_shown=waits)
    limit = group.lag_limit_seconds
    no_limit = "not declared" if stream_class is StreamClass.UNCLASSIFIED else "none"
    yield Figure(
        "lag_limit_seconds", limit, "limit", no_limit if limit is None else duration(limit)
    )
    yield _span("stalled_seconds", group.stalled_seconds, "stands still for")
    yield _span("falling_behind_seconds", group.falling_behind_seconds, "falls behind for")
    yield _count("entries_lost", group.entries_lost, "lost" if group.entries_lost else "")
    used = group.retention_used_ratio
    yield Figure(
        "retention_used_ratio", used, "retention used", "" if used is None else f"{used:.0%}"
    )
    yield _count("pending", group.pending, "pending", in_table=True)
    held = bool(group.pending)
    oldest = group.oldest_pending_age_seconds
    yield _span("oldest_pending_age_seconds", oldest, "oldest pending", is_shown=held)
    yield Figure("oldest_pending_deliveries", group.oldest_pending_deliveries)
    yield _span("unacknowledged_seconds", group.unacknowledged_seconds, "unacknowledged for")
    yield _limit("ack_limit_seconds", group.ack_limit_seconds, "ack limit")
    yield _count("consumers", group.consumers, "consumers", in_table=True)
    yield Figure("consumers_dead", group.consumers_dead)
    yield Figure("entries_read", group.entries_read)
    yield from time_figures("last_delivered", group.last_delivered_timestamp_seconds)


def _key_row(verdict: KeyVerdict) -> Row:
    key = verdict.key
    expires = "never" if key.exists else ""
    if key.ttl_seconds is not None:
        expires = f"in {duration(key.ttl_seconds)}"
    exists = None if key.exists is None else bool(key.exists)
    figures = (
        Figure("exists", exists),
        Figure("ttl_seconds", key.ttl_seconds, "expires", expires, in_table=True),
        Figure("deadline_seconds", key.deadline_seconds),
    )
    names = (("key", key.declared.name),)
    return Row(names, verdict.state, verdict.severity, verdict.reason, figures)


def _key_count_row(verdict: KeyCountVerdict) -> Row:
    names = (("pattern", verdict.matching.pattern),)
    figures = (Figure("keys", verdict.matching.keys),)
    return Row(names, verdict.state, verdict.severity, verdict.reason, figures)


def finding_row(finding: Finding) -> Row:
    """Lay out a finding; it says of itself what it is about."""
    names = tuple(
        (key, name)
        for one in finding.subjects[:1]
        for key, name in zip(("stream", "group"), one[:2], strict=True)
        if name is not None
    )
    subjects = [
        {
            key: None if name is None else label_value(name)
            for key, name in zip(("stream", "group", "consumer"), one, strict=True)
        }
        for one in finding.subjects
    ]
    figures = (Figure("subjects", subjects),)
    return Row(names, finding.kind, finding.severity, finding.sentence, figures)


def with_start(row: Row, changes: Changes, at: float) -> Row:
    """Add to the row of a stream or a group since when it is in its state, seen from `at`."""
    change = changes.start_of(dict(row.names).get("group"), row.state)
    if change is None:
        return row
    began = utc(change.at_us / 1e6)
    is_today = began.date() == utc(at).date()
    moment = f"{began:%H:%M:%S}" if is_today else f"{began:%Y-%m-%d %H:%M:%S}"
    start = "already so when first seen at" if change.is_first else "since"
    return row._replace(since=f"{start} {moment} UTC")


def utc(seconds: float) -> dt.datetime:
    """Unix time as a moment in UTC."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


def time_figures(key: str, seconds: float | None) -> Iterator[Figure]:
    """A moment for programs, under two keys: `key` in ISO 8601 and `key_seconds`."""
    written = None
    if seconds is not None:
        written = utc(seconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    yield Figure(key, written)
    yield Figure(f"{key}_seconds", seconds)


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _count(key: str, value: int | None, label: str, *, in_table: bool = False) -> Figure:
    return Figure(key, value, label, _number(value), in_table)


def _span(key: str, seconds: float | None, label: str, *, is_shown: bool = True) -> Figure:
    """A time span; 0 is none."""
    return Figure(key, seconds, label, duration(seconds) if seconds and is_shown else "")


def _limit(key: str, seconds: float | None, label: str) -> Figure:
    """A limit; one that does not hold at this hour is infinite, which JSON cannot say."""
    if seconds is None:
        return Figure(key, None, label)
    is_closed = math.isinf(seconds)
    text = "closed hours" if is_closed else duration(seconds)
    return Figure(key, None if is_closed else seconds, label, text)


def columns(rows: Iterable[Row]) -> list[str]:
    """The figures that stand in a table of these rows, by their labels."""
    return list(dict.fromkeys(f.label for row in rows for f in row.figures if f.in_table))


def texts(row: Row, labels: Iterable[str]) -> list[str]:
    """What stands under these labels in the row of a table."""
    known = {one.label: one.text for one in row.figures}
    return [known.get(label) or "–" for label in labels]
