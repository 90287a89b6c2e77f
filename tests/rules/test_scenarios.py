"""Named scenarios against the shipped rules: what must fire does, in time and once, and clears."""

import pytest

from rules.scenarios import SCENARIOS
from rules.shipped import PAGING_RULES
from rules.simulator.corpus import batches, judge_all


@pytest.fixture(scope="module")
def verdicts():
    return judge_all(batches({name: build() for name, build in SCENARIOS.items()}), PAGING_RULES)


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name, verdicts):
    assert verdicts[name].problems == []
