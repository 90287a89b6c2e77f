"""Asks promtool which alerts rule files fire on what was scraped, and when."""

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

from support import fast_yaml
from support.peers import Peer

EVALUATION_SECONDS = 30

Value = float | str | None
"""A number; "stale", where a series ended; None, where nothing was scraped."""


class Recording(NamedTuple):
    """What Prometheus would have scraped: by series, as an exposition writes it, the values."""

    series: dict[str, list[Value]]
    interval: int
    seconds: int


class Firing(NamedTuple):
    """An alert that fired: its first and last evaluation, in seconds, and how many there were."""

    labels: dict[str, str]
    first: float
    last: float
    count: int

    @property
    def alert(self) -> str:
        return self.labels["alertname"]

    @property
    def redis(self) -> str:
        return self.labels.get("redis", "")

    @property
    def stream(self) -> str:
        return self.labels.get("stream", "")

    @property
    def group(self) -> str:
        return self.labels.get("group", "")

    @property
    def mutant(self) -> str:
        """By what alerts of rules that were changed on purpose are told apart."""
        return self.labels.get("mutant", "")

    @property
    def is_once(self) -> bool:
        """Tell whether it fired without a break: a break is a second page."""
        return self.count >= (self.last - self.first) / EVALUATION_SECONDS + 1


FEWER_COLLECTIONS = {"GOGC": "400"}  # of garbage: a fifth of promtool's time for 200 MB

_ALERTS = 'ALERTS{{alertstate="firing",{matcher}}}'
_QUERIES = {
    "first": f"min_over_time(timestamp({_ALERTS})[{{window}}s:{EVALUATION_SECONDS}s])",
    "last": f"max_over_time(timestamp({_ALERTS})[{{window}}s:{EVALUATION_SECONDS}s])",
    "count": f"count_over_time({_ALERTS}[{{window}}s])",
}
_KIND = {query[:5]: kind for kind, query in _QUERIES.items()}
_GOT = re.compile(r'(\{(?:[^{}"]|"(?:[^"\\]|\\.)*")*\}) ([^\s,]+)')
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_HEAD = re.compile(r"(Unit Testing|Processing test file): +\S+\s+FAILED:\s+")  # 2.42, 3.16


def firings(
    recording: Recording,
    rule_files: Sequence[Path],
    promtool: Peer,
    directory: Path,
    matchers: Sequence[str] = (),
) -> list[Firing]:
    """Return every alert that ever fired; AssertionError when promtool cannot run the files.

    It is asked for the alerts of one matcher after the other, else for one alert after the other:
    it gives up on a query that touches 10,000 samples.
    """
    directory.mkdir(exist_ok=True)
    silent = [without_annotations(file.read_text()) for file in rule_files]
    files = [directory / f"{number}.rules.yml" for number, _ in enumerate(silent)]
    for file, rules in zip(files, silent, strict=True):
        file.write_text(rules)
    test = directory / "test.yml"
    test.write_text("\n".join(_test_file(recording, files, silent, matchers)))
    done = subprocess.run(
        [promtool.binary, "test", "rules", str(test)],
        capture_output=True,
        text=True,
        env=os.environ | FEWER_COLLECTIONS,
    )
    if done.returncode == 0:
        return []
    # Whatever fires is reported as not expected; any other complaint is a failure of its own.
    output = done.stdout + done.stderr
    head, *blocks = output.split('    expr: "')
    assert blocks, output[:2000]
    assert _HEAD.fullmatch(head), head
    found: dict[str, dict[str, float]] = {kind: {} for kind in _QUERIES}
    for block in blocks:
        assert "got: {" in block, block[:2000]
        found[_KIND[block[:5]]] |= {
            " ".join(f'{k}="{v}"' for k, v in _LABEL.findall(labels) if k != "__name__"): float(at)
            for labels, at in _GOT.findall(block.partition("got: ")[2])
        }
    return [
        Firing(dict(_LABEL.findall(key)), first, found["last"][key], int(found["count"][key]))
        for key, first in found["first"].items()
    ]


@functools.cache
def without_annotations(rules: str) -> str:
    """The rules as they fire: promtool would write their texts at each evaluation."""
    document = fast_yaml.load(rules)
    for group in document["groups"]:
        for rule in group["rules"]:
            rule.pop("annotations", None)
    return fast_yaml.dump(document)


def _test_file(
    recording: Recording, files: Sequence[Path], rules: Sequence[str], matchers: Sequence[str]
) -> Iterator[str]:
    groups = [group for text in rules for group in fast_yaml.load(text)["groups"]]
    alerts = {rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule}
    matchers = matchers or [f'alertname="{alert}"' for alert in sorted(alerts)]
    text = "".join(rules)
    yield f"rule_files: [{', '.join(map(str, files))}]"
    yield f"evaluation_interval: {EVALUATION_SECONDS}s"
    # In the order of the files; promtool would else take a new one each time.
    yield f"group_eval_order: [{', '.join(group['name'] for group in groups)}]"
    yield "tests:"
    yield f"- interval: {recording.interval}s"
    yield "  input_series:"
    for series, values in recording.series.items():
        if series.partition("{")[0] in text:
            yield f"  - series: '{series}'"
            yield f"    values: {' '.join(runs(values))}"
    yield "  promql_expr_test:"
    for matcher in matchers:
        for query in _QUERIES.values():
            yield f"  - expr: '{query.format(matcher=matcher, window=recording.seconds + 60)}'"
            yield f"    eval_time: {recording.seconds}s"


def runs(values: Iterable[Value]) -> Iterator[str]:
    """The values as promtool reads them: `5x3` is 5 and three more of it, `_x3` three missing."""
    for value, run in groupby(values):
        count = len(list(run))
        if value is None:
            yield f"_x{count}"
        elif isinstance(value, str):
            yield from [value] * count
        elif math.isinf(value):  # which promtool 2.42 does not repeat
            yield from ["+Inf"] * count
        else:
            yield repr(value).removesuffix(".0") + (f"x{count - 1}" if count > 1 else "")
