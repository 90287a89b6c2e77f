"""Random systems with a known truth: the shipped rules find every incident and nothing else."""

import os

from rules.shipped import PAGING_RULES
from rules.simulator.corpus import batches, judge_all
from rules.systems import random_system

SYSTEMS = 200


def test_precision_and_recall_are_one(capsys):
    first = int(os.environ.get("STREAMGAUGE_TEST_SEED", "1"))
    seeds = range(first, first + SYSTEMS)
    cases = {f"system {seed}": random_system(seed) for seed in seeds}
    verdicts = judge_all(batches(cases, 25), PAGING_RULES)
    right = sum(v.right for v in verdicts.values())
    missed = sum(v.missed for v in verdicts.values())
    false = sum(v.false for v in verdicts.values())
    with capsys.disabled():
        print(
            f"\n{SYSTEMS} random systems, seeds {first} to {first + SYSTEMS - 1}: {right} pages"
            f" right, {missed} missed, {false} false:"
            f" precision {right / (right + false):.3f}, recall {right / (right + missed):.3f}"
        )
    assert {name: v.problems for name, v in verdicts.items() if v.problems} == {}
    assert right > SYSTEMS / 2
