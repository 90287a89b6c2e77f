"""Results of the cases: as Markdown, as JSON, and what machine and programs they are of."""

import math
import os
import platform
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from contenders import REDIS_EXPORTER
from measures import Measures, Summary

from streamgauge import __version__
from support.peers import newest_here
from support.servers import find_binary


class Goal(NamedTuple):
    """A figure, and what it must not exceed; without a figure it was not measured."""

    text: str
    limit: float
    value: float | None

    @property
    def verdict(self) -> str:
        if self.value is None or math.isnan(self.value):
            return "not measured"
        return "reached" if self.value <= self.limit else "missed"


class Table(NamedTuple):
    """Rows of text below a heading of columns."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


class Outcome(NamedTuple):
    """What a case has found: tables to read, goals, and the figures for a program."""

    title: str
    tables: Sequence[Table]
    goals: Sequence[Goal]
    figures: dict[str, Any]


MEASURES = {
    "wall_ms": "/metrics, ms",
    "gzip_wall_ms": "with gzip, ms",
    "redis_cpu_ms": "Redis CPU, ms",
    "exporter_cpu_ms": "own CPU, ms",
    "redis_bytes": "bytes from Redis",
    "resident_mb": "resident, MB",
    "peak_mb": "peak, MB",
    "series": "series",
    "body_bytes": "body, bytes",
    "gzip_bytes": "with gzip, bytes",
}


def measures_table(measured: dict[str, Measures]) -> Table:
    """One row per contender: medians, and the quartiles of what varies."""
    rows = [
        [name, *(cell(getattr(measures, field)) for field in MEASURES)]
        for name, measures in measured.items()
    ]
    return Table(["per scrape", *MEASURES.values()], rows)


def cell(value: Summary | float | None) -> str:
    if value is None:
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Summary):
        middle, low, high = map(number, value)
        return middle if low == high else f"{middle} ({low}–{high})"
    return number(value)


def number(value: float) -> str:
    """Three digits that count, and thousands apart."""
    if math.isnan(value):
        return "–"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
    return f"{value:,.{digits}f}"


def ratio(ours: Summary | float | None, other: Summary | float | None) -> float | None:
    """Of the medians; None where there are not both."""
    mine, its = (one.median if isinstance(one, Summary) else one for one in (ours, other))
    return mine / its if mine is not None and its else None


def markdown(table: Table) -> Iterator[str]:
    for row in (table.columns, ["---"] * len(table.columns), *table.rows):
        yield f"| {' | '.join(row)} |"


def outcome_markdown(name: str, outcome: Outcome) -> Iterator[str]:
    yield f"## {name}"
    yield ""
    yield outcome.title
    for table in outcome.tables:
        yield ""
        yield from markdown(table)
    if outcome.goals:
        rows = [
            (each.text, f"<= {each.limit:g}", cell(each.value), each.verdict)
            for each in outcome.goals
        ]
        yield ""
        yield from markdown(Table(("goal", "limit", "figure", ""), rows))
    yield ""


def conditions_markdown(conditions: dict[str, Any]) -> Iterator[str]:
    yield from markdown(Table(["", ""], [[name, str(it)] for name, it in conditions.items()]))
    yield ""


def document(conditions: dict[str, Any], outcomes: dict[str, Outcome]) -> Iterator[str]:
    """The whole of RESULTS.md."""
    yield "# Results"
    yield ""
    yield "Written by `benchmarks/compare.py`; medians, quartiles in brackets. Times are those of"
    yield "this machine: what counts are ratios between contenders that took turns in one run."
    yield ""
    yield from conditions_markdown(conditions)
    for name, outcome in outcomes.items():
        yield from outcome_markdown(name, outcome)


def as_json(conditions: dict[str, Any], outcomes: dict[str, Outcome]) -> dict[str, Any]:
    cases = {
        name: {
            "title": outcome.title,
            "figures": _plain(outcome.figures),
            "goals": [{**goal._asdict(), "verdict": goal.verdict} for goal in outcome.goals],
        }
        for name, outcome in outcomes.items()
    }
    return {"conditions": conditions, "cases": cases}


def _plain(value: Any) -> Any:
    """Named tuples as mappings, at any depth."""
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return value


def conditions(command: str, server: str) -> dict[str, Any]:
    """What the figures hold for."""
    peer = newest_here(REDIS_EXPORTER)
    found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return {
        "command": f"`{command}`",
        "cores": os.cpu_count(),
        "processor": found[1] if found else platform.machine(),
        "load before": round(os.getloadavg()[0], 1),
        "Python": platform.python_version(),
        "Redis": _said([str(find_binary(server)), "--version"], r"^(\w+) server v=(\S+)"),
        "redis_exporter": peer.version if peer.path else "absent",
        "streamgauge": __version__,
    }


def _said(command: Iterable[str], pattern: str) -> str:
    done = subprocess.run([*command], capture_output=True, text=True, check=False)
    found = re.search(pattern, done.stdout + done.stderr)
    return " ".join(found.groups()) if found else "unknown"
