"""Valkey 9 may have several databases in a cluster; all others have one."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.cluster_rig import OFTEN
from support.clusters import RealCluster


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealCluster]:
    directory: Path = tmp_path_factory.mktemp("cluster")
    with RealCluster("valkey-9.1", directory, "--cluster-databases", "4") as cluster:
        yield cluster


def config(cluster: RealCluster, db: int) -> dict:
    redis = {"name": "main", "url": f"redis://{cluster.nodes[0].address}/{db}", "timeout": "5s"}
    return {"redis": redis, "discovery": OFTEN}


def test_each_database_of_a_cluster_is_read_by_its_number(
    databases: RealCluster, exporter: Callable
) -> None:
    for primary, node in enumerate(databases.nodes):
        with databases.node_client(node) as client:
            client.execute_command("SELECT", 2)
            client.xadd(databases.key_at(primary, "two"), {"n": 1})
            client.execute_command("SELECT", 0)
            client.xadd(databases.key_at(primary, "zero"), {"n": 1})
    process = exporter(config=config(databases, 2))
    scrape = process.scrape_until(lambda one: len(one.streams()) == 3, "all are discovered")
    assert scrape.by("redis_stream_length", "db", "stream") == {
        ("db2", databases.key_at(primary, "two")): 1 for primary in range(3)
    }


def test_a_cluster_without_that_database_says_so(cluster: RealCluster, exporter: Callable) -> None:
    process = exporter(config=config(cluster, 2), until_ready=False)
    scrape = process.scrape()
    assert scrape["redis_up"] == {(): 0}
    assert "the server has no database 2" in process.log()
