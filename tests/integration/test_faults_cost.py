"""What a scrape costs Redis is bounded, and it only ever reads: counted at a proxy in between."""

import http.client
import signal
import threading
from collections.abc import Callable

import pytest

from support.exporter import ExporterProcess
from support.faulty import READ_COMMANDS, Proxy
from support.faulty_actions import hang, held_by
from support.faulty_rig import (
    BRIEF,
    CLASS_OF,
    HEALTHY,
    ONCE,
    Rig,
    blind,
    configuration,
    fill,
    outcome,
)
from support.metrics import Scrape
from support.polling import wait_for
from support.servers import RealServer

SCRAPES = 20


def send_scrapes(process: ExporterProcess, number: int) -> list[http.client.HTTPConnection]:
    """Ask for /metrics so many times, without waiting for an answer."""
    connections = [http.client.HTTPConnection("127.0.0.1", process.port, timeout=30)
                   for _ in range(number)]  # fmt: skip
    for connection in connections:
        connection.request("GET", "/metrics")
    return connections


def receive(connection: http.client.HTTPConnection) -> Scrape:
    try:
        answer = connection.getresponse()
        assert answer.status == http.client.OK
        return Scrape(answer.read().decode())
    finally:
        connection.close()


def test_scrapes_at_once_share_a_sample(healthy: Rig) -> None:
    samples = healthy.proxy.counts()["XINFO STREAM"]
    gate = threading.Event()
    healthy.proxy.fault("XINFO STREAM", held_by(gate))
    waiting = send_scrapes(healthy.exporter, SCRAPES)
    healthy.exporter.get("/-/healthy")  # who came before has been heard by then
    gate.set()
    scrapes = [receive(connection) for connection in waiting]
    assert [outcome(scrape) for scrape in scrapes] == [HEALTHY] * SCRAPES
    # One while the gate was shut, and one for those that came in after it had opened.
    assert (healthy.proxy.counts()["XINFO STREAM"] - samples) / len(CLASS_OF) <= 3


def test_each_of_fifty_scrapes_at_once_is_answered_with_right_numbers(healthy: Rig) -> None:
    gate = threading.Event()
    healthy.proxy.fault("XINFO STREAM", held_by(gate))
    waiting = send_scrapes(healthy.exporter, 50)
    gate.set()
    for scrape in [receive(connection) for connection in waiting]:
        assert outcome(scrape) == HEALTHY
        assert scrape["redis_stream_length"] == dict.fromkeys(CLASS_OF.items(), 5)
        for name, count in (("messages_pending", 2), ("lag", 3), ("entries_read", 2)):
            found = scrape[f"redis_stream_group_{name}"]
            assert found == {(s, c, "g"): count for s, c in CLASS_OF.items()}


@pytest.mark.parametrize("connection", ["standing", "new"])
def test_scrape_with_little_time_does_not_cost_the_others_their_sample(
    healthy: Rig, connection: str
) -> None:
    gate = threading.Event()
    healthy.proxy.fault("XINFO STREAM", held_by(gate))
    if connection == "new":
        healthy.proxy.drop()
    seen = healthy.proxy.counts()["XINFO STREAM"]
    (patient,) = send_scrapes(healthy.exporter, 1)
    wait_for(lambda: healthy.proxy.counts()["XINFO STREAM"] > seen, "the sample is under way")
    hasty = healthy.exporter.get("/metrics", {"X-Prometheus-Scrape-Timeout-Seconds": "0.2"})
    gate.set()
    assert outcome(receive(patient)) == HEALTHY
    assert outcome(Scrape(hasty.text)) == blind("timeout")


def test_scrape_sends_no_scan_and_keeps_its_connection(healthy: Rig) -> None:
    before, walked = len(healthy.proxy.commands), healthy.proxy.counts()["SCAN"]
    assert [healthy.outcome() for _ in range(5)] == [HEALTHY] * 5
    sent = healthy.proxy.commands[before:]
    assert {command.verb for command in sent} == {
        *("HELLO", "TIME", "ROLE", "XINFO", "XRANGE", "XPENDING")
    }
    assert len({command.connection for command in sent}) == 1
    assert [command.name for command in sent].count("XINFO STREAM") == 5 * len(CLASS_OF)
    assert walked >= 1


@pytest.mark.parametrize(("streams", "most_turns"), [(1, 4), (300, 14)])
def test_each_stream_is_asked_for_once_per_round_and_many_of_them_at_a_time(
    redis7: RealServer, exporter: Callable, streams: int, most_turns: int
) -> None:
    with redis7.client() as client, client.pipeline(transaction=False) as pipe:
        for number in range(streams):
            pipe.xadd(f"s{number}", {"n": 1})
            pipe.xadd(f"s{number}", {"n": 2})
            pipe.xgroup_create(f"s{number}", "g", id="0")
            pipe.xreadgroup("g", "c", {f"s{number}": ">"}, count=1)
        pipe.execute()
    with Proxy(redis7.port) as proxy:
        process = exporter(config=configuration(proxy.url, discovery=ONCE))
        process.scrape()
        commands, turns = len(proxy.commands), proxy.turns
        proxy.patience = 0.05
        scrape = process.scrape()
        sent = [command.name for command in proxy.commands[commands:]]
        turns = proxy.turns - turns
    assert len(scrape["redis_stream_length"]) == streams
    per_stream = ["XINFO STREAM", "XINFO GROUPS", "XRANGE", "XPENDING", "XINFO CONSUMERS"]
    assert {name: sent.count(name) for name in per_stream} == dict.fromkeys(per_stream, streams)
    assert sent.count("HELLO") == 1
    assert sent.count("TIME") <= 10 + streams // 50
    assert turns <= most_turns


def test_nothing_but_reading_is_ever_sent(start_server: Callable, exporter: Callable) -> None:
    secret = "a-right-password"
    server = start_server("redis-7.0", "--requirepass", secret, password=secret)
    with server.client(db=3) as client, Proxy(server.port) as proxy:
        fill(client)
        before = client.info("commandstats").keys()
        config = configuration(f"{proxy.url}/3", BRIEF)
        config["redis"]["password"] = secret
        process = exporter("--web.enable-lifecycle", config=config)
        assert outcome(process.scrape()) == HEALTHY
        proxy.fault("XPENDING", hang, times=1)
        assert outcome(process.scrape()) == blind("timeout")
        proxy.drop()
        assert outcome(process.scrape()) == HEALTHY
        client.delete("feed")
        assert process.scrape().value("redis_up") == 1
        assert process.get("/").status == http.client.OK
        assert process.get("/-/reload", method="POST").status == http.client.OK
        process.send(signal.SIGHUP)
        client.flushall()
        process.scrape_until(lambda scrape: scrape.streams() == {"feed"}, "all else is gone")
        process.write_config(config | {"streams": []})
        process.get("/-/reload", method="POST")
        process.scrape_until(lambda scrape: scrape.streams() == set(), "all is gone")
        process.scrape()
        process.stop()
        used = client.info("commandstats").keys() - before
    assert proxy.verbs() == READ_COMMANDS
    assert {name.removeprefix("cmdstat_").split("|")[0].upper() for name in used} <= {
        *READ_COMMANDS,
        "DEL",
        "FLUSHALL",
        "INFO",
    }
