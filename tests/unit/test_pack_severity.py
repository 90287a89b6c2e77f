"""Alerts that page get the site's label; tickets, recordings and comments keep what they have."""

import pytest
import yaml

from streamgauge.pack.adapt import label_pages
from streamgauge.pack.matchers import Label

RULES = """\
# severity: critical pages.
groups:
  - name: g
    rules:
      - record: a:b:max
        expr: a
        labels:
          severity: critical
      - alert: Page
        expr: a
        labels:
          severity: critical  # it pages
        annotations:
          description: "severity: critical"
      - alert: Flow
        expr: a
        labels: {severity: "critical", team: redis}
      - alert: Ticket
        expr: a
        labels:
          severity: warning
      - alert: Bare
        expr: a
"""
SHARED = """\
groups:
  - name: g
    rules:
      - {alert: One, expr: a, labels: &page {severity: critical}}
      - {alert: Two, expr: a, labels: *page}
"""


def labels_of(rules: str) -> dict[str, dict[str, str] | None]:
    groups = yaml.safe_load(rules)["groups"]
    return {rule.get("alert"): rule.get("labels") for group in groups for rule in group["rules"]}


def test_a_severity_takes_the_place_of_the_shipped_one():
    labelled = label_pages(RULES, Label("severity", "page"))
    assert labels_of(labelled) == {
        None: {"severity": "critical"},
        "Page": {"severity": "page"},
        "Flow": {"severity": "page", "team": "redis"},
        "Ticket": {"severity": "warning"},
        "Bare": None,
    }
    assert labelled == RULES.replace("severity: critical  # it", "severity: page  # it").replace(
        '{severity: "critical"', "{severity: page"
    )


def test_another_label_stands_beside_the_severity():
    labelled = label_pages(RULES, Label("priority", "P1"))
    assert labels_of(labelled) == {
        None: {"severity": "critical"},
        "Page": {"priority": "P1", "severity": "critical"},
        "Flow": {"priority": "P1", "severity": "critical", "team": "redis"},
        "Ticket": {"severity": "warning"},
        "Bare": None,
    }
    assert "          priority: P1\n          severity: critical  # it pages\n" in labelled
    assert labelled.replace("          priority: P1\n", "").replace("priority: P1, ", "") == RULES


def test_a_label_that_is_there_already_is_not_given_twice():
    labelled = label_pages(RULES, Label("team", "night"))
    assert labels_of(labelled)["Flow"] == {"severity": "critical", "team": "night"}
    assert labels_of(labelled)["Page"] == {"severity": "critical", "team": "night"}


def test_labels_that_alerts_share_are_edited_once():
    labelled = label_pages(SHARED, Label("priority", "P1"))
    assert labelled == SHARED.replace("{severity", "{priority: P1, severity")


@pytest.mark.parametrize("value", ["1", "on", "y", "null", "1e3", "P 1", "a: b", "it's", "~", "ü"])
def test_a_value_stays_a_string(value):
    labelled = label_pages(RULES, Label("severity", value))
    assert labels_of(labelled)["Page"] == {"severity": value}
    assert f'"{value}"' in labelled


@pytest.mark.parametrize("rules", ["", "groups:\n", "groups:\n  - name: g\n    rules:\n"])
def test_a_file_without_rules_stays_as_it_is(rules):
    assert label_pages(rules, Label("severity", "page")) == rules
