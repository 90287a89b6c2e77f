"""What tests of several files run against: a rig for faults, and a cluster; one for a module."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.cluster_rig import fill
from support.clusters import RealCluster
from support.faulty_rig import Rig, rig
from support.moved_clock import Life
from support.servers import RealServer


@pytest.fixture(scope="module")
def shared_rig(session_server: Callable, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A rig in front of Redis 7.0; what a test does to it is mended by `healthy`."""
    with rig(session_server("redis-7.0"), tmp_path_factory.mktemp("rig")) as shared:
        yield shared


@pytest.fixture
def healthy(shared_rig: Rig) -> Rig:
    """The rig with four healthy streams and nothing else."""
    shared_rig.heal()
    return shared_rig


@pytest.fixture(scope="module")
def cluster_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable]:
    """Answers the one running cluster of a release: three primaries, started at its first use."""
    running: dict[str, RealCluster] = {}

    def get(release: str) -> RealCluster:
        if release not in running:
            running[release] = RealCluster(release, tmp_path_factory.mktemp(release))
            running[release].start()
        return running[release]

    yield get
    for cluster in running.values():
        cluster.stop()


@pytest.fixture
def cluster(cluster_of: Callable) -> Iterator[RealCluster]:
    """Three primaries of Redis 7.0 with `keys`; mended after the test."""
    shared: RealCluster = cluster_of("redis-7.0")
    fill(shared)
    yield shared
    for node in shared.nodes:
        if node.is_running:
            node.resume()
        else:
            node.start()
    shared.wait_until_whole()


@pytest.fixture
def live(each_server: RealServer, tmp_path: Path) -> Iterator[Callable]:
    """Starts a server of each release with streams and an exporter, under one moved clock."""
    lives: list[Life] = []

    def start(*streams: dict[str, Any], timeout: str = "30s", **settings: Any) -> Life:
        life = Life(each_server.name, tmp_path, *streams, timeout=timeout, settings=settings)
        lives.append(life)
        return life.__enter__()

    yield start
    for life in lives:
        life.__exit__()
