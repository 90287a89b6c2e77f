"""What the status page says of each Redis: problems first, and no more than a page can hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final, NamedTuple, TypeVar

from streamgauge.labels import label_value
from streamgauge.policy import Policy, StreamClass
from streamgauge.report.document import Cell, Chapter, Line, Section
from streamgauge.report.sections import document
from streamgauge.verdict.records import RedisVerdict
from streamgauge.verdict.seen import verdict_on
from streamgauge.verdict.states import Severity, worst
from streamgauge.verdict.words import counted
from streamgauge.watched import Seen
from streamgauge.web.rows import StreamRow, stream_rows

_T = TypeVar("_T")

MEANINGS: Final = {
    StreamClass.CONTINUOUS: "a feed that must never dry up",
    StreamClass.HYBRID: "active, but with pauses",
    StreamClass.EVENT: "written only when something happens",
    StreamClass.UNCLASSIFIED: "nobody has said what silence means",
}

MOST_PROBLEMS: Final = 200
MOST_OTHERS: Final = 100
MOST_GROUPS: Final = 20
MOST_LINES: Final = 100
"""How many rows a page has of one class or section; a search finds the rest."""

_DRAWN_AS_ROWS: Final = frozenset({"Stream classification", "Consumer group verification"})
"""Sections of the report that the page shows as classes with their streams and groups."""


class Rows(NamedTuple):
    """The streams that are shown, and how many more there are."""

    shown: Sequence[StreamRow]
    more: int


class ClassBlock(NamedTuple):
    """The streams of one class."""

    stream_class: StreamClass
    severity: Severity
    counts: str
    problems: Rows
    others: Rows

    @property
    def meaning(self) -> str:
        """What the class is."""
        return MEANINGS[self.stream_class]


class SectionBlock(NamedTuple):
    """Another section of the report, as it is there, and how many more lines it has."""

    section: Section
    severity: Severity
    more: int


@dataclass(frozen=True, slots=True)
class Overview:
    """What is shown of one Redis."""

    verdict: RedisVerdict
    chapter: Chapter
    blocks: Sequence[ClassBlock | SectionBlock]
    found: int
    total: int

    @property
    def severity(self) -> Severity:
        """How serious it is, or CRITICAL for a Redis that was not read."""
        return self.chapter.severity or Severity.OK


def overview(seen: Seen, policy: Policy | None = None, query: str = "") -> Overview:
    """Say what is shown of one Redis; with a query, of the streams and lines that mention it."""
    verdict = verdict_on(seen, policy)
    (chapter,) = document([verdict])
    wanted = query.casefold()
    rows = stream_rows(verdict)
    found = [row for row in rows if row.mentions(wanted)] if wanted else rows
    blocks: list[ClassBlock | SectionBlock] = [
        _class_block(one, [row for row in found if row.stream_class is one])
        for one in StreamClass
        if any(row.stream_class is one for row in found)
    ]
    blocks += [
        _section_block(section, wanted)
        for section in chapter.sections
        if section.title not in _DRAWN_AS_ROWS
    ]
    blocks.sort(key=lambda block: -block.severity.rank if block.severity.is_problem else 0)
    return Overview(verdict, chapter, blocks, len(found), len(rows))


def _class_block(stream_class: StreamClass, rows: Sequence[StreamRow]) -> ClassBlock:
    return ClassBlock(
        stream_class,
        worst(row.severity for row in rows),
        _counts(rows),
        _bounded([row for row in rows if row.is_problem], MOST_PROBLEMS),
        _bounded([row for row in rows if not row.is_problem], MOST_OTHERS),
    )


def _counts(rows: Sequence[StreamRow]) -> str:
    """Count streams by their state, and groups by theirs if it is a problem."""
    states = Counter(row.state for row in sorted(rows, key=lambda row: -row.own_severity.rank))
    groups = Counter(
        group.state for row in rows for group in row.groups if group.severity.is_problem
    )
    text = f"{counted(len(rows), 'stream')}: {_listed(states)}"
    return f"{text}; groups: {_listed(groups)}" if groups else text


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{count:,} {state}" for state, count in counts.items())


def _bounded(rows: Sequence[StreamRow], most: int) -> Rows:
    """As many streams as fit, of which groups take room as well; but one at least."""
    taken, shown = 0, 0
    for row in rows:
        taken += 1 + min(len(row.groups), MOST_GROUPS)
        if shown and taken > most:
            break
        shown += 1
    return Rows(rows[:shown], len(rows) - shown)


def _section_block(section: Section, wanted: str) -> SectionBlock:
    def of_row(row: Sequence[Cell]) -> list[Cell]:
        return list(row)

    lines, more_lines = _chosen(section.lines, wanted, lambda line: [line])
    rows, more_rows = _chosen(section.rows, wanted, of_row)
    return SectionBlock(
        section._replace(lines=lines, rows=rows),
        worst(section_severities(section)),
        more_lines + more_rows,
    )


def section_severities(section: Section) -> list[Severity]:
    """Every severity that is marked in a section of the report."""
    marked: list[Cell | Line] = [*section.lines, *chain.from_iterable(section.rows)]
    return [one.severity for one in marked if one.severity is not None]


def _chosen(
    ones: Sequence[_T], wanted: str, parts: Callable[[_T], Iterable[Line | Cell]]
) -> tuple[Sequence[_T], int]:
    """Those that mention what is wanted, as many as a page holds, and how many more there are."""
    if wanted:
        ones = [
            one
            for one in ones
            if any(wanted in part.text.text(label_value).casefold() for part in parts(one))
        ]
    return ones[:MOST_LINES], max(0, len(ones) - MOST_LINES)
