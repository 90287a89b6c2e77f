"""The rules of grafana/dashboard-linter, by their names there, and this project's conventions.

A rule that does not fit somewhere is waived there, with the reason.
"""

import re
from collections import Counter

from dashboards.promql import is_counter, parse, parse_selector, selectors
from dashboards.shipped import (
    PROVISIONED,
    Query,
    annotation_queries,
    labels_in,
    panel_queries,
    panels,
    variables,
)
from streamgauge.metrics import METRICS
from support.every import every

STREAM_DASHBOARDS = ("streamgauge-stream", "streamgauge-streams")

# A stream's numbers are Redis's and not an instance's: whichever replica reads them, they are the
# same. So these two have no variable `instance`, and drop the label from every series.
WITHOUT_INSTANCE = STREAM_DASHBOARDS

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
KNOWN = {metric.name for metric in METRICS} | {
    "up",
    "ALERTS",
    "process_resident_memory_bytes",
    "process_cpu_seconds_total",
}
QUERIES = [query for dashboard in PROVISIONED.values() for query in panel_queries(dashboard)]
ALL_QUERIES = [
    *QUERIES,
    *(query for dashboard in PROVISIONED.values() for query in annotation_queries(dashboard)),
]
every_dashboard = every(PROVISIONED.values(), name=lambda dashboard: dashboard["uid"])
every_panel_query = every(QUERIES, name=lambda query: query.name)
every_query = every(ALL_QUERIES, name=lambda query: query.name)


def variable(dashboard: dict, name: str) -> dict:
    (found,) = [each for each in dashboard["templating"]["list"] if each["name"] == name]
    return found


# --- template rules


@every_dashboard
def test_template_datasource_rule(dashboard):
    found = variable(dashboard, "datasource")
    assert (found["type"], found["query"], found["label"]) == (
        "datasource",
        "prometheus",
        "Data source",
    )


@every_dashboard
def test_template_job_rule(dashboard):
    check_target_variable(variable(dashboard, "job"), "Job")


@every_dashboard
def test_template_instance_rule(dashboard):
    if dashboard["uid"] in WITHOUT_INSTANCE:
        names = [each["name"] for each in dashboard["templating"]["list"]]
        assert "instance" not in names
    else:
        check_target_variable(variable(dashboard, "instance"), "Instance")


def check_target_variable(found: dict, label: str) -> None:
    assert found["type"] == "query"
    assert found["label"] == label
    assert found["datasource"] == DATASOURCE
    assert found["multi"]
    assert found["allValue"] == ".+"


@every_dashboard
def test_template_label_promql_rule(dashboard):
    assert variables(dashboard)
    for each in variables(dashboard):
        parse_selector(each)


@every_dashboard
def test_template_on_time_change_reload_rule(dashboard):
    for each in dashboard["templating"]["list"]:
        assert each["type"] == "datasource" or each["refresh"] == 2


@every_dashboard
def test_variables_use_only_those_before_them(dashboard):
    seen: set[str] = set()
    for each in variables(dashboard):
        assert {*re.findall(r"\$(\w+)", each.selector)} <= seen
        seen.add(each.name)


@every_dashboard
def test_a_label_that_redis_exporter_lacks_may_be_absent(dashboard):
    for each in variables(dashboard):
        if each.any_value is not None:
            absent = each.name in ("redis", "class")
            assert each.any_value == (".*" if absent else ".+"), each.name


# --- panel rules


@every_dashboard
def test_panel_datasource_rule(dashboard):
    for panel in panels(dashboard):
        assert panel["datasource"] == DATASOURCE
        assert all(target["datasource"] == DATASOURCE for target in panel["targets"])
    for annotation in dashboard["annotations"]["list"]:
        assert annotation["datasource"] == DATASOURCE


@every_dashboard
def test_panel_title_description_rule(dashboard):
    for panel in panels(dashboard):
        assert 0 < len(panel["title"]) <= 40
        assert re.fullmatch(r"[A-Z].*[.]", panel["description"], re.DOTALL), panel["title"]


@every_dashboard
def test_panel_units_rule(dashboard):
    for panel in panels(dashboard):
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]


@every_dashboard
def test_panel_no_targets_rule(dashboard):
    for panel in panels(dashboard):
        assert panel["targets"], panel["title"]


@every_dashboard
def test_every_panel_says_what_it_means_when_it_is_empty(dashboard):
    for panel in panels(dashboard):
        assert panel["fieldConfig"]["defaults"]["noValue"], panel["title"]


# What a window of 1280 pixels has room for, as `make dashboards-preview` shows.
PIXELS_OF_A_TABLE = 1248


def test_the_columns_of_the_streams_fit_side_by_side():
    (table,) = [p for p in panels(PROVISIONED["streamgauge-streams"]) if p["type"] == "table"]
    columns = [
        {one["id"]: one["value"] for one in override["properties"]}
        for override in table["fieldConfig"]["overrides"]
    ]
    widths = [each.get("custom.width", each.get("custom.minWidth")) for each in columns]
    assert sum(widths) <= PIXELS_OF_A_TABLE


@every_dashboard
def test_a_legend_begins_with_the_worst(dashboard):
    for panel in panels(dashboard):
        if panel["type"] == "timeseries":
            legend = panel["options"]["legend"]
            assert (legend["sortBy"], legend["sortDesc"]) == ("Last *", True), panel["title"]


@every_dashboard
def test_what_has_no_value_has_no_colour(dashboard):
    for panel in panels(dashboard):
        if panel["type"] == "stat" and panel["options"]["colorMode"] != "none":
            nothing = panel["fieldConfig"]["defaults"]["mappings"][-1]
            assert nothing["options"]["match"] == "null"
            assert nothing["options"]["result"]["color"] == "transparent"


# --- target rules


@every_query
def test_target_promql_rule(query: Query):
    parse(query.expr)


@every_panel_query
def test_target_rate_interval_rule(query: Query):
    rated = re.findall(r"\bi?rate\(\w+\{[^}]*\}\[([^\]]+)\]", query.expr)
    assert len(rated) == len(re.findall(r"\bi?rate\(", query.expr))
    assert {*rated} <= {"$__rate_interval"}


@every_panel_query
def test_target_job_rule(query: Query):
    for selector in selectors(query):
        assert 'job=~"$job"' in selector.matchers, selector


@every_panel_query
def test_target_instance_rule(query: Query):
    if query.dashboard in WITHOUT_INSTANCE:
        assert "$instance" not in query.expr
        # by (...) of a table, max() of a stat, or without.
        assert re.search(r"without \(instance, pod\)|\bby \(redis, |\b(max|sum)\(", query.expr)
        return
    for selector in selectors(query):
        assert 'instance=~"$instance"' in selector.matchers, selector


@every_panel_query
def test_target_counter_agg_rule(query: Query):
    for selector in selectors(query):
        if is_counter(selector.metric):
            assert selector.rated, selector


@every_query
def test_a_rate_is_taken_of_counters_alone(query: Query):
    """A gauge that falls would look to rate() like a counter that began again at 0."""
    for selector in selectors(query):
        assert is_counter(selector.metric) or not selector.rated, selector


@every_query
def test_every_metric_is_exported(query: Query):
    assert {selector.metric for selector in selectors(query)} <= KNOWN


NOT_SHOWN = {
    # Said in the log, and a matter of rights: it changes when somebody changes them.
    "streamgauge_streams_read_whole",
    # Tickets and findings of few: the report, the page of a stream and the alert tell them.
    "redis_stream_group_messages_nacked",
    "redis_stream_group_last_delivered_timestamp_seconds",
    "redis_stream_idmp_duration_seconds",
    "redis_stream_idmp_max_size",
    "redis_stream_idmp_producer_ids_tracked",
    "redis_stream_idmp_idempotent_ids_tracked",
    "redis_stream_idmp_entries_added_total",
    "redis_stream_idmp_duplicates_total",
    "streamgauge_groups_vanished",
    # A state key stands for a path of the user's own: beside which streams it belongs, no dashboard
    # can know. The report and the status page list them all.
    "redis_key_exists",
    "redis_key_ttl_seconds",
    "redis_key_deadline_seconds",
    "redis_keys_matching",
    "streamgauge_key_errors",
}


def test_every_exported_metric_is_shown_somewhere():
    shown = {selector.metric for query in QUERIES for selector in selectors(query)}
    assert {metric.name for metric in METRICS} - shown == NOT_SHOWN


# --- dashboards


@every_dashboard
def test_uneditable_dashboard_rule(dashboard):
    assert dashboard["editable"] is False


@every_dashboard
def test_it_is_classic_json_that_provisioning_reads(dashboard):
    assert dashboard["schemaVersion"] == 42
    assert dashboard["id"] is None
    assert len(dashboard["uid"]) <= 40
    assert "__inputs" not in dashboard
    assert "${DS_" not in str(dashboard)
    assert dashboard["title"]
    assert dashboard["description"]


@every_dashboard
def test_ids_and_refs_are_unique(dashboard):
    ids = [panel["id"] for panel in dashboard["panels"]]
    ids += [panel["id"] for row in dashboard["panels"] for panel in row.get("panels", ())]
    assert [number for number, times in Counter(ids).items() if times > 1] == []
    for panel in panels(dashboard):
        refs = [target["refId"] for target in panel["targets"]]
        assert len(refs) == len({*refs}), panel["title"]


@every_dashboard
def test_panels_fill_the_grid_without_overlap(dashboard):
    def cells(panel: dict) -> set[tuple[int, int]]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24, panel["title"]
        across, down = range(at["x"], at["x"] + at["w"]), range(at["y"], at["y"] + at["h"])
        return {(x, y) for x in across for y in down}

    for level in (dashboard["panels"], *(row.get("panels", ()) for row in dashboard["panels"])):
        taken = Counter(cell for panel in level for cell in cells(panel))
        assert all(times == 1 for times in taken.values())


@every_dashboard
def test_a_legend_shows_no_label_that_a_query_drops(dashboard):
    for query in panel_queries(dashboard):
        if query.dashboard in WITHOUT_INSTANCE:
            assert not labels_in(query.legend) & {"instance", "pod"}
