"""From alert to dashboard and from dashboard to dashboard, the right variables arrive."""

import re

from dashboards.shipped import PROVISIONED, UIDS, panels, variables
from streamgauge.bundled import bundle_path
from streamgauge.pack import PackOptions
from streamgauge.pack.adapt import add_links
from support import fast_yaml
from support.every import every

RULES = "".join(
    add_links(file.read_text(), PackOptions(dashboard_base="https://grafana.site")).partition(
        "groups:"
    )[2]
    for file in sorted(bundle_path("alerts").glob("*.rules.yml"))
)
URLS = {
    rule["alert"]: rule["annotations"]["dashboard_url"]
    for group in fast_yaml.load(f"groups:{RULES}")["groups"]
    for rule in group["rules"]
    if "alert" in rule
}


def names(uid: str) -> set[str]:
    return {variable["name"] for variable in PROVISIONED[uid]["templating"]["list"]}


def set_by(url: str) -> set[str]:
    """The variables a link sets, by value or all of one at once."""
    return {*re.findall(r"\bvar-(\w+)=", url), *re.findall(r"\$\{(\w+):queryparam\}", url)}


def target(url: str) -> str:
    found = re.search(r"/d/([\w-]+)", url)
    assert found, url
    return found[1]


@every(URLS)
def test_an_alert_leads_to_a_dashboard_that_has_its_variables(alert):
    assert target(URLS[alert]) in UIDS
    assert set_by(URLS[alert]) <= names(target(URLS[alert]))


@every(URLS)
def test_an_alert_about_a_stream_names_it(alert):
    if target(URLS[alert]) == "streamgauge-stream":
        assert {"redis", "stream", "class"} <= set_by(URLS[alert])


def test_every_alert_is_marked_where_it_leads():
    """The annotation of the dashboard that a link opens matches the alert's labels."""
    for alert, url in URLS.items():
        (annotation,) = PROVISIONED[target(url)]["annotations"]["list"]
        for pattern in re.findall(r'alertname=~"([^"]*)"', annotation["expr"]):
            assert re.fullmatch(pattern, alert), alert


@every(UIDS)
def test_the_dashboards_are_linked_and_pass_variables_on(uid):
    (link,) = PROVISIONED[uid]["links"]
    assert link["type"] == "dashboards"
    assert {*link["tags"]} <= {*PROVISIONED[uid]["tags"]}
    assert link["includeVars"]
    assert link["keepTime"]
    assert "placement" not in link


def data_links(panel: dict) -> list[str]:
    return [
        link["url"]
        for override in panel["fieldConfig"]["overrides"]
        for one in override["properties"]
        if one["id"] == "links"
        for link in one["value"]
    ]


def test_the_table_drills_down():
    (table,) = [p for p in panels(PROVISIONED["streamgauge-streams"]) if p["type"] == "table"]
    (url,) = data_links(table)
    assert target(url) == "streamgauge-stream"
    assert set_by(url) <= names("streamgauge-stream")
    assert {"datasource", "job", "redis", "stream"} <= set_by(url)
    here = names("streamgauge-streams")
    assert {*re.findall(r"\$\{(\w+):queryparam\}", url)} <= here
    assert "var-stream=${__data.fields.stream:percentencode}" in url
    # The columns are joined by the labels the queries keep.
    assert all("by (redis, db, stream, class)" in target["expr"] for target in table["targets"])


@every(UIDS)
def test_a_variable_is_a_label(uid):
    for variable in variables(PROVISIONED[uid]):
        assert variable.name == variable.label
