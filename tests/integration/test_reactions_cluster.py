"""A trigger at one node of a cluster and its answer at another are one reaction."""

from collections.abc import Callable

from support.clusters import RealCluster
from support.exporter import ExporterProcess
from support.metrics import Scrape

PAIR = "redis_stream_reaction_wait_seconds"


def watching(cluster: RealCluster, exporter: Callable, asked: str, answer: str) -> ExporterProcess:
    process: ExporterProcess = exporter(
        config={
            "redis": {"name": "main", "url": cluster.nodes[0].url, "timeout": "5s"},
            "discovery": {"match": []},
            "streams": [{"match": "*", "class": "event"}],
            "reactions": [{"after": asked, "expect": answer, "within": "10m"}],
        }
    )
    return process


def waits(scrape: Scrape) -> list[float]:
    return [*scrape[PAIR].values()]


def test_a_trigger_waits_until_the_other_node_has_an_answer(
    cluster: RealCluster, exporter: Callable
) -> None:
    asked, answer = cluster.key_at(0, "asked"), cluster.key_at(1, "answer")
    process = watching(cluster, exporter, asked, answer)
    assert waits(process.scrape()) == [0]
    with cluster.client() as client:
        client.xadd(asked, {"n": 1})
        process.scrape()
        (wait,) = waits(process.scrape())
        assert wait > 0
        client.xadd(answer, {"n": 1})
        assert waits(process.scrape()) == [0]


def test_while_one_of_the_two_nodes_is_away_the_wait_is_absent_and_then_goes_on(
    cluster: RealCluster, exporter: Callable
) -> None:
    asked, answer = cluster.key_at(0, "asks"), cluster.key_at(2, "answers")
    process = watching(cluster, exporter, asked, answer)
    with cluster.client() as client:
        client.xadd(asked, {"n": 1})
    process.scrape()
    (before,) = waits(process.scrape())
    node = cluster.nodes[2]
    node.kill()
    try:
        process.scrape_until(lambda scrape: waits(scrape) == [], "the node is away")
    finally:
        cluster.recover()
    found = process.scrape_until(lambda scrape: waits(scrape) != [], "the node is back")
    (after,) = waits(found)
    assert after > before
