"""The exporter as the demo's child process."""

import asyncio
import socket
from pathlib import Path

import pytest

from streamgauge_demo import children, exporter
from streamgauge_demo.children import Child
from streamgauge_demo.errors import DemoError
from streamgauge_demo.exporter import (
    ListenAddress,
    available,
    exporter_environment,
    parse_listen_address,
    running_exporter,
)
from support.servers import free_port


@pytest.mark.parametrize(
    ("text", "address", "reachable"),
    [
        ("127.0.0.1:10121", ListenAddress("127.0.0.1", 10121), "127.0.0.1:10121"),
        (":10121", ListenAddress("", 10121), "127.0.0.1:10121"),
        ("0.0.0.0:1", ListenAddress("0.0.0.0", 1), "127.0.0.1:1"),
        ("[::]:1", ListenAddress("::", 1), "[::1]:1"),
        ("[::1]:1", ListenAddress("::1", 1), "[::1]:1"),
        ("localhost:65535", ListenAddress("localhost", 65535), "localhost:65535"),
    ],
)
def test_a_listen_address(text: str, address: ListenAddress, reachable: str):
    assert parse_listen_address(text) == address
    assert str(address) == text
    assert str(address.reachable) == reachable


@pytest.mark.parametrize("text", ["", "10121", "host:", "host:x", "host:65536", "host:-1"])
def test_what_is_no_listen_address(text: str):
    with pytest.raises(ValueError, match=r"is not HOST:PORT, such as 127\.0\.0\.1:10121 or :10121"):
        parse_listen_address(text)


def test_a_free_port_is_kept_and_a_taken_one_replaced():
    wanted = ListenAddress("127.0.0.1", free_port())
    assert available(wanted) == wanted
    with socket.socket() as other:
        # As servers do: a connection that somebody closed lately on this port is no server.
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", wanted.port))
        other.listen()
        chosen = available(wanted)
    assert chosen.host == wanted.host
    assert chosen.port != wanted.port
    assert available(ListenAddress("127.0.0.1", 0)).port


@pytest.mark.parametrize(
    ("host", "sentence"),
    [
        ("192.0.2.1", "cannot listen on 192.0.2.1:1: not an address of this machine"),
        ("no such host", "cannot listen on no such host:1: no such host"),
    ],
)
def test_a_host_that_is_not_here(host: str, sentence: str):
    with pytest.raises(DemoError) as raised:
        available(ListenAddress(host, 1))
    assert str(raised.value) == sentence


def test_settings_of_another_exporter_do_not_reach_this_one(monkeypatch):
    monkeypatch.setenv("STREAMGAUGE_REDIS_URL", "redis://production")
    monkeypatch.setenv("OTHER", "kept")
    environment = exporter_environment("redis://u:p@here", has_login=False)
    assert environment["OTHER"] == "kept"
    assert not [name for name in environment if name.startswith("STREAMGAUGE_")]
    with_login = exporter_environment("redis://u:p@here", has_login=True)
    assert with_login["STREAMGAUGE_REDIS_URL"] == "redis://u:p@here"


def run_child(tmp_path: Path, monkeypatch, program: str, what) -> str:
    """Run `program` in the exporter's place and give the sentence that `what` ends with."""
    monkeypatch.setattr(exporter, "SERVE", ("-c", program))
    address = ListenAddress("127.0.0.1", free_port())

    async def story() -> None:
        with running_exporter(tmp_path / "x.yml", address, {}) as child:
            assert child.process_id > 0
            await what(child)

    with pytest.raises(DemoError) as raised:
        asyncio.run(story())
    return str(raised.value)


def test_an_exporter_that_ends_tells_its_last_words(tmp_path: Path, monkeypatch):
    program = "print('a'); print('b'); raise SystemExit(7)"
    assert run_child(tmp_path, monkeypatch, program, Child.died) == (
        "the exporter ended with code 7: a / b"
    )


def test_an_exporter_that_is_never_ready_is_ended_by_force(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(children, "_READY_SECONDS", 0.3)
    monkeypatch.setattr(children, "_STOP_SECONDS", 0.1)
    program = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    assert run_child(tmp_path, monkeypatch, program, lambda child: child.ready("127.0.0.1", 1)) == (
        "the exporter is not ready after 0 s: it says nothing"
    )
