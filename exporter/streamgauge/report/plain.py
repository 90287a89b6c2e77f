"""The report as plain aligned text, for a pipe, a file or a mail: no colours, nothing wrapped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rich.cells import cell_len

from streamgauge.report.document import Chapter, Column, Document, Line, Section
from streamgauge.report.names import plain

_GAP: Final = "  "


def plain_text(document: Document) -> str:
    """Write the document as lines as long as they need to be."""
    return "".join(f"{line}\n" for chapter in document for line in _chapter(chapter))


def _chapter(chapter: Chapter) -> Iterator[str]:
    yield f"{plain(chapter.redis)} (db{chapter.db}): {chapter.summary.text(plain)}"
    yield f"{chapter.time}, {chapter.method}"
    yield from (said.text(plain) for said in chapter.trouble)
    for section in chapter.sections:
        yield ""
        yield section.title.upper()
        yield from _section(section)
    yield ""


def _section(section: Section) -> Iterator[str]:
    if section.rows:
        rows = [[cell.text.text(plain) for cell in row] for row in section.rows]
        yield from _table(section.columns, rows)
    elif section.lines:
        yield from map(_line, section.lines)
    else:
        yield section.nothing


def _line(line: Line) -> str:
    return (
        f"- {line.about}: {line.text.text(plain)}" if line.about else f"- {line.text.text(plain)}"
    )


def _table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    table = [[column.title for column in columns], *rows]
    widths = [max(map(cell_len, cells)) for cells in zip(*table, strict=True)]
    for row in table:
        cells = (
            _aligned(text, width, column)
            for text, width, column in zip(row, widths, columns, strict=True)
        )
        yield _GAP.join(cells).rstrip()


def _aligned(text: str, width: int, column: Column) -> str:
    padding = " " * (width - cell_len(text))
    return padding + text if column.is_number else text + padding
