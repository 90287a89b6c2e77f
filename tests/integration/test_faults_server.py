"""A Redis that answers, but not with what was asked: the scrape says so and shows nothing stale."""

from collections.abc import Callable
from socket import gethostname

import pytest
import redis

from support.faulty import Proxy
from support.faulty_actions import answer, hang
from support.faulty_endpoints import Garbage
from support.faulty_rig import CLASS_OF, HEALTHY, Rig, blind, configuration, fill, outcome
from support.polling import wait_for
from support.servers import RealServer

ERRORS = {
    "LOADING Redis is loading the dataset in memory": "other",
    "BUSY Redis is busy running a script": "other",
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.": "replica",
    "NOAUTH Authentication required.": "noperm",
    "CLUSTERDOWN The cluster is down": "other",
}


@pytest.mark.parametrize("but", ["TIME", ""], ids=["all-but-TIME", "all"])
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.split()[0])
def test_error_of_the_whole_server_is_redis_up_0(healthy: Rig, error: str, but: str) -> None:
    healthy.proxy.fault("*", answer(f"-{error}\r\n"), but=but)
    assert healthy.outcome() == blind(ERRORS[error])
    healthy.proxy.heal()
    assert healthy.outcome() == HEALTHY


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.split()[0])
def test_error_of_the_whole_server_in_round_two_is_redis_up_0(healthy: Rig, error: str) -> None:
    healthy.proxy.fault("XPENDING", answer(f"-{error}\r\n"))
    assert healthy.outcome() == blind(ERRORS[error])
    healthy.proxy.heal()
    assert healthy.outcome() == HEALTHY


@pytest.mark.parametrize(
    "reply",
    [
        "+OK\r\n",
        "+PONG\r\n",
        ":5\r\n",
        "$-1\r\n",
        "*-1\r\n",
        "*0\r\n",
        "*1\r\n$10\r\n1700000000\r\n",
        "*2\r\n$3\r\nabc\r\n$1\r\n0\r\n",
        "*2\r\n$10\r\n1700000000\r\n*0\r\n",
        "*2\r\n$10\r\n1700000000\r\n$-1\r\n",
        "*3\r\n$10\r\n1700000000\r\n$1\r\n0\r\n$1\r\n0\r\n",
    ],
    ids=repr,
)
def test_time_of_another_shape_is_redis_up_0(healthy: Rig, reply: str) -> None:
    healthy.proxy.fault("TIME", answer(reply))
    scrape = healthy.exporter.scrape()
    assert outcome(scrape) == blind("protocol")
    assert scrape.value("streamgauge_clock_offset_seconds") is None
    healthy.proxy.heal()
    assert healthy.outcome() == HEALTHY


@pytest.mark.parametrize(
    "garbage",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x15\x03\x03\x00\x02\x02\x28", b"\x00" * 100_000],
    ids=["http", "tls", "zeros"],
)
@pytest.mark.parametrize("command", ["TIME", "XINFO GROUPS", "XRANGE"])
def test_garbage_is_redis_up_0(healthy: Rig, command: str, garbage: bytes) -> None:
    healthy.proxy.fault(command, answer(garbage))
    assert healthy.outcome() == blind("protocol")
    healthy.proxy.heal()
    assert healthy.outcome() == HEALTHY


def test_unreadable_server_is_named_in_the_log_once_and_once_when_readable_again(
    healthy: Rig,
) -> None:
    before = len(healthy.exporter.log())
    healthy.proxy.fault("XINFO", answer("-LOADING Redis is loading\r\n"))
    assert [healthy.outcome() for _ in range(4)] == [blind("other")] * 4
    healthy.proxy.heal()
    assert [healthy.outcome() for _ in range(2)] == [HEALTHY] * 2
    log = healthy.exporter.log()[before:]
    said = [line for line in log.splitlines() if "discovery" not in line]
    assert ["LOADING" in line for line in said] == [True, False]


DECLARED = {"streams": [{"match": "feed", "class": "continuous"}], "discovery": {"match": []}}
SECRET = "a-right-password"
WALKED = "streamgauge_discovery_last_success_timestamp_seconds"


def test_real_server_that_is_busy_or_full_or_without_master_or_wants_a_login(
    start_server: Callable, exporter: Callable
) -> None:
    busy = start_server("redis-7.0", "--busy-reply-threshold", "1")
    full = start_server("redis-7.0", "--maxclients", "1")
    replica = start_server("redis-7.0", "--replica-serve-stale-data", "no")
    closed = start_server("redis-7.0", "--requirepass", SECRET)
    servers = {"busy": busy, "full": full, "replica": replica, "closed": closed}
    expected = {"busy": "other", "full": "connection", "replica": "replica", "closed": "noperm"}
    targets = [{"name": name, "url": server.url} for name, server in servers.items()]
    with (
        busy.client(socket_timeout=30) as blocking,
        busy.client() as killing,
        full.client() as only,
        replica.client() as stale,
    ):
        connection = blocking.connection_pool.get_connection()
        connection.send_command("EVAL", "while true do end", 0)
        wait_for(lambda: _is_busy(killing), "the server is busy")
        only.ping()
        stale.execute_command("REPLICAOF", "127.0.0.1", "1")
        process = exporter(config=DECLARED | {"redis": targets}, until_ready=False)
        scrape = process.scrape()
        assert {name: outcome(scrape, name) for name in servers} == {
            name: blind(reason, ("continuous",)) for name, reason in expected.items()
        }
        killing.script_kill()
        blocking.connection_pool.release(connection)
        stale.execute_command("REPLICAOF", "NO", "ONE")
    with busy.client() as client:
        wait_for(lambda: not _is_busy(client), "the script has ended")
    scrape = process.scrape()
    assert scrape.by("redis_up", "redis") == {
        ("busy",): 1,
        ("full",): 1,
        ("replica",): 1,
        ("closed",): 0,
    }


def _is_busy(client: redis.Redis) -> bool:
    try:
        client.ping()
    except redis.ResponseError as error:
        return str(error).startswith(("BUSY", "Redis is busy"))
    return False


def test_server_that_tells_nothing_but_the_time_was_not_read_and_is_not_ready(
    redis7: RealServer, exporter: Callable
) -> None:
    with Proxy(redis7.port) as proxy:
        proxy.fault("*", answer("-LOADING not now\r\n"), but="TIME")
        process = exporter(config=configuration(proxy.url, **DECLARED), until_ready=False)
        assert outcome(process.scrape()) == blind("other", ("continuous",))
        assert process.get("/-/ready").status == 503
        proxy.heal()
        wait_for(process.is_ready, "the exporter is ready")
        assert outcome(process.scrape()) == (1, {"feed"}, {})


def test_time_denied_is_redis_up_0(healthy: Rig) -> None:
    healthy.proxy.fault("TIME", answer("-NOPERM no\r\n"))
    assert healthy.outcome() == blind("noperm")
    healthy.proxy.heal()
    assert healthy.outcome() == HEALTHY


def test_scan_denied_costs_no_stream_that_is_known_and_is_said_once(
    redis7: RealServer, exporter: Callable
) -> None:
    with redis7.client() as client, Proxy(redis7.port) as proxy:
        fill(client)
        process = exporter(config=configuration(proxy.url))
        proxy.fault("SCAN", answer("-NOPERM no\r\n"))
        tried = proxy.counts()["SCAN"]
        wait_for(lambda: proxy.counts()["SCAN"] >= tried + 4, "discovery was denied again")
        scrape = process.scrape()
        assert outcome(scrape) == HEALTHY
        last = scrape.value(WALKED)
        proxy.heal()
        process.scrape_until(lambda scrape: scrape.value(WALKED) > last, "it discovers again")
        assert process.log().count("discovery failed") == 1


def test_scan_that_never_worked_costs_no_declared_stream(
    redis7: RealServer, exporter: Callable
) -> None:
    with redis7.client() as client, Proxy(redis7.port) as hanging, Proxy(redis7.port) as denying:
        fill(client)
        hanging.fault("SCAN", hang)
        denying.fault("SCAN", answer("-NOPERM no\r\n"))
        config = configuration("", streams=DECLARED["streams"])
        urls = {"hanging": hanging.url, "denying": denying.url}
        # The first scrape waits for the walk with a part of its time, and reads in the rest.
        config["redis"] = [{"name": n, "url": u, "timeout": "5s"} for n, u in urls.items()]
        process = exporter(config=config, until_ready=False)
        for scrape in (process.scrape(), process.scrape()):
            assert [outcome(scrape, name) for name in urls] == [(1, {"feed"}, {})] * 2
            assert WALKED not in scrape


def test_process_that_read_redis_is_ready_though_it_may_not_scan(
    redis7: RealServer, exporter: Callable
) -> None:
    with Proxy(redis7.port) as proxy:
        proxy.fault("SCAN", answer("-NOPERM no\r\n"))
        config = configuration(proxy.url, streams=DECLARED["streams"])
        process = exporter(config=config, until_ready=False)
        assert process.scrape().value("redis_up") == 1
        assert process.get("/-/ready").status == 200


def test_server_with_no_stream_that_cannot_be_read_is_no_empty_server(
    redis7: RealServer, exporter: Callable
) -> None:
    with Proxy(redis7.port) as proxy:
        process = exporter(config=configuration(proxy.url))
        assert outcome(process.scrape()) == (1, set(), {})
        proxy.fault("*", answer("-LOADING Redis is loading\r\n"), but="TIME")
        assert outcome(process.scrape()) == (0, set(), {})
        proxy.heal()
        with redis7.client() as client:
            fill(client)
        assert outcome(process.scrape_until_known(*CLASS_OF)) == HEALTHY


def test_garbage_from_the_first_byte_is_redis_up_0(exporter: Callable) -> None:
    with Garbage(b"220 mail.example ESMTP\r\n") as mail:
        process = exporter(config=DECLARED | {"redis": {"url": mail.url}}, until_ready=False)
        scrape = process.scrape()
    name = f"{gethostname()}:{mail.url.rpartition(':')[2]}"
    assert outcome(scrape, name) == blind("protocol", ("continuous",))
    assert process.get("/-/ready").status == 503
