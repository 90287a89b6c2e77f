"""A TCP proxy in front of a real Redis that breaks, command by command, as a test tells it to.

It reads the commands that clients send, relays one whole reply at a time in order, and keeps count:
`proxy.fault("XINFO GROUPS", answer("-NOPERM no\\r\\n"), key="orders")`.
"""

import asyncio
import socket
import threading
from collections import Counter
from contextlib import suppress
from typing import Any, Self

from support.faulty_actions import Action, Fault, forward
from support.faulty_link import Command, Hangup, Link, end_connection

READ_COMMANDS = frozenset(
    {
        *("AUTH", "SELECT", "HELLO", "ROLE", "INFO", "TIME"),
        *("SCAN", "XINFO", "XRANGE", "XPENDING"),
    }
)
WHOLE = 2**30  # the most that a connection buffers: no side ever waits for the other to read


# A connection takes one turn of the loop each to be accepted, to get a transport, and to be handed
# to its task; more do no harm.
_TURNS = range(5)


class _Noted(asyncio.StreamReaderProtocol):
    """Notes its transport before anything else can happen to it."""

    def __init__(self, transports: list[Any], *arguments: Any):
        super().__init__(*arguments)
        self._noted_in = transports

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._noted_in.append(transport)
        super().connection_made(transport)


class Proxy:
    """Stands in front of `port` of 127.0.0.1, on a free port of its own, in a thread.

    With `patience` (seconds) it answers a client only when that has been silent for so long; then
    `turns` counts how often clients waited for replies before they sent more.
    """

    def __init__(self, port: int):
        self.upstream_port = port
        self._faults: tuple[Fault, ...] = ()
        self._tasks: set[asyncio.Task[None]] = set()
        self._links: set[Link] = set()
        self._transports: list[asyncio.BaseTransport] = []
        self._running = threading.Event()
        self.port = 0
        self.connections = 0
        self.commands: list[Command] = []
        self.patience = 0.0
        self.turns = 0

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        # What is accepted inherits it; many small replies would else wait for each other.
        self._listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        assert self._running.wait(timeout=60)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(timeout=60)
        assert not self._thread.is_alive()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def fault(self, name: str, action: Action, *args: Any, **options: Any) -> None:
        """Do `action` with such commands from now on, see `Fault`; the first one that hits wins."""
        self._faults += (Fault(name, action, *args, **options),)

    def heal(self) -> None:
        """Forward everything again; a connection that hangs keeps hanging."""
        self._faults = ()
        self.patience = 0.0

    def drop(self) -> None:
        """Break every connection that stands."""

        async def reset() -> None:
            for link in list(self._links):
                link.end(reset=True)

        asyncio.run_coroutine_threadsafe(reset(), self._loop).result(timeout=60)

    def counts(self) -> Counter[str]:
        """How many commands of each name came in."""
        return Counter(command.name for command in list(self.commands))

    def verbs(self) -> set[str]:
        """The first words of all commands that came in."""
        return {command.verb for command in list(self.commands)}

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        server = await self._loop.create_server(self._protocol, sock=self._listener)
        self._running.set()
        await self._stopping.wait()
        # To close the server at once would lose whom it has accepted and not given a transport yet.
        self._loop.remove_reader(self._listener)
        for _ in _TURNS:  # who was accepted last begins to be served
            await asyncio.sleep(0)
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for transport in self._transports:
            transport.abort()
        for _ in _TURNS:  # and is closed
            await asyncio.sleep(0)

    def _protocol(self) -> asyncio.Protocol:
        reader = asyncio.StreamReader(limit=WHOLE)
        return _Noted(self._transports, reader, self._accept)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        with suppress(asyncio.CancelledError):  # at the end of the test
            await self._serve_client(reader, writer)

    async def _serve_client(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        number, reset = self.connections, False
        try:
            upstream = await self._connect()
        except OSError:
            end_connection(writer, reset=True)
            return
        link = Link(number, (reader, writer), upstream)
        self._links.add(link)
        try:
            await self._relay(link)
        except Hangup as wish:
            reset = wish.reset
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._links.discard(link)
            link.end(reset=reset)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader = asyncio.StreamReader(limit=WHOLE)
        transport, protocol = await self._loop.create_connection(
            lambda: _Noted(self._transports, reader), "127.0.0.1", self.upstream_port
        )
        return reader, asyncio.StreamWriter(transport, protocol, reader, self._loop)

    async def _relay(self, link: Link) -> None:
        """Until one side hangs up, which ends the wait for the other too."""
        both = (link.read_commands(self.commands), self._work(link))
        halves = [asyncio.ensure_future(half) for half in both]
        try:
            done, _ = await asyncio.wait(halves, return_when=asyncio.FIRST_COMPLETED)
            for half in done:
                half.result()
        finally:
            for half in halves:
                half.cancel()
            await asyncio.gather(*halves, return_exceptions=True)

    async def _work(self, link: Link) -> None:
        while True:
            batch = [await link.commands.get()]
            while self.patience:
                try:
                    batch.append(await asyncio.wait_for(link.commands.get(), self.patience))
                except TimeoutError:
                    break
            self.turns += 1
            for command in batch:
                fault = next((one for one in self._faults if one.hits(command)), None)
                await (fault.action if fault else forward)(link, command)
