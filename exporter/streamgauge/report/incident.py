"""One stream and its groups as somebody needs them at night: what, since when, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from streamgauge.config import RedisConfig
from streamgauge.config.problems import nearest
from streamgauge.documents import BLIND_RUNBOOK, RUNBOOK_OF, Document, documents
from streamgauge.labels import label_value
from streamgauge.model.looks import Seen
from streamgauge.model.memory import NO_CHANGES, Changes
from streamgauge.model.records import AbsentGroup
from streamgauge.report.commands import Advice, Situation, advice, runbook_names
from streamgauge.report.incident_parts import answer_parts, changes_part, groups_part
from streamgauge.report.shell import LOGIN
from streamgauge.report.summary import EXIT_CODES, UNREAD, UNREADABLE_EXIT_CODE, trouble
from streamgauge.report.view import (
    Part,
    Row,
    finding_row,
    group_row,
    stream_row,
    utc,
    with_start,
)
from streamgauge.source.errors import Unreadable
from streamgauge.source.inquiry import Answer
from streamgauge.source.target import Target
from streamgauge.verdict.judge import judge
from streamgauge.verdict.records import GroupVerdict, RedisVerdict
from streamgauge.verdict.states import Severity, StreamState, worst
from streamgauge.verdict.unread import unread_verdicts
from streamgauge.verdict.words import Sentence, counted


class Asked(NamedTuple):
    """What Redis answered about the group, or why it did not."""

    answer: Answer | None = None
    note: Sentence | None = None


def not_asked(error: Unreadable) -> Asked:
    """Say why Redis did not answer."""
    detail = str(error).encode("utf-8", "surrogateescape")
    return Asked(None, Sentence(f"Redis could not be asked ({error.reason}): {{}}", (detail,)))


@dataclass(frozen=True, slots=True)
class Incident:
    """Everything about one stream, in the order of the page.

    `group` is the one that pending entries, consumers and commands are about; None when there is
    none. `notes` say what is missing here and why.
    """

    redis: bytes
    db: int
    at: float
    severity: Severity
    sentence: Sentence
    since: str
    stream: Row
    group: bytes | None
    findings: Sequence[Row]
    notes: Sequence[Sentence]
    parts: Sequence[Part]
    advice: Sequence[Advice]
    runbook: Document | None
    is_known: bool = True

    @property
    def exit_code(self) -> int:
        """As that of the report: 3 where Redis could not be read, or has no such group."""
        return EXIT_CODES[self.severity] if self.is_known else UNREADABLE_EXIT_CODE

    @property
    def time(self) -> str:
        """When Redis was read."""
        return utc(self.at).strftime("%Y-%m-%d %H:%M:%S UTC")


def incident_of(
    target: Target,
    seen: Seen,
    stream: str,
    group: str | None,
    ask: Callable[[bytes, bytes, int | None], Asked],
) -> Incident | None:
    """Find a stream by its name as on /metrics, ask about its group, and say everything.

    None when no such stream is known. `ask` gets the stream, the group and how many consumers it
    has.
    """
    name = next((one for one in known_streams(seen) if label_value(one) == stream), None)
    if name is None:
        if seen.snapshot.up:
            return None
        name = stream.encode("utf-8", "surrogateescape")
    seen = narrowed(seen, name)
    verdict = judge(*seen)
    wanted = None if group is None else group.encode("utf-8", "surrogateescape")
    wanted = next(
        (one.group.name for one in verdict.groups if label_value(one.group.name) == group), wanted
    )
    about = chosen_group(verdict, wanted)
    asked = Asked()
    if about is not None and about.group.exists:
        asked = ask(name, about.group.name, about.group.consumers)
    elif wanted is not None and _is_denied(verdict):
        asked = ask(name, wanted, None)  # a scrape may not read it, but some of it may be told
    changes = target.changes().get(name, NO_CHANGES)
    return incident(seen, name, wanted, changes, asked, target.redis)


def known_streams(seen: Seen) -> list[bytes]:
    """The names of all streams that are known, also of those that could not be read."""
    known = [one.name for one in seen.snapshot.streams]
    return known + [one.stream.name for one in unread_verdicts(seen.snapshot)]


def _is_denied(verdict: RedisVerdict) -> bool:
    """Whether Redis answers, and only refuses what a scrape asks."""
    if not verdict.up:
        return any(one.reason == "noperm" for one in verdict.failures)
    return any(one.state in UNREAD for one in verdict.streams)


def narrowed(seen: Seen, stream: bytes) -> Seen:
    """What was seen of one stream alone, so that only that is judged."""
    look, earlier = seen
    if earlier is not None:
        earlier = earlier._replace(streams=[one for one in earlier.streams if one.name == stream])
    only = replace(
        look,
        streams=[one for one in look.streams if one.name == stream],
        keys=(),
        key_counts=(),
        error_counts=(),
        failures=[one for one in look.failures if one.subject == stream or not look.up],
    )
    return Seen(only, earlier)


def chosen_group(verdict: RedisVerdict, group: bytes | None) -> GroupVerdict | None:
    """The group that was asked about, else the most serious one; None when there is none."""
    if group is not None:
        return next((one for one in verdict.groups if one.group.name == group), None)
    return verdict.groups[0] if verdict.groups else None


def incident(
    seen: Seen,
    stream: bytes,
    group: bytes | None,
    changes: Changes,
    asked: Asked,
    server: RedisConfig,
) -> Incident | None:
    """Say everything about a stream; None when none of that name is known.

    `server` is where commands go when Redis did not say which of its servers holds the stream.
    """
    verdict = judge(*seen)
    if not verdict.up:
        return _unreadable(verdict, stream, group, changes, asked)
    found = next((one for one in verdict.streams if one.stream.name == stream), None)
    if found is None:
        return None
    row = with_start(stream_row(found, verdict.seconds), changes, verdict.at)
    about = chosen_group(verdict, group)
    notes = [] if asked.note is None else [asked.note]
    is_group_known = group is None or about is not None or found.state in UNREAD
    if found.state == StreamState.MISSING:
        notes.append(Sentence("Consumer groups are part of a stream: make them again with it."))
    rows = [with_start(group_row(one), changes, verdict.at) for one in verdict.groups]
    judged = [one for one in rows if group is None or one.name == group]
    worst_row = max([row, *judged], key=lambda one: one.severity.rank)
    if judged and group is not None:
        worst_row = judged[0]
    parts = [
        changes_part(changes.latest, verdict.at, stream),
        groups_part(verdict, seen),
        *answer_parts(asked.answer),
    ]
    situation = Situation(
        asked.answer.server if asked.answer else server,
        stream,
        found.state,
        None if about is None else about.group.name,
        "" if about is None else about.state,
        None if about is None else about.group.ack_limit_seconds,
        asked.answer,
        [one.after for one in found.stream.reactions if one.is_overdue],
        found.stream.policy.declared_groups,
        about.group.stood if about and isinstance(about.group, AbsentGroup) else None,
    )
    findings = [
        finding_row(one)
        for one in verdict.findings
        if any(subject.stream == stream for subject in one.subjects)
    ]
    sentence = _sentence(worst_row)
    severity = worst(one.severity for one in (row, *judged, *findings))
    if group is not None and not is_group_known:
        sentence = _no_group(stream, group, [one.group.name for one in verdict.groups])
        severity = worst((Severity.UNKNOWN, severity))
    return Incident(
        redis=verdict.redis.encode("utf-8", "surrogatepass"),
        db=verdict.db,
        at=verdict.at,
        severity=severity,
        sentence=sentence,
        since=_begun(worst_row) if is_group_known else "",
        stream=row,
        group=group if about is None else about.group.name,
        findings=findings,
        notes=notes,
        parts=parts,
        advice=advice(situation),
        runbook=_runbook([worst_row, *findings], situation),
        is_known=is_group_known,
    )


def _begun(row: Row) -> str:
    return f"{row.since[0].upper()}{row.since[1:]}." if row.since else ""


def _no_group(stream: bytes, group: bytes, known: Sequence[bytes]) -> Sentence:
    names = {label_value(name).lower(): name for name in known}
    near = nearest(label_value(group), names)
    sentence = Sentence("the stream {} has no group {} now", (stream, group))
    if near is None:
        return sentence
    return Sentence(f"{sentence.template}; did you mean {{}}?", (*sentence.names, names[near]))


def _unreadable(
    verdict: RedisVerdict,
    stream: bytes,
    group: bytes | None,
    changes: Changes,
    asked: Asked,
) -> Incident:
    """What is left to say when Redis cannot be read: why, and what was known before."""
    why = trouble(verdict)[:1] or [Sentence("no answer")]
    row = Row((("stream", stream),), "unknown", Severity.CRITICAL, why[0])
    return Incident(
        redis=verdict.redis.encode("utf-8", "surrogatepass"),
        db=verdict.db,
        at=verdict.at,
        severity=Severity.CRITICAL,
        sentence=Sentence(f"Redis could not be read: {why[0].template}", why[0].names),
        since="",
        stream=row,
        group=group,
        findings=(),
        notes=(Sentence("Nothing is known now about {}.", (stream,)),),
        parts=(changes_part(changes.latest, verdict.at, stream), *answer_parts(asked.answer)),
        advice=(),
        runbook=documents().get(f"runbooks/{BLIND_RUNBOOK}"),
        is_known=False,
    )


def _sentence(row: Row) -> Sentence:
    """The verdict in one sentence: on what, which, and the measured and declared values."""
    template = " on ".join(["{}"] * len(row.names))
    names = tuple(name for _, name in reversed(row.names))
    return Sentence(f"{template}: {row.state}: {row.why.template}", (*names, *row.why.names))


def _runbook(rows: Sequence[Row], situation: Situation) -> Document | None:
    """The runbook of the first problem that has one, with the names of what it is about."""
    for row in rows:
        found = documents().get(f"runbooks/{RUNBOOK_OF.get(row.state, '')}")
        if row.severity.is_problem and found is not None:
            about = situation._replace(group=dict(row.names).get("group"))
            return found._replace(names=runbook_names(about))
    return None


def advice_note(incident: Incident) -> str:
    """What stands above the commands."""
    reads = sum(1 for one in incident.advice if one.reads_only)
    return f"{counted(reads, 'command')} only read{'s' if reads == 1 else ''}. {LOGIN}"
