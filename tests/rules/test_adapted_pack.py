"""The adapted rules stand the scenarios: with another job, paging label, addresses and format.

That nothing else in them differs is test_pack.py's to show, so not all scenarios are played: those
about a blind monitor, whose rules name the job, and of each other alert one that fires and one that
is calm.
"""

from pathlib import Path

import pytest

from rules.packing import OPTION_SETS, SITE, adapted_rule_files
from rules.scenarios import SCENARIOS, SECTIONS
from rules.shipped import PAGING_RULES
from rules.simulator.case import BLIND, FIRES_WITHIN, Case
from rules.simulator.corpus import Batch, batches, judge_all
from rules.simulator.scraping import JOB
from support.peers import Peer

PLAYED = ["everything", "everything for the operator"]


def one_that_fires_and_one_that_is_calm(alert: str) -> list[str]:
    fires = calm = None
    for name in SECTIONS[alert]:
        alerts = {page.alert for page in SCENARIOS[name]().pages}
        fires = fires or (name if alerts == {alert} else None)
        calm = calm or (None if alerts else name)
    assert fires
    assert calm
    return [fires, calm]


def sample() -> dict[str, Case]:
    names = [n for alert in SECTIONS for n in one_that_fires_and_one_that_is_calm(alert)]
    return {name: SCENARIOS[name]() for name in dict.fromkeys([*names, *SECTIONS[BLIND]])}


@pytest.fixture(scope="module")
def recorded() -> list[Batch]:
    """The sample as scraped by the job of the site, which all of the option sets name."""
    cases = sample()
    for case in cases.values():
        for exporter in case.exporters:
            if exporter.job == JOB:
                (exporter.job,) = SITE.jobs
    return list(batches(cases))


def test_every_alert_is_played():
    assert {page.alert for case in sample().values() for page in case.pages} == set(FIRES_WITHIN)


@pytest.mark.parametrize("name", PLAYED)
def test_the_adapted_rules_page_as_the_shipped_ones_do(
    tmp_path: Path, recorded: list[Batch], each_promtool: Peer, name: str
):
    paging = {file.name for file in PAGING_RULES}
    files = [
        file for file in adapted_rule_files(tmp_path, OPTION_SETS[name]) if file.name in paging
    ]
    assert len(files) == len(paging)
    verdicts = judge_all(recorded, files, each_promtool)
    assert {scenario: v.problems for scenario, v in verdicts.items() if v.problems} == {}
    assert sum(verdict.right for verdict in verdicts.values()) >= len(FIRES_WITHIN)
