"""Every query of the dashboards, as Grafana sends it, on a real Prometheus that scrapes the demo.

The demo has incidents in it, and the shipped rules run in quick motion. What each query returned is
printed: `pytest -s tests/dashboards/test_live.py`.
"""

from __future__ import annotations

import math
import re
import urllib.parse
from collections.abc import Iterator

import pytest

from dashboards.interpolation import Choice, View
from dashboards.prometheus import Labels, Prometheus, Series
from dashboards.shipped import (
    PROVISIONED,
    UIDS,
    Query,
    annotation_queries,
    labels_in,
    panel_queries,
    variables,
)
from e2e.demo import Demo
from e2e.scaling import FACTOR
from streamgauge.pack import PackOptions
from streamgauge.pack.adapt import add_links
from streamgauge_demo.monitoring import write_rules
from support.peers import Peer
from support.polling import wait_for

# Each breaks another leaf of the demo's system.
INCIDENTS = ("feed-quiet", "consumer-dead", "consumer-slow", "trim-loss", "stream-deleted")
PREFIX = "quantum:stream:"
CHOSEN: dict[str, Choice] = {
    "job": ["streamgauge", "another"],
    "redis": ["quantum", "another"],
    "class": ["continuous", "event", "hybrid"],
    "stream": [
        f"{PREFIX}{name}"
        for name in ("apply.result", "exchange.normalized", "exchange.raw", "market.klines")
    ],
    "group": ["execution_audit", "feature_store", "hourly-archive", "indicators", "normalizer"],
}
RIGHTLY_EMPTY = {
    "streamgauge-exporter: annotation Alerts": "the exporter can read everything",
    "streamgauge-stream: Time to drain / A": "nobody drains at the moment",
    "streamgauge-stream: Length / B": "no stream of the demo has a length limit",
    "streamgauge-stream: In a consumer's hands / B": "no group of the demo has an ack limit",
    "streamgauge-stream: Groups and consumers / D": "no declared group is missing",
}
LINKED = PackOptions(dashboard_base="https://grafana.site")
# Rows of classes that are not among the chosen ones.
NOT_CHOSEN = 'class=~"unclassified|"'


@pytest.fixture(scope="module")
def prometheus(
    tmp_path_factory: pytest.TempPathFactory, each_prometheus: Peer
) -> Iterator[Prometheus]:
    directory = tmp_path_factory.mktemp("live")
    incidents = [f"--incident={name}@2" for name in INCIDENTS]
    rules = directory / "prometheus"
    rules.mkdir()
    files = write_rules(rules, FACTOR)
    for file in files:
        file.write_text(add_links(file.read_text(), LINKED))
    with (
        Demo(directory / "demo", "--speed=30", *incidents) as demo,
        Prometheus(rules, each_prometheus, {"streamgauge": demo.address}, files) as running,
    ):
        wait_for(lambda: wanted(running), "alerts fire and entries are lost", seconds=90, every=0.3)
        yield running


def wanted(prometheus: Prometheus) -> bool:
    """Whether the incidents have come far enough to show in every panel."""
    fire = {alert["labels"]["alertname"] for alert in prometheus.firing_alerts()}
    lost = ask(prometheus, query_named("streamgauge-stream: Lost / A"), CHOSEN)
    late = ask(prometheus, query_named("streamgauge-streams: Groups over limit / A"), {})
    return {"RedisStreamQuiet", "RedisStreamMissing"} <= fire and all(
        any(each.values[-1] > 0 for each in answer) for answer in (lost, late)
    )


def query_named(name: str) -> Query:
    return next(each for each in queries(name.partition(":")[0]) if each.name == name)


def queries(uid: str) -> list[Query]:
    dashboard = PROVISIONED[uid]
    return [*panel_queries(dashboard), *annotation_queries(dashboard)]


def ask(prometheus: Prometheus, query: Query, choices: dict[str, Choice]) -> list[Series]:
    """Over the last minute; a variable that is not chosen is as when the dashboard is opened."""
    all_choices = prometheus.default_choices(PROVISIONED[query.dashboard]) | choices
    view = View(all_choices, range_seconds=60, scrape_seconds=1, points=query.points)
    return prometheus.ask(query, view)


def states(prometheus: Prometheus, name: str) -> dict[str, float]:
    """The last state of each stream by a query, without the demo's prefix."""
    answer = ask(prometheus, query_named(name), {})
    return {one.labels["stream"].removeprefix(PREFIX): one.values[-1] for one in answer}


@pytest.mark.parametrize("chosen", ["as opened", "several values"])
@pytest.mark.parametrize("uid", UIDS)
def test_every_query_returns_finite_data_with_the_labels_of_its_legend(prometheus, uid, chosen):
    choices = CHOSEN if chosen == "several values" else {}
    print(f"\n{uid}, {chosen}:")
    for query in queries(uid):
        answer = ask(prometheus, query, choices)
        print(f"{len(answer):5}  {query.where}")
        for series in answer:
            assert all(math.isfinite(value) for value in series.values), (query.name, series)
        excused = query.name in RIGHTLY_EMPTY or (choices and NOT_CHOSEN in query.expr)
        if chosen == "several values" or uid != "streamgauge-stream":
            assert answer or excused, query.name
        for series in answer:
            assert labels_in(query.legend) - optional(query) <= series.labels.keys(), query.name


def optional(query: Query) -> set[str]:
    """An alert about a stream has no group and no key, and one about a server no stream either."""
    return {"group", "key", "stream"} if "annotation" in query.where else set()


@pytest.mark.parametrize("uid", UIDS)
def test_every_variable_has_values(prometheus, uid):
    choices = prometheus.default_choices(PROVISIONED[uid])
    print()
    for variable in variables(PROVISIONED[uid]):
        values = prometheus.label_values(
            View(choices).interpolate(variable.selector), variable.label
        )
        print(f"{len(values):5}  {uid} ${variable.name}")
        assert values


def test_what_is_wrong_is_seen_at_one_glance(prometheus):
    def number(title: str) -> float:
        (answer,) = ask(prometheus, query_named(f"streamgauge-streams: {title} / A"), {})
        return answer.values[-1]

    assert number("Blind spots") == 0
    assert number("Quiet or missing") == 2
    assert number("Worst age") > 1
    assert number("Groups over limit") >= 1

    timeline = states(prometheus, "streamgauge-streams: Continuous streams / A")
    assert (timeline["market.klines"], timeline["market.tick"]) == (2, 3)
    assert {state for stream, state in timeline.items() if "market" not in stream} == {1}


def test_empty_event_streams_are_calm(prometheus):
    timeline = states(prometheus, "streamgauge-streams: Event streams / A")
    table = states(prometheus, "streamgauge-streams: Streams / state")
    for stream in ("policy.updated", "model.retrain", "reconcile.close"):
        assert (timeline[stream], table[stream]) == (0, 2)
    assert table["market.klines"] == 5
    assert table["market.tick"] == 6
    assert table["lab.experiment"] == 0


def test_the_table_shows_a_row_for_each_stream_and_dashes_where_nothing_is_known(prometheus):
    rows = states(prometheus, "streamgauge-streams: Streams / state")
    for column in ("share", "length", "age", "limit", "rate", "wait", "lag"):
        assert states(prometheus, f"streamgauge-streams: Streams / {column}").keys() <= rows.keys()
    assert "policy.updated" not in states(prometheus, "streamgauge-streams: Streams / age")


def test_the_link_of_an_alert_opens_the_dashboard_on_what_it_is_about(prometheus):
    alerts = {alert["labels"]["alertname"]: alert for alert in prometheus.firing_alerts()}
    quiet = alerts["RedisStreamQuiet"]
    url = urllib.parse.urlsplit(quiet["annotations"]["dashboard_url"])
    uid = url.path.rpartition("/")[2]
    choices: dict[str, Choice] = {
        name.removeprefix("var-"): values
        for name, values in urllib.parse.parse_qs(url.query).items()
    }
    assert choices["stream"] == [f"{PREFIX}market.klines"]
    share = ask(prometheus, query_named(f"{uid}: Age / limit / A"), choices)
    assert [series.labels["stream"] for series in share] == choices["stream"]
    assert share[0].values[-1] > 1
    (annotation,) = annotation_queries(PROVISIONED[uid])
    marked = [series.labels for series in ask(prometheus, annotation, choices)]
    assert any(same(labels, quiet["labels"]) for labels in marked)
    assert {labels.get("stream") for labels in marked} <= {*choices["stream"], None}


def same(shown: Labels, alert: Labels) -> bool:
    return all(shown.get(name) == value for name, value in alert.items())


def test_no_recording_rule_is_needed():
    """The dashboards also work where the alert rules are not loaded."""
    for uid in UIDS:
        for query in panel_queries(PROVISIONED[uid]):
            assert not re.search(r"\b(stream|group|redis|job):\w", query.expr)
