"""The report as a document of sections, tables and lines, before any format has a say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from streamgauge.verdict.states import Severity
from streamgauge.verdict.words import Sentence


class Column(NamedTuple):
    """A column of a table; numbers are aligned to the right, names and reasons may be wrapped."""

    title: str
    is_number: bool = False
    wraps: bool = False


class Cell(NamedTuple):
    """What stands in a table; a severity marks it."""

    text: Sentence
    severity: Severity | None = None


class Line(NamedTuple):
    """A line of its own, with what it is about and how serious that is."""

    text: Sentence
    about: str = ""
    severity: Severity | None = None


class Section(NamedTuple):
    """A titled part of the report: a table, lines, or one sentence where there is nothing."""

    title: str
    columns: Sequence[Column] = ()
    rows: Sequence[Sequence[Cell]] = ()
    lines: Sequence[Line] = ()
    nothing: str = ""


class Chapter(NamedTuple):
    """Everything about one Redis; `method` says how it was looked at and when.

    `trouble` says what of it could not be read at all, and why.
    """

    redis: bytes
    db: int
    severity: Severity | None
    summary: Sentence
    time: str
    method: str
    trouble: Sequence[Sentence]
    sections: Sequence[Section]


Document = Sequence[Chapter]


def cell(text: str, severity: Severity | None = None) -> Cell:
    """A cell of this program's own words."""
    return Cell(Sentence(text.replace("{", "{{").replace("}", "}}")), severity)


def name_cell(name: bytes) -> Cell:
    """A cell that shows a name from Redis."""
    return Cell(Sentence("{}", (name,)))
