"""A cluster of which a part is lost: what is left is read, what is lost is counted."""

from collections.abc import Callable
from pathlib import Path

import redis

from support.cluster_rig import PREFIXES, configuration, fill, keys, lengths, outage
from support.clusters import RealCluster
from support.faulty_rig import ONCE, Outcome, outcome
from support.polling import wait_for
from support.sentinels import wait_for_replica
from support.servers import RealServer


def test_dead_primary_costs_its_own_streams_and_they_are_counted(
    cluster: RealCluster, exporter: Callable
) -> None:
    streams, dead = keys(cluster), cluster.nodes[1]
    once = exporter(config=configuration(cluster, discovery=ONCE))
    often = exporter(config=configuration(cluster))
    for process in (once, often):
        assert outcome(process.scrape_until_known(*streams)) == (1, set(streams), {})
    dead.kill()
    expected = outage(streams, 1, "connection")
    assert [outcome(once.scrape()) for _ in range(3)] == [expected] * 3
    named = [line for line in once.log().splitlines() if "node unreadable" in line]
    assert [(dead.address in line, "streams=4" in line) for line in named] == [(True, True)]

    new = cluster.key_at(0, "new")
    with cluster.node_client(cluster.nodes[0]) as client:
        client.xadd(new, {"n": 1})
    scrape = often.scrape_until(lambda scrape: new in scrape.streams(), "the new one is found")
    assert outcome(scrape) == expected._replace(streams=expected.streams | {new})
    wait_for(lambda: "discovery failed" in often.log(), "the log says why there may be others")
    assert often.log().count("discovery failed") == 1

    missing = [cluster.key_at(primary, "feed:missing") for primary in range(3)]
    declared = [{"match": name, "class": "continuous"} for name in missing]
    config = configuration(cluster, streams=declared, discovery={"match": []})
    scrape = exporter(config=config).scrape()
    exists = {(name, "continuous"): 0 for name in (missing[0], missing[2])}
    assert scrape["redis_stream_exists"] == exists
    assert outcome(scrape).errors == {("continuous", "connection"): 1}

    dead.start()
    cluster.wait_until_whole()
    fill(cluster)
    assert outcome(once.scrape()) == (1, set(streams), {})
    assert "node readable again" in once.log()


def test_frozen_primary_costs_its_own_streams_and_not_the_scrape(
    cluster: RealCluster, exporter: Callable
) -> None:
    streams = keys(cluster)
    process = exporter(config=configuration(cluster))
    process.scrape_until_known(*streams)
    cluster.nodes[0].pause()  # the first that is asked
    assert [outcome(process.scrape()) for _ in range(2)] == [outage(streams, 0, "timeout")] * 2
    cluster.nodes[0].resume()
    cluster.wait_until_whole()
    assert outcome(process.scrape()) == (1, set(streams), {})


def test_configured_node_may_die_and_when_all_have_it_is_redis_up_0(
    cluster: RealCluster, exporter: Callable
) -> None:
    streams = keys(cluster)
    process = exporter(config=configuration(cluster))
    process.scrape_until_known(*streams)
    cluster.nodes[0].kill()
    assert [outcome(process.scrape()) for _ in range(2)] == [outage(streams, 0, "connection")] * 2
    for node in cluster.nodes[1:]:
        node.kill()
    scrape = process.scrape()
    assert outcome(scrape) == (
        0,
        set(),
        {(class_, "connection"): 3 for class_ in PREFIXES.values()},
    )
    assert "redis_instance_info" not in scrape


def test_cluster_that_needs_all_of_its_slots_counts_every_stream_while_one_is_dead(
    tmp_path: Path, exporter: Callable
) -> None:
    with RealCluster("redis-7.0", tmp_path, "--cluster-require-full-coverage", "yes") as cluster:
        streams = fill(cluster)
        process = exporter(config=configuration(cluster, discovery=ONCE))
        assert outcome(process.scrape()) == (1, set(streams), {})
        cluster.nodes[2].kill()
        cluster.notice_death()
        down = Outcome(0, set(), {(class_, "other"): 3 for class_ in PREFIXES.values()})
        process.scrape_until(lambda scrape: outcome(scrape) == down, "the cluster is down")
        cluster.recover()
        scrape = process.scrape()
        assert scrape.streams() >= {stream for stream, at in streams.items() if at != 2}


def test_replica_that_takes_over_is_followed_within_the_scrape(
    tmp_path: Path, exporter: Callable
) -> None:
    with RealCluster("redis-7.0", tmp_path, replicas_of=(0, 1)) as cluster:
        streams = fill(cluster)
        process = exporter(config=configuration(cluster, discovery=ONCE))
        assert outcome(process.scrape()) == (1, set(streams), {})
        for primary, replica in zip(cluster.nodes[:2], cluster.nodes[3:], strict=True):
            wait_for_replica(replica, primary)
        # Without TAKEOVER it is given up after five seconds, without a word.
        with cluster.node_client(cluster.nodes[3]) as new:
            new.execute_command("CLUSTER", "FAILOVER", "TAKEOVER")
        with cluster.node_client(cluster.nodes[0]) as old:
            wait_for(lambda: old.info("replication")["role"] == "slave", "it was demoted")
        assert outcome(process.scrape()) == (1, set(streams), {})
        with cluster.node_client(cluster.nodes[3]) as client:
            client.xadd(cluster.key_at(0, "feed"), {"n": 6})
        assert lengths(process.scrape())[cluster.key_at(0, "feed")] == 6
        cluster.nodes[1].kill()
        with cluster.node_client(cluster.nodes[4]) as new:
            new.execute_command("CLUSTER", "FAILOVER", "TAKEOVER")
        for node in cluster.nodes:
            if node.is_running:
                with cluster.node_client(node) as client:
                    wait_for(lambda one=client: _serves(one, cluster.nodes[4]), "it serves")
        assert outcome(process.scrape()) == (1, set(streams), {})


def _serves(client: redis.Redis, node: RealServer) -> bool:
    """Whether a node says that this one is the primary of some slots."""
    return any(row[2][1] == node.port for row in client.execute_command("CLUSTER", "SLOTS"))
