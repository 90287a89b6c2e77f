"""The corpus against this pack and against the published logic of others, as the README's table.

    PYTHONPATH=tests python -m rules.comparison

The others do not know what a stream is for, and so are judged more leniently than this pack is by
its own tests. Anything that fires for a stream that has an incident at any time of the history
counts as finding it: whatever the alert, its severity, and when. Left out are

- histories on Redis 6.2, which does not tell the lag in entries that they need,
- histories in which the exporter or Redis is out of reach, which is for other rules of theirs,
- false alerts for streams whose groups may lag as they like, which they cannot be told,
- what fires in the first minutes only: a window that reaches back before the history is not full.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rules.scenarios import SCENARIOS
from rules.shipped import PAGING_RULES
from rules.simulator.case import BLIND, Case
from rules.simulator.corpus import PROMTOOLS_AT_ONCE, Batch, batches
from rules.simulator.world import MINUTE
from rules.systems import random_system
from support.peers import installed

SYSTEMS = 200
OURS = "this pack"
PACKS = {OURS: PAGING_RULES} | {
    file.name.removesuffix(".rules.yml"): [file]
    for file in sorted((Path(__file__).parent / "packs").glob("*.rules.yml"))
}
COLUMNS = [
    "pack",
    "feeds quiet or missing: found",
    "groups stalled, lagging or losing: found",
    "streams alerted for nothing",
    "precision",
    "recall",
]
LONGEST_WINDOW = 10 * MINUTE
# promtool gives up on a query that loads 10,000 samples, and a pack may fire for every stream.
BATCH = 3


def share(part: int, whole: int) -> str:
    """Two digits, rounded down, so that 1.00 means all."""
    return f"{part * 100 // max(1, whole) / 100:.2f}"


@dataclass
class Tally:
    """Streams with an incident, of the feed or of a group; those found; those without any."""

    feeds: int = 0
    feeds_found: int = 0
    groups: int = 0
    groups_found: int = 0
    false: int = 0

    def add(self, case: Case, fired_for: set[str]) -> None:
        of_groups = {page.stream for page in case.pages if page.group}
        of_feeds = {page.stream for page in case.pages} - of_groups
        self.feeds += len(of_feeds)
        self.feeds_found += len(of_feeds & fired_for)
        self.groups += len(of_groups)
        self.groups_found += len(of_groups & fired_for)
        matters = {n for n, s in case.world.streams.items() if s.policy.lag_limit_seconds}
        self.false += len(matters & fired_for - of_groups - of_feeds)

    @property
    def row(self) -> list[str]:
        found = self.feeds_found + self.groups_found
        return [
            f"{self.feeds_found} of {self.feeds}",
            f"{self.groups_found} of {self.groups}",
            str(self.false),
            share(found, found + self.false),
            share(found, self.feeds + self.groups),
        ]


def is_comparable(case: Case) -> bool:
    counts_entries = all(stream.server.tells_lag for stream in case.world.streams.values())
    return counts_entries and all(page.alert != BLIND for page in case.pages)


def comparable(cases: Mapping[str, Case]) -> dict[str, Case]:
    return {name: case for name, case in cases.items() if is_comparable(case)}


def streams_alerted(batch: Batch, rule_files: Sequence[Path]) -> dict[str, set[str]]:
    """Tell for which streams the rules fire, by case."""
    return {
        name: {
            firing.stream
            for firing in fired
            if firing.first <= batch.cases[name].seconds and firing.last > LONGEST_WINDOW
        }
        for name, fired in batch.firings(rule_files, installed("promtool")).items()
    }


def compare(cases: Mapping[str, Case]) -> dict[str, Tally]:
    """Play comparable cases against every pack."""
    recorded = list(batches(cases, BATCH))
    tallies = {pack: Tally() for pack in PACKS}
    with ThreadPoolExecutor(PROMTOOLS_AT_ONCE) as pool:
        for pack, files in PACKS.items():
            for alerted in pool.map(lambda batch, f=files: streams_alerted(batch, f), recorded):
                for name, streams in alerted.items():
                    tallies[pack].add(cases[name], streams)
    return tallies


def table(tallies: Mapping[str, Tally]) -> Iterator[str]:
    yield f"| {' | '.join(COLUMNS)} |"
    yield "|---" * len(COLUMNS) + "|"
    for pack, tally in tallies.items():
        yield f"| {' | '.join([pack, *tally.row])} |"


def main() -> None:
    named = comparable({name: build() for name, build in SCENARIOS.items()})
    systems = {f"system {seed}": random_system(seed) for seed in range(1, SYSTEMS + 1)}
    systems = comparable(systems)
    print(f"{len(named)} scenarios and {len(systems)} random systems:\n")
    print("\n".join(table(compare(named | systems))))


if __name__ == "__main__":
    main()
