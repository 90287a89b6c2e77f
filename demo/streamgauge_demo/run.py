"""The demo as a whole: server, system and what watches it, started and ended in order."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from redis.exceptions import RedisError

from streamgauge.config.address import parse_url
from streamgauge_demo.children import POLL_SECONDS, Child
from streamgauge_demo.config import CONFIG_FILE, without_login, write_config
from streamgauge_demo.errors import DemoError
from streamgauge_demo.exporter import (
    ListenAddress,
    available,
    exporter_environment,
    running_exporter,
)
from streamgauge_demo.folder import claimed
from streamgauge_demo.incidents import Incident
from streamgauge_demo.monitoring import factor_at, monitoring
from streamgauge_demo.pace import Pace
from streamgauge_demo.server import REMEDY, RunningServer, embedded_server
from streamgauge_demo.system import MOST_HISTORY, System
from streamgauge_demo.tasks import end

DEFAULT_LISTEN_ADDRESS = ListenAddress("127.0.0.1", 10121)
DEFAULT_DIRECTORY = Path("streamgauge-demo")
_CLEAR_SECONDS = 1.0
# Alerts: the exporter, with Prometheus and Alertmanager where they are found.
Watch = Literal["alerts", "exporter", "nothing"]
# The stand-in takes seconds for more.
_LEAST_HISTORY = 500


@dataclass(frozen=True, kw_only=True)
class DemoOptions:
    """What the demo runs with; without a `redis_url` of the user's it brings its own server."""

    pace: Pace
    incidents: tuple[Incident, ...] = ()
    redis_url: str | None = None
    listen_address: ListenAddress = DEFAULT_LISTEN_ADDRESS
    directory: Path = DEFAULT_DIRECTORY
    watch: Watch = "alerts"
    duration_seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """Where to look; what does not run has no address, and a server of the user's no process."""

    redis_url: str
    server: str
    server_process_id: int | None
    web_url: str | None = None
    exporter_process_id: int | None = None
    config_file: Path | None = None
    prometheus_url: str | None = None
    alertmanager_url: str | None = None


def run_demo(
    options: DemoOptions, on_ready: Callable[[Addresses], None], say: Callable[[str], None]
) -> None:
    """Run until a signal, or for the duration asked for.

    `on_ready` is called once, when the exporter has read Redis; the times of the incidents and the
    duration count from then. `say` is called with sentences on the way. Raises DemoError when
    something cannot start or ends by itself.
    """
    asyncio.run(_until_signal(_demo(options, on_ready, say)))


async def _until_signal(demo: Coroutine[None, None, None]) -> None:
    """Run the demo, and end it in order when the process is asked to end."""
    loop = asyncio.get_running_loop()
    running = loop.create_task(demo)
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in signals:
        loop.add_signal_handler(number, running.cancel)
    try:
        await asyncio.wait([running])
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
    if not running.cancelled():
        running.result()


async def _demo(
    options: DemoOptions, on_ready: Callable[[Addresses], None], say: Callable[[str], None]
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        listen = options.listen_address
        if options.watch != "nothing":
            listen = available(options.listen_address)
            if listen.port != options.listen_address.port != 0:
                say(f"{options.listen_address} is taken, so the exporter listens on {listen}")
        stack.enter_context(claimed(options.directory))
        server = stack.enter_context(_server(options.redis_url))
        if not server.is_real and any(
            one.kind.name == "stream-deleted" for one in options.incidents
        ):
            # A consumer's error there ends its connection, and others with it.
            raise DemoError(f"the incident stream-deleted needs a real server; {REMEDY}")
        system = System(
            server.url,
            options.pace,
            can_block=server.is_real,
            most_history=MOST_HISTORY if server.is_real else _LEAST_HISTORY,
        )
        await stack.enter_async_context(system)
        if options.redis_url is not None:
            stack.push_async_callback(_clear, system)
        await system.prepare()
        exporter = None
        if options.watch != "nothing":
            exporter = stack.enter_context(_exporter(options, server.url, listen))

        async def lifetime() -> None:
            addresses = Addresses(
                redis_url=without_login(server.url),
                server=server.description,
                server_process_id=server.child.process_id if server.child else None,
            )
            async with _watching(options, addresses, exporter, listen, say) as (found, children):
                on_ready(found)
                await _first_to_end(*(one.died() for one in children), story())

        async def story() -> None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(options.duration_seconds):
                    await system.suffer(options.incidents, say)
                    await asyncio.Event().wait()

        # Causes before effects: without its server the system is lost too.
        children = [one for one in (server.child, exporter) if one is not None]
        await _first_to_end(*(one.died() for one in children), system.run(), lifetime())


def _exporter(
    options: DemoOptions, redis_url: str, listen: ListenAddress
) -> contextlib.AbstractContextManager[Child]:
    config = write_config(options.directory, redis_url, options.pace)
    has_login = without_login(redis_url) != redis_url
    return running_exporter(config, listen, exporter_environment(redis_url, has_login=has_login))


@contextlib.asynccontextmanager
async def _watching(
    options: DemoOptions,
    addresses: Addresses,
    exporter: Child | None,
    listen: ListenAddress,
    say: Callable[[str], None],
) -> AsyncIterator[tuple[Addresses, tuple[Child, ...]]]:
    """What watches the system is ready: the addresses with its own, and what else was started."""
    if exporter is None:
        yield addresses, ()
        return
    reachable = listen.reachable
    await exporter.ready(reachable.host, reachable.port)
    addresses = replace(
        addresses,
        web_url=f"http://{reachable}/",
        exporter_process_id=exporter.process_id,
        config_file=options.directory / CONFIG_FILE,
    )
    if options.watch == "exporter":
        yield addresses, ()
        return
    async with monitoring(str(reachable), factor_at(options.pace), say) as started:
        if started is None:
            yield addresses, ()
            return
        urls = (started.prometheus_url, started.alertmanager_url)
        yield replace(addresses, prometheus_url=urls[0], alertmanager_url=urls[1]), started.children


async def _first_to_end(*coroutines: Coroutine[None, None, None]) -> None:
    """Run all until one ends, end the others, and raise what the first in order raised."""
    tasks = [asyncio.ensure_future(one) for one in coroutines]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if any(task.exception() for task in done):
            await asyncio.wait(tasks[:1], timeout=2 * POLL_SECONDS)
        for task in tasks:
            if task.done():
                task.result()
    finally:
        await end(tasks)


async def _clear(system: System) -> None:
    """Leave a server of the user's as it was; one that is gone has nothing to clear."""
    with contextlib.suppress(RedisError, OSError):
        async with asyncio.timeout(_CLEAR_SECONDS):
            await system.clear()


@contextlib.contextmanager
def _server(redis_url: str | None) -> Iterator[RunningServer]:
    if redis_url is None:
        with embedded_server() as server:
            yield server
        return
    try:
        parse_url(redis_url)
    except ValueError as error:
        raise DemoError(f"--redis.url {error}") from error
    yield RunningServer(redis_url, "yours")
