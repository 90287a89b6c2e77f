"""Random systems: the shipped rules find every incident and nothing else."""

import os

import pytest

from rules.shipped import PAGING_RULES
from rules.simulator.corpus import batches, judge_all
from rules.systems import random_system
from support.peers import Peer


@pytest.fixture
def count(request: pytest.FixtureRequest) -> int:
    """How many random systems: a few in every run, and many with --nightly."""
    return 200 if request.config.getoption("nightly") else 40


def test_precision_and_recall_are_one(capsys, each_promtool: Peer, count: int):
    first = int(os.environ.get("STREAMGAUGE_TEST_SEED", "1"))
    seeds = f"seeds {first} to {first + count - 1}"
    cases = {f"system {seed}": random_system(seed) for seed in range(first, first + count)}
    systems = judge_all(batches(cases), PAGING_RULES, each_promtool)
    right = sum(v.right for v in systems.values())
    missed = sum(v.missed for v in systems.values())
    false = sum(v.false for v in systems.values())
    precision, recall = right / (right + false), right / (right + missed)
    with capsys.disabled():
        print(
            f"\n{count} random systems, {seeds}: {right} pages right, {missed} missed,"
            f" {false} false: precision {precision:.3f}, recall {recall:.3f}"
        )
    assert {name: v.problems for name, v in systems.items() if v.problems} == {}, seeds
    assert (precision, recall) == (1.0, 1.0), seeds
    assert right > count / 2, seeds
