"""Plays many cases against rule files, several in one run of promtool: each is its own Redis."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rules.simulator.case import INTERVAL, Case, Verdict
from rules.simulator.scraping import Series, record_history
from support.peers import Peer
from support.promtool import Firing, Recording, firings

BATCH = 16
PROMTOOLS_AT_ONCE = min(4, os.cpu_count() or 2)  # each of them takes up to 400 MB

_NUMBERS = itertools.count()  # of the cases, so that no two share a Redis in any batch


@dataclass
class Batch:
    """Cases of similar length whose histories are judged together."""

    cases: dict[str, Case]
    history: Recording

    def judge(self, rule_files: Sequence[Path], promtool: Peer) -> dict[str, Verdict]:
        """Compare what fires with what must, case by case."""
        return self.verdicts(self._firings(rule_files, promtool))

    def firings(
        self, rule_files: Sequence[Path], promtool: Peer, mutants: Sequence[str] = ("",)
    ) -> dict[str, list[Firing]]:
        """Return every alert that fired in each case."""
        return self._by_case(self._firings(rule_files, promtool, mutants))

    def verdicts(self, fired: Sequence[Firing]) -> dict[str, Verdict]:
        """Compare what fired with what must, case by case."""
        by_case = self._by_case(fired)
        return {name: case.judge(by_case[name]) for name, case in self.cases.items()}

    def _firings(
        self, rule_files: Sequence[Path], promtool: Peer, mutants: Sequence[str] = ("",)
    ) -> list[Firing]:
        matchers = [f'mutant="{mutant}"' for mutant in mutants]
        with tempfile.TemporaryDirectory(prefix="rules-") as directory:
            return firings(self.history, rule_files, promtool, Path(directory), matchers)

    def _by_case(self, fired: Sequence[Firing]) -> dict[str, list[Firing]]:
        alone = len(self.cases) == 1
        return {
            name: [f for f in fired if alone or f.redis in case.redis_names]
            for name, case in self.cases.items()
        }


def batches(cases: Mapping[str, Case], size: int = BATCH) -> Iterator[Batch]:
    """Record all cases, each once; one that loses its target is alone, for `up` is of no Redis."""
    together = sorted(
        (item for item in cases.items() if not _loses_target(item[1])),
        key=lambda item: item[1].minutes,
    )
    for start in range(0, len(together), size):
        yield _record(dict(together[start : start + size]))
    for name, case in cases.items():
        if _loses_target(case):
            yield _record({name: case})


def judge_all(
    recorded: Iterable[Batch], rule_files: Sequence[Path], promtool: Peer
) -> dict[str, Verdict]:
    """Judge every case; the order is that of the batches."""
    with ThreadPoolExecutor(PROMTOOLS_AT_ONCE) as pool:
        judged = pool.map(lambda batch: batch.judge(rule_files, promtool), recorded)
        return {name: verdict for verdicts in judged for name, verdict in verdicts.items()}


def _loses_target(case: Case) -> bool:
    return any(exporter.down or exporter.gone for exporter in case.exporters)


def _record(cases: dict[str, Case]) -> Batch:
    series: dict[Series, list[float | str | None]] = {}
    for case in cases.values():
        if not case.series:
            number = next(_NUMBERS)
            for exporter in case.exporters:
                exporter.redis = f"{exporter.redis}-{number}"
                exporter.instance = f"{number}-{exporter.instance}"
            case.series = record_history(
                case.world, case.exporters, seconds=case.seconds, interval=INTERVAL
            )
        series |= case.series
    longest = max(case.seconds for case in cases.values())
    texts = {_text(*one): values for one, values in series.items()}
    return Batch(cases, Recording(texts, int(INTERVAL), int(longest)))


def _text(name: str, labels: Iterable[tuple[str, str]]) -> str:
    written = ", ".join([f'{key}="{value}"' for key, value in labels])
    return f"{name}{{{written}}}"
