"""Behind sentinels, whoever is the primary now is read, and nobody else."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from support.faulty_endpoints import Refusing, Silent
from support.faulty_rig import CLASS_OF, HEALTHY, configuration, fill, outcome
from support.metrics import Scrape
from support.polling import wait_for
from support.sentinels import SERVICE, RealSentinel, follow, wait_for_replica
from support.servers import RealServer

SECRET = "s3cret-of-the-sentinels"
RULE = f"user reader on >{SECRET} -@all +sentinel|get-master-addr-by-name"


class Group(NamedTuple):
    """A primary, its replica and the sentinel that watches them, at the start of a test."""

    primary: RealServer
    replica: RealServer
    sentinel: RealSentinel

    def config(self, **keys: Any) -> dict[str, Any]:
        sentinel = {"service": SERVICE, "nodes": [self.sentinel.address]} | keys
        config = configuration("", discovery={"match": ["*"], "interval": "1h"})
        config["redis"] = {"name": "main", "sentinel": sentinel, "timeout": "5s"}
        return config


@pytest.fixture(params=["redis-7.0"])
def group(
    request: pytest.FixtureRequest, start_server: Callable, tmp_path: Path
) -> Iterator[Group]:
    primary, replica = (start_server(request.param) for _ in range(2))
    with primary.client() as client:
        fill(client)
    follow(replica, primary)
    folder = tmp_path / "sentinel"
    folder.mkdir()
    lines = [f"requirepass {SECRET}", RULE]
    with RealSentinel(request.param, folder, primary, *lines, password=SECRET) as sentinel:
        yield Group(primary, replica, sentinel)


def length(scrape: Scrape) -> float:
    return float(scrape["redis_stream_length"]["feed", "continuous"])


@pytest.mark.parametrize("group", ["redis-6.2", "valkey-9.1"], indirect=True)
def test_failover_is_followed_at_once_although_the_old_primary_lives_on(
    group: Group, exporter: Callable
) -> None:
    wait_for(group.sentinel.knows_replica, "the sentinel knows the replica")
    process = exporter(config=group.config(username="reader", password=SECRET))
    assert outcome(process.scrape()) == HEALTHY
    group.sentinel.fail_over()
    with group.replica.client() as client:
        wait_for(lambda: client.info("replication")["role"] == "master", "the replica is promoted")
        for number in range(2):
            client.xadd("feed", {"n": number})
            scrape = process.scrape()
            assert (outcome(scrape), length(scrape)) == (HEALTHY, 6 + number)
            assert scrape.by("redis_instance_info", "role") == {("master",): 1}
            pending = scrape["redis_stream_group_messages_pending"]
            assert pending["feed", "continuous", "g"] == 2
    assert f"address={group.replica.address}" in process.log()
    with group.sentinel.client() as client:
        assert [one for one in client.acl_log() if one["username"] == "reader"] == []


def test_dead_primary_is_redis_up_0_until_its_replica_takes_over(
    group: Group, exporter: Callable, tmp_path: Path
) -> None:
    wait_for(group.sentinel.knows_replica, "the sentinel knows the replica")
    file = tmp_path / "secret"
    file.write_text(SECRET)
    process = exporter(config=group.config(password_file=str(file)))
    assert outcome(process.scrape()) == HEALTHY
    wait_for_replica(group.replica, group.primary)
    group.primary.kill()
    assert outcome(process.scrape()).up == 0
    scrape = process.scrape_until(lambda scrape: scrape.value("redis_up"), "it is followed")
    assert outcome(scrape) == HEALTHY
    assert group.sentinel.primary_port() == group.replica.port
    assert SECRET not in process.log()


def test_sentinels_are_asked_in_turn_and_none_is_needed_once_the_primary_is_known(
    group: Group, exporter: Callable
) -> None:
    with Refusing() as refusing, Silent() as silent:
        nodes = [f"127.0.0.1:{refusing.port}", f"127.0.0.1:{silent.port}", group.sentinel.address]
        process = exporter(config=group.config(nodes=nodes, password=SECRET))
        assert outcome(process.scrape()) == HEALTHY
        group.sentinel.kill()
        for number in range(2):
            with group.primary.client() as client:
                client.xadd("feed", {"n": 1})
            scrape = process.scrape()
            assert (outcome(scrape), length(scrape)) == (HEALTHY, 6 + number)
        group.primary.kill()
        assert outcome(process.scrape()).up == 0


def test_what_is_wrong_with_sentinels_is_said(group: Group, exporter: Callable) -> None:
    targets = {
        "no-login": {},
        "wrong-login": {"password": "wr0ng"},
        "no-right": {"username": "nobody", "password": SECRET},
        "no-service": {"password": SECRET, "service": "other"},
        "no-sentinel": {"password": SECRET, "nodes": [group.primary.address]},
        "a-replica": {"password": SECRET},
    }
    with group.sentinel.client() as client:
        client.execute_command("ACL", "SETUSER", "nobody", "on", f">{SECRET}", "-@all", "+ping")
    with group.primary.client() as client:
        client.execute_command("REPLICAOF", "127.0.0.1", group.replica.port)
    config = group.config()
    config["redis"] = [group.config(**keys)["redis"] | {"name": n} for n, keys in targets.items()]
    process = exporter(config=config, until_ready=False)
    scrape = process.scrape()
    assert scrape.by("redis_up", "redis") == {(name,): 0 for name in targets}
    lines = [line for line in process.log().splitlines() if "redis unreadable" in line]
    said = {name: next(line for line in lines if f"redis={name} " in line) for name in targets}
    sentinel = f"sentinel {group.sentinel.address}"
    words = {
        "no-login": ("reason=noperm", "NOAUTH", sentinel),
        "wrong-login": ("reason=noperm", "refused the login", sentinel),
        "no-right": ("reason=noperm", "NOPERM"),
        "no-service": ("knows no service 'other'",),
        "no-sentinel": (f"sentinel {group.primary.address}", "refused the login"),
        "a-replica": (f"{group.primary.address}: named as the primary, but is a replica",),
    }
    assert words.keys() == targets.keys()
    unsaid = {name: [word for word in words[name] if word not in said[name]] for name in words}
    assert unsaid == {name: [] for name in words}
    assert SECRET not in process.log()


def test_streams_are_those_of_the_configured_database(group: Group, exporter: Callable) -> None:
    with group.primary.client() as client:
        client.swapdb(0, 3)
    config = group.config(password=SECRET)
    config["redis"]["url"] = "redis:///3"
    scrape = exporter(config=config).scrape()
    assert outcome(scrape) == HEALTHY
    assert {key[0] for key in scrape.by("redis_stream_length", "db", "stream")} == {"db3"}
    assert set(CLASS_OF) == scrape.streams()
