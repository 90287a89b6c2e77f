"""The corpus against this pack and against the published logic of three others, as a table.

    PYTHONPATH=tests python -m rules.comparison

Other packs do not tell a quiet feed from a lagging group, so a page counts as right for them when
the stream has an incident at all, and as false when it has none; times are not held against them.
"""

from pathlib import Path

from rules.scenarios import SCENARIOS
from rules.shipped import PAGING_RULES
from rules.simulator.corpus import batches
from rules.systems import random_system

PACKS = Path(__file__).parent / "packs"
SYSTEMS = 200


def main() -> None:
    cases = {name: build() for name, build in SCENARIOS.items()}
    cases |= {f"system {seed}": random_system(seed) for seed in range(1, SYSTEMS + 1)}
    recorded = list(batches(cases))
    print(f"{len(cases)} histories\n")
    print("| pack | incidents found | missed | pages for nothing | precision | recall |")
    print("|---|---|---|---|---|---|")
    packs = {"streamgauge": PAGING_RULES}
    packs |= {file.name.split(".")[0]: [file] for file in sorted(PACKS.glob("*.yml"))}
    for name, rule_files in packs.items():
        found = missed = false = 0
        for batch in recorded:
            for wanted, paged in batch.streams_paged(rule_files):
                found += len(wanted & paged)
                missed += len(wanted - paged)
                false += len(paged - wanted)
        precision, recall = found / max(1, found + false), found / (found + missed)
        print(f"| {name} | {found} | {missed} | {false} | {precision:.2f} | {recall:.2f} |")


if __name__ == "__main__":
    main()
