"""A cluster is read as one Redis: every stream once, from the primary that has it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from redis.crc import key_slot

from support.certificates import issue, make_authority
from support.cluster_rig import configuration, fill, keys, lengths
from support.clusters import RealCluster
from support.faulty_rig import ONCE, outcome
from support.history import History
from support.metrics import STREAM_SERIES, UNTOLD
from support.real_time import RealTime
from support.servers import RealServer

AGES = {name for name in STREAM_SERIES if name.endswith(("_age_seconds", "_idle_seconds"))} | {
    "redis_stream_group_lag_seconds",
    "redis_stream_group_stalled_seconds",
    "redis_stream_group_unacknowledged_seconds",
    "redis_stream_group_consumer_inactive_seconds",
}


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
    real_time = RealTime()
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
        assert ours == (real_time.about(theirs) if name in AGES else theirs), name
        assert ours or name in UNTOLD.get(alone.name, ()), name


def test_server_that_is_no_cluster_and_node_that_is_read_alone_say_what_to_write(
    cluster: RealCluster, redis7: RealServer, exporter: Callable
) -> None:
    config = configuration(cluster)
    config["redis"] = [
        {"name": "no-cluster", "url": redis7.url, "mode": "cluster"},
        {"name": "node", "url": cluster.nodes[0].url, "mode": "standalone"},
    ]
    config["streams"] = [{"match": cluster.key_at(1, "feed"), "class": "continuous"}]
    process = exporter(config=config, until_ready=False)
    scrape = process.scrape()
    assert outcome(scrape, "no-cluster").up == 0
    node = outcome(scrape, "node")
    assert (node.up, node.streams) == (0, set())
    assert {reason for _, reason in node.errors} == {"cluster"}
    assert "cluster support disabled" in process.log()
    assert "write mode: cluster" in process.log()


RULE = [
    *("on", ">s3cret", "~*", "-@all", "+time", "+scan", "+xinfo|stream", "+xinfo|groups"),
    *("+xinfo|consumers", "+xpending", "+xrange", "+cluster|slots", "+asking"),
]

OPTIONAL = {"role", "info", "client|no-touch"}  # asked for once by each connection


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
            assert [
                one
                for one in client.acl_log()
                if one["username"] == "reader" and one["object"] not in OPTIONAL
            ] == []
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
    reading |= {"role", "client"}  # CLIENT NO-TOUCH
    for node, known in zip(cluster.nodes, before, strict=True):
        new = {name.split("|")[0] for name in _used(cluster, node) - known}
        assert new <= {f"cmdstat_{name}" for name in reading}


def _used(cluster: RealCluster, node: RealServer) -> set[str]:
    with cluster.node_client(node) as client:
        return set(client.info("commandstats"))


def test_nodes_that_announce_addresses_of_another_network_are_reached_by_the_address_map(
    tmp_path: Path, exporter: Callable
) -> None:
    with RealCluster("redis-7.0", tmp_path, primaries=2) as cluster:
        fill(cluster)
        for node in cluster.nodes:
            with node.client() as client:
                client.config_set("cluster-announce-hostname", "redis.invalid")
                client.config_set("cluster-preferred-endpoint-type", "hostname")
        config = configuration(cluster, discovery=ONCE)
        config["redis"]["cluster"] = {
            "address_map": {f"redis.invalid:{node.port}": node.address for node in cluster.nodes}
        }
        scrape = exporter(config=config).scrape()
        assert outcome(scrape) == (1, set(keys(cluster)), {})
        assert scrape.value("streamgauge_discovery_last_success_timestamp_seconds") is not None
