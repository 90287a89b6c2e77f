"""The report for a terminal: aligned, wrapped and coloured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Final

from rich.cells import cell_len

from streamgauge.report.document import Chapter, Column, Document, Line, Section
from streamgauge.report.names import plain
from streamgauge.report.wrap import widths_within, wrapped
from streamgauge.verdict.states import Severity

_GAP: Final = "  "
_BOLD: Final = "1"
_DIM: Final = "2"
_COLOURS: Final = {
    Severity.OK: "32",
    Severity.UNKNOWN: "36",
    Severity.WARNING: "33",
    Severity.CRITICAL: "1;31",
}


def terminal_text(document: Document, width: int) -> str:
    """Write the document for a terminal of so many columns, with its escape sequences for colour.

    Every name and reason is made printable first, so none can hold an escape sequence.
    """
    return "".join(f"{line}\n" for chapter in document for line in _chapter(chapter, width))


def _chapter(chapter: Chapter, width: int) -> Iterator[str]:
    title = f"{plain(chapter.redis)} (db{chapter.db}):"
    summary = _styled(chapter.summary.text(plain), _colour(chapter.severity))
    yield f"{_styled(title, _BOLD)} {summary}"
    yield _styled(f"{chapter.time}, {chapter.method}", _DIM)
    for said in chapter.trouble:
        yield from wrapped(said.text(plain), width)
    for section in chapter.sections:
        yield ""
        yield _styled(section.title.upper(), _BOLD)
        yield from _section(section, width)
    yield ""


def _section(section: Section, width: int) -> Iterator[str]:
    if section.rows:
        yield from _table(section, width)
    elif section.lines:
        for line in section.lines:
            yield from _bullet(line, width)
    else:
        yield section.nothing


def _table(section: Section, width: int) -> Iterator[str]:
    columns = section.columns
    titles = [column.title for column in columns]
    rows = [[cell.text.text(plain) for cell in row] for row in section.rows]
    natural = [max(map(cell_len, texts)) for texts in zip(titles, *rows, strict=True)]
    room = width - len(_GAP) * (len(columns) - 1)
    widths = widths_within(room, natural, [column.wraps for column in columns])
    yield from _row(titles, [_DIM] * len(columns), columns, widths)
    for texts, row in zip(rows, section.rows, strict=True):
        styles = [_colour(cell.severity) for cell in row]
        yield from _row(texts, styles, columns, widths)


def _row(
    texts: Sequence[str], styles: Sequence[str], columns: Sequence[Column], widths: Sequence[int]
) -> Iterator[str]:
    """One line, or as many as the cell with the most of them needs."""
    cells = [
        wrapped(text, width) if column.wraps else [text]
        for text, width, column in zip(texts, widths, columns, strict=True)
    ]
    for line in zip_longest(*cells, fillvalue=""):
        parts = (
            _cell(text, width, column, style)
            for text, width, column, style in zip(line, widths, columns, styles, strict=True)
        )
        yield _GAP.join(parts).rstrip()


def _cell(text: str, width: int, column: Column, style: str) -> str:
    padding = " " * (width - cell_len(text))
    shown = _styled(text, style)
    return padding + shown if column.is_number else shown + padding


def _bullet(line: Line, width: int) -> Iterator[str]:
    """A line with its mark; what is wrapped is indented under the text."""
    about = f"{line.about}: " if line.about else ""
    first, *rest = wrapped(about + line.text.text(plain), width - 2)
    if first.startswith(about) and about:
        first = _styled(about.rstrip(), _colour(line.severity)) + first[len(about) - 1 :]
    yield f"- {first}"
    for more in rest:
        yield f"  {more}"


def _colour(severity: Severity | None) -> str:
    return "" if severity is None else _COLOURS[severity]


def _styled(text: str, style: str) -> str:
    return f"\x1b[{style}m{text}\x1b[0m" if style and text else text
