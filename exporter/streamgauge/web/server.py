"""The process around the application: listeners, signals, and an end within two seconds."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from streamgauge.config import ConfigError
from streamgauge.logs import EventLog
from streamgauge.target_manager import TargetManager
from streamgauge.web.app import build_app
from streamgauge.web.connection import Connection, TlsSource
from streamgauge.web.connections import Connections
from streamgauge.web.garbage import collect_between
from streamgauge.web.http import Application
from streamgauge.web.limits import Limits
from streamgauge.web.listen import Listener
from streamgauge.web.scrapes import Scrapes
from streamgauge.web.threads import in_thread

if TYPE_CHECKING:
    from streamgauge.web.protection import Protection

_log = EventLog("web")
_ENDING: Final = (signal.SIGTERM, signal.SIGINT)

_GRACEFUL_SECONDS: Final = 1.0
_FULL_SECONDS: Final = 0.02
_FAILED_SECONDS: Final = 0.5


class HttpServer:
    """An application behind listeners, within limits."""

    def __init__(
        self,
        app: Application,
        listeners: Sequence[Listener],
        limits: Limits,
        tls: TlsSource | None = None,
    ) -> None:
        self._app, self._listeners, self._limits, self._tls = app, listeners, limits, tls
        self._ending = asyncio.Event()
        self.connections = Connections(limits)

    async def run(self) -> None:
        """Answer requests until `end` is called."""
        accepting = [asyncio.create_task(self._accept(one.socket)) for one in self._listeners]
        try:
            await self._ending.wait()
        finally:
            for task in accepting:
                task.cancel()
            await asyncio.wait(accepting)
            for listener in self._listeners:
                listener.close()
            await self.connections.end(_GRACEFUL_SECONDS)

    def end(self) -> None:
        """Accept no more, let requests under way end within a second, and hang up."""
        self._ending.set()

    async def _accept(self, listener: socket.socket) -> None:
        """Take clients in one at a time, while there is room; the others wait in the kernel."""
        listener.setblocking(False)
        while True:
            try:
                client, peer = await asyncio.get_running_loop().sock_accept(listener)
            except ConnectionAbortedError:
                continue
            except OSError as error:  # such as too many open files in the whole system
                _log.error("no client can be accepted", reason=error.strerror)
                await asyncio.sleep(_FAILED_SECONDS)
                continue
            with contextlib.ExitStack() as stack:
                stack.enter_context(client)
                while not self.connections.make_room():  # noqa: ASYNC110 - time alone makes some
                    await asyncio.sleep(_FULL_SECONDS)
                stack.pop_all()
            self._take(client, str(peer[0]) if isinstance(peer, tuple) else "")
            await asyncio.sleep(0)  # everybody else gets a turn, however many come

    def _take(self, client: socket.socket, host: str) -> None:
        if client.family != socket.AF_UNIX:  # or the body would wait until the head is acknowledged
            with contextlib.suppress(OSError):  # some systems refuse it for a client that has gone
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connections = self.connections
        connections.add(
            Connection(client, host, self._app, self._limits, self._tls, connections.forget)
        )


async def serve(
    manager: TargetManager,
    listeners: Sequence[Listener],
    *,
    enable_lifecycle: bool,
    limits: Limits,
    protection: Protection | None,
) -> None:
    """Answer requests until SIGTERM or SIGINT; SIGHUP reads the configuration again."""
    scrapes = Scrapes()
    app = build_app(manager, scrapes, enable_lifecycle=enable_lifecycle)
    tls = None
    if protection is not None:
        from streamgauge.web.logins import guarded  # noqa: PLC0415 - as late as its Protection

        app = guarded(app, protection)
        tls = protection.tls if protection.config.tls is not None else None
    server = HttpServer(app, listeners, limits, tls)
    reloads: set[asyncio.Task[None]] = set()

    def end() -> None:
        server.end()
        manager.stop()

    def reload() -> None:
        task = asyncio.create_task(_reload(manager))
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    loop = asyncio.get_running_loop()

    def end_once(*_: object) -> None:
        for number in _ENDING:
            signal.signal(number, lambda *_: None)  # a second one changes nothing
        loop.call_soon_threadsafe(end)

    for number in _ENDING:
        # Not by the loop: as it closes it would restore what kills.
        signal.signal(number, end_once)
    loop.add_signal_handler(signal.SIGHUP, reload)
    _announce(listeners, protection)
    collecting = asyncio.create_task(collect_between(scrapes))
    await server.run()
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)  # not even when Python has let go of its handlers
    collecting.cancel()
    manager.stop()
    _log.info("stopped")


def _announce(listeners: Sequence[Listener], protection: Protection | None) -> None:
    """Say where it listens, last: who waits for that line finds all else in the log."""
    is_encrypted = protection is not None and protection.config.tls is not None
    if protection is not None and protection.config.users and not is_encrypted:
        _log.warning("passwords are sent in the clear, since TLS is disabled")
    event = "TLS is enabled" if is_encrypted else "TLS is disabled"
    for listener in listeners:
        _log.info(event, http2=False, address=listener.address)
    for listener in listeners:
        _log.info("listening", address=listener.address)


async def _reload(manager: TargetManager) -> None:
    with contextlib.suppress(ConfigError):  # logged and counted where it happened
        await in_thread(manager.reload)
