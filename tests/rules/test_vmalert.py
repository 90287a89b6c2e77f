"""vmalert's unit tests judge the shipped rules as promtool does: once, in time, and cleared."""

from pathlib import Path

import pytest

from rules.scenarios import SCENARIOS, SECTIONS
from rules.shipped import PAGING_RULES
from rules.simulator.corpus import batches
from support.vmalert import firings

pytestmark = pytest.mark.nightly

PLAYED = [name for name in SCENARIOS if "gap" in name] + [
    name for names in SECTIONS.values() for name in names[:2]
]


def test_vmalert_pages_as_promtool_does(tmp_path: Path):
    problems, pages = {}, 0
    for number, batch in enumerate(batches({name: SCENARIOS[name]() for name in PLAYED})):
        folder = tmp_path / str(number)
        folder.mkdir()
        fired = firings(batch.history, PAGING_RULES, folder)
        for name, verdict in batch.verdicts(fired).items():
            pages += verdict.right
            if verdict.problems:
                problems[name] = verdict.problems
    assert problems == {}
    assert pages > 10
