"""What still works on the data of oliver006/redis_exporter alone, as grafana/README.md says."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboards.interpolation import View
from dashboards.many import serving
from dashboards.prometheus import Prometheus
from dashboards.shipped import PROVISIONED, UIDS, panel_queries, panels
from support.peers import Peer, peer_exporter
from support.polling import wait_for
from support.servers import RealServer

# Versions later than Debian's also tell the lag, and what was added.
LATER = """\
redis_stream_length{db="db0",stream="later"} 5
redis_stream_entries_added_total{db="db0",stream="later"} 5
redis_stream_group_consumers{db="db0",group="billing",stream="later"} 1
redis_stream_group_lag{db="db0",group="billing",stream="later"} 3
redis_stream_group_entries_read{db="db0",group="billing",stream="later"} 2
"""
WORKS = {
    "streamgauge-streams": {
        "Blind spots / A",
        "Streams / state",
        "Streams / length",
        "Streams / lag",
        "Streams / rate",
        "Length / A",
    },
    "streamgauge-stream": {
        "State / A",
        "Delivered, not acknowledged / A",
        "Pending / A",
        "Length / A",
        "Entries in, and out to each group / A",
        "Entries in, and out to each group / B",
        "Lag / A",
        "Groups and consumers / A",
        "Groups and consumers / B",
        "Consumers / pending",
        "Consumers / idle",
    },
    "streamgauge-exporter": {"Redis up / A", "Role / A"},
}


@pytest.fixture(scope="module")
def prometheus(
    tmp_path_factory: pytest.TempPathFactory, each_prometheus: Peer, each_redis_exporter: Peer
) -> Iterator[Prometheus]:
    directory: Path = tmp_path_factory.mktemp("peer")
    with (
        RealServer("redis-7.0", tmp_path_factory.mktemp("redis")) as server,
        peer_exporter(each_redis_exporter, server, directory / "peer.log") as address,
        serving(LATER) as later,
        Prometheus(directory, each_prometheus, {"redis": address, "later": later}) as running,
    ):
        with server.client() as client:
            for number in range(5):
                client.xadd("orders", {"number": number})
            client.xgroup_create("orders", "billing", "0")
            client.xreadgroup("billing", "billing-1", {"orders": ">"}, count=2)
        seen = "sum(count_over_time(redis_stream_length[1m])) >= 6"
        wait_for(lambda: running.value(seen) > 0, "a few scrapes", seconds=30, every=0.1)
        yield running


@pytest.mark.parametrize("uid", UIDS)
def test_panels_that_need_only_shared_names_work(prometheus, uid):
    choices = prometheus.default_choices(PROVISIONED[uid])
    if "stream" in choices:
        choices["stream"] = ["orders", "later"]
    working = set()
    for query in panel_queries(PROVISIONED[uid]):
        view = View(choices, range_seconds=30, scrape_seconds=1, points=query.points)
        answer = prometheus.ask(query, view)
        assert all(math.isfinite(value) for series in answer for value in series.values)
        if answer:
            working.add(query.where)
    assert working == WORKS[uid]


def test_its_streams_are_of_no_class_and_calm(prometheus):
    choices = prometheus.default_choices(PROVISIONED["streamgauge-streams"])
    for query in panel_queries(PROVISIONED["streamgauge-streams"]):
        if query.where == "Streams / state":
            states = {each.values[-1] for each in prometheus.ask(query, View(choices, 30, 1))}
            assert states == {0}


def test_a_panel_without_data_says_why():
    vague = {"no data"}
    for uid in ("streamgauge-streams", "streamgauge-stream"):
        for panel in panels(PROVISIONED[uid]):
            assert panel["fieldConfig"]["defaults"]["noValue"] not in vague, panel["title"]
