"""An incident as text, as Markdown and as JSON; the page shows the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from streamgauge import __version__
from streamgauge.labels import label_value
from streamgauge.report.incident import Incident, advice_note
from streamgauge.report.markdown import MARKS, part_lines
from streamgauge.report.names import code_span, plain
from streamgauge.report.status import SCHEMA, part_json, row_json, text_json, time_json
from streamgauge.report.text import COLOURS, new_console, print_part, trimmed
from streamgauge.report.view import Part


def incident_text(incident: Incident, width: int, *, is_coloured: bool = False) -> str:
    """Write it for a terminal; commands are never broken, so that they can be copied."""
    console = new_console(width, is_coloured=is_coloured)
    with console.capture() as printed:
        _print(console, incident)
    return trimmed(printed.get())


def _print(console: Console, incident: Incident) -> None:
    console.print(Text(incident.sentence.text(plain), COLOURS[incident.severity]))
    if incident.since:
        console.print(incident.since)
    console.print(Text(f"{plain(incident.redis)} db{incident.db}, {incident.time}", "dim"))
    for note in incident.notes:
        console.print(note.text(plain))
    for part in _every_part(incident):
        console.print()
        print_part(console, part, b"" if part.key == "streams" else incident.stream.name)
    if incident.advice:
        console.print()
        console.print(Text("COMMANDS", "bold"))
        console.print(advice_note(incident))
    for one in incident.advice:
        console.print(Text(f"\n{one.line}"), soft_wrap=True)
        undo = f" Cannot be undone: {one.cannot_undo}." if one.cannot_undo else ""
        console.print(Padding(Text(f"{one.does}.{undo}", "dim"), (0, 0, 0, 2)))
    if incident.runbook is not None:
        console.print()
        console.print(Text("RUNBOOK", "bold"))
        console.print(Text(incident.runbook.text), soft_wrap=True)


def _every_part(incident: Incident) -> Iterator[Part]:
    changes, *others = incident.parts
    yield changes
    yield Part("streams", "Stream", [incident.stream])
    yield from others
    if incident.findings:
        yield Part("findings", "Findings", incident.findings, is_table=False)


def incident_markdown(incident: Incident) -> str:
    """Write it as Markdown; every name in it is code."""
    return "".join(f"{line}\n" for line in _markdown_lines(incident))


def _markdown_lines(incident: Incident) -> Iterator[str]:
    yield f"# {MARKS[incident.severity]} {incident.sentence.text(code_span)}"
    yield ""
    yield f"**Redis:** {code_span(incident.redis)} (db{incident.db})  "
    yield f"**Timestamp:** {incident.time}"
    if incident.since:
        yield f"\n{incident.since}"
    for note in incident.notes:
        yield f"\n{note.text(code_span)}"
    for part in _every_part(incident):
        yield f"\n## {part.title}\n"
        yield from part_lines(part)
    if incident.advice:
        yield f"\n## Commands\n\n{advice_note(incident)}"
    for one in incident.advice:
        undo = f" Cannot be undone: {one.cannot_undo}." if one.cannot_undo else ""
        yield f"\n{one.does}.{undo}\n\n    {one.line}"
    if incident.runbook is not None:
        yield f"\n---\n\n{incident.runbook.text}"


def incident_json(incident: Incident, now: float) -> dict[str, Any]:
    """Return it as a structure; `now` is this machine's Unix time."""
    parts = {part.key: part for part in incident.parts}
    refused = {key: part.nothing for key, part in parts.items() if not part.rows and part.nothing}
    return {
        "schema": SCHEMA,
        "generator": f"streamgauge {__version__}",
        **time_json("time", now),
        "redis": incident.redis.decode("utf-8", "surrogatepass"),
        "db": f"db{incident.db}",
        "severity": incident.severity,
        "exit_code": incident.exit_code,
        "sentence": text_json(incident.sentence),
        "stream": row_json(incident.stream),
        "group": None if incident.group is None else label_value(incident.group),
        "notes": [text_json(note) for note in incident.notes],
        "findings": part_json(Part("findings", "", incident.findings)),
        **{key: part_json(part) for key, part in parts.items()},
        "empty": refused,
        "commands": [
            {"command": one.line, "does": one.does, "cannot_undo": one.cannot_undo or None}
            for one in incident.advice
        ],
        "runbook": None if incident.runbook is None else incident.runbook.file.stem,
    }


def to_text(document: object) -> str:
    """Write a structure as JSON in ASCII."""
    return json.dumps(document, indent=2) + "\n"
