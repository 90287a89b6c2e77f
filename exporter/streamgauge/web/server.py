"""The process around the application: listeners, signals, and an end within two seconds."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any, Final

import uvicorn
from starlette.types import ASGIApp

from streamgauge.config import ConfigError
from streamgauge.logs import EventLog
from streamgauge.watch import Watch
from streamgauge.web.acceptor import Acceptor
from streamgauge.web.app import build_app
from streamgauge.web.garbage import collect_between
from streamgauge.web.limits import Limits
from streamgauge.web.listen import Listener
from streamgauge.web.threads import in_thread

if TYPE_CHECKING:
    from streamgauge.web.protection import Protection

_log = EventLog("web")

_GRACEFUL_SECONDS: Final = 1
_SECONDS_BETWEEN_SWEEPS: Final = 1.0


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave signals to `serve`: uvicorn would end the process by the signal it caught."""
        yield


class HttpServer:
    """An application behind listeners, within limits; uvicorn speaks HTTP, not to strangers."""

    def __init__(
        self,
        app: ASGIApp,
        listeners: Sequence[Listener],
        limits: Limits,
        tls: Callable[[], Any] | None = None,
    ) -> None:
        config = uvicorn.Config(
            app,
            log_config=None,
            log_level="error",  # a client's mistake is none of ours
            access_log=False,
            lifespan="off",
            ws="none",
            http="h11",
            loop="asyncio",
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=limits.idle_seconds,
            timeout_graceful_shutdown=_GRACEFUL_SECONDS,
            h11_max_incomplete_event_size=limits.header_bytes,
        )
        self._server = _Server(config)
        self._limits = limits
        self._acceptor = Acceptor(listeners, config, self._server.server_state, limits, tls)

    async def run(self) -> None:
        """Answer requests until `end` is called."""
        self._acceptor.open()
        sweeping = asyncio.ensure_future(self._sweep())
        try:
            await self._server.serve(sockets=[])  # the listeners are the acceptor's
        finally:
            sweeping.cancel()
            self._acceptor.close()
            self._acceptor.connections.drop_all()

    def end(self) -> None:
        """Accept no more, let requests under way end within a second, and hang up."""
        self._acceptor.close()
        self._server.should_exit = True

    async def _sweep(self) -> None:
        pause = min(_SECONDS_BETWEEN_SWEEPS, self._limits.request_seconds / 4)
        while True:
            await asyncio.sleep(pause)
            self._acceptor.connections.drop_overdue()


async def serve(
    watch: Watch,
    listeners: Sequence[Listener],
    *,
    enable_lifecycle: bool,
    limits: Limits,
    protection: Protection | None,
) -> None:
    """Answer requests until SIGTERM or SIGINT; SIGHUP reads the configuration again."""
    app = build_app(watch, enable_lifecycle=enable_lifecycle)
    if protection is None:
        server = HttpServer(app, listeners, limits)
    else:
        from streamgauge.web.guard import Guard  # noqa: PLC0415 - as late as its Protection

        is_encrypted = protection.config.tls is not None
        server = HttpServer(
            Guard(app, protection), listeners, limits, protection.tls if is_encrypted else None
        )
    reloads: set[asyncio.Task[None]] = set()

    def end() -> None:
        server.end()
        watch.stop()

    def reload() -> None:
        task = asyncio.ensure_future(_reload(watch))
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    loop.add_signal_handler(signal.SIGHUP, reload)
    _announce(listeners, protection)
    collecting = asyncio.ensure_future(collect_between(app.state.scrapes))
    await server.run()
    collecting.cancel()
    watch.stop()
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


async def _reload(watch: Watch) -> None:
    with contextlib.suppress(ConfigError):  # logged and counted where it happened
        await in_thread(watch.reload)
