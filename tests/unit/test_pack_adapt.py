"""What each kind of file of the pack becomes at a site."""

import ast
import json
from pathlib import PurePosixPath

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from streamgauge.bundled import bundle_path
from streamgauge.pack import Format, PackOptions, adapt
from streamgauge.pack.matchers import Label
from streamgauge.pack.options import parse_base

RULES = """\
# If yours has another name than streamgauge, change it wherever job="streamgauge" stands.
groups:
  - name: g
    rules:
      - alert: Blind
        expr: absent(up{job="streamgauge"})
        labels: {severity: critical}
        annotations:
          runbook_url: https://runbooks.example.com/streamgauge/Blind.md
          dashboard_url: https://grafana.example.com/d/x?var-job=streamgauge&var-a={{ $labels.a }}
      - alert: Full
        expr: |
          up{job="streamgauge"} == 0
        labels: {severity: warning}
"""
ALERTMANAGER = """\
route:
  routes:
    - matchers: [severity="critical", job="streamgauge"]  # pages
    - matchers:
        - severity = "warning"
"""
DASHBOARD = """\
{
  "tags": ["streamgauge"],
  "title": "streamgauge",
  "expr": "up{job=\\"streamgauge\\"}",
  "url": "https://runbooks.example.com/streamgauge",
  "templating": {
    "list": [{"name": "job", "current": {"text": ["streamgauge"], "value": "streamgauge"}}]
  }
}
"""
RUNBOOK = 'Run `up{job="streamgauge"}`, see https://grafana.example.com/d/x or https://grafana.example.com.\n'
EVERYTHING = PackOptions(
    job="site",
    paging_label=Label("priority", "P1"),
    runbook_base="https://wiki/r",
    grafana_base="http://g:3000",
)


def adapted(name: str, text: str, options: PackOptions = EVERYTHING) -> str:
    return adapt(PurePosixPath(name), text, options)


def test_rules_are_adapted():
    text = adapted("alerts/a.rules.yml", RULES)
    assert text.splitlines() == [
        '# If yours has another name than site, change it wherever job="site" stands.',
        "groups:",
        "  - name: g",
        "    rules:",
        "      - alert: Blind",
        '        expr: absent(up{job="site"})',
        "        labels: {priority: P1, severity: critical}",
        "        annotations:",
        "          runbook_url: https://wiki/r/Blind.md",
        "          dashboard_url: http://g:3000/d/x?var-job=site&var-a={{ $labels.a }}",
        "      - alert: Full",
        "        expr: |",
        '          up{job="site"} == 0',
        "        labels: {severity: warning}",
    ]


def test_the_operators_format_holds_the_adapted_rules():
    options = PackOptions(job="site", format=Format.PROMETHEUS_OPERATOR)
    document = yaml.safe_load(adapted("alerts/a.rules.yml", RULES, options))
    assert document["kind"] == "PrometheusRule"
    assert document["spec"]["groups"][0]["rules"][0]["expr"] == 'absent(up{job="site"})'


def test_the_alertmanager_example_routes_by_the_paging_label():
    expected = ALERTMANAGER.replace('severity="critical"', 'priority="P1"')
    assert adapted("alerts/alertmanager.example.yml", ALERTMANAGER) == expected.replace(
        "streamgauge", "site"
    )


def test_the_alertmanager_example_is_no_rule():
    options = PackOptions(format=Format.PROMETHEUS_OPERATOR)
    assert adapted("alerts/alertmanager.example.yml", ALERTMANAGER, options) == ALERTMANAGER


def test_a_dashboard_keeps_its_name_and_tags():
    assert json.loads(adapted("grafana/dashboards/a.json", DASHBOARD)) == {
        "tags": ["streamgauge"],
        "title": "streamgauge",
        "expr": 'up{job="site"}',
        "url": "https://wiki/r",
        "templating": {"list": [{"name": "job", "current": {"text": ["site"], "value": "site"}}]},
    }


def test_a_dashboard_without_another_job_keeps_its_variable():
    options = PackOptions(runbook_base="https://wiki/r")
    expected = DASHBOARD.replace("https://runbooks.example.com/streamgauge", "https://wiki/r")
    assert adapted("grafana/a.json", DASHBOARD, options) == expected


def test_a_runbook_has_the_sites_job_and_addresses():
    assert adapted("alerts/runbooks/A.md", RUNBOOK) == (
        'Run `up{job="site"}`, see http://g:3000/d/x or http://g:3000.\n'
    )


@pytest.mark.parametrize("name", ["alerts/README.md", "grafana/x.svg"])
def test_other_files_stay_as_they_are(name):
    assert adapted(name, RUNBOOK) == RUNBOOK


@pytest.mark.parametrize("name", ["alerts/a.rules.yml", "grafana/a.json", "alerts/runbooks/A.md"])
def test_without_options_nothing_changes(name):
    assert adapted(name, RULES, PackOptions()) == RULES


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_base_may_end_in_a_slash(slash):
    options = PackOptions(grafana_base=parse_base(f"https://g.site/sub{slash}"))
    rules = "a: https://grafana.example.com/d/x\nb: https://grafana.example.com.evil/d\n"
    assert adapted("alerts/a.yml", rules, options) == (
        "a: https://g.site/sub/d/x\nb: https://grafana.example.com.evil/d\n"
    )


@given(st.text(st.characters(codec="utf-8"), min_size=1).filter(str.isprintable))
def test_any_job_name_is_what_the_selector_reads(job):
    document = yaml.safe_load(adapted("alerts/a.rules.yml", RULES, PackOptions(job=job)))
    absent, down = (rule["expr"] for rule in document["groups"][0]["rules"])
    # Python reads these literals as PromQL does: only the quote and the backslash are escaped.
    assert ast.literal_eval(absent.removeprefix("absent(up{job=").removesuffix("})")) == job
    assert ast.literal_eval(down.removeprefix("up{job=").removesuffix("} == 0\n")) == job


@given(st.text(st.characters(codec="utf-8"), min_size=1).filter(str.isprintable))
def test_any_job_name_is_what_a_dashboard_reads(job):
    dashboard = json.loads(adapted("grafana/a.json", DASHBOARD, PackOptions(job=job)))
    literal = dashboard["expr"].removeprefix("up{job=").removesuffix("}")
    assert ast.literal_eval(literal) == job
    assert dashboard["templating"]["list"][0]["current"] == {"text": [job], "value": job}


def test_the_shipped_sentence_about_the_jobs_name_is_still_true_at_a_site():
    name = PurePosixPath("alerts/exporter.rules.yml")
    text = adapt(name, (bundle_path("alerts") / name.name).read_text(), PackOptions(job=r"my \1"))
    assert "has another name than my \\1, change\n# it wherever job=" in text
    assert "streamgauge, change" not in text
