"""What the status page says of each Redis: problems first, and no more than a page can hold."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple, TypeVar

from streamgauge.model.memory import NO_CHANGES, Changes
from streamgauge.policy import StreamClass
from streamgauge.report.view import Figure, Part, Row, View, view, with_start
from streamgauge.verdict.records import RedisVerdict
from streamgauge.verdict.states import GroupState, Severity, worst
from streamgauge.verdict.words import counted

R = TypeVar("R")

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
"""How many rows a page has of one class or part; a search finds the rest."""

FEWEST_ALIKE: Final = 5
MOST_ALIKE: Final = 20
"""So many problems that differ only in the numbers in their names are one line, which unfolds to
no more than so many."""

_AT_A_GLANCE: Final = frozenset(
    {
        "length", "age_seconds", "quiet_limit_seconds", "added_in_window", "lag", "lag_seconds",
        "lag_limit_seconds", "pending", "oldest_pending_age_seconds", "consumers", "entries_lost",
        "retention_used_ratio",
    }
)  # fmt: skip
_IDENTIFIERS: Final = re.compile(rb"[0-9a-fA-F]{8}-[0-9a-fA-F-]{4,27}|\b[0-9a-fA-F]{8,}\b|\d+")


class StreamRow(NamedTuple):
    """A stream and its groups, the most serious first."""

    stream: Row
    stream_class: StreamClass
    groups: Sequence[Row]

    @property
    def severity(self) -> Severity:
        """The most serious of the stream and its groups."""
        return self.worst_row.severity

    @property
    def worst_row(self) -> Row:
        """The most serious of the stream and its groups, the stream first."""
        return max([self.stream, *self.groups], key=lambda row: row.severity.rank)

    @property
    def seriousness(self) -> tuple[int, ...]:
        """Its place, the most serious first, and what is lost before what waits."""
        loses = any(group.state == GroupState.LOSING_ENTRIES for group in self.groups)
        return -self.severity.rank, not loses, -self.stream.severity.rank

    def mentions(self, query: str) -> bool:
        """Whether a text is in one of its names, states, reasons or its class."""
        return any(row.mentions(query) for row in (self.stream, *self.groups))

    def alike(self) -> tuple[object, ...]:
        """What it has in common with streams of which one says as much as all."""
        states = (self.stream.state, *(group.state for group in self.groups))
        return (*states, _IDENTIFIERS.sub(b"*", self.stream.name))


class Alike(NamedTuple):
    """Rows of which the first says as much as all; `more` are only counted."""

    shown: Sequence[StreamRow]
    more: int = 0

    @property
    def pattern(self) -> bytes:
        """What their names have in common."""
        return _IDENTIFIERS.sub(b"*", self.shown[0].stream.name)

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self.shown) + self.more


class Rows(NamedTuple):
    """The streams that are shown, alike ones together, and how many more there are."""

    shown: Sequence[Alike]
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


class PartBlock(NamedTuple):
    """Another part of the view, and how many more rows it has."""

    part: Part
    severity: Severity
    more: int


@dataclass(frozen=True, slots=True)
class Overview:
    """What is shown of one Redis."""

    view: View
    classes: Sequence[ClassBlock]
    parts: Sequence[PartBlock]
    found: int
    total: int

    @property
    def severity(self) -> Severity:
        """How serious it is."""
        return self.view.severity

    @property
    def blocks(self) -> list[ClassBlock | PartBlock]:
        """All blocks, those with problems first."""
        blocks: list[ClassBlock | PartBlock] = [*self.classes, *self.parts]
        return sorted(blocks, key=lambda one: -one.severity.rank if one.severity.is_problem else 0)


def overview(
    verdict: RedisVerdict, query: str = "", changes: Mapping[bytes, Changes] = MappingProxyType({})
) -> Overview:
    """Say what is shown of one Redis; with a query, of the streams and lines that mention it.

    `changes` tell of streams since when they are in their states.
    """
    shown, wanted = view(verdict), query.casefold()
    rows = stream_rows(shown, changes)
    found = [row for row in rows if row.mentions(wanted)] if wanted else rows
    classes = [
        _class_block(one, [row for row in found if row.stream_class is one])
        for one in StreamClass
        if any(row.stream_class is one for row in found)
    ]
    others = [
        _part_block(part, wanted)
        for part in shown.parts
        if part.key not in ("streams", "groups") and (part.rows or part.nothing) and verdict.up
    ]
    return Overview(shown, classes, others, len(found), len(rows))


def stream_rows(shown: View, changes: Mapping[bytes, Changes]) -> list[StreamRow]:
    """Put the groups beneath their streams, the most serious first, as the verdict has them."""

    def begun(row: Row) -> Row:
        return with_start(row, changes.get(row.stream, NO_CHANGES), shown.verdict.at)

    groups: dict[bytes, list[Row]] = defaultdict(list)
    for group in shown.part("groups").rows:
        groups[group.stream].append(begun(group))
    classes = {one.stream.name: one.stream.stream_class for one in shown.verdict.streams}
    rows = [
        StreamRow(begun(row), classes[row.name], groups[row.name])
        for row in shown.part("streams").rows
    ]
    rows.sort(key=lambda row: (*row.seriousness, row.stream.name))
    return rows


def figures(row: Row) -> list[Figure]:
    """The figures of a row that are seen at a glance."""
    return [one for one in row.figures if one.key in _AT_A_GLANCE and one.label and one.text]


def _class_block(stream_class: StreamClass, rows: Sequence[StreamRow]) -> ClassBlock:
    return ClassBlock(
        stream_class,
        worst(row.severity for row in rows),
        _counts(rows),
        _together([row for row in rows if row.severity.is_problem]),
        _bounded([row for row in rows if not row.severity.is_problem]),
    )


def _counts(rows: Sequence[StreamRow]) -> str:
    """Count streams by their state, and groups by theirs if it is a problem."""
    states = Counter(
        row.stream.state for row in sorted(rows, key=lambda row: -row.stream.severity.rank)
    )
    groups = Counter(
        group.state for row in rows for group in row.groups if group.severity.is_problem
    )
    text = f"{counted(len(rows), 'stream')}: {_listed(states)}"
    return f"{text}; groups: {_listed(groups)}" if groups else text


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{count:,} {state}" for state, count in counts.items())


def _together(rows: Sequence[StreamRow]) -> Rows:
    """Put problems that are alike in one place, as many as fit."""
    places = _places(rows, StreamRow.alike)
    shown = [Alike(ones[:MOST_ALIKE], len(ones[MOST_ALIKE:])) for ones in places]
    kept = list(_fitting(shown, MOST_PROBLEMS))
    return Rows(kept, len(rows) - sum(one.total for one in kept))


def _bounded(rows: Sequence[StreamRow]) -> Rows:
    """As many streams as fit."""
    kept = list(_fitting((Alike([row]) for row in rows), MOST_OTHERS))
    return Rows(kept, len(rows) - len(kept))


def _fitting(ones: Iterable[Alike], room: int) -> Iterator[Alike]:
    """Those that fit, of which groups take room as well; but one at least."""
    taken = 0
    for one in ones:
        size = sum(1 + min(len(row.groups), MOST_GROUPS) for row in one.shown)
        if taken and taken + size > room:
            return
        taken += size
        yield one


def alike_findings(rows: Sequence[Row]) -> list[list[Row]]:
    """Put many findings of one kind in one place; others stay alone."""
    return _places(rows, lambda row: row.state)


def _places(rows: Sequence[R], kind_of: Callable[[R], object]) -> list[list[R]]:
    """Rows of one kind where the first of them is, if there are many; one that has none alone."""
    kinds: defaultdict[object, list[R]] = defaultdict(list)
    for row in rows:
        kinds[kind_of(row)].append(row)
    places: list[list[R]] = []
    for row in rows:
        kind = kind_of(row)
        ones = kinds[kind]
        if len(ones) < FEWEST_ALIKE or not kind:
            places.append([row])
        elif row is ones[0]:
            places.append(ones)
    return places


def _part_block(part: Part, wanted: str) -> PartBlock:
    severity = worst(row.severity for row in part.rows)
    rows: Iterable[Row] = part.rows
    found = [row for row in rows if not wanted or row.mentions(wanted)]
    return PartBlock(
        part._replace(rows=found[:MOST_LINES]), severity, max(0, len(found) - MOST_LINES)
    )
