"""Slow, silent and greedy clients are hung up on; who asks and listens is answered."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from streamgauge.web.connection import Phase
from streamgauge.web.connections import Connections
from streamgauge.web.limits import Limits
from streamgauge.web.listen import listen
from streamgauge.web.server import HttpServer

SECONDS = 20
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
HALF = b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "
LARGE = b"x" * (32 << 20)  # more than the buffers of two sockets hold


class Client:
    """A connection that sends what it is told."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def get(self, request: bytes = GET) -> int:
        """Ask, and return the status; the connection stays."""
        await self.send(request)
        head = await self.within(self.reader.readuntil(b"\r\n\r\n"))
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
        await self.within(self.reader.readexactly(length))
        return int(head.split()[1])

    async def end(self) -> bytes:
        """Wait until the other side hangs up; returns what came before."""
        received = b""
        with contextlib.suppress(ConnectionError):
            while piece := await self.within(self.reader.read(1 << 20)):
                received += piece
        return received

    @staticmethod
    async def within(waiting: Awaitable[bytes]) -> bytes:
        return await asyncio.wait_for(waiting, SECONDS)


class Served:
    """A server under these limits, and its application: / and /large answer, /wait when told."""

    def __init__(self, **limits: float) -> None:
        self.listener = listen("127.0.0.1:0")
        self.go = asyncio.Event()
        self.waiting = asyncio.Event()
        self.clients: list[Client] = []
        routes = [
            Route("/", self._page, methods=["GET", "POST"]),
            Route("/large", self._large),
            Route("/wait", self._wait),
        ]
        self.server = HttpServer(Starlette(routes=routes), [self.listener], Limits(**limits))

    async def _page(self, _request: Request) -> PlainTextResponse:
        return PlainTextResponse("here")

    async def _large(self, _request: Request) -> PlainTextResponse:
        return PlainTextResponse(LARGE)

    async def _wait(self, _request: Request) -> PlainTextResponse:
        self.waiting.set()
        await self.go.wait()
        return PlainTextResponse("done")

    async def connect(self, request: bytes = b"") -> Client:
        port = self.listener.socket.getsockname()[1]
        client = Client(*await asyncio.open_connection("127.0.0.1", port))
        self.clients.append(client)
        if request:
            await client.send(request)
        return client


@contextlib.asynccontextmanager
async def running(**limits: float) -> AsyncIterator[Served]:
    served = Served(**limits)
    task = asyncio.ensure_future(served.server.run())
    try:
        yield served
    finally:
        served.go.set()
        served.server.end()
        await asyncio.wait_for(task, SECONDS)
        for client in served.clients:
            client.writer.close()


def run(test: Callable[[Served], Awaitable[None]], **limits: float) -> None:
    async def within_server() -> None:
        async with running(**limits) as served:
            await test(served)

    asyncio.run(within_server())


@pytest.mark.parametrize(
    "sent", [b"", b"G", HALF, GET + HALF], ids=["silent", "letter", "half", "second-half"]
)
def test_request_that_is_not_complete_in_time_is_ended(sent: bytes) -> None:
    async def test(served: Served) -> None:
        client = await served.connect(sent)
        received = await client.end()
        assert received.startswith(b"HTTP/1.1 200") == sent.startswith(GET)

    run(test, request_seconds=0.1, idle_seconds=60)


def test_request_that_drips_in_is_ended() -> None:
    async def test(served: Served) -> None:
        client = await served.connect(HALF)

        async def drip() -> None:
            with contextlib.suppress(ConnectionError):
                while True:
                    await client.send(b"x")
                    await asyncio.sleep(0.01)

        dripping = asyncio.ensure_future(drip())
        assert await client.end() == b""
        dripping.cancel()

    run(test, request_seconds=0.2)


def test_body_that_does_not_come_is_not_waited_for() -> None:
    async def test(served: Served) -> None:
        post = GET.replace(b"GET", b"POST").replace(b"Host", b"Content-Length: 9\r\nHost")
        client = await served.connect(post)
        assert (await client.end()).startswith(b"HTTP/1.1 200")

    run(test, request_seconds=60)


def test_body_that_comes_with_its_request_leaves_the_connection_open() -> None:
    async def test(served: Served) -> None:
        client = await served.connect()
        post = GET.replace(b"GET", b"POST").replace(b"Host", b"Content-Length: 4\r\nHost") + b"body"
        assert [await client.get(post), await client.get()] == [200, 200]

    run(test)


def test_answer_that_nobody_takes_is_given_up() -> None:
    async def test(served: Served) -> None:
        client = await served.connect(GET.replace(b"/ ", b"/large ", 1))
        await client.reader.readexactly(1)
        client.writer.transport.pause_reading()
        connections = served.server._acceptor.connections
        async with asyncio.timeout(SECONDS):
            while len(connections):  # noqa: ASYNC110  (nobody tells when it is)
                await asyncio.sleep(0.01)

    run(test, request_seconds=0.2, response_seconds=0.1)


def test_answer_that_is_taken_slowly_is_whole() -> None:
    async def test(served: Served) -> None:
        client = await served.connect(GET.replace(b"/ ", b"/large ", 1))
        head = await client.reader.readuntil(b"\r\n\r\n")
        assert await client.reader.readexactly(len(LARGE)) == LARGE
        assert head.startswith(b"HTTP/1.1 200")

    run(test, request_seconds=0.2)


def test_idle_connection_is_kept_and_then_closed() -> None:
    async def test(served: Served) -> None:
        client = await served.connect()
        assert [await client.get() for _ in range(3)] == [200] * 3
        assert await client.end() == b""

    run(test, request_seconds=0.1, idle_seconds=1)


def test_body_does_not_wait_until_the_head_is_acknowledged() -> None:
    async def test(served: Served) -> None:
        client = await served.connect()
        assert await client.get() == 200
        (connection,) = served.server._acceptor.connections._open
        server_side = connection.transport.get_extra_info("socket")
        assert server_side.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

    run(test)


def test_pipelined_requests_are_answered_in_turn() -> None:
    async def test(served: Served) -> None:
        client = await served.connect(GET * 3 + HALF)
        assert (await client.end()).count(b"HTTP/1.1 200") == 3

    run(test, request_seconds=0.3)


@pytest.mark.parametrize("length", [30_000, 200_000, 2_000_000])
def test_headers_that_are_too_large_are_refused(length: int) -> None:
    async def test(served: Served) -> None:
        client = await served.connect()
        sending = asyncio.ensure_future(client.send(HALF + b"x" * length + b"\r\n\r\n"))
        received = await client.end()
        assert received[:12] in (b"", b"HTTP/1.1 400")
        with contextlib.suppress(ConnectionError):
            await sending

    run(test)


def test_headers_of_a_usual_size_are_taken_in_any_pieces() -> None:
    async def test(served: Served) -> None:
        client = await served.connect()
        request = HALF + b"x" * 12_000 + b"\r\n\r\n"
        assert await client.get(request) == 200
        for byte in GET[:-1]:
            await client.send(bytes([byte]))
        assert await client.get(GET[-1:]) == 200

    run(test)


def test_mistakes_of_clients_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def test(served: Served) -> None:
        for nonsense in (b"\x16\x03\x01\x02\x00", b"GET / HTTP/9\r\n\r\n", b"hunter2\r\n\r\n"):
            client = await served.connect(nonsense)
            assert (await client.end())[:12] in (b"", b"HTTP/1.1 400")

    run(test, request_seconds=0.2)
    assert caplog.records == []


def test_the_slow_go_before_the_idle_and_these_before_the_new(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(served: Served) -> None:
        idle = await served.connect()
        assert await idle.get() == 200
        monkeypatch.setattr("streamgauge.web.connections._LEAST_SECONDS", 0)
        monkeypatch.setattr("streamgauge.web.connections._SLOW_SECONDS", 0)
        first, second, _third = [await served.connect(HALF) for _ in range(3)]
        other = await served.connect()
        assert await other.get() == 200
        assert await first.end() == b""
        assert await idle.get() == 200
        monkeypatch.setattr("streamgauge.web.connections._SLOW_SECONDS", 60)
        for gone in (other, idle, second):
            await served.connect(HALF)
            assert await gone.end() == b""

    run(test, max_connections=4, request_seconds=60)
    warnings = [record.message for record in caplog.records if record.levelno >= logging.WARNING]
    assert warnings == ["too many open connections, those that wait longest are closed"]


def test_request_that_is_being_answered_is_never_cut_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("streamgauge.web.connections._LEAST_SECONDS", 0)

    async def test(served: Served) -> None:
        wait = GET.replace(b"/ ", b"/wait ", 1)
        busy = await served.connect(wait)
        await served.waiting.wait()
        others = [await served.connect(HALF) for _ in range(20)]
        await asyncio.gather(*(other.end() for other in others[:-1]))
        served.go.set()
        assert (await busy.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")

    run(test, max_connections=2, request_seconds=60)


def test_where_all_are_being_answered_another_one_waits_its_turn(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def test(served: Served) -> None:
        busy = await served.connect(GET.replace(b"/ ", b"/wait ", 1))
        await served.waiting.wait()
        other = asyncio.ensure_future((await served.connect()).get())
        async with asyncio.timeout(SECONDS):
            while not caplog.records:  # noqa: ASYNC110  (nobody tells when it is)
                await asyncio.sleep(0.01)
        served.go.set()
        assert (await busy.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        assert await other == 200

    run(test, max_connections=1, request_seconds=60)
    assert [record.message for record in caplog.records] == [
        "too many open connections, new ones wait"
    ]


def test_who_has_just_come_is_given_time_to_ask_however_many_follow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seconds = 0.3
    monkeypatch.setattr("streamgauge.web.connections._LEAST_SECONDS", seconds)

    async def test(served: Served) -> None:
        started = asyncio.get_running_loop().time()
        first = await served.connect()
        for _ in range(3):
            await served.connect()
        assert await first.end() == b""
        assert asyncio.get_running_loop().time() - started >= seconds

    run(test, max_connections=1, request_seconds=60)


@dataclass(eq=False)
class Slow:
    """A connection of a host that waits for its client since a time."""

    host: str
    since: float
    dropped: list[str]
    phase: Phase = Phase.RECEIVING

    def drop(self) -> None:
        self.dropped.append(self.host)


def test_the_client_with_most_connections_goes_first() -> None:
    async def test() -> None:
        now = asyncio.get_running_loop().time()
        dropped: list[str] = []
        connections = Connections(Limits(max_connections=5))
        for age, host in enumerate(["patient", "flood", "flood", "other", "flood"]):
            connections.add(Slow(host, now - 20 + age, dropped))
        for _ in range(3):
            assert connections.make_room()
            connections.add(Slow("other", now, dropped))
        assert dropped == ["flood", "flood", "other"]

    asyncio.run(test())


def test_files_that_run_out_are_a_pause_and_not_the_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Exhausted:
        """A listening socket whose first accept fails."""

        def __init__(self, real):
            self._real, self.failures = real, 1

        def __getattr__(self, name):
            return getattr(self._real, name)

        def accept(self):
            if self.failures:
                self.failures -= 1
                raise OSError(24, "Too many open files")
            return self._real.accept()

    async def test() -> None:
        served = Served()
        acceptor = served.server._acceptor
        acceptor._listeners = (served.listener._replace(socket=Exhausted(served.listener.socket)),)
        task = asyncio.ensure_future(served.server.run())
        client = await served.connect()
        assert await client.get() == 200
        client.writer.close()
        served.server.end()
        await asyncio.wait_for(task, SECONDS)

    asyncio.run(test())
    assert [record.message for record in caplog.records] == ["no client can be accepted"]
