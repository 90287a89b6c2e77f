"""With 5,000 streams a dashboard that was just opened draws at most 200 series per query."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dashboards.interpolation import View
from dashboards.many import exposition, serving
from dashboards.prometheus import Prometheus
from dashboards.shipped import PROVISIONED, UIDS, panel_queries
from support.peers import Peer
from support.polling import wait_for

pytestmark = pytest.mark.nightly

STREAMS = 5_000
MOST_SERIES = 200
SCRAPE_SECONDS = 4


@pytest.fixture(scope="module")
def prometheus(
    tmp_path_factory: pytest.TempPathFactory, each_prometheus: Peer
) -> Iterator[Prometheus]:
    directory = tmp_path_factory.mktemp("many")
    with (
        serving(exposition(STREAMS)) as target,
        Prometheus(
            directory, each_prometheus, {"streamgauge": target}, scrape_seconds=SCRAPE_SECONDS
        ) as running,
    ):
        enough = "sum_over_time(up[1m]) >= 3"
        wait_for(lambda: running.value(enough) > 0, "three scrapes", seconds=120, every=0.3)
        yield running


def counted(prometheus: Prometheus, uid: str) -> dict[str, int]:
    """How many series each query of the dashboard returns, as opened."""
    choices = prometheus.default_choices(PROVISIONED[uid])
    return {
        f"{number} {query.where}": len(
            prometheus.ask(query, View(choices, 10 * SCRAPE_SECONDS, SCRAPE_SECONDS, query.points))
        )
        for number, query in enumerate(panel_queries(PROVISIONED[uid]))
    }


@pytest.mark.parametrize("uid", UIDS)
def test_no_query_returns_more_than_can_be_read(prometheus, uid):
    counts = counted(prometheus, uid)
    assert {name: count for name, count in counts.items() if count > MOST_SERIES} == {}
    if uid == "streamgauge-streams":
        # Cut to what is nearest to a limit: every list is full.
        lists = [count for name, count in counts.items() if "streams / A" in name]
        assert [count for count in lists if count > 1] == [20, 20]


def test_every_column_of_the_table_is_about_the_same_streams(prometheus):
    choices = prometheus.default_choices(PROVISIONED["streamgauge-streams"])
    rows: dict[str, set[str]] = {}
    for query in panel_queries(PROVISIONED["streamgauge-streams"]):
        if query.where.startswith("Streams / "):
            view = View(choices, 10 * SCRAPE_SECONDS, SCRAPE_SECONDS, query.points)
            answer = prometheus.ask(query, view)
            rows[query.where] = {series.labels["stream"] for series in answer}
    assert len(set.union(*rows.values())) == len(rows["Streams / state"]) == 100
