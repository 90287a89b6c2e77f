"""From verdicts to the document: one function per section."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol, TypeVar

from streamgauge.report.document import (
    Cell,
    Chapter,
    Column,
    Document,
    Line,
    Section,
    cell,
    name_cell,
)
from streamgauge.report.summary import summary, trouble
from streamgauge.verdict.records import (
    GroupVerdict,
    KeyCountVerdict,
    KeyVerdict,
    RedisVerdict,
    StreamVerdict,
)
from streamgauge.verdict.states import Severity
from streamgauge.verdict.words import duration


class _Judged(Protocol):
    @property
    def severity(self) -> Severity: ...


_J = TypeVar("_J", bound=_Judged)


def document(verdicts: Iterable[RedisVerdict], *, only_problems: bool = False) -> Document:
    """Write a chapter about each Redis, with all there is to say or with its problems alone."""
    return [_chapter(verdict, only_problems) for verdict in verdicts]


def _chapter(verdict: RedisVerdict, only_problems: bool) -> Chapter:
    sections: Sequence[Section] = ()
    if verdict.up:
        written = (section(verdict, only_problems) for section in _SECTIONS)
        sections = [section for section in written if section is not None]
    return Chapter(
        redis=verdict.redis.encode("utf-8", "surrogatepass"),
        db=verdict.db,
        severity=verdict.severity if verdict.up else Severity.CRITICAL,
        summary=summary(verdict),
        time=utc(verdict.at).strftime("%Y-%m-%d %H:%M:%S UTC"),
        method=_method(verdict),
        trouble=trouble(verdict),
        sections=sections,
    )


def utc(seconds: float) -> dt.datetime:
    """Unix time as a moment in UTC."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


def chosen(verdicts: Iterable[_J], only_problems: bool) -> list[_J]:
    """All of these verdicts, or those that are problems."""
    return [one for one in verdicts if one.severity.is_problem or not only_problems]


def _streams(verdict: RedisVerdict, only_problems: bool) -> Section:
    """Say of every stream what its silence or flow means."""
    columns = [
        Column("Stream", wraps=True),
        Column("Class"),
        Column("State"),
        Column("Length", True),
    ]
    columns += [Column("Last entry", True)]
    if verdict.seconds is not None:
        columns.append(Column(f"Added in {duration(verdict.seconds)}", True))
    columns.append(Column("Why", wraps=True))
    return Section(
        "Stream classification",
        columns,
        [_stream_row(one, verdict.seconds) for one in chosen(verdict.streams, only_problems)],
        nothing="No stream has a problem." if only_problems else "No stream is watched.",
    )


def _stream_row(verdict: StreamVerdict, seconds: float | None) -> list[Cell]:
    stream = verdict.stream
    row = [
        name_cell(stream.name),
        cell(stream.stream_class),
        cell(verdict.state, verdict.severity),
        _number(stream.length),
        _age(verdict),
    ]
    if seconds is not None:
        row.append(_number(verdict.added))
    return [*row, Cell(verdict.reason)]


def _age(verdict: StreamVerdict) -> Cell:
    if verdict.stream.age_seconds is None:
        return cell("–")
    bound = "at least " if verdict.age_is_least else ""
    return cell(f"{bound}{duration(verdict.stream.age_seconds)} ago")


def _groups(verdict: RedisVerdict, only_problems: bool) -> Section:
    """Say of every group whether it reads what it is meant to."""
    columns = [Column("Stream", wraps=True), Column("Consumer group", wraps=True)]
    columns += [Column("Consumers", True), Column("State"), Column("Lag", True)]
    columns += [Column("Pending", True), Column("Why", wraps=True)]
    return Section(
        "Consumer group verification",
        columns,
        [_group_row(one) for one in chosen(verdict.groups, only_problems)],
        nothing="No group has a problem." if only_problems else "There is no consumer group.",
    )


def _group_row(verdict: GroupVerdict) -> list[Cell]:
    group = verdict.group
    return [
        name_cell(verdict.stream),
        name_cell(group.name),
        _number(group.consumers),
        cell(verdict.state, verdict.severity),
        _number(group.lag),
        _number(group.pending),
        Cell(verdict.reason),
    ]


def _keys(verdict: RedisVerdict, only_problems: bool) -> Section | None:
    """Say whether the paths are alive that state keys stand for; nothing where none is declared."""
    if not verdict.keys and not verdict.key_counts:
        return None
    rows = [_key_row(one) for one in chosen(verdict.keys, only_problems)]
    rows += [_key_count_row(one) for one in chosen(verdict.key_counts, only_problems)]
    return Section(
        "State keys",
        [
            Column("Key", wraps=True),
            Column("State"),
            Column("Expires", True),
            Column("Why", wraps=True),
        ],
        rows,
        nothing="No state key has a problem.",
    )


def _key_row(verdict: KeyVerdict) -> list[Cell]:
    key = verdict.key
    expires = "never" if key.exists else "–"
    if key.ttl_seconds is not None:
        expires = f"in {duration(key.ttl_seconds)}"
    return [
        name_cell(key.declared.name),
        cell(verdict.state, verdict.severity),
        cell(expires),
        Cell(verdict.reason),
    ]


def _key_count_row(verdict: KeyCountVerdict) -> list[Cell]:
    return [
        name_cell(verdict.matching.pattern),
        cell(verdict.state, verdict.severity),
        cell("–"),
        Cell(verdict.reason),
    ]


def _findings(verdict: RedisVerdict, only_problems: bool) -> Section:
    """Say what shows across streams."""
    return Section(
        "Findings",
        lines=[
            Line(one.sentence, one.kind, one.severity)
            for one in chosen(verdict.findings, only_problems)
        ],
        nothing="None.",
    )


def _unknowns(verdict: RedisVerdict, _only_problems: bool) -> Section:
    """Say what is not known, problem or not."""
    return Section("What this cannot tell", lines=[Line(one) for one in verdict.unknowns])


# In the order of the report; a further part of it is one function and one entry here.
_SECTIONS: Final[tuple[Callable[[RedisVerdict, bool], Section | None], ...]] = (
    _streams,
    _groups,
    _keys,
    _findings,
    _unknowns,
)


def _method(verdict: RedisVerdict) -> str:
    if not verdict.up:
        return "no look succeeded"
    if verdict.seconds is None:
        return "one look"
    return f"two looks, {duration(verdict.seconds)} apart"


def _number(value: int | None) -> Cell:
    return cell("–" if value is None else f"{value:,}")
