"""What is compared: exporters, each a process of its own, and the floor below all of them."""

import contextlib
import http.client
import re
import socket
import subprocess
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import hiredis
from recording import Recorder, commands, name

from support.exporter import ExporterProcess
from support.peers import newest_here
from support.polling import wait_for
from support.servers import RealServer, free_port

STREAMGAUGE = "streamgauge"
REDIS_EXPORTER = "redis_exporter"
FLOOR = "floor"
PATIENCE_SECONDS = 300


class Memory(NamedTuple):
    """What a process holds now, and the most that it ever held, in MB of 1,000,000 bytes."""

    resident: float | None
    peak: float | None


class Exporter:
    """One that runs: scraped as Prometheus does, over a connection of its own each time."""

    def __init__(self, name: str, port: int, pid: int):
        self.name = name
        self.port = port
        self.pid = pid

    def scrape(self, *, gzip: bool = False) -> bytes:
        """The body of /metrics, as it came."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        headers = {
            "Accept": "text/plain;version=0.0.4",
            "Accept-Encoding": "gzip" if gzip else "identity",
            "X-Prometheus-Scrape-Timeout-Seconds": str(PATIENCE_SECONDS),
        }
        with contextlib.closing(connection):
            connection.request("GET", "/metrics", headers=headers)
            answer = connection.getresponse()
            body = answer.read()
        assert answer.status == http.client.OK, body[:200]
        assert (answer.headers["Content-Encoding"] == "gzip") == gzip, "gzip against the request"
        return body

    def streams(self) -> int:
        """How many streams a scrape shows; -1 while there is no answer."""
        with contextlib.suppress(OSError, http.client.HTTPException):
            return streams_in(self.scrape())
        return -1

    def cpu_seconds(self) -> float:
        """What the process has used up, in all its threads.

        The kernel's clock of the process counts nanoseconds; /proc/PID/stat has hundredths of a
        second, more than a small scrape takes.
        """
        return time.clock_gettime((~self.pid << 3) | 2)  # MAKE_PROCESS_CPUCLOCK(pid, SCHED)

    def memory(self) -> Memory:
        status = Path(f"/proc/{self.pid}/status").read_text()
        resident, peak = (
            int(re.search(rf"{field}:\s+(\d+) kB", status)[1]) * 1024 / 1e6
            for field in ("VmRSS", "VmHWM")
        )
        return Memory(resident, peak)


def streams_in(body: bytes) -> int:
    return body.count(b"\nredis_stream_length{")


def series_in(body: bytes) -> int:
    """How many series there are: the lines that are no comment."""
    return body.count(b"\n") - body.count(b"\n#") - body.startswith(b"#")


@contextmanager
def streamgauge(
    url: str, folder: Path, streams: int, *, discovery: dict[str, Any] | None = None
) -> Iterator[Exporter]:
    """Our exporter, which shows all streams by now; every one has every series of the contract."""
    folder.mkdir(exist_ok=True)
    config = {
        "redis": {"url": url, "timeout": "2m"},
        "discovery": {"max_streams": max(10_000, streams), **(discovery or {})},
        "streams": [{"match": "bench:*", "class": "continuous"}],
    }
    process = ExporterProcess(folder, config=config)
    try:
        process.start(until_ready=False)
        exporter = Exporter(STREAMGAUGE, process.port, process.pid)
        _wait_for_streams(exporter, streams)
        yield exporter
    finally:
        process.stop()


@contextmanager
def redis_exporter(server: RealServer, streams: int) -> Iterator[Exporter]:
    """The newest oliver006/redis_exporter that is here, looking at every stream."""
    port = free_port()
    binary = newest_here(REDIS_EXPORTER).binary
    command = [binary, f"-redis.addr={server.url}", "-check-streams=db0=*"]
    command += [f"-web.listen-address=127.0.0.1:{port}"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        exporter = Exporter(REDIS_EXPORTER, port, process.pid)
        _wait_for_streams(exporter, streams)
        yield exporter
    finally:
        process.terminate()
        process.wait()


def _wait_for_streams(exporter: Exporter, streams: int) -> None:
    what = f"{exporter.name} shows {streams} streams"
    wait_for(lambda: exporter.streams() == streams, what, seconds=PATIENCE_SECONDS, every=0.05)


class Floor:
    """The least that such a scrape can take in Python: the same commands over a bare socket.

    The replies are parsed by hiredis, and dropped; nothing is derived and no text is written.
    """

    name = FLOOR
    batch_commands = 1024
    batches_in_flight = 2
    receive_bytes = 1 << 16

    def __init__(self, server: RealServer, greeting: list[bytes], scrape: list[bytes]):
        starts = range(0, len(scrape), self.batch_commands)
        batches = [scrape[start : start + self.batch_commands] for start in starts]
        self._batches = [(b"".join(batch), len(batch)) for batch in batches]
        self._reader = hiredis.Reader(notEnoughData=Floor)
        self._socket = socket.create_connection(("127.0.0.1", server.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._cpu_seconds = 0.0
        self.commands = len(scrape)
        if greeting:
            self._socket.sendall(b"".join(greeting))
            self._receive(len(greeting))

    def scrape(self, *, gzip: bool = False) -> bytes:
        """Exchange everything; there is no body."""
        assert not gzip
        started = time.process_time()
        self._exchange()
        self._cpu_seconds += time.process_time() - started
        return b""

    def _exchange(self) -> None:
        pending: deque[int] = deque()
        for request, replies in self._batches:
            if len(pending) == self.batches_in_flight:
                self._receive(pending.popleft())
            self._socket.sendall(request)
            pending.append(replies)
        while pending:
            self._receive(pending.popleft())

    def _receive(self, replies: int) -> None:
        reader, read, size = self._reader, self._socket.recv, self.receive_bytes
        while replies:
            if reader.gets() is Floor:
                data = read(size)
                assert data, "Redis has hung up"
                reader.feed(data)
            else:
                replies -= 1

    def cpu_seconds(self) -> float:
        return self._cpu_seconds

    def close(self) -> None:
        self._socket.close()


@contextmanager
def floor(server: RealServer, folder: Path, streams: int) -> Iterator[Floor]:
    """What one scrape of our exporter sends, recorded on its way to Redis."""
    with (
        Recorder(server.port) as recorder,
        # No walk of the keyspace falls into the recording.
        streamgauge(recorder.url, folder, streams, discovery={"interval": "1h"}) as exporter,
    ):
        exporter.scrape()
        before = recorder.lengths()
        exporter.scrape()
        sent = [commands(part) for part in recorder.since(before)]
        opened = [commands(bytes(part)) for part in recorder.sent]
    users = [number for number, part in enumerate(sent) if part]
    assert users, "a scrape that sends nothing is not one of Redis as it is now"
    greetings = {"HELLO", "AUTH", "SELECT", "CLIENT"}
    greeting = [one for one in opened[users[0]] if name(one) in greetings]
    replayed = [one for part in sent for one in part if name(one) not in greetings]
    contender = Floor(server, greeting, replayed)
    try:
        yield contender
    finally:
        contender.close()


Contender = Exporter | Floor
