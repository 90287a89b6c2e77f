"""A server says itself whether it may be read: by its role, its link and its mode."""

from collections.abc import Callable

import pytest

from support.cluster_rig import configuration as cluster_configuration
from support.cluster_rig import keys
from support.clusters import RealCluster
from support.faulty import Proxy
from support.faulty_rig import HEALTHY, ONCE, Outcome, blind, configuration, fill, outcome
from support.polling import wait_for
from support.sentinels import follow, wait_for_replica
from support.servers import RealServer


def role(server: RealServer) -> str:
    with server.client() as client:
        return str(client.info("replication")["role"])


def test_replica_whose_link_is_down_holds_old_news(
    redis8: RealServer, start_server: Callable, exporter: Callable
) -> None:
    primary: RealServer = start_server("redis-8.2")
    replica: RealServer = start_server("redis-8.2")
    with primary.client() as client:
        fill(client)
    follow(replica, primary)
    process = exporter(config=configuration(replica.url, discovery=ONCE))
    assert outcome(process.scrape()) == HEALTHY
    primary.kill()
    process.scrape_until(lambda scrape: outcome(scrape) == blind("replica"), "the link is down")
    assert "link to the primary is down" in process.log()


def test_user_who_may_not_ask_for_the_link_reads_the_replica(
    start_server: Callable, exporter: Callable
) -> None:
    primary: RealServer = start_server("redis-8.2")
    replica: RealServer = start_server("redis-8.2")
    with primary.client() as client:
        fill(client)
    follow(replica, primary)
    with replica.client() as client:
        client.execute_command("ACL", "SETUSER", "reader", "on", ">pw", "~*", "+@all", "-role")
    config = configuration(replica.url, discovery=ONCE)
    config["redis"] |= {"username": "reader", "password": "pw"}
    process = exporter(config=config)
    primary.kill()
    with replica.client() as client:
        wait_for(lambda: client.info("replication")["master_link_status"] == "down", "it is down")
    assert [outcome(process.scrape()) for _ in range(2)] == [HEALTHY] * 2


def test_primary_that_was_demoted_is_left_and_dialled_anew(
    start_server: Callable, exporter: Callable
) -> None:
    first: RealServer = start_server("redis-8.2")
    second: RealServer = start_server("redis-8.2")
    with first.client() as client:
        fill(client)
    follow(second, first)
    with Proxy(first.port) as forwarder:
        process = exporter(config=configuration(forwarder.url, discovery=ONCE))
        assert outcome(process.scrape()) == HEALTHY
        forwarder.upstream_port = second.port  # who dials again reaches the new primary
        with second.client() as client:
            client.execute_command("REPLICAOF", "NO", "ONE")
            client.xadd("feed", {"n": 6})
        follow(first, second)
        scrape = process.scrape()
    assert outcome(scrape) == HEALTHY
    assert scrape.by("redis_instance_info", "role") == {("master",): 1}
    assert scrape["redis_stream_length"]["feed", "continuous"] == 6


def test_healthy_replica_that_is_still_there_after_dialling_anew_is_read(
    start_server: Callable, exporter: Callable
) -> None:
    first: RealServer = start_server("redis-8.2")
    second: RealServer = start_server("redis-8.2")
    with first.client() as client:
        fill(client)
    follow(second, first)
    process = exporter(config=configuration(first.url, discovery=ONCE))
    assert outcome(process.scrape()) == HEALTHY
    with second.client() as client:
        client.execute_command("REPLICAOF", "NO", "ONE")
    follow(first, second)
    wait_for_replica(first, second)
    scrape = process.scrape()
    assert outcome(scrape) == HEALTHY
    assert scrape.by("redis_instance_info", "role") == {("slave",): 1}


def test_one_node_of_a_cluster_is_enough_to_read_all_of_it(
    cluster: RealCluster, exporter: Callable
) -> None:
    config = cluster_configuration(cluster, discovery=ONCE)
    del config["redis"]["mode"]
    process = exporter(config=config)
    scrape = process.scrape()
    assert outcome(scrape) == (1, set(keys(cluster)), {})


@pytest.mark.parametrize("denied", ["-xinfo", "-xinfo|groups", "-xrange -xpending"])
def test_redis_that_denies_every_stream_was_not_read(
    start_server: Callable, exporter: Callable, denied: str
) -> None:
    server: RealServer = start_server("redis-8.2")
    with server.client() as client:
        fill(client)
        client.execute_command(
            *("ACL", "SETUSER", "reader", "on", ">pw", "~*", "+@all", *denied.split())
        )
    config = configuration(server.url)
    config["redis"] |= {"username": "reader", "password": "pw"}
    config["keys"] = [{"key": "feed"}]  # that one key may be read changes nothing
    process = exporter(config=config, until_ready=False)
    expected: Outcome = blind("noperm")
    process.scrape_until(lambda scrape: outcome(scrape) == expected, "every stream is denied")


def test_streams_that_are_only_looked_at_do_not_look_used(
    redis8: RealServer, start_server: Callable, exporter: Callable
) -> None:
    server: RealServer = start_server("redis-8.2")
    with server.client() as client:
        fill(client)
        wait_for(lambda: client.object("idletime", "feed") >= 2, "it was not used", seconds=20)
        process = exporter(config=configuration(server.url))
        for _ in range(3):
            assert outcome(process.scrape()) == HEALTHY
        assert client.object("idletime", "feed") >= 2
        names = [one["name"] for one in client.client_list()]
    assert "streamgauge" in names
