"""Where the exporter listens: several addresses, a unix socket, and sockets of systemd."""

import http.client
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.commands import run
from support.polling import wait_for

NOWHERE = "--redis.url=redis://127.0.0.1:1"

SYSTEMD = """
import os, sys
for number in range(1, int(os.environ["LISTEN_FDS"]) + 1):
    os.dup2(int(sys.argv[number]), 2 + number)
os.environ["LISTEN_PID"] = str(os.getpid())
rest = sys.argv[1 + int(os.environ["LISTEN_FDS"]):]
os.execv(sys.executable, [sys.executable, "-m", "streamgauge", "serve", *rest])
"""
"""Passes sockets on as systemd does: from file 3 on, for this process."""


class UnixHttp(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=30)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(str(self._path))


def status(connection: http.client.HTTPConnection, path: str = "/-/healthy") -> int:
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.fixture
def path() -> Iterator[Path]:
    """A short path: that of a socket has to be."""
    with tempfile.TemporaryDirectory() as directory:
        yield Path(directory) / "web.sock"


def test_every_address_is_answered_on_and_the_socket_goes_at_the_end(
    exporter: Callable, path: Path
) -> None:
    process = exporter(
        f"--web.listen-address=unix:{path}", "--web.listen-address=[::1]:0", NOWHERE,
        until_ready=False,
    )  # fmt: skip
    wait_for(lambda: process.log().count("msg=listening") == 3, "all addresses are named")
    lines = [line for line in process.log().splitlines() if "msg=listening" in line]
    named = [line.rpartition("address=")[2] for line in lines]
    assert named[:2] == [f"127.0.0.1:{process.port}", f"unix:{path}"]
    ipv6 = int(named[2].rpartition(":")[2])
    ways = [
        http.client.HTTPConnection("127.0.0.1", process.port, timeout=30),
        UnixHttp(path),
        http.client.HTTPConnection("::1", ipv6, timeout=30),
    ]
    assert [status(way) for way in ways] == [200] * 3
    assert status(UnixHttp(path), "/metrics") == 200
    assert process.stop() == 0
    assert not path.exists()


def test_log_begins_with_the_start_even_where_redis_is_away(exporter: Callable) -> None:
    first, *_ = exporter(NOWHERE, until_ready=False).log().splitlines()
    assert "msg=starting" in first


def test_addresses_of_the_environment_stand_apart_by_spaces(path: Path) -> None:
    addresses = {"STREAMGAUGE_WEB_LISTEN_ADDRESS": f"unix:{path} nowhere"}
    done = run("serve", NOWHERE, added=addresses)
    assert done.returncode == 1
    assert "'nowhere'" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not path.exists()


def systemd_unit(*arguments: str, sockets: list[socket.socket], log: Path) -> subprocess.Popen:
    numbers = [listener.fileno() for listener in sockets]
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-c", SYSTEMD, *map(str, numbers), NOWHERE, *arguments],
            env={**os.environ, "LISTEN_FDS": str(len(numbers)), "PYTHONUNBUFFERED": "1"},
            pass_fds=numbers,
            stdout=output,
            stderr=output,
        )


def test_sockets_of_systemd_are_answered_on_and_stay_for_the_next_process(
    tmp_path: Path, path: Path
) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_UNIX) as unix,
    ):
        unix.bind(str(path))
        unix.listen()
        # The first requests wait in the sockets until somebody accepts.
        for life in ("first", "second"):
            log = tmp_path / f"{life}.log"
            process = systemd_unit("--web.systemd-socket", sockets=[tcp, unix], log=log)
            try:
                port = tcp.getsockname()[1]
                answered = [
                    status(http.client.HTTPConnection("127.0.0.1", port, timeout=30)),
                    status(UnixHttp(path)),
                ]
            finally:
                process.terminate()
                code = process.wait(timeout=30)
            assert (answered, code) == ([200, 200], 0), log.read_text()
            assert path.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--web.systemd-socket"], "systemd passed no socket"),
        (["--web.systemd-socket", "--web.listen-address=:0"], "give one of them"),
        (["--web.max-connections=0"], "--web.max-connections"),
        (["--web.max-connections=99999999999"], "open files"),
    ],
)
def test_flags_that_cannot_be_followed_are_one_sentence(arguments: list[str], words: str) -> None:
    done = run("serve", NOWHERE, *arguments)
    assert done.returncode in (1, 2)
    sentence, *usage = done.stderr.splitlines()
    assert words in sentence
    assert usage in ([], ["Usage: streamgauge serve [OPTIONS]"])
