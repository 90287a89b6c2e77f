"""An HTTP server under limits, and clients that send it what they are told."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from streamgauge.web.http import Request, Response, text_response
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
        self.server = HttpServer(self.answer, [self.listener], Limits(**limits))

    async def answer(self, request: Request) -> Response:
        if request.path == "/large":
            return Response(LARGE)
        if request.path == "/wait":
            self.waiting.set()
            await self.go.wait()
        return text_response("here")

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
            client.writer.transport.abort()  # what it has not sent, nobody reads


def run(test: Callable[[Served], Awaitable[None]], **limits: float) -> None:
    async def within_server() -> None:
        async with running(**limits) as served:
            await test(served)

    asyncio.run(within_server())
