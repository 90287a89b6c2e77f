"""The parts of an incident: what changed, the groups, the oldest pending entries, the consumers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from streamgauge.model.looks import EarlierGroup, Seen
from streamgauge.model.memory import Change
from streamgauge.model.records import Consumer, Group
from streamgauge.report.names import plain
from streamgauge.report.view import (
    Figure,
    Part,
    Row,
    group_row,
    time_figures,
    utc,
)
from streamgauge.source.inquiry import Answer, PendingEntry, Refusal
from streamgauge.verdict.records import GroupVerdict, RedisVerdict
from streamgauge.verdict.states import SEVERITY, GroupState, Severity, StreamState
from streamgauge.verdict.words import Sentence, duration, entries

MOST_CONSUMERS: Final = 50

_SEVERITIES: Final = {
    str(one): severity
    for one, severity in SEVERITY.items()
    if isinstance(one, StreamState | GroupState)
}


def changes_part(changes: Sequence[Change], at: float, stream: bytes) -> Part:
    """What changed, the latest first."""
    rows = [_change_row(one, at, stream) for one in reversed(changes)]
    return Part("changes", "What changed", rows, "No state was seen to change.")


def _change_row(change: Change, at: float, stream: bytes) -> Row:
    seconds = change.at_us / 1e6
    when = f"{utc(seconds):%m-%d %H:%M:%S} ({duration(max(0.0, at - seconds))} ago)"
    names = [("stream", stream)]
    if change.group is not None:
        names.append(("group", change.group))
    before = f"before: {change.before or 'no problem'}"
    if change.is_first:
        before = "so it was when it was first seen; it may have begun before"
    severity = _SEVERITIES.get(change.after, Severity.OK)
    figures = (
        Figure("at", None, "when", when, in_table=True),
        *time_figures("at", seconds),
        Figure("before", change.before),
    )
    return Row(tuple(names), change.after or "no problem", severity, Sentence(before), figures)


def groups_part(verdict: RedisVerdict, seen: Seen) -> Part:
    """The groups, each with wait, standing, falling behind, loss, headroom and time to drain."""
    before = {
        group.name: group
        for stream in (seen.earlier.streams if seen.earlier else ())
        for group in stream.groups
    }
    lengths = {one.stream.name: one.stream.length for one in verdict.streams}
    rows = []
    for one in verdict.groups:
        row = group_row(one)
        values = _group_figures(one, before.get(one.group.name), verdict, lengths[one.stream])
        shown = {figure.key: figure._replace(in_table=False) for figure in row.figures}
        shown |= {figure.key: figure for figure in values}
        rows.append(row._replace(figures=tuple(shown.values())))
    return Part("groups", "Consumer groups", rows, "No consumer group reads this stream.")


def _group_figures(
    one: GroupVerdict, before: EarlierGroup | None, verdict: RedisVerdict, length: int | None
) -> Iterator[Figure]:
    """Wait, standing, falling behind, loss, headroom and time to drain."""
    group = one.group
    if not group.exists:
        return
    lag = "unknown" if group.lag is None else f"{group.lag:,}"
    yield Figure("lag", group.lag, "waiting", lag, in_table=True)
    yield _span("lag_seconds", group.lag_seconds, "wait")
    yield _span("stalled_seconds", group.stalled_seconds, "standing")
    yield _span("falling_behind_seconds", group.falling_behind_seconds, "falling behind")
    lost = "" if group.entries_lost is None else f"{group.entries_lost:,}"
    yield Figure("entries_lost", group.entries_lost, "lost", lost, in_table=True)
    used = group.retention_used_ratio
    room = None if used is None or group.lag is None or length is None else length - group.lag
    headroom = "" if room is None or used is None else f"{room:,} ({max(0.0, 1 - used):.0%})"
    yield Figure("headroom_entries", room, "headroom", headroom, in_table=True)
    drains = _drain_seconds(group, before, verdict.seconds)
    text = "does not shrink" if drains == -1 else "" if drains is None else duration(drains)
    value = None if drains == -1 else drains
    yield Figure("drain_seconds", value, "drains in", text, in_table=True)


def _span(key: str, seconds: float | None, label: str) -> Figure:
    return Figure(key, seconds, label, "" if seconds is None else duration(seconds), in_table=True)


def _drain_seconds(
    group: Group | object, before: EarlierGroup | None, seconds: float | None
) -> float | None:
    """At the pace of the last two looks; -1 where it does not get shorter, None where unknown."""
    if not isinstance(group, Group) or group.lag is None:
        return None
    if group.lag == 0:
        return 0.0
    if before is None or before.lag is None or not seconds:
        return None
    fewer = before.lag - group.lag
    return -1 if fewer <= 0 else group.lag * seconds / fewer


def answer_parts(answer: Answer | None) -> Iterator[Part]:
    """What Redis answered about the group; nothing where it was not asked."""
    if answer is None:
        return
    title = "Oldest pending entries"
    if isinstance(answer.pending, Refusal):
        yield Part("pending", title, (), f"Not told: {_told(answer.pending)}")
    else:
        rows = [_pending_row(one) for one in answer.pending]
        yield Part("pending", title, rows, "No entry is pending.", is_judged=False)
        if answer.refusal is not None:
            told = f"Not told: {_told(answer.refusal)}"
            yield Part("lookup", "Whether they are still in the stream", (), told)
    title = "Consumers by idle time"
    if isinstance(answer.consumers, Refusal):
        yield Part("consumers", title, (), f"Not told: {_told(answer.consumers)}")
        return
    listed = sorted(answer.consumers, key=lambda one: -one.idle_seconds)
    if len(listed) > MOST_CONSUMERS:
        title = f"{title}, {MOST_CONSUMERS} of {len(listed):,}"
    rows = [_consumer_row(one) for one in listed[:MOST_CONSUMERS]]
    yield Part("consumers", title, rows, "The group has no consumer.", is_judged=False)


def _told(refusal: Refusal) -> str:
    return plain(refusal.detail)


def _pending_row(entry: PendingEntry) -> Row:
    names: tuple[tuple[str, bytes], ...] = (("entry", str(entry.entry_id).encode()),)
    why = Sentence("released: no consumer owns it")
    if entry.owner:
        why = Sentence(
            f"owned by consumer {{}}, untouched for {duration(entry.idle_seconds)}", (entry.owner,)
        )
    state, severity = "still there", Severity.OK
    if entry.is_held is None:
        state, severity = "not looked up", Severity.UNKNOWN
    elif not entry.is_held:
        state, severity = "gone from the stream", Severity.WARNING
    age = entry.age_seconds
    figures = (
        Figure("age_seconds", age, "age", "unknown" if age is None else duration(age), True),
        Figure("idle_seconds", entry.idle_seconds),
        Figure("deliveries", entry.deliveries, "deliveries", f"{entry.deliveries:,}", True),
        Figure("owner", entry.owner.decode("utf-8", "backslashreplace")),
        Figure("still_there", entry.is_held),
    )
    return Row(names, state, severity, why, figures)


def _consumer_row(consumer: Consumer) -> Row:
    owns = consumer.pending > 0
    why = Sentence("its removal loses nothing")
    if owns:
        why = Sentence(
            f"its removal loses track of {entries(consumer.pending)}: nobody is handed them again; "
            "claim them first"
        )
    inactive, idle = consumer.inactive_seconds, duration(consumer.idle_seconds)
    figures = (
        Figure("pending", consumer.pending, "pending", f"{consumer.pending:,}", True),
        Figure("idle_seconds", consumer.idle_seconds, "idle", idle, True),
        Figure(
            "inactive_seconds", inactive, "handed nothing for",
            "" if inactive is None else duration(inactive), inactive is not None,
        ),
        Figure("is_safe_to_remove", not owns),
    )  # fmt: skip
    state = "owns entries" if owns else "owns nothing"
    return Row((("consumer", consumer.name),), state, Severity.OK, why, figures)
