"""The series for autoscalers, on histories with a known answer."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from streamgauge.bundled import bundle_path
from support.peers import Peer
from support.servers import ROOT

pytestmark = pytest.mark.newest_too

RULES = bundle_path("alerts") / "scaling.rules.yml"
EXAMPLES = ROOT / "deploy" / "scaling"
# As in the examples.
STREAM = 'job="streamgauge",redis="main",db="0",stream="orders",class="hybrid"'
GROUP = f'{STREAM},group="billing"'
LAG, DRAIN = "group:redis_stream_group_lag:waiting", "group:redis_stream_group_lag:seconds_to_drain"
ADDED = "group:redis_stream_group_entries_added:rate5m"
READ = "group:redis_stream_group_entries_read:deriv5m"
NEEDED = "group:redis_stream_group_consumers:needed"

Answers = dict[str, float | None]


def history(
    *, added: str, read: str, lag: str, consumers: int, limit: str | None = "100x120"
) -> dict[str, str]:
    """Series of one group, a value every 15 s; two exporters read the same."""
    group = {
        "redis_stream_group_entries_read": read,
        "redis_stream_group_lag": lag,
        "redis_stream_group_consumers": f"{consumers}x120",
        "redis_stream_group_lag_limit_seconds": limit,
    }
    series = {f"{name}{{{GROUP}}}": values for name, values in group.items() if values}
    series[f"redis_stream_entries_added_total{{{STREAM}}}"] = added
    for number in range(consumers):
        name = f'redis_stream_group_consumer_idle_seconds{{{GROUP},consumer="c{number}"}}'
        series[name] = "1x120"
    return {
        name.replace("{", f'{{instance="{instance}",'): values
        for name, values in series.items()
        for instance in "ab"
    }


# By its name: the series, and what is expected of them after 30 min. None is absent.
HISTORIES: dict[str, tuple[dict[str, str], Answers]] = {
    # 10 entries a second are added, 4 consumers read 8 of them.
    "it falls behind": (
        history(added="0+150x120", read="0+120x120", lag="10+30x120", consumers=4),
        # 3,610 wait, 100 s may they: (10 + 36.1) / 2 a second each.
        {LAG: 3610, ADDED: 10, READ: 8, DRAIN: float("inf"), NEEDED: 24},
    ),
    "it catches up": (
        history(added="0+150x120", read="0+180x120", lag="6000-30x120", consumers=4),
        {LAG: 2400, ADDED: 10, READ: 12, DRAIN: 1200, NEEDED: 12},
    ),
    "it keeps up, and nobody knows how much more it could": (
        history(added="0+150x120", read="0+150x120", lag="0x120", consumers=4),
        {LAG: 0, ADDED: 10, READ: 10, DRAIN: 0, NEEDED: 4},
    ),
    # In a backlog of ten minutes four consumers read 40 a second; then 10 a second come.
    "a backlog has shown that fewer would do": (
        history(
            added="0+150x120", read="0+600x40 24000+150x79", lag="18000-450x39 0x80", consumers=4
        ),
        {LAG: 0, ADDED: 10, READ: 10, DRAIN: 0, NEEDED: 1},
    ),
    "nothing to do": (
        history(added="5x120", read="5x120", lag="0x120", consumers=0),
        {LAG: 0, ADDED: 0, READ: 0, DRAIN: 0, NEEDED: 0},
    ),
    "one entry wakes it from zero": (
        history(added="5x118 6x2", read="5x120", lag="0x119 1", consumers=0),
        {LAG: 1, DRAIN: float("inf"), NEEDED: 1},
    ),
    "without a limit the backlog may take five minutes": (
        history(added="0+150x120", read="0+120x120", lag="10+30x120", consumers=4, limit=None),
        {NEEDED: 12},
    ),
    "an unknown lag is no lag of 0": (
        history(added="0+150x120", read="0+150x120", lag="", consumers=4),
        {LAG: None, DRAIN: None, NEEDED: None},
    ),
    "a counter that Redis takes back is no reading": (
        history(added="0+150x120", read="9000+0x110 100x10", lag="10+150x120", consumers=4),
        {READ: 0, DRAIN: float("inf")},
    ),
}


def test_an_exporter_that_moves_to_another_pod_changes_nothing(
    tmp_path: Path, each_promtool: Peer
) -> None:
    """It is scraped under another address, a minute before the question."""
    series, answers = HISTORIES["it falls behind"]
    moved = {}
    for name, values in series.items():
        if 'instance="a"' in name:
            start, _, step = values.removesuffix("x120").partition("+")
            later = int(start) + 116 * int(step or 0)
            moved[name] = f"{start}+{step or 0}x115 stale"
            moved[name.replace('"a"', '"b"')] = f"_x116 {later}+{step or 0}x4"
    file = tmp_path / "test.yml"
    file.write_text(yaml.safe_dump(written(moved, answers)))
    each_promtool.run("test", "rules", file)


@pytest.mark.parametrize("name", HISTORIES)
def test_the_series_say_what_happened(tmp_path: Path, each_promtool: Peer, name: str) -> None:
    series, answers = HISTORIES[name]
    file = tmp_path / "test.yml"
    file.write_text(yaml.safe_dump(written(series, answers)))
    each_promtool.run("test", "rules", file)


def written(series: dict[str, str], answers: Answers) -> dict[str, Any]:
    return {
        "rule_files": [str(RULES)],
        "evaluation_interval": "15s",
        "tests": [
            {
                "interval": "15s",
                "input_series": [
                    {"series": name, "values": values} for name, values in series.items()
                ],
                "promql_expr_test": [
                    {
                        "expr": query,
                        "eval_time": "30m",
                        "exp_samples": []
                        if answers.get(NEEDED) is None
                        else [{"labels": "{}", "value": answers[NEEDED]}],
                    }
                    for query in (keda_query(), hpa_query())
                    if NEEDED in answers
                ]
                + [
                    {
                        "expr": f"round({record}, 0.01)",
                        "eval_time": "30m",
                        "exp_samples": []
                        if value is None
                        else [{"labels": f"{{{GROUP}}}", "value": value}],
                    }
                    for record, value in answers.items()
                ],
            }
        ],
    }


def keda_query() -> str:
    (trigger,) = yaml.safe_load((EXAMPLES / "keda.yaml").read_text())["spec"]["triggers"]
    return trigger["metadata"]["query"]


def hpa_query() -> str:
    """What prometheus-adapter makes of the metric of the HPA."""
    (metric,) = yaml.safe_load((EXAMPLES / "hpa.yaml").read_text())["spec"]["metrics"]
    asked = metric["external"]["metric"]
    adapter = yaml.safe_load((EXAMPLES / "prometheus-adapter.yaml").read_text())
    (rule,) = adapter["rules"]["external"]
    assert rule["name"]["as"] == asked["name"]
    matchers = [f'{name}="{value}"' for name, value in asked["selector"]["matchLabels"].items()]
    query = rule["metricsQuery"].replace("<<.Series>>", rule["seriesQuery"])
    return query.replace("<<.LabelMatchers>>", ",".join(matchers))
