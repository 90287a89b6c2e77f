"""The view as Markdown, in the shape of a report somebody wrote by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from streamgauge.report.names import code_cell, code_span
from streamgauge.report.view import Part, View, columns, texts
from streamgauge.verdict.states import Severity

MARKS: Final = {
    Severity.OK: "✅",
    Severity.UNKNOWN: "❔",
    Severity.WARNING: "⚠️",
    Severity.CRITICAL: "❌",
}


def markdown(views: Sequence[View]) -> str:
    """Write the views; every name in them is code, so none can be markup."""
    return "".join(f"{line}\n" for view in views for line in _chapter(view))


def _chapter(view: View) -> Iterator[str]:
    yield f"# Redis Streams report: {code_span(view.redis)} (db{view.verdict.db})"
    yield ""
    yield f"**Timestamp:** {view.time}  "
    yield f"**Method:** {view.method}  "
    yield f"**Status:** {MARKS[view.severity]} {view.summary.text(code_span)}"
    yield ""
    for said in view.trouble:
        yield f"- {said.text(code_span)}"
    if view.trouble:
        yield ""
    shown = [part for part in view.parts if part.rows or part.nothing]
    for number, part in enumerate(shown if view.verdict.up else [], 1):
        yield f"## {number}. {part.title}"
        yield ""
        yield from part_lines(part)
        yield ""


def part_lines(part: Part) -> Iterator[str]:
    """Write the rows of a part as a table or as a list."""
    if not part.rows:
        yield part.nothing
    elif part.is_table:
        yield from _table(part)
    else:
        for row in part.rows:
            about = f"{MARKS[row.severity]} **{row.state}**: " if row.state else ""
            yield f"- {about}{row.why.text(code_span)}"


def _table(part: Part) -> Iterator[str]:
    names = [key.capitalize() for key, _ in part.rows[0].names]
    labels = columns(part.rows)
    titles = [*names, "State", *(label.capitalize() for label in labels), "Why"]
    numbers = ["---" if label == "class" else "---:" for label in labels]
    yield f"| {' | '.join(titles)} |"
    yield f"|{'|'.join(['---'] * (len(names) + 1) + numbers + ['---'])}|"
    for row in part.rows:
        cells = [code_cell(name) for _, name in row.names]
        cells.append(f"{MARKS[row.severity]} {row.state}" if part.is_judged else row.state)
        cells += texts(row, labels)
        yield f"| {' | '.join([*cells, row.why.text(code_cell)])} |"
