"""The process around the application: uvicorn, signals, and an end within two seconds."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Generator, Sequence
from typing import Final

import uvicorn

from streamgauge.config import ConfigError
from streamgauge.logs import EventLog
from streamgauge.watch import Watch
from streamgauge.web.app import build_app
from streamgauge.web.listen import bound_address
from streamgauge.web.threads import in_thread

_log = EventLog("web")

_GRACEFUL_SECONDS: Final = 1
_KEEP_ALIVE_SECONDS: Final = 120
"""Longer than any usual scrape interval, so that Prometheus keeps its connection."""


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave signals to `serve`: uvicorn would end the process by the signal it caught."""
        yield


async def serve(watch: Watch, sockets: Sequence[socket.socket], *, enable_lifecycle: bool) -> None:
    """Answer requests until SIGTERM or SIGINT; SIGHUP reads the configuration again."""
    server = _Server(
        uvicorn.Config(
            build_app(watch, enable_lifecycle=enable_lifecycle),
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            http="h11",
            loop="asyncio",
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=_GRACEFUL_SECONDS,
        )
    )
    reloads: set[asyncio.Task[None]] = set()

    def end() -> None:
        server.should_exit = True
        watch.stop()

    def reload() -> None:
        task = asyncio.ensure_future(_reload(watch))
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    loop.add_signal_handler(signal.SIGHUP, reload)
    for listener in sockets:
        _log.info("listening", address=bound_address(listener))
    await server.serve(list(sockets))
    watch.stop()
    _log.info("stopped")


async def _reload(watch: Watch) -> None:
    with contextlib.suppress(ConfigError):  # logged and counted where it happened
        await in_thread(watch.reload)
