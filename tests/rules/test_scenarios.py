"""Named scenarios against the shipped rules: what must fire does, in time and once, and clears."""

import pytest

from rules.scenarios import SCENARIOS
from rules.shipped import named_verdicts


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name):
    assert named_verdicts()[name].problems == []
