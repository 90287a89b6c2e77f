"""The report for a terminal: aligned, wrapped and coloured by rich."""

from __future__ import annotations

import io
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from streamgauge.report.document import Chapter, Document, Line, Section
from streamgauge.report.names import plain
from streamgauge.verdict.states import Severity

_STYLES: Final = {
    Severity.OK: "green",
    Severity.UNKNOWN: "cyan",
    Severity.WARNING: "yellow",
    Severity.CRITICAL: "bold red",
}


def terminal_text(document: Document, width: int) -> str:
    """Write the document for a terminal of so many columns, with its escape sequences for colour.

    Everything is rich's Text, never its markup, so a name cannot be either.
    """
    output = io.StringIO()
    console = Console(
        file=output,
        width=width,
        force_terminal=True,
        color_system="standard",
        highlight=False,
        emoji=False,
        markup=False,
    )
    for chapter in document:
        _write_chapter(console, chapter)
    return output.getvalue()


def _write_chapter(console: Console, chapter: Chapter) -> None:
    verdict = Text(f"{plain(chapter.redis)} (db{chapter.db}): ", "bold")
    verdict.append(chapter.summary.text(plain), _style(chapter.severity))
    console.print(verdict)
    console.print(Text(f"{chapter.time}, {chapter.method}", "dim"))
    for section in chapter.sections:
        console.print()
        console.print(Text(section.title.upper(), "bold"))
        _write_section(console, section)
    console.print()


def _write_section(console: Console, section: Section) -> None:
    if section.rows:
        console.print(_rich_table(section))
    elif section.lines:
        for line in section.lines:
            console.print(_bullet(line))
    else:
        console.print(Text(section.nothing))


def _rich_table(section: Section) -> Table:
    shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    last = len(section.columns) - 1
    for index, column in enumerate(section.columns):
        shown.add_column(
            Text(column.title),
            justify="right" if column.is_number else "left",
            overflow="fold",
            no_wrap=not column.wraps,
            ratio=1 if index == last else None,
        )
    for row in section.rows:
        shown.add_row(*(Text(cell.text.text(plain), _style(cell.severity)) for cell in row))
    return shown


def _bullet(line: Line) -> Table:
    """A line with its mark, so that what is wrapped is indented under the text."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    text = Text()
    if line.about:
        text.append(f"{line.about}: ", _style(line.severity))
    grid.add_row(Text("-"), text.append(line.text.text(plain)))
    return grid


def _style(severity: Severity | None) -> str:
    return "" if severity is None else _STYLES[severity]
