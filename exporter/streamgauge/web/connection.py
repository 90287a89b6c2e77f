"""One client: a coroutine that reads a request, answers it, and waits for the next one.

Few bytes of a client are read ahead, and none are written ahead.
"""

from __future__ import annotations

import asyncio
import enum
import socket
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import h11

from streamgauge.logs import EventLog
from streamgauge.web.http import Application, Request, Response, text_response
from streamgauge.web.limits import Limits

if TYPE_CHECKING:
    from streamgauge.web.config import Tls

TlsSource = Callable[[], Awaitable["Tls | None"]]
"""Tells how to encrypt a connection that begins now."""

_READ_BYTES: Final = 4096

_log = EventLog("web")
_GOODBYE_SECONDS: Final = 5.0
"""How long a client may take to hang up too. What it still sends is thrown away: a socket that is
closed before would take the answer along."""


class ClientWire(asyncio.BufferedProtocol):
    """Reads and writes for one coroutine; `on_lost` is called when the connection has ended.

    It goes on reading while nobody waits for bytes, so that a client that hangs up is noticed.
    """

    transport: asyncio.Transport | None = None

    def __init__(self, on_lost: Callable[[], object]) -> None:
        self._on_lost = on_lost
        self._buffer = memoryview(bytearray(_READ_BYTES))
        self._received = b""
        self._readable, self._written = asyncio.Event(), asyncio.Event()

    async def receive(self) -> bytes:
        """Wait for bytes, and take them."""
        await self._readable.wait()
        self._readable.clear()
        if self.transport is not None:
            self.transport.resume_reading()
        return self._received

    async def send(self, data: bytes) -> None:
        """Write, and wait until the kernel has all of it, or with TLS nearly all."""
        if self.transport is not None:
            self.transport.write(data)
            await self._written.wait()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin."""
        transport.set_write_buffer_limits(high=0)
        self.transport = transport
        self._written.set()

    def get_buffer(self, _sizehint: int) -> memoryview:
        """Say where to put bytes."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Keep bytes until they are taken, and read no more before."""
        self._received = bytes(self._buffer[:nbytes])
        self._readable.set()
        if self.transport is not None:
            self.transport.pause_reading()

    def pause_writing(self) -> None:
        """Wait until everything is written."""
        self._written.clear()

    def resume_writing(self) -> None:
        """Go on: everything is written."""
        self._written.set()

    def connection_lost(self, _error: Exception | None) -> None:
        """End."""
        self._on_lost()


class Phase(enum.Enum):
    """What a connection is doing."""

    RECEIVING = "receiving"
    """A TLS handshake, a request or the goodbye is not complete."""
    ANSWERING = "answering"
    """A request is complete, and this process works on it."""
    SENDING = "sending"
    """The client has not taken what was written."""
    IDLE = "idle"
    """The last exchange is over, and no byte of another has come."""


class Connection:
    """A client that is served, in `phase` since `since` on the event loop's clock.

    `on_end` is called once, when its socket is closed.
    """

    phase: Phase
    since: float
    task: asyncio.Task[None]

    def __init__(
        self,
        client: socket.socket,
        host: str,
        app: Application,
        limits: Limits,
        tls: TlsSource | None,
        on_end: Callable[[Connection], None],
    ) -> None:
        self.host = host
        self._client, self._app, self._limits, self._tls = client, app, limits, tls
        self._on_end = on_end
        self._wire = ClientWire(self.drop)
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.header_bytes)
        self._is_head = False
        self._is_last = False
        self._enter(Phase.RECEIVING)
        self.task = asyncio.create_task(self._serve())
        self.task.add_done_callback(self._ended)

    def drop(self) -> None:
        """Hang up at once, whatever is under way."""
        self.task.cancel()

    def end(self) -> None:
        """Hang up once the request under way is answered."""
        self._is_last = True
        if self.phase in (Phase.RECEIVING, Phase.IDLE):
            self.drop()

    def _ended(self, _task: asyncio.Task[None]) -> None:
        if self._wire.transport is None:
            self._client.close()
        else:
            self._wire.transport.abort()
        self._on_end(self)

    def _enter(self, phase: Phase) -> None:
        self.phase, self.since = phase, asyncio.get_running_loop().time()

    async def _serve(self) -> None:
        """Serve the client; what a client can do wrong, or too slowly, is no fault of ours."""
        try:
            await self._converse()
            await self._say_goodbye()
        except OSError as error:  # such as TimeoutError
            _log.debug("client is hung up on", client=self.host, reason=str(error) or "too slow")

    async def _converse(self) -> None:
        try:
            async with asyncio.timeout(self._limits.request_seconds):
                await self._open()
                request: Request | None = await self._receive()
            while request is not None and await self._answer(request):
                request = await self._next()
        except h11.RemoteProtocolError:
            _log.debug("malformed request", client=self.host)
            await self._send(
                text_response("malformed request\n", HTTPStatus.BAD_REQUEST, connection="close")
            )

    async def _open(self) -> None:
        """Begin to read, after the handshake if there is TLS; raises OSError when that fails."""
        tls = None if self._tls is None else await self._tls()
        options: dict[str, Any] = {}
        if tls is not None:
            options = {"ssl": tls.context, "ssl_shutdown_timeout": _GOODBYE_SECONDS}
        transport, _ = await asyncio.get_running_loop().connect_accepted_socket(
            lambda: self._wire, self._client, **options
        )
        if tls is not None and tls.allowed_sans:
            # Imported late, with the rest of what only TLS needs.
            from streamgauge.web.config.tls import alternative_names  # noqa: PLC0415

            if not alternative_names(transport.get_extra_info("ssl_object")) & tls.allowed_sans:
                raise ConnectionAbortedError("client certificate not allowed")

    async def _receive(self) -> Request:
        """Read a request, and as much of its body as has come with it."""
        self._is_head = False
        while not isinstance(event := self._http.next_event(), h11.Request):
            self._http.receive_data(await self._wire.receive())
        request = Request.of(event, self.host)
        self._is_head = request.method == "HEAD"
        while isinstance(self._http.next_event(), h11.Data):
            pass
        return request

    async def _next(self) -> Request | None:
        """Wait for another request; None when none begins for long."""
        if not self._http.trailing_data[0]:
            self._enter(Phase.IDLE)
            try:
                async with asyncio.timeout(self._limits.idle_seconds):
                    self._http.receive_data(await self._wire.receive())
            except TimeoutError:
                return None
        self._enter(Phase.RECEIVING)
        async with asyncio.timeout(self._limits.request_seconds):
            return await self._receive()

    async def _answer(self, request: Request) -> bool:
        """Answer a request; tells whether there may be another."""
        self._enter(Phase.ANSWERING)
        try:
            response = await self._app(request)
        except Exception:  # noqa: BLE001 - a request that fails is not the end of the process
            _log.exception("request failed", path=request.path)
            response = text_response("internal error\n", HTTPStatus.INTERNAL_SERVER_ERROR)
        await self._send(response)
        if self._is_last or {self._http.our_state, self._http.their_state} != {h11.DONE}:
            return False
        self._http.start_next_cycle()
        return True

    async def _send(self, response: Response) -> None:
        """Send an answer; raises TimeoutError for a client that does not take it."""
        headers = {"date": formatdate(usegmt=True), **response.headers}
        if isinstance(response.body, bytes):
            headers["content-length"] = str(len(response.body))
        head = h11.Response(
            status_code=response.status,
            reason=response.status.phrase,
            headers=[(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
        )
        unsent = self._event(head)
        async with asyncio.timeout(self._limits.response_seconds), response.pieces() as pieces:
            if not self._is_head:
                async for piece in pieces:
                    await self._write(unsent + self._event(h11.Data(piece)))
                    unsent = b""
            await self._write(unsent + self._event(h11.EndOfMessage()))

    def _event(self, event: h11.Response | h11.Data | h11.EndOfMessage) -> bytes:
        return self._http.send(event) or b""

    async def _write(self, data: bytes) -> None:
        self._enter(Phase.SENDING)
        await self._wire.send(data)
        self._enter(Phase.ANSWERING)

    async def _say_goodbye(self) -> None:
        """Say that this was all, and wait until the client hangs up, which ends this task."""
        transport = self._wire.transport
        if transport is None:
            return
        self._enter(Phase.RECEIVING)
        if transport.can_write_eof():
            transport.write_eof()
        else:
            transport.close()
        async with asyncio.timeout(_GOODBYE_SECONDS):
            while True:
                await self._wire.receive()
