"""The tests' own proxy: it relays whatever Redis says, and breaks what it is told to break."""

import gc
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import redis

from support.faulty import Proxy
from support.faulty_actions import Action, after, answer, close, cut, drip, hang, held_by, reset
from support.faulty_endpoints import Garbage, Refusing, Silent
from support.polling import wait_for
from support.servers import RealServer


@pytest.fixture
def proxy(redis7: RealServer) -> Iterator[Proxy]:
    with Proxy(redis7.port) as proxy:
        yield proxy


def client_of(proxy: Proxy, seconds: float) -> redis.Redis:
    return redis.Redis(
        port=proxy.port, retry=None, socket_timeout=seconds, driver_info=None, protocol=2
    )


@pytest.fixture
def client(proxy: Proxy) -> Iterator[redis.Redis]:
    with client_of(proxy, 60) as client:
        yield client


def test_relays_in_order_what_is_pipelined_in_one_segment(
    proxy: Proxy, client: redis.Redis
) -> None:
    keys = [f"k\r\n$3\r\n{number}" for number in range(500)]
    with client.pipeline(transaction=False) as pipe:
        for key in keys:
            pipe.xadd(key, {"field": "x" * 1000}, id="1-1")
        for key in keys:
            pipe.xrange(key)
        pipe.get("absent")
        replies = pipe.execute()
    assert replies == [b"1-1"] * 500 + [[(b"1-1", {b"field": b"x" * 1000})]] * 500 + [None]
    assert proxy.counts() == {"XADD": 500, "XRANGE": 500, "GET": 1}
    assert [command.key for command in proxy.commands[:500]] == [key.encode() for key in keys]
    assert proxy.connections == 1


def test_breaks_only_the_command_of_a_fault(proxy: Proxy, client: redis.Redis) -> None:
    for key in ("a", "b"):
        client.xadd(key, {"n": 1})
    proxy.fault("XINFO STREAM", answer("-NOPERM no\r\n"), "a")
    with pytest.raises(redis.exceptions.NoPermissionError):
        client.xinfo_stream("a")
    assert client.xinfo_stream("b")["length"] == 1
    assert client.xinfo_groups("a") == []
    proxy.heal()
    assert client.xinfo_stream("a")["length"] == 1
    assert proxy.counts()["XINFO STREAM"] == 3


@pytest.mark.parametrize("action", [hang, close, reset, cut])
def test_loses_a_reply_once(proxy: Proxy, client: redis.Redis, action: Action) -> None:
    client.set("a", "some value")
    proxy.fault("GET", action, skip=1, times=1)
    assert client.get("a") == b"some value"
    lost = (redis.ConnectionError, redis.TimeoutError)
    with client_of(proxy, 0.2 if action is hang else 60) as loser, pytest.raises(lost):
        loser.get("a")
    assert client.get("a") == b"some value"


def test_drips_a_reply_byte_by_byte(proxy: Proxy, client: redis.Redis) -> None:
    client.set("a", "some value")
    proxy.fault("GET", drip(0.02))
    started = time.monotonic()
    assert client.get("a") == b"some value"
    assert time.monotonic() - started > 0.02 * len(b"$10\r\nsome value\r")


def test_does_something_before_it_forwards(proxy: Proxy, client: redis.Redis) -> None:
    gate, deeds = threading.Event(), []
    client.set("a", 1)
    proxy.fault("GET", after(lambda: deeds.append("done")), times=1)
    proxy.fault("GET", held_by(gate))
    assert client.get("a") == b"1"
    assert deeds == ["done"]

    def open_gate() -> None:
        wait_for(lambda: proxy.counts()["GET"] == 2, "it was asked a second time")
        gate.set()

    opener = threading.Thread(target=open_gate)
    opener.start()
    assert client.get("a") == b"1"
    assert gate.is_set()
    opener.join()


def test_counts_how_often_a_client_waits_for_replies(proxy: Proxy, client: redis.Redis) -> None:
    proxy.patience = 0.03
    with client.pipeline(transaction=False) as pipe:
        for _ in range(50):
            pipe.time()
        pipe.execute()
    client.time()
    assert proxy.turns == 2


def test_drops_connections_that_stand(proxy: Proxy, client: redis.Redis) -> None:
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=1) as connection:
        connection.sendall(b"*1\r\n$4\r\nPING\r\n")
        assert connection.recv(100) == b"+PONG\r\n"
        proxy.drop()
        with pytest.raises(ConnectionResetError):
            connection.recv(100)
    assert client.ping()


def test_end_leaves_no_connection_to_the_collector_that_was_just_made(redis7: RealServer) -> None:
    for _ in range(30):
        with ExitStack() as clients, Proxy(redis7.port) as proxy:
            for _ in range(5):
                address = ("127.0.0.1", proxy.port)
                clients.enter_context(socket.create_connection(address, timeout=10))
    gc.collect()  # what is left to it is a warning, and an error


def test_endpoints_refuse_keep_silent_or_talk_nonsense() -> None:
    with Refusing() as refusing, pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", refusing.port), timeout=1)
    with (
        Silent() as silent,
        socket.create_connection(("127.0.0.1", silent.port), timeout=0.05) as connection,
    ):
        connection.sendall(b"PING\r\n")
        with pytest.raises(TimeoutError):
            connection.recv(1)
    with (
        Garbage(b"220 mail ready\r\n") as garbage,
        socket.create_connection(("127.0.0.1", garbage.port), timeout=1) as connection,
    ):
        assert connection.recv(100) == b"220 mail ready\r\n"
