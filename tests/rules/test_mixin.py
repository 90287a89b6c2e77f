"""The mixin gives jsonnet the rules of alerts/ and the dashboards of grafana/, and no others."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from streamgauge.bundled import bundle_path
from streamgauge.pack import Format, PackOptions, write_pack
from support.peers import newest

pytestmark = pytest.mark.nightly

ALERTS = bundle_path("alerts")


def evaluated(expression: str, alerts: Path = ALERTS) -> Any:
    mixin = f"(import '{alerts}/mixin/mixin.libsonnet')"
    return json.loads(newest("jsonnet").run("--exec", expression.replace("MIXIN", mixin)))


def groups(*names: str) -> list[Any]:
    return [
        group
        for name in names
        for group in yaml.safe_load((ALERTS / f"{name}.rules.yml").read_text())["groups"]
    ]


def test_alerts_are_those_of_the_files() -> None:
    assert evaluated("MIXIN.prometheusAlerts.groups") == groups("streams", "exporter", "hygiene")
    assert evaluated("MIXIN.prometheusRules.groups") == []


def test_tickets_may_be_left_out_and_scaling_taken_in() -> None:
    config = "{_config+:: {streamgaugeTickets: false, streamgaugeScaling: true}}"
    assert evaluated(f"(MIXIN + {config}).prometheusAlerts.groups") == groups("streams", "exporter")
    assert evaluated(f"(MIXIN + {config}).prometheusRules.groups") == groups("scaling")


def test_it_adds_to_what_others_have() -> None:
    other = "{prometheusAlerts+:: {groups+: [{name: 'mine', rules: []}]}, grafanaDashboards+:: {}}"
    together = evaluated(f"({other} + MIXIN).prometheusAlerts.groups")
    assert together[0]["name"] == "mine"
    assert len(together) == 1 + len(groups("streams", "exporter", "hygiene"))


def test_addresses_are_the_sites() -> None:
    config = (
        "{_config+:: {streamgaugeRunbookBase: 'https://wiki.example.org/r', "
        "streamgaugeGrafanaBase: 'https://g.example.org'}}"
    )
    text = json.dumps(evaluated(f"(MIXIN + {config}).prometheusAlerts"))
    assert "https://wiki.example.org/r/RedisStreamQuiet.md" in text
    assert "https://g.example.org/d/" in text
    assert "_url" not in json.dumps(evaluated("MIXIN.prometheusAlerts"))


def test_dashboards_are_the_provisioned_ones() -> None:
    folder = bundle_path("grafana") / "dashboards"
    files = {file.name: json.loads(file.read_text()) for file in folder.glob("*.json")}
    assert evaluated("MIXIN.grafanaDashboards") == files


@pytest.mark.parametrize("rule_format", Format)
def test_it_works_in_what_pack_writes(tmp_path: Path, rule_format: Format) -> None:
    write_pack(tmp_path, PackOptions(jobs=("site",), format=rule_format))
    text = json.dumps(evaluated("MIXIN.prometheusAlerts", tmp_path / "alerts"))
    assert text.count('job=\\"site\\"') > 3
    assert 'job=\\"streamgauge\\"' not in text
