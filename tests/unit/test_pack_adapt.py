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
          summary: Blind.
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
  "url": "/d/x"
}
"""
RUNBOOK = 'Run `up{job="streamgauge"}`.\n'
BLIND_DASHBOARD = (
    "http://g:3000/d/streamgauge-exporter"
    "{{ with $labels.redis }}?var-redis={{ . | urlquery }}{{ end }}"
)
EVERYTHING = PackOptions(
    jobs=("site",),
    paging_label=Label("priority", "P1"),
    page_url="https://s",
    dashboard_base="http://g:3000",
    runbook_base="https://wiki/r",
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
        "          page_url: 'https://s/'",
        f"          dashboard_url: '{BLIND_DASHBOARD}'",
        "          runbook_url: 'https://wiki/r/Blind.md'",
        "          summary: Blind.",
        "      - alert: Full",
        "        expr: |",
        '          up{job="site"} == 0',
        "        labels: {severity: warning}",
    ]


def test_the_operators_format_holds_the_adapted_rules():
    options = PackOptions(jobs=("site",), format=Format.PROMETHEUS_OPERATOR)
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
        "url": "/d/x",
    }


def test_a_runbook_has_the_sites_job():
    assert adapted("alerts/runbooks/A.md", RUNBOOK) == 'Run `up{job="site"}`.\n'


@pytest.mark.parametrize("name", ["alerts/README.md", "grafana/x.svg"])
def test_other_files_stay_as_they_are(name):
    assert adapted(name, RUNBOOK) == RUNBOOK


@pytest.mark.parametrize("name", ["alerts/a.rules.yml", "grafana/a.json", "alerts/runbooks/A.md"])
def test_without_options_nothing_changes(name):
    assert adapted(name, RULES, PackOptions()) == RULES


def links(alert: str, **bases: str) -> dict[str, str]:
    """The annotations that an alert of this name gets."""
    rules = (
        f"groups: [{{name: g, rules: [{{alert: {alert}, expr: a, annotations: {{summary: A.}}}}]}}]"
    )
    document = yaml.safe_load(adapted("alerts/a.rules.yml", rules, PackOptions(**bases)))
    annotations: dict[str, str] = document["groups"][0]["rules"][0]["annotations"]
    assert annotations.pop("summary") == "A."
    return annotations


def query(*names: str, prefix: str = "") -> str:
    return "&".join(f"{prefix}{name}={{{{ $labels.{name} | urlquery }}}}" for name in names)


def test_an_alert_links_to_the_page_of_what_it_is_about():
    url = parse_base("https://s.site/sub/")
    pages = {
        "RedisStreamGroupStalled": f"/stream?{query('redis', 'db', 'stream', 'group')}",
        "RedisStreamQuiet": f"/stream?{query('redis', 'db', 'stream')}",
        "RedisStreamsMonitoringBlind": "/",
        "RedisKeyMissing": "/",
    }
    for alert, page in pages.items():
        assert links(alert, page_url=url) == {"page_url": f"https://s.site/sub{page}"}


def test_an_alert_links_to_its_dashboard_and_runbook():
    assert links("RedisStreamGroupStalled", dashboard_base="http://g", runbook_base="http://r") == {
        "dashboard_url": "http://g/d/streamgauge-stream?"
        + query("redis", "stream", "group", "class", prefix="var-"),
        "runbook_url": "http://r/RedisStreamGroupStalled.md",
    }


def test_a_link_that_leads_nowhere_is_absent():
    assert links("RedisStreamQuiet") == {}
    assert "_url" not in "".join(
        file.read_text() for file in bundle_path("alerts").glob("*.rules.yml")
    )


def test_each_of_several_jobs_can_be_absent_and_all_are_selected():
    text = adapted("alerts/a.rules.yml", RULES, PackOptions(jobs=("a", "b.c")))
    absent, down = (rule["expr"] for rule in yaml.safe_load(text)["groups"][0]["rules"])
    assert absent == 'absent(up{job="a"}) or absent(up{job="b.c"})'
    assert down.strip() == r'up{job=~"a|b\\.c"} == 0'


@given(st.text(st.characters(codec="utf-8"), min_size=1).filter(str.isprintable))
def test_any_job_name_is_what_the_selector_reads(job):
    document = yaml.safe_load(adapted("alerts/a.rules.yml", RULES, PackOptions(jobs=(job,))))
    absent, down = (rule["expr"] for rule in document["groups"][0]["rules"])
    # Python reads these literals as PromQL does: only the quote and the backslash are escaped.
    assert ast.literal_eval(absent.removeprefix("absent(up{job=").removesuffix("})")) == job
    assert ast.literal_eval(down.removeprefix("up{job=").removesuffix("} == 0\n")) == job


@given(st.text(st.characters(codec="utf-8"), min_size=1).filter(str.isprintable))
def test_any_job_name_is_what_a_dashboard_reads(job):
    dashboard = json.loads(adapted("grafana/a.json", DASHBOARD, PackOptions(jobs=(job,))))
    literal = dashboard["expr"].removeprefix("up{job=").removesuffix("}")
    assert ast.literal_eval(literal) == job


def test_the_shipped_sentence_about_the_jobs_name_is_still_true_at_a_site():
    name = PurePosixPath("alerts/exporter.rules.yml")
    text = adapt(
        name, (bundle_path("alerts") / name.name).read_text(), PackOptions(jobs=(r"my \1",))
    )
    assert "has another name than my \\1, change\n# it wherever job=" in text
    assert "streamgauge, change" not in text
