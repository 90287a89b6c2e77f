"""Which guards of the paging rules no scenario needs yet.

    PYTHONPATH=tests python -m rules.mutation

Plays, for each rule with one guard removed or turned round, the scenarios about its alert (for a
recording rule those about any alert), and names the mutants under which nothing came out wrong.
"""

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

from rules.mutants import Mutant, mutants
from rules.scenarios import SCENARIOS, SECTIONS
from rules.shipped import PAGING_RULES
from rules.simulator.corpus import PROMTOOLS_AT_ONCE, Batch, batches

Recorded = dict[str, list[Batch]]


def goes_wrong(batch: Batch, rule_files: list[Path]) -> bool:
    return any(verdict.problems for verdict in batch.judge(rule_files).values())


def is_caught(mutant: Mutant, file: Path, recorded: Recorded) -> bool:
    with tempfile.TemporaryDirectory(prefix="mutant-") as directory:
        changed = Path(directory) / file.name
        changed.write_text(yaml.safe_dump(mutant.groups, sort_keys=False, width=1000))
        rule_files = [changed, *(other for other in PAGING_RULES if other != file)]
        about = [mutant.alert] if mutant.alert in recorded else list(recorded)
        return any(goes_wrong(batch, rule_files) for alert in about for batch in recorded[alert])


def main() -> None:
    recorded: Recorded = {
        alert: list(batches({name: SCENARIOS[name]() for name in names}, 12))
        for alert, names in SECTIONS.items()
    }
    survivors = 0
    for file in PAGING_RULES:
        made = list(mutants(file.read_text()))
        with ThreadPoolExecutor(PROMTOOLS_AT_ONCE) as pool:
            caught = list(pool.map(lambda m, f=file: is_caught(m, f, recorded), made))
        print(f"{file.name}: {sum(caught)} of {len(made)} mutants caught")
        for mutant, was_caught in zip(made, caught, strict=True):
            if not was_caught:
                survivors += 1
                print(f"  {mutant.alert}: {mutant.change}")
    sys.exit(1 if survivors else 0)


if __name__ == "__main__":
    main()
