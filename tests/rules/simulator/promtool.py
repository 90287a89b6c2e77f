"""Asks promtool which alerts a rule file fires on a history, and when."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from rules.simulator.scraping import Series
from support.servers import missing

EVALUATION_SECONDS = 30


class Firing(NamedTuple):
    """One alert of one stream or group: first and last evaluation at which it fired, and how often.

    `first` and `last` are seconds since the start of the history.
    """

    redis: str
    alert: str
    stream: str
    group: str
    first: float
    last: float
    count: int

    @property
    def stopped_in_between(self) -> bool:
        """Tell whether it fired more than once, which means a second page."""
        return self.count < (self.last - self.first) / EVALUATION_SECONDS + 1


class History(NamedTuple):
    """Series over time, to be judged by rule files; values are `interval` seconds apart."""

    series: dict[Series, list[float | str | None]]
    interval: float
    seconds: float


_FIRST = 'min_over_time(timestamp(ALERTS{{alertstate="firing"}})[{window}s:{step}s])'
_LAST = 'max_over_time(timestamp(ALERTS{{alertstate="firing"}})[{window}s:{step}s])'
_COUNT = 'count_over_time(ALERTS{{alertstate="firing"}}[{window}s])'
_GOT = re.compile(r"(\{[^{}]*\}) ([^\s,]+)")
_GROUP = re.compile(r"^ *- name: (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def firings(history: History, rule_files: Sequence[Path], directory: Path) -> list[Firing]:
    """Return every alert that ever fired; AssertionError when promtool cannot run the files."""
    queries = [
        template.format(window=int(history.seconds) + 60, step=EVALUATION_SECONDS)
        for template in (_FIRST, _LAST, _COUNT)
    ]
    promtool = shutil.which("promtool")
    if promtool is None:
        missing("promtool")
    file = directory / "history.yml"
    file.write_text("\n".join(_test_file(history, rule_files, queries)))
    done = subprocess.run([promtool, "test", "rules", str(file)], capture_output=True, text=True)
    output = done.stdout + done.stderr
    if done.returncode == 0:
        return []
    blocks = output.split('expr: "')[1:]
    assert len(blocks) <= len(queries), output
    assert blocks, output
    first, last, count = (_values(block) for block in blocks)
    return [
        Firing(*key, first=first[key], last=last[key], count=int(count[key]))
        for key in sorted(first)
    ]


def _values(block: str) -> dict[tuple[str, ...], float]:
    found = {}
    for labelled, value in _GOT.findall(block.partition("got: ")[2]):
        labels = dict(_LABEL.findall(labelled))
        key = tuple(labels.get(name, "") for name in ("redis", "alertname", "stream", "group"))
        while key in found:  # one alert with other labels beside the same ones: a page too many
            key = (key[0], f"{key[1]} again", *key[2:])
        found[key] = float(value)
    return found


def _test_file(
    history: History, rule_files: Sequence[Path], queries: Iterable[str]
) -> Iterable[str]:
    rules = "".join(file.read_text() for file in rule_files)
    yield f"rule_files: [{', '.join(str(file) for file in rule_files)}]"
    yield f"evaluation_interval: {EVALUATION_SECONDS}s"
    # In the order of the files; promtool would else take a new one each time.
    yield f"group_eval_order: [{', '.join(_GROUP.findall(rules))}]"
    yield "tests:"
    yield f"- interval: {int(history.interval)}s"
    yield "  input_series:"
    for (name, labels), values in history.series.items():
        if name not in rules:
            continue
        text = ", ".join(f'{key}="{value}"' for key, value in labels)
        yield f"  - series: '{name}{{{text}}}'"
        yield f"    values: {' '.join(_value(value) for value in values)}"
    yield "  promql_expr_test:"
    for query in queries:
        yield f"  - expr: '{query}'"
        yield f"    eval_time: {int(history.seconds)}s"


def _value(value: float | str | None) -> str:
    if value is None:
        return "_"
    if isinstance(value, str):
        return value
    if math.isinf(value):
        return "+Inf"
    return repr(value).removesuffix(".0")
