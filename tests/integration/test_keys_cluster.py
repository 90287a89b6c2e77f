"""In a cluster every state key is read where it is, and patterns count over all primaries."""

from collections.abc import Callable, Iterator

import pytest
from redis.crc import key_slot

from support.clusters import RealCluster
from support.exporter import ExporterProcess
from support.metrics import Scrape


@pytest.fixture(scope="module", params=["redis-6.2", "redis-7.0", "valkey-9.1"])
def cluster(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealCluster]:
    with RealCluster(request.param, tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture
def process(cluster: RealCluster, exporter: Callable) -> ExporterProcess:
    """An exporter on a cluster with a state key at each primary, and thirty that are counted."""
    with cluster.client() as client:
        for key in keys(cluster):
            client.hset(key, "until", 4_000_000_000)
        for number in range(30):
            client.set(f"hold:{number}", 1)
    config = {
        "redis": {"name": "main", "url": cluster.nodes[0].url, "mode": "cluster", "timeout": "5s"},
        "discovery": {"match": ["*"], "interval": "100ms"},
        "keys": [
            *({"key": key, "deadline_field": "until"} for key in keys(cluster)),
            {"match": "hold:*"},
        ],
    }
    return exporter(config=config)


def keys(cluster: RealCluster) -> list[str]:
    """The key at each primary."""
    return [cluster.key_at(primary, "state") for primary in range(3)]


def read(cluster: RealCluster, scrape: Scrape) -> list[int]:
    """The numbers of the primaries whose key was read."""
    found = scrape["redis_key_exists"]
    assert found.keys() == scrape["redis_key_deadline_seconds"].keys()
    return [number for number, key in enumerate(keys(cluster)) if found.get((key,)) == 1]


def errors(scrape: Scrape) -> dict[str, float]:
    return {reason: n for (reason,), n in scrape["streamgauge_key_errors"].items() if n}


def test_every_key_is_read_once_and_all_are_counted(
    cluster: RealCluster, process: ExporterProcess
) -> None:
    scrape = process.scrape()
    assert read(cluster, scrape) == [0, 1, 2]
    assert scrape["redis_keys_matching"] == {("hold:*",): 30}
    assert errors(scrape) == {}


def test_a_key_on_its_way_is_read_on_both_sides(
    cluster: RealCluster, process: ExporterProcess
) -> None:
    slot = key_slot(keys(cluster)[0].encode())
    source, target = cluster.nodes[:2]
    seen = [read(cluster, process.scrape())]
    cluster.begin_move(slot, source, target)
    seen.append(read(cluster, process.scrape()))
    while cluster.move_keys(slot, source, target, 5):
        seen.append(read(cluster, process.scrape()))
    cluster.end_move(slot, target)
    seen.append(read(cluster, process.scrape()))
    cluster.move(slot, target, source)
    seen.append(read(cluster, process.scrape()))
    assert seen == [[0, 1, 2]] * len(seen)
    assert "unreadable" not in process.log()


def test_a_dead_primary_costs_its_own_keys_and_the_count(
    cluster: RealCluster, process: ExporterProcess
) -> None:
    node = cluster.nodes[2]
    held = sum(key_slot(b"hold:%d" % n) in cluster.share_of(2) for n in range(30))
    node.kill()
    try:
        scrape = process.scrape_until(
            lambda scrape: not scrape["redis_keys_matching"], "a walk has failed"
        )
        assert read(cluster, scrape) == [0, 1]
        assert errors(scrape) == {"connection": 1}
        assert scrape.value("redis_up") == 1
    finally:
        node.start()
        cluster.wait_until_whole()
    process.scrape_until(
        lambda scrape: scrape["redis_keys_matching"] == {("hold:*",): 30 - held},
        "the rest is counted again, without what the server lost",
    )
