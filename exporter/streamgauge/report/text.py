"""The view as text for a terminal, a pipe or a mail: as wide as it may be, coloured if wanted.

A reason stands on a line of its own, and so does a name that is too long for its column: neither
widens the table. What the names of streams begin with, all of them, is said once.
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from os.path import commonprefix
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.segment import Segment, Segments
from rich.table import Table
from rich.text import Text

from streamgauge.report.names import plain
from streamgauge.report.view import Part, Row, View, columns, texts
from streamgauge.verdict.states import Severity

COLOURS: Final = {
    Severity.OK: "green",
    Severity.UNKNOWN: "cyan",
    Severity.WARNING: "yellow",
    Severity.CRITICAL: "bold red",
}
_MORE: Final = "More about one: streamgauge report --stream NAME [--group NAME]"
_INDENT: Final = 2
_GAP: Final = 2
_NAME_CELLS: Final = 16
_MOST_NAME_CELLS: Final = 48
"""A column of names is at least so wide, and other columns are left out before it is narrower; it
is no wider than that, whatever the width.
"""

_LEFT_OUT_FIRST: Final = ("class", "consumers", "pending", "length")
_SHORTEST_PREFIX: Final = 4
_SEPARATORS: Final = ":./-_|"


def report_text(views: Sequence[View], width: int, *, is_coloured: bool = False) -> str:
    """Write the views in lines of at most `width` cells.

    Every name and reason is made printable first, so none can hold an escape sequence.
    """
    console = new_console(width, is_coloured=is_coloured)
    with console.capture() as printed:
        for view in views:
            _print_view(console, view)
    return trimmed(printed.get())


def new_console(width: int, *, is_coloured: bool) -> Console:
    """A console for what is captured; it asks no environment what it may do."""
    return Console(
        file=io.StringIO(),  # a capture flushes stdout, which may be full
        width=width,
        color_system="standard" if is_coloured else None,
        force_terminal=is_coloured,
        no_color=False if is_coloured else None,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
        _environ={},
    )


def trimmed(text: str) -> str:
    """A text whose lines do not end in blanks."""
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def is_colour_wanted(is_terminal: bool) -> bool:
    """Colours are for a terminal that shows them, unless NO_COLOR is set (https://no-color.org)."""
    terminal = os.environ.get("TERM", "")
    return is_terminal and not os.environ.get("NO_COLOR") and terminal not in ("dumb", "unknown")


def _print_view(console: Console, view: View) -> None:
    title = Text(f"{plain(view.redis)} (db{view.verdict.db}): ", "bold")
    console.print(title + Text(view.summary.text(plain), COLOURS[view.severity]))
    console.print(Text(f"{view.time}, {view.method}", "dim"))
    for said in view.trouble:
        console.print(said.text(plain))
    prefix = _common_prefix(view)
    if prefix:
        console.print(Text(f"Names of streams below begin with {plain(prefix)}", "dim"))
    for part in view.parts if view.verdict.up else ():
        if part.rows or part.nothing:
            console.print()
            print_part(console, part, prefix)
    if view.verdict.up and view.severity.is_problem:
        console.print(Text(f"\n{_MORE}", "dim"))
    console.print()


def print_part(console: Console, part: Part, prefix: bytes = b"") -> None:
    """Print a part under its title, with names of streams without this beginning of them."""
    console.print(Text(part.title.upper(), "bold"))
    if not part.rows:
        console.print(part.nothing)
    elif part.is_table:
        _print_table(console, part, prefix)
    else:
        for row in part.rows:
            about = Text(f"{row.state}: ", COLOURS[row.severity]) if row.state else Text()
            print_item(console, about + Text(row.why.text(plain)))


def print_item(console: Console, said: Text) -> None:
    """Print a text behind a mark; what is wrapped is indented under it."""
    item = Table.grid(padding=(0, 1, 0, 0))
    item.add_column(width=1)
    item.add_column(overflow="fold")
    item.add_row("-", said)
    console.print(item)


def _print_table(console: Console, part: Part, prefix: bytes) -> None:
    """Every row is one line of the table; a long name, what does not fit and the reason are lines
    of their own.
    """
    names = [_name(row, prefix) for row in part.rows]
    labels = _fitting(part.rows, console.width)
    left_out = [label for label in columns(part.rows) if label not in labels]
    titles = ["State", *(label.capitalize() for label in labels)]
    cells = [[row.state, *texts(row, labels)] for row in part.rows]
    rest = sum(_widths([titles, *cells])) + _GAP * len(titles)
    room = min(_MOST_NAME_CELLS, max(_NAME_CELLS, console.width - rest))
    longest = max((cell_len(name) for name in names if cell_len(name) <= room), default=1)
    table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("Name", no_wrap=True, width=max(longest, len("Name")))
    table.add_column("State", no_wrap=True)
    for title, label in zip(titles[1:], labels, strict=True):
        table.add_column(title, no_wrap=True, justify="left" if label == "class" else "right")
    for row, name, (state, *others) in zip(part.rows, names, cells, strict=True):
        shown = name if cell_len(name) <= room else ""
        table.add_row(
            Text(shown),
            Text(state, COLOURS[row.severity] if part.is_judged else ""),
            *map(Text, others),
        )
    header, *lines = console.render_lines(table, pad=False)
    _print_line(console, header)
    for row, name, line in zip(part.rows, names, lines, strict=True):
        if cell_len(name) > room:
            console.print(Text(name, overflow="fold"))
        _print_line(console, line)
        more = [one for one in zip(left_out, texts(row, left_out), strict=True) if one[1] != "–"]
        if more:
            _print_below(console, ", ".join(map(" ".join, more)))
        _print_below(console, row.why.text(plain))


def _print_below(console: Console, text: str) -> None:
    console.print(Padding(Text(text, "dim", overflow="fold"), (0, 0, 0, _INDENT)))


def _print_line(console: Console, line: list[Segment]) -> None:
    console.print(Segments([*line, Segment.line()]), end="")


def _name(row: Row, prefix: bytes) -> str:
    """`group on stream`, or the name of what is no part of anything.

    A stream that is named whole already is left out.
    """
    parts = [
        plain(name.removeprefix(prefix) if key == "stream" else name)
        for key, name in row.names
        if not (key == "stream" and name == prefix and len(row.names) > 1)
    ]
    return " on ".join(reversed(parts))


def _fitting(rows: Sequence[Row], width: int) -> list[str]:
    """The columns for which there is room beside a name and a state."""
    labels = columns(rows)
    for left_out in [*(one for one in _LEFT_OUT_FIRST if one in labels), *reversed(labels)]:
        titles = ["State", *(label.capitalize() for label in labels)]
        table = [titles, *([row.state, *texts(row, labels)] for row in rows)]
        if sum(_widths(table)) + _GAP * len(titles) + _NAME_CELLS <= width:
            break
        labels = [label for label in labels if label != left_out]
    return labels


def _widths(table: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(cell_len, column)) for column in zip(*table, strict=True)]


def _common_prefix(view: View) -> bytes:
    """What all names of streams begin with, up to a separator; empty where that saves little."""
    names = {one.stream.name for one in view.verdict.streams}
    if len(names) < 2:
        return b""
    common = plain(commonprefix(sorted(names)) or b"")  # noqa: RUF071 - these are no paths
    end = max(common.rfind(separator) for separator in _SEPARATORS) + 1
    prefix = common[:end].encode()
    is_short = len(prefix) < _SHORTEST_PREFIX or not all(one.startswith(prefix) for one in names)
    return b"" if is_short or prefix in names else prefix
