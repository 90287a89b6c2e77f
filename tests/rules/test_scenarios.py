"""Each named scenario against the shipped rules: what must fire does, in time and once, and clears."""

import pytest

from rules.scenarios import SCENARIOS
from rules.shipped import PAGING_RULES


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name, tmp_path):
    assert SCENARIOS[name]().run(name, PAGING_RULES, tmp_path) == []
