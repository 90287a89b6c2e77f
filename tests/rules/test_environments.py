"""Two environments with the same names of everything in one Prometheus: each has its own pages.

Every target is one of a pair, and has the labels that a service discovery adds.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rules.scenarios import SCENARIOS
from rules.shipped import PAGING_RULES
from rules.simulator.case import BLIND, FIRES_WITHIN, INTERVAL, Case
from rules.simulator.corpus import batches
from rules.test_adapted_pack import one_that_fires_and_one_that_is_calm
from support.peers import Peer
from support.promtool import Recording, Value, firings

FIRES, IS_CALM = "staging", "production"
PAIR = (
    {
        "instance": "10.0.0.1:10121",
        "pod": "s-0",
        "zone": "a",
        "node": "n1",
        "pod_template_hash": "5",
    },
    {
        "instance": "10.0.0.2:10121",
        "pod": "s-1",
        "zone": "b",
        "node": "n2",
        "pod_template_hash": "6",
    },
)
ALERTS = [alert for alert in FIRES_WITHIN if alert != BLIND]


def recorded(name: str) -> Case:
    case = SCENARIOS[name]()
    list(batches({name: case}))
    return case


def of_a_pair(case: Case, **identity: str) -> Iterator[tuple[str, list[Value]]]:
    """What is scraped of a case by each of two exporters, under the labels of an environment."""
    for (name, labels), values in case.series.items():
        for target in PAIR:
            told = dict(labels) | {"redis": "main"} | target | identity
            written = ",".join(f'{key}="{value}"' for key, value in told.items())
            yield f"{name}{{{written}}}", values


def test_each_environment_pages_for_itself_and_once(tmp_path: Path, each_promtool: Peer):
    series, seconds = {}, 0.0
    for alert in ALERTS:
        for place, name in zip(
            (FIRES, IS_CALM), one_that_fires_and_one_that_is_calm(alert), strict=True
        ):
            case = recorded(name)
            seconds = max(seconds, case.seconds)
            series |= of_a_pair(case, cluster=alert, environment=place)
    history = Recording(series, int(INTERVAL), int(seconds))
    fired = firings(history, PAGING_RULES, each_promtool, tmp_path)
    assert [one for one in fired if one.labels.get("environment") != FIRES] == []
    assert sorted(one.alert for one in fired) == sorted(ALERTS)
    for one in fired:
        assert one.labels["cluster"] == one.alert
        assert not one.labels.keys() & PAIR[0].keys()
        assert one.is_once
