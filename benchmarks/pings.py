"""A second client of a Redis, which pings from a process of its own and notes what it waits."""

import multiprocessing
import socket
import time
from collections.abc import Iterable
from multiprocessing.connection import Connection
from typing import NamedTuple, Self

from support.servers import RealServer

PAUSE_SECONDS = 0.001


class Ping(NamedTuple):
    """When it was sent, on the clock of time.perf_counter, and how long the answer took."""

    sent: float
    seconds: float


class Span(NamedTuple):
    """From one moment to another, on the clock of time.perf_counter."""

    begin: float
    end: float


class Pinger:
    """Pings a server from `with` to its end; then `pings` are there."""

    def __init__(self, server: RealServer):
        processes = multiprocessing.get_context("fork")
        self._ours, theirs = processes.Pipe()
        self._process = processes.Process(target=_ping, args=(server.port, theirs))
        self.pings: list[Ping] = []

    def __enter__(self) -> Self:
        self._process.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ours.send(None)
        self.pings = self._ours.recv()
        self._process.join()

    def within(self, spans: Iterable[Span]) -> list[float]:
        """How long the answers to those pings took that were sent within one of the spans."""
        spans = list(spans)
        return [
            ping.seconds
            for ping in self.pings
            if any(span.begin <= ping.sent <= span.end for span in spans)
        ]


def _ping(port: int, stop: Connection) -> None:
    pings = []
    with socket.create_connection(("127.0.0.1", port)) as redis:
        redis.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while not stop.poll():
            sent = time.perf_counter()
            redis.sendall(b"PING\r\n")
            assert redis.recv(64).startswith(b"+PONG")
            pings.append(Ping(sent, time.perf_counter() - sent))
            time.sleep(PAUSE_SECONDS)
    stop.send(pings)
