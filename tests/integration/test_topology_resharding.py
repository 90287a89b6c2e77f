"""Slots that move between the primaries of a cluster: no stream is lost, doubled or stale."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from redis.crc import key_slot

from support.clusters import RealCluster
from support.exporter import ExporterProcess
from support.faulty_rig import outcome
from support.metrics import Scrape

TAGGED = [f"{{tag}}:{number}" for number in range(12)]
SLOT = key_slot(b"tag")
OTHERS = [f"other:{number}" for number in range(30)]


MORE = [pytest.param(name, marks=pytest.mark.nightly) for name in ("redis-7.0", "valkey-9.1")]


@pytest.fixture(scope="module", params=["redis-6.2", *MORE])
def cluster(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealCluster]:
    """Three primaries; every stream has a group that has read a part of it."""
    with RealCluster(request.param, tmp_path_factory.mktemp("cluster")) as cluster:
        with cluster.client() as client:
            for length, key in enumerate([*TAGGED, *OTHERS], start=2):
                for number in range(length):
                    client.xadd(key, {"n": number})
                client.xgroup_create(key, "g", id="0")
                client.xreadgroup("g", "c", {key: ">"}, count=1)
        yield cluster


LENGTHS: dict[str, float] = {
    key: float(length) for length, key in enumerate([*TAGGED, *OTHERS], start=2)
}


def configuration(cluster: RealCluster, interval: str) -> dict[str, Any]:
    return {
        "redis": {"name": "main", "url": cluster.nodes[1].url, "mode": "cluster", "timeout": "5s"},
        "discovery": {"match": ["*"], "interval": interval},
        "streams": [{"match": TAGGED[0], "class": "continuous"}],
    }


def seen(scrape: Scrape) -> tuple[float | None, dict[str, float], dict[tuple[str, str], float]]:
    """Whether it is up, every stream's length, and the errors; a series twice fails in itself."""
    up, _, errors = outcome(scrape)
    consumers = {key[0] for key in scrape["redis_stream_group_consumer_idle_seconds"]}
    lengths = {key[0]: value for key, value in scrape["redis_stream_length"].items()}
    assert consumers == set(lengths)
    return up, lengths, errors


WHOLE = (1, LENGTHS, {})


def owner(cluster: RealCluster) -> int:
    """The number of the primary that has the slot at the start of each test."""
    return next(number for number in range(3) if SLOT in cluster.share_of(number))


def test_slot_on_its_way_is_read_on_both_sides(cluster: RealCluster, exporter: Callable) -> None:
    process: ExporterProcess = exporter(config=configuration(cluster, "1h"))
    source = cluster.nodes[owner(cluster)]
    target = cluster.nodes[(owner(cluster) + 1) % 3]
    scrapes = [seen(process.scrape())]
    cluster.begin_move(SLOT, source, target)
    scrapes.append(seen(process.scrape()))
    while cluster.move_keys(SLOT, source, target, 5):
        scrapes.append(seen(process.scrape()))
    cluster.end_move(SLOT, target)
    scrapes += [seen(process.scrape()) for _ in range(3)]
    cluster.move(SLOT, target, source)
    scrapes += [seen(process.scrape()) for _ in range(2)]
    assert scrapes == [WHOLE] * len(scrapes)
    assert len(scrapes) >= 9
    assert "unreadable" not in process.log()


def test_scrapes_while_slots_move_lose_and_double_nothing(
    cluster: RealCluster, exporter: Callable
) -> None:
    hasty = exporter(config=configuration(cluster, "50ms"))
    patient = exporter(config=configuration(cluster, "1h"))
    slots = {key_slot(key.encode()) for key in [TAGGED[0], *OTHERS[:8]]}
    homes = {slot: next(n for n in range(3) if slot in cluster.share_of(n)) for slot in slots}
    failures: list[BaseException] = []

    def move_around() -> None:
        try:
            for step in (1, 2, 3):
                for slot, home in homes.items():
                    source = cluster.nodes[(home + step - 1) % 3]
                    cluster.move(slot, source, cluster.nodes[(home + step) % 3])
        except BaseException as error:
            failures.append(error)
            raise

    for process in (hasty, patient):
        process.scrape_until_known(*LENGTHS)
    mover = threading.Thread(target=move_around)
    mover.start()
    scrapes = []
    while mover.is_alive():
        scrapes += [seen(process.scrape()) for process in (hasty, patient)]
    mover.join()
    assert failures == []
    scrapes += [seen(process.scrape()) for process in (hasty, patient)]
    assert [scrape for scrape in scrapes if scrape != WHOLE] == []
    assert len(scrapes) > 10
