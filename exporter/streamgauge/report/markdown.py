"""The report as Markdown, in the shape of a report somebody wrote by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from streamgauge.report.document import Cell, Chapter, Column, Document, Line, Section
from streamgauge.report.names import code_cell, code_span
from streamgauge.verdict.states import Severity

_MARKS: Final = {
    Severity.OK: "✅",
    Severity.UNKNOWN: "❔",
    Severity.WARNING: "⚠️",
    Severity.CRITICAL: "❌",
}


def markdown(document: Document) -> str:
    """Write the document; every name in it is code, so none can be markup."""
    return "".join(f"{line}\n" for chapter in document for line in _chapter(chapter))


def _chapter(chapter: Chapter) -> Iterator[str]:
    yield f"# Redis Streams report: {code_span(chapter.redis)} (db{chapter.db})"
    yield ""
    yield f"**Timestamp:** {chapter.time}  "
    yield f"**Method:** {chapter.method}  "
    yield f"**Status:** {_mark(chapter.severity)}{chapter.summary.text(code_span)}"
    yield ""
    for said in chapter.trouble:
        yield f"- {said.text(code_span)}"
    if chapter.trouble:
        yield ""
    for number, section in enumerate(chapter.sections, 1):
        yield f"## {number}. {section.title}"
        yield ""
        yield from _section(section)
        yield ""


def _section(section: Section) -> Iterator[str]:
    if section.rows:
        yield from _table(section.columns, section.rows)
    elif section.lines:
        for line in section.lines:
            yield _line(line)
    else:
        yield section.nothing


def _table(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> Iterator[str]:
    yield f"| {' | '.join(column.title for column in columns)} |"
    yield f"|{'|'.join('---:' if column.is_number else '---' for column in columns)}|"
    for row in rows:
        yield f"| {' | '.join(_cell(cell) for cell in row)} |"


def _cell(cell: Cell) -> str:
    return _mark(cell.severity) + cell.text.text(code_cell)


def _line(line: Line) -> str:
    about = f"**{line.about}**: " if line.about else ""
    return f"- {_mark(line.severity)}{about}{line.text.text(code_span)}"


def _mark(severity: Severity | None) -> str:
    return "" if severity is None else f"{_MARKS[severity]} "
