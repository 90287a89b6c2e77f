"""The exporter in front of the simulated system: a child process, ready when it says so."""

import asyncio
import contextlib
import http.client
import os
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from streamgauge_demo.errors import DemoError
from streamgauge_demo.leash import leashed
from streamgauge_demo.pace import every
from streamgauge_demo.server import free_port

SERVE = ("-m", "streamgauge", "serve")
_READY_SECONDS = 20.0
_POLL_SECONDS = 0.05
_REQUEST_SECONDS = 1.0
_STOP_SECONDS = 1.2
_LOG_LINES = 3
_MAX_PORT = 65_535


@dataclass(frozen=True)
class ListenAddress:
    """Where the exporter listens; an empty host means every interface."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def reachable(self) -> "ListenAddress":
        """The same for someone on this machine."""
        if self.host in ("", "0.0.0.0"):  # noqa: S104
            return ListenAddress("127.0.0.1", self.port)
        return ListenAddress("::1", self.port) if self.host == "::" else self

    def is_free(self) -> bool:
        """Whether a process could listen there now; DemoError for a host that is none of ours."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.host, self.port))
                # Binding beside a listener may succeed; listening beside it does not.
                probe.listen()
            except socket.gaierror as error:
                raise DemoError(f"cannot listen on {self}: no such host") from error
            except OSError:
                return False
        return True


def parse_listen_address(text: str) -> ListenAddress:
    """Read `host:port`, `:port` or `[ipv6]:port`; ValueError says what is allowed."""
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not port.isdecimal() or int(port) > _MAX_PORT:
        raise ValueError(f"{text!r} is not HOST:PORT, such as 127.0.0.1:10121 or :10121")
    return ListenAddress(host, int(port))


def available(wanted: ListenAddress) -> ListenAddress:
    """The wanted address when it is free, else the same host with a free port."""
    if wanted.port and wanted.is_free():
        return wanted
    other = ListenAddress(wanted.host, free_port())
    if not other.is_free():
        raise DemoError(f"cannot listen on {wanted}: not an address of this machine")
    return other


class Exporter:
    """A running `streamgauge serve`."""

    def __init__(
        self, process: asyncio.subprocess.Process, address: ListenAddress, log: Path
    ) -> None:
        self._process = process
        self._address = address
        self._log = log

    @property
    def process_id(self) -> int:
        """Its process."""
        return self._process.pid

    async def ready(self) -> None:
        """Return when it has read Redis; DemoError when it does not come to that in time."""
        try:
            async with asyncio.timeout(_READY_SECONDS):
                async for _ in every(_POLL_SECONDS):
                    if await asyncio.to_thread(_says_ready, self._address):
                        return
        except TimeoutError as error:
            raise DemoError(
                f"the exporter is not ready after {_READY_SECONDS:.0f} s: {self._last_words()}"
            ) from error

    async def died(self) -> None:
        """Wait for its end, which is always an error: the demo ends it in another way."""
        code = await self._process.wait()
        raise DemoError(f"the exporter ended with code {code}: {self._last_words()}")

    async def stop(self) -> None:
        """End it, by force when it takes too long."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    def _last_words(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return " / ".join(lines[-_LOG_LINES:]) or "it says nothing"


@contextlib.asynccontextmanager
async def running_exporter(
    config: Path, address: ListenAddress, environment: Mapping[str, str]
) -> AsyncIterator[Exporter]:
    """Start `streamgauge serve`, its log beside the configuration, and end it with the block."""
    log = config.with_name("exporter.log")
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *leashed(
                sys.executable,
                *SERVE,
                f"--config.file={config}",
                f"--web.listen-address={address}",
            ),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=dict(environment),
            # Ctrl-C reaches the demo alone, which then ends its children in order.
            process_group=0,
        )
    exporter = Exporter(process, address.reachable, log)
    try:
        yield exporter
    finally:
        await exporter.stop()


def exporter_environment(redis_url: str, *, has_login: bool) -> dict[str, str]:
    """This environment without settings of another exporter; a login goes here, not to a file."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("STREAMGAUGE_")}
    return {**kept, "STREAMGAUGE_REDIS_URL": redis_url} if has_login else kept


def _says_ready(address: ListenAddress) -> bool:
    connection = http.client.HTTPConnection(address.host, address.port, timeout=_REQUEST_SECONDS)
    try:
        connection.request("GET", "/-/ready")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
