"""Which mutants of the paging rules the named scenarios catch.

    PYTHONPATH=tests python -m rules.mutation

All mutants that are not caught yet are played on one batch of scenarios after the other, first on
those about the alerts they affect, many in one run of promtool: each is a copy of the changed rule
and of the rules that depend on it, under names and with a label of its own. With them goes a copy
with nothing changed, under which all must come out right. A mutant is caught when an alert comes
out wrong; one that promtool cannot run fails everything.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from rules.mutants import Mutant, Rule, affected, mutants, name_of
from rules.scenarios import SECTIONS
from rules.shipped import PAGING_RULES, named_cases
from rules.simulator.corpus import PROMTOOLS_AT_ONCE, Batch, batches
from support import fast_yaml
from support.peers import installed

BATCH = 4  # small: what a batch catches need not be played on the next


class Mutation:
    """The mutants of all paging rules and by which scenario each was caught."""

    def __init__(self) -> None:
        documents = [fast_yaml.load(file.read_text()) for file in PAGING_RULES]
        self.rules: list[Rule] = [
            {key: value for key, value in rule.items() if key != "annotations"}
            for document in documents
            for group in document["groups"]
            for rule in group["rules"]
        ]
        self.mutants = list(mutants(self.rules, SECTIONS))
        self.caught_by: dict[int, str] = {}
        unchanged = [
            Mutant(index, name_of(rule), "nothing changed", rule)
            for index, rule in enumerate(self.rules)
            if name_of(rule) in SECTIONS
        ]
        self._played = [*self.mutants, *unchanged]
        self._affected = [affected(self.rules, mutant.index) for mutant in self._played]

    def alerts(self, number: int) -> set[str]:
        """Return the alerts that come out differently under a mutant."""
        return {name_of(self.rules[i]) for i in self._affected[number]} & SECTIONS.keys()

    def play_all(self) -> None:
        """Play every mutant until it is caught, first on the scenarios about what it affects."""
        cases = named_cases()
        recorded = {
            alert: list(batches({name: cases[name] for name in names}, BATCH))
            for alert, names in SECTIONS.items()
        }

        def play(section: str, *, about: bool) -> None:
            for batch in recorded[section]:
                live = [n for n in self.survivors() if (section in self.alerts(n)) == about]
                if live:
                    self._play(batch, live)

        with ThreadPoolExecutor(PROMTOOLS_AT_ONCE) as pool:
            list(pool.map(partial(play, about=True), recorded))
            list(pool.map(partial(play, about=False), recorded))

    def survivors(self) -> list[int]:
        return [n for n in range(len(self.mutants)) if n not in self.caught_by]

    def report(self) -> str:
        missed = [self.mutants[number] for number in self.survivors()]
        count = len(self.mutants)
        lines = [f"{count} mutants, {count - len(missed)} caught"]
        return "\n".join([*lines, *(f"  {mutant.name}: {mutant.change}" for mutant in missed)])

    def _play(self, batch: Batch, numbers: Sequence[int]) -> None:
        alerts = set().union(*(self.alerts(number) for number in numbers))
        unchanged = range(len(self.mutants), len(self._played))
        played = [*numbers, *(number for number in unchanged if self.alerts(number) & alerts)]
        with tempfile.TemporaryDirectory(prefix="mutants-") as directory:
            file = Path(directory) / "mutants.yml"
            file.write_text(fast_yaml.dump({"groups": self._groups(played)}))
            numbered = [str(number) for number in played]
            fired = batch.firings([file], installed("promtool"), numbered)
        for number in played:
            for name, case in batch.cases.items():
                of_mutant = [firing for firing in fired[name] if firing.mutant == str(number)]
                problems = case.judge(of_mutant, self.alerts(number)).problems
                assert not (problems and number in unchanged), (name, problems)
                if problems:
                    self.caught_by.setdefault(number, name)

    def _groups(self, numbers: Sequence[int]) -> list[dict[str, Any]]:
        played = {i for number in numbers for i in self._affected[number]}
        records = [
            rule
            for i, rule in enumerate(self.rules)
            if "record" in rule and not played.isdisjoint(affected(self.rules, i))
        ]
        groups = [{"name": "shipped", "rules": records}]
        return groups + [{"name": f"mutant-{n}", "rules": self._changed(n)} for n in numbers]

    def _changed(self, number: int) -> list[Rule]:
        """Copy the mutant and all that depends on it; recorded series get names of their own."""
        mutant, indices = self._played[number], self._affected[number]
        names = [self.rules[i]["record"] for i in indices if "record" in self.rules[i]]
        copies = []
        for i in indices:
            rule = mutant.rule if i == mutant.index else self.rules[i]
            text = rule["expr"]
            for name in names:
                text = re.sub(rf"(?<![\w:]){name}(?![\w:])", f"{name}_{number}", text)
            changed = rule | {"expr": text}
            if "record" in rule:
                changed["record"] = f"{rule['record']}_{number}"
            else:
                changed["labels"] = rule["labels"] | {"mutant": str(number)}
            copies.append(changed)
        return copies


def main() -> None:
    mutation = Mutation()
    mutation.play_all()
    print(mutation.report())
    sys.exit(1 if mutation.survivors() else 0)


if __name__ == "__main__":
    main()
