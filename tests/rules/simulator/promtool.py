"""Asks promtool which alerts a rule file fires on a history, and when."""

from __future__ import annotations

import functools
import math
import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import yaml

from rules.simulator.scraping import Series
from support.peers import Peer

EVALUATION_SECONDS = 30
FEWER_COLLECTIONS = {"GOGC": "400"}  # of garbage: a fifth of promtool's time for 200 MB


class Firing(NamedTuple):
    """One alert of one stream or group: first and last evaluation at which it fired, and how often.

    `first` and `last` are seconds since the start of the history; `mutant` is the label by which
    alerts of mutated rules are told apart.
    """

    redis: str
    alert: str
    stream: str
    group: str
    mutant: str
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


# Asked for each mutant alone: promtool gives up on a query that touches 10 000 samples.
_ALERTS = 'ALERTS{{alertstate="firing",mutant="{mutant}"}}'
_QUERIES = {
    "first": f"min_over_time(timestamp({_ALERTS})[{{window}}s:{EVALUATION_SECONDS}s])",
    "last": f"max_over_time(timestamp({_ALERTS})[{{window}}s:{EVALUATION_SECONDS}s])",
    "count": f"count_over_time({_ALERTS}[{{window}}s])",
}
_KIND = {query[:5]: kind for kind, query in _QUERIES.items()}
_GOT = re.compile(r"(\{[^{}]*\}) ([^\s,]+)")
_HEAD = re.compile(r"(Unit Testing|Processing test file): +\S+\s+FAILED:\s+")  # 2.42, 3.16
_GROUP = re.compile(r"^ *- name: (\S+)$", re.MULTILINE)
_KEY = ("redis", "alertname", "stream", "group", "mutant")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def firings(
    history: History,
    rule_files: Sequence[Path],
    promtool: Peer,
    directory: Path,
    mutants: Sequence[str] = ("",),
) -> list[Firing]:
    """Return every alert that ever fired; AssertionError when promtool cannot run the files."""
    queries = [
        query.format(window=int(history.seconds) + 60, mutant=mutant)
        for mutant in mutants
        for query in _QUERIES.values()
    ]
    silent = [directory / f"{number}.rules.yml" for number, _ in enumerate(rule_files)]
    for file, rules in zip(silent, rule_files, strict=True):
        file.write_text(_without_annotations(rules.read_text()))
    file = directory / "history.yml"
    file.write_text("\n".join(_test_file(history, silent, queries)))
    done = subprocess.run(
        [promtool.binary, "test", "rules", str(file)],
        capture_output=True,
        text=True,
        env=os.environ | FEWER_COLLECTIONS,
    )
    output = done.stdout + done.stderr
    if done.returncode == 0:
        return []
    # What it fires is reported as not expected; anything else is a failure of its own.
    head, *blocks = output.split('    expr: "')
    assert blocks, output
    assert _HEAD.fullmatch(head), head
    found: dict[str, dict[tuple[str, ...], float]] = {kind: {} for kind in _QUERIES}
    for block in blocks:
        assert "got: {" in block, block
        found[_KIND[block[:5]]] |= _values(block)
    return [
        Firing(*key, first=first, last=found["last"][key], count=int(found["count"][key]))
        for key, first in sorted(found["first"].items())
    ]


@functools.cache
def _without_annotations(rules: str) -> str:
    """The rules as they fire: what they say, promtool would write anew at each evaluation."""
    document = yaml.safe_load(rules)
    for group in document["groups"]:
        for rule in group["rules"]:
            rule.pop("annotations", None)
    return yaml.safe_dump(document, sort_keys=False, width=math.inf)


def _values(block: str) -> dict[tuple[str, ...], float]:
    found: dict[tuple[str, ...], float] = {}
    for labelled, value in _GOT.findall(block.partition("got: ")[2]):
        labels = dict(_LABEL.findall(labelled))
        redis, alert, *rest = (labels.get(name, "") for name in _KEY)
        while (key := (redis, alert, *rest)) in found:
            alert += " again"  # with other labels beside the same ones: a page too many
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
        yield f"    values: {' '.join(_runs(values))}"
    yield "  promql_expr_test:"
    for query in queries:
        yield f"  - expr: '{query}'"
        yield f"    eval_time: {int(history.seconds)}s"


def _runs(values: Sequence[float | str | None]) -> Iterator[str]:
    """The values as promtool reads them: `5x3` is 5 and three more of it, `_x3` three missing."""
    for value, run in groupby(values):
        count = len(list(run))
        if value is None:
            yield f"_x{count}"
        elif isinstance(value, str):
            yield from [value] * count
        elif math.isinf(value):  # which promtool does not repeat
            yield from ["+Inf"] * count
        else:
            yield repr(value).removesuffix(".0") + (f"x{count - 1}" if count > 1 else "")
