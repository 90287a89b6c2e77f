"""Taking clients in from every listener, a bounded number at a time."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Sequence
from typing import Any, Final

import uvicorn
from uvicorn.server import ServerState

from streamgauge.logs import EventLog
from streamgauge.web.connection import Connection
from streamgauge.web.connections import Connections
from streamgauge.web.limits import Limits
from streamgauge.web.listen import Listener

_log = EventLog("web")

_ACCEPTED_AT_ONCE: Final = 32
"""Between two of these rounds, everybody else gets a turn."""

_FULL_SECONDS: Final = 0.02
_FAILED_SECONDS: Final = 0.5


class Acceptor:
    """Accepts clients while it is open."""

    def __init__(
        self,
        listeners: Sequence[Listener],
        config: uvicorn.Config,
        state: ServerState,
        limits: Limits,
        tls: Callable[[], Any] | None,
    ) -> None:
        self._listeners = tuple(listeners)
        self._config = config
        self._state = state
        self._limits = limits
        self._tls = tls
        self._is_open = False
        self.connections = Connections(limits)

    def open(self) -> None:
        """Begin; the event loop must run."""
        self._is_open = True
        for listener in self._listeners:
            listener.socket.setblocking(False)
            self._watch(listener)

    def close(self) -> None:
        """Accept no more, and close the listeners."""
        if not self._is_open:
            return
        self._is_open = False
        for listener in self._listeners:
            asyncio.get_running_loop().remove_reader(listener.socket)
            listener.close()

    def _watch(self, listener: Listener) -> None:
        if self._is_open:
            asyncio.get_running_loop().add_reader(listener.socket, self._accept, listener)

    def _accept(self, listener: Listener) -> None:
        for _ in range(_ACCEPTED_AT_ONCE):
            if not self.connections.make_room():
                self._pause(listener, _FULL_SECONDS)
                return
            try:
                client, peer = listener.socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:  # such as too many open files in the whole system
                _log.error("no client can be accepted", reason=error.strerror)
                self._pause(listener, _FAILED_SECONDS)
                return
            self._take(client, str(peer[0]) if isinstance(peer, tuple) else "")

    def _pause(self, listener: Listener, seconds: float) -> None:
        """Let who comes wait in the kernel's queue."""
        loop = asyncio.get_running_loop()
        loop.remove_reader(listener.socket)
        loop.call_later(seconds, self._watch, listener)

    def _take(self, client: socket.socket, host: str) -> None:
        client.setblocking(False)
        if client.family != socket.AF_UNIX:  # or the body would wait until the head is acknowledged
            with contextlib.suppress(OSError):  # some systems refuse it for a client that has gone
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(self._config, self._state, host, self.connections.forget)
        self.connections.add(connection)
        connection.open(client, self._tls, self._limits.request_seconds)
