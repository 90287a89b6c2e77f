"""A replica says that it is one; its lag in entries, which nobody can rely on, is withheld."""

from collections.abc import Callable

from support.faulty_rig import HEALTHY, configuration, fill, outcome
from support.metrics import STREAM_SERIES
from support.real_time import RealTime
from support.sentinels import follow, wait_for_replica
from support.servers import RealServer

AGES = {name for name in STREAM_SERIES if "_seconds" in name and "_timestamp_" not in name}
UNKNOWN = "streamgauge_groups_lag_unknown"


def test_replica_shows_what_its_primary_shows_but_the_lag_in_entries(
    server: RealServer, start_server: Callable, exporter: Callable
) -> None:
    real_time = RealTime()
    with server.client() as client:
        fill(client)
    replica: RealServer = start_server(server.name)
    follow(replica, server)
    with server.client() as client:  # what it is told now is not what it was given at first
        client.xreadgroup("g", "d", {"feed": ">"}, count=2)
        client.xadd("feed", {"n": 6})
        client.xreadgroup("g", "d", {"job": ">"}, noack=True)
    wait_for_replica(replica, server)
    config = configuration("")
    urls = {"primary": server.url, "replica": replica.url}
    config["redis"] = [{"name": name, "url": url} for name, url in urls.items()]
    process = exporter(config=config)
    scrape = process.scrape_until(
        lambda scrape: len(scrape.by("redis_stream_length", "redis", "stream")) == 8,
        "both are discovered",
    )
    assert [outcome(scrape, name) for name in urls] == [HEALTHY] * 2
    assert scrape.by("redis_instance_info", "redis", "role") == {
        ("primary", "master"): 1,
        ("replica", "slave"): 1,
    }
    labels = ("redis", "stream", "class", "group", "consumer")
    for name in STREAM_SERIES:
        series = scrape.by(name, *labels)
        one, other = (
            {key[1:]: value for key, value in series.items() if key[0] == side} for side in urls
        )
        if name == "redis_stream_group_lag":
            assert other == {}
            assert len(one) == 4
        elif name == "redis_stream_group_entries_read" and server.name == "redis-7.0":
            assert set(other) <= set(one)
        else:
            assert other == (real_time.about(one) if name in AGES else one), name
    assert scrape.by("redis_stream_group_lag_seconds", *labels)
    assert scrape.by(UNKNOWN, "redis")["replica",] == 4


def test_replica_that_is_promoted_shows_its_lag(
    redis8: RealServer, start_server: Callable, exporter: Callable
) -> None:
    with redis8.client() as client:
        fill(client)
    replica: RealServer = start_server("redis-8.2")
    follow(replica, redis8)
    process = exporter(config=configuration(replica.url))
    scrape = process.scrape_until_known("feed")
    assert scrape["redis_stream_group_lag"] == {}
    with replica.client() as client:
        client.execute_command("REPLICAOF", "NO", "ONE")
    scrape = process.scrape()
    assert scrape.by("redis_instance_info", "role") == {("master",): 1}
    assert scrape["redis_stream_group_lag"]["feed", "continuous", "g"] == 3


def test_server_that_does_not_tell_its_role_is_read_all_the_same(
    start_server: Callable, exporter: Callable
) -> None:
    server: RealServer = start_server("redis-7.0", "--rename-command", "HELLO", "")
    with server.client(protocol=2) as client:
        fill(client)
    process = exporter(config=configuration(server.url))
    scrape = process.scrape_until_known("feed")
    assert outcome(scrape) == HEALTHY
    assert "redis_instance_info" not in scrape
    assert scrape["redis_stream_group_lag"]["feed", "continuous", "g"] == 3
    assert "HELLO" not in process.log()
