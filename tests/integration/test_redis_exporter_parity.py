"""Side by side with oliver006/redis_exporter: a metric of the same name has the same value."""

from collections.abc import Callable
from pathlib import Path

import pytest

from support.history import History
from support.metrics import Scrape
from support.peers import Peer, peer_exporter, peer_metrics
from support.real_time import RealTime
from support.servers import RealServer

pytestmark = pytest.mark.newest_too

EXACT = {
    "redis_up",
    "redis_stream_length",
    "redis_stream_groups",
    "redis_stream_group_consumers",
    "redis_stream_group_messages_pending",
    "redis_stream_group_consumer_messages_pending",
}
# In later versions than Debian's.
LATER = {
    "redis_stream_entries_added_total",
    "redis_stream_group_entries_read",
    "redis_stream_group_lag",
}
LABELS = ("db", "stream", "group", "consumer")
AGES = {"redis_stream_group_consumer_idle_seconds"}


@pytest.fixture
def real_time() -> RealTime:
    return RealTime()


@pytest.fixture
def scrapes(
    real_time: RealTime,
    redis7: RealServer,
    each_redis_exporter: Peer,
    exporter: Callable,
    tmp_path: Path,
) -> tuple[Scrape, Scrape]:
    """One scrape of each exporter, of the same untouched streams."""
    with redis7.client() as client:
        history = History(client, redis7.release)
        history.add("orders", count=30)
        history.add("ticks", count=12)
        history.trim("ticks", 10)
        history.create_group("ticks", "nobody")
        for group, consumers in {"billing": ("a", "b"), "audit": ("c",)}.items():
            history.create_group("orders", group)
            for consumer in consumers:
                ids = history.read("orders", group, consumer, 7)
                history.acknowledge("orders", group, *ids[:3])
        history.create_group("never written", "g", mkstream=True)
    config = {
        "redis": {"name": "main", "url": redis7.url},
        "streams": [{"match": "orders", "class": "event"}],
    }
    ours = exporter(config=config).scrape()
    with peer_exporter(each_redis_exporter, redis7, tmp_path / "peer.log") as address:
        return ours, Scrape(peer_metrics(address))


def test_shared_names_are_exactly_these(scrapes: tuple[Scrape, Scrape]) -> None:
    ours, theirs = scrapes
    shared = {name for name in ours.keys() & theirs.keys() if name.startswith("redis_")}
    assert shared - LATER == EXACT | AGES | {"redis_instance_info"}
    assert shared & LATER in (set(), LATER)


def test_shared_metrics_have_the_same_labels_values_and_types(
    scrapes: tuple[Scrape, Scrape], real_time: RealTime
) -> None:
    ours, theirs = scrapes
    for name in EXACT:
        assert ours.by(name, *LABELS) == theirs.by(name, *LABELS) != {}, name
        assert ours.types[name] == theirs.types[name], name
    for name in AGES:
        ages = theirs.by(name, *LABELS)
        assert ages
        assert ours.by(name, *LABELS) == real_time.about(ages)


def test_what_later_versions_share_is_the_same_but_unknown_is_not_zero(
    scrapes: tuple[Scrape, Scrape],
) -> None:
    ours, theirs = scrapes
    for name in LATER & theirs.keys():
        known, told = ours.by(name, *LABELS), theirs.by(name, *LABELS)
        assert known
        assert told == dict.fromkeys(told, 0) | known, name
        assert ours.types[name] == theirs.types[name], name


def test_role_is_the_same(scrapes: tuple[Scrape, Scrape]) -> None:
    ours, theirs = scrapes
    assert ours.by("redis_instance_info", "role") == theirs.by("redis_instance_info", "role") != {}
    assert ours.types["redis_instance_info"] == theirs.types["redis_instance_info"]


def test_our_further_labels_are_redis_and_class_alone(scrapes: tuple[Scrape, Scrape]) -> None:
    ours, theirs = scrapes
    for name in (EXACT | AGES) - {"redis_up"}:
        (mine,), (other,) = ours.labels(name), theirs.labels(name)
        assert mine - other == {"redis", "class"}, name
        assert other <= mine, name
