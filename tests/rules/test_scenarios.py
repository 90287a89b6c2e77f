"""Named scenarios against the shipped rules: what must fire does, in time and once, and clears."""

import pytest

from rules.scenarios import SCENARIOS
from rules.shipped import named_verdicts
from support.peers import Peer

# In every run tests/replay is the judge, on real servers.
pytestmark = pytest.mark.nightly


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name: str, each_promtool: Peer):
    assert named_verdicts(each_promtool)[name].problems == []
