"""A cluster is read as one Redis: every stream once, from the primary that has it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.crc import key_slot

from support.certificates import issue, make_authority
from support.clusters import NOTICES_DEATH, RealCluster
from support.faulty_rig import Outcome, outcome
from support.history import History
from support.metrics import STREAM_SERIES, Scrape
from support.polling import wait_for
from support.servers import RealServer

PREFIXES = {"feed": "continuous", "work": "hybrid", "job": "event", "who": "unclassified"}
ONCE = {"match": ["*"], "interval": "1h"}
OFTEN = {"match": ["*"], "interval": "100ms"}
AGES = {name for name in STREAM_SERIES if name.endswith(("_age_seconds", "_idle_seconds"))} | {
    "redis_stream_group_lag_seconds",
    "redis_stream_group_consumer_inactive_seconds",
}
UNTOLD = {
    "redis-6.2": {
        "redis_stream_entries_added_total",
        "redis_stream_group_entries_read",
        "redis_stream_group_consumer_inactive_seconds",
    }
}


def configuration(cluster: RealCluster, **sections: Any) -> dict[str, Any]:
    return {
        "redis": {"name": "main", "url": cluster.nodes[0].url, "mode": "cluster", "timeout": "2s"},
        "discovery": OFTEN,
        "streams": [
            {"match": f"{prefix}:*", "class": class_}
            for prefix, class_ in PREFIXES.items()
            if class_ != "unclassified"
        ],
    } | sections


def keys(cluster: RealCluster) -> dict[str, int]:
    """One key of each class at each primary, and the number of that primary."""
    return {
        cluster.key_at(primary, prefix): primary
        for prefix in PREFIXES
        for primary in range(cluster.primaries)
    }


def fill(cluster: RealCluster) -> dict[str, int]:
    """Empty the cluster and fill it with `keys`: five entries in each, a group that read two."""
    for node in cluster.nodes:
        with cluster.node_client(node) as client:
            if client.info("replication")["role"] == "master":
                client.flushall()
    with cluster.client() as client:
        for key in keys(cluster):
            for number in range(5):
                client.xadd(key, {"n": number})
            client.xgroup_create(key, "g", id="0")
            client.xreadgroup("g", "c", {key: ">"}, count=2)
    return keys(cluster)


def lengths(scrape: Scrape) -> dict[str, float]:
    return {key[0]: value for key, value in scrape["redis_stream_length"].items()}


def outage(streams: dict[str, int], primary: int, reason: str) -> Outcome:
    """The outcome when one primary cannot be read and the others can."""
    return Outcome(
        1,
        {stream for stream, at in streams.items() if at != primary},
        {(class_, reason): 1 for class_ in PREFIXES.values()},
    )


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


@pytest.fixture(params=["redis-6.2", "redis-8.2", "valkey-9.1"])
def each_cluster(request: pytest.FixtureRequest, cluster_of: Callable) -> RealCluster:
    """Three primaries of other releases in turn, with `keys`; a test leaves them well."""
    shared: RealCluster = cluster_of(request.param)
    fill(shared)
    return shared


def test_every_stream_of_every_primary_is_read_once(
    cluster: RealCluster, exporter: Callable
) -> None:
    process = exporter(config=configuration(cluster, discovery=ONCE))
    scrape = process.scrape()
    assert outcome(scrape) == (1, set(keys(cluster)), {})
    assert lengths(scrape) == dict.fromkeys(keys(cluster), 5)
    assert scrape.by("redis_instance_info", "redis", "role") == {("main", "master"): 1}
    assert scrape.value("streamgauge_discovery_last_success_timestamp_seconds") is not None
    assert "primaries found" in process.log()


def test_series_are_those_of_a_single_server_with_the_same_streams(
    each_cluster: RealCluster, start_server: Callable, exporter: Callable
) -> None:
    cluster, release = each_cluster, each_cluster.nodes[0].release
    alone: RealServer = start_server(each_cluster.nodes[0].name)
    with cluster.client() as many, alone.client() as one:
        for client in (many, one):
            history = History(client, release)
            for number, key in enumerate(keys(cluster)):
                client.delete(key)
                history.add(key, f"{1_700_000_000_000 + number}-1", count=12)
                history.create_group(key, "behind")
                history.read(key, "behind", "a", 5)
                history.create_group(key, "new")
                history.trim(key, 9)
    config = configuration(cluster, discovery=ONCE)
    config["redis"] = [config["redis"], {"name": "alone", "url": alone.url}]
    scrape = exporter(config=config).scrape_until(
        lambda scrape: (
            len(scrape.by("redis_stream_length", "redis", "stream")) == 2 * len(keys(cluster))
        ),
        "both are discovered",
    )
    labels = ("db", "stream", "class", "group", "consumer")
    for name in [*STREAM_SERIES, "streamgauge_groups_lag_unknown", "streamgauge_streams"]:
        series = scrape.by(name, "redis", *labels)
        ours = {key[1:]: value for key, value in series.items() if key[0] == "main"}
        theirs = {key[1:]: value for key, value in series.items() if key[0] == "alone"}
        assert ours == (pytest.approx(theirs, abs=2) if name in AGES else theirs), name
        assert ours or name in UNTOLD.get(alone.name, ()), name


def test_dead_primary_costs_its_own_streams_and_they_are_counted(
    cluster: RealCluster, exporter: Callable
) -> None:
    streams, dead = keys(cluster), cluster.nodes[1]
    once = exporter(config=configuration(cluster, discovery=ONCE))
    often = exporter(config=configuration(cluster))
    for process in (once, often):
        assert outcome(process.scrape_until_known(*streams)) == (1, set(streams), {})
    dead.kill()
    expected = outage(streams, 1, "other")
    assert [outcome(once.scrape()) for _ in range(3)] == [expected] * 3
    named = [line for line in once.log().splitlines() if "node unreadable" in line]
    assert [(dead.address in line, "streams=4" in line) for line in named] == [(True, True)]

    new = cluster.key_at(0, "new")
    with cluster.node_client(cluster.nodes[0]) as client:
        client.xadd(new, {"n": 1})
    scrape = often.scrape_until(lambda scrape: new in scrape.streams(), "the new one is found")
    assert outcome(scrape) == expected._replace(streams=expected.streams | {new})
    assert often.log().count("discovery failed") == 1

    missing = [cluster.key_at(primary, "feed:missing") for primary in range(3)]
    declared = [{"match": name, "class": "continuous"} for name in missing]
    config = configuration(cluster, streams=declared, discovery={"match": []})
    scrape = exporter(config=config).scrape()
    exists = {(name, "continuous"): 0 for name in (missing[0], missing[2])}
    assert scrape["redis_stream_exists"] == exists
    assert outcome(scrape).errors == {("continuous", "other"): 1}

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
    assert [outcome(process.scrape()) for _ in range(2)] == [outage(streams, 0, "other")] * 2
    for node in cluster.nodes[1:]:
        node.kill()
    scrape = process.scrape()
    assert outcome(scrape) == (0, set(), {(class_, "other"): 3 for class_ in PREFIXES.values()})
    assert "redis_instance_info" not in scrape


def test_cluster_that_needs_all_of_its_slots_counts_every_stream_while_one_is_dead(
    tmp_path: Path, exporter: Callable
) -> None:
    options = ("--cluster-require-full-coverage", "yes", *NOTICES_DEATH)
    with RealCluster("redis-7.0", tmp_path, *options) as cluster:
        streams = fill(cluster)
        process = exporter(config=configuration(cluster, discovery=ONCE))
        assert outcome(process.scrape()) == (1, set(streams), {})
        cluster.nodes[2].kill()
        down = Outcome(0, set(), {(class_, "other"): 3 for class_ in PREFIXES.values()})
        process.scrape_until(lambda scrape: outcome(scrape) == down, "the cluster is down")
        cluster.nodes[2].start()
        cluster.wait_until_whole()
        scrape = process.scrape()
        assert scrape.streams() >= {stream for stream, at in streams.items() if at != 2}


def test_replica_that_takes_over_is_followed_within_the_scrape(
    tmp_path: Path, exporter: Callable
) -> None:
    with RealCluster("redis-7.0", tmp_path, *NOTICES_DEATH, replicas_of=(0, 1)) as cluster:
        streams = fill(cluster)
        process = exporter(config=configuration(cluster, discovery=ONCE))
        assert outcome(process.scrape()) == (1, set(streams), {})
        for node in cluster.nodes[:2]:
            with cluster.node_client(node) as client:
                client.wait(1, 5000)
        with cluster.node_client(cluster.nodes[3]) as new:
            new.execute_command("CLUSTER", "FAILOVER")
        with cluster.node_client(cluster.nodes[0]) as old:
            wait_for(lambda: old.info("replication")["role"] == "slave", "it was demoted")
        assert outcome(process.scrape()) == (1, set(streams), {})
        with cluster.node_client(cluster.nodes[3]) as client:
            client.xadd(cluster.key_at(0, "feed"), {"n": 6})
        assert lengths(process.scrape())[cluster.key_at(0, "feed")] == 6
        cluster.nodes[1].kill()
        for node in (cluster.nodes[2], cluster.nodes[3], cluster.nodes[4]):
            with cluster.node_client(node) as client:
                wait_for(lambda one=client: _serves(one, cluster.nodes[4]), "the replica serves")
        assert outcome(process.scrape()) == (1, set(streams), {})


def _serves(client: redis.Redis, node: RealServer) -> bool:
    """Whether a node says that this one is the primary of some slots."""
    return any(row[2][1] == node.port for row in client.execute_command("CLUSTER", "SLOTS"))


def test_server_that_is_no_cluster_and_node_that_is_read_alone_say_what_to_write(
    cluster: RealCluster, redis7: RealServer, exporter: Callable
) -> None:
    config = configuration(cluster)
    config["redis"] = [
        {"name": "no-cluster", "url": redis7.url, "mode": "cluster"},
        {"name": "node", "url": cluster.nodes[0].url},
    ]
    config["streams"] = [{"match": cluster.key_at(1, "feed"), "class": "continuous"}]
    process = exporter(config=config, until_ready=False)
    scrape = process.scrape()
    assert outcome(scrape, "no-cluster").up == 0
    assert outcome(scrape, "node").errors == {("continuous", "other"): 1}
    assert "cluster support disabled" in process.log()
    assert "write mode: cluster" in process.log()


RULE = [
    *("on", ">s3cret", "~*", "-@all", "+time", "+scan", "+xinfo|stream", "+xinfo|groups"),
    *("+xinfo|consumers", "+xpending", "+xrange", "+cluster|slots", "+asking"),
]


def test_user_with_these_rights_reads_everything_even_while_keys_move_and_is_denied_nothing(
    each_cluster: RealCluster, exporter: Callable
) -> None:
    cluster, streams = each_cluster, keys(each_cluster)
    users = {"reader": RULE} | {
        f"no-{right}": [word for word in RULE if word != f"+{right}"]
        for right in ("cluster|slots", "asking")
    }
    for node in cluster.nodes:
        with cluster.node_client(node) as client:
            for user, words in users.items():
                client.execute_command("ACL", "SETUSER", user, "reset", *words)
            client.acl_log_reset()
    moving = cluster.key_at(0, "feed")
    slot, source, target = key_slot(moving.encode()), *cluster.nodes[:2]
    cluster.begin_move(slot, source, target)
    assert cluster.move_keys(slot, source, target, 10) >= 1
    config = configuration(cluster)
    config["redis"] = [
        config["redis"] | {"name": user, "username": user, "password": "s3cret"} for user in users
    ]
    process = exporter(config=config, until_ready=False)
    scrape = process.scrape_until(
        lambda scrape: len(scrape.by("redis_stream_length", "redis", "stream")) >= len(streams),
        "the streams are found",
    )
    cluster.end_move(slot, target)
    assert outcome(scrape, "reader") == (1, set(streams), {})
    assert outcome(scrape, "no-cluster|slots") == (0, set(), {})
    assert "CLUSTER: NOPERM" in process.log()
    lost = outcome(scrape, "no-asking")
    assert moving not in lost.streams
    assert lost.errors["continuous", "other"] >= 1
    for node in cluster.nodes:
        with cluster.node_client(node) as client:
            assert [one for one in client.acl_log() if one["username"] == "reader"] == []
    cluster.move(slot, target, source)


def test_all_nodes_are_reached_over_tls_with_the_same_name_and_login(
    tmp_path: Path, exporter: Callable
) -> None:
    authority = make_authority(tmp_path)
    server = issue(authority, "server", "DNS:redis.example")
    options = ["--tls-cert-file", str(server.cert), "--tls-key-file", str(server.key)]
    options += ["--tls-ca-cert-file", str(authority.cert), "--tls-auth-clients", "no"]
    options += ["--tls-cluster", "yes", "--requirepass", "s3cret"]
    client_options = {"ssl": True, "ssl_check_hostname": False, "ssl_cert_reqs": "none"}
    login = {"tls": True, "password": "s3cret"}
    with RealCluster(
        "redis-7.0", tmp_path, *options, client_options=client_options, **login
    ) as cluster:
        streams = fill(cluster)
        config = configuration(cluster, discovery=ONCE)
        config["redis"]["password"] = "s3cret"
        config["redis"]["tls"] = {
            "ca_file": str(authority.cert),
            "server_name": "redis.example",
        }
        assert outcome(exporter(config=config).scrape()) == (1, set(streams), {})


def test_nothing_but_reading_is_sent_to_any_node(cluster: RealCluster, exporter: Callable) -> None:
    before = [_used(cluster, node) for node in cluster.nodes]
    process = exporter(config=configuration(cluster))
    process.scrape_until_known(*keys(cluster))
    process.scrape()
    reading = {"hello", "time", "scan", "xinfo", "xpending", "xrange", "cluster", "info"}
    for node, known in zip(cluster.nodes, before, strict=True):
        new = {name.split("|")[0] for name in _used(cluster, node) - known}
        assert new <= {f"cmdstat_{name}" for name in reading}


def _used(cluster: RealCluster, node: RealServer) -> set[str]:
    with cluster.node_client(node) as client:
        return set(client.info("commandstats"))
