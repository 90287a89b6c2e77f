"""One client's connection, and whom it is waiting for."""

from __future__ import annotations

import asyncio
import enum
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from streamgauge.logs import EventLog

if TYPE_CHECKING:
    from streamgauge.web.config import Tls

_log = EventLog("web")

_READ_BYTES: Final = 4096
"""What is given to the parser at once: it checks the size of a header only between two pieces."""

_TLS_GOODBYE_SECONDS: Final = 5.0


class Phase(enum.Enum):
    """What a connection is doing."""

    RECEIVING = "receiving"
    """A TLS handshake or a request is not complete."""
    ANSWERING = "answering"
    """A request is complete, and this process works on it."""
    SENDING = "sending"
    """The client has not taken the whole answer."""
    IDLE = "idle"
    """The last exchange is over, and no byte of another has come."""


class Connection(H11Protocol):
    """uvicorn's HTTP/1.1 that knows its phase, and since when it waits for its client.

    `since` is on the clock of the event loop. `on_lost` is called once when the client is gone.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        state: ServerState,
        host: str,
        on_lost: Callable[[Connection], None],
    ) -> None:
        super().__init__(config, state, {})
        self.host = host
        self.since = self.loop.time()
        self._on_lost = on_lost
        self._made = False
        self._refused = False
        self._receiving = True
        self._allowed_sans: frozenset[str] = frozenset()
        self._client: socket.socket | None = None
        self._opening: asyncio.Task[None] | None = None

    @property
    def phase(self) -> Phase:
        """What the connection is doing now."""
        if not self._made:
            return Phase.RECEIVING
        if self.cycle is not None and not self.cycle.response_complete:
            return Phase.SENDING if self.flow.write_paused else Phase.ANSWERING
        if self.transport.get_write_buffer_size():
            return Phase.SENDING
        return Phase.RECEIVING if self._receiving else Phase.IDLE

    def open(self, client: socket.socket, tls: Callable[[], Any] | None, seconds: float) -> None:
        """Take an accepted socket over; `tls` tells how to encrypt, within `seconds`."""
        self._client = client
        self._opening = self.loop.create_task(self._open(client, tls, seconds))
        self._opening.add_done_callback(self._opened)

    async def _open(
        self, client: socket.socket, tls: Callable[[], Any] | None, seconds: float
    ) -> None:
        options: dict[str, Any] = {}
        settings: Tls | None = None if tls is None else await tls()
        if settings is not None:
            self._allowed_sans = settings.allowed_sans
            options = {
                "ssl": settings.context,
                "ssl_handshake_timeout": seconds,
                "ssl_shutdown_timeout": _TLS_GOODBYE_SECONDS,
            }
        self._client = None  # from here on, the transport closes it
        try:
            await self.loop.connect_accepted_socket(lambda: self, client, **options)
        except OSError as error:  # every client may fail at the handshake
            _log.debug("handshake failed", client=self.host, reason=error)

    def _opened(self, _opening: asyncio.Task[None]) -> None:
        """Clean up after a client that was dropped, or failed, before there was a connection."""
        if self._client is not None:
            self._client.close()
        if not self._made:
            self._on_lost(self)

    def drop(self) -> None:
        """Hang up at once, whatever is under way."""
        if self._made:
            self.transport.abort()
        elif self._opening is not None:
            self._opening.cancel()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin HTTP, unless the client's certificate is not one of those that may."""
        super().connection_made(transport)
        self._made = True
        if self._allowed_sans:
            # Imported late, with the rest of what only TLS needs.
            from streamgauge.web.config.tls import alternative_names  # noqa: PLC0415

            names = alternative_names(transport.get_extra_info("ssl_object"))
            if not names & self._allowed_sans:
                _log.debug("client certificate not allowed", client=self.host)
                self._refused = True
                transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the client."""
        super().connection_lost(exc)
        self._on_lost(self)

    def data_received(self, data: bytes) -> None:
        """Read a piece of a request."""
        if self._refused:
            return
        if not self._receiving and self.phase is Phase.IDLE:
            self._receiving = True
            self.since = self.loop.time()
        for begin in range(0, len(data), _READ_BYTES):
            super().data_received(data[begin : begin + _READ_BYTES])
            if self.transport.is_closing():
                return

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP; an answer to what came before it goes nowhere any more."""
        _log.debug("malformed request", client=self.host)
        if self.cycle is not None:
            self.cycle.disconnected = self.cycle.response_complete = True
            self.cycle.message_event.set()
            self.since = self.loop.time()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        else:  # an answer has begun: there is no place for another
            self.transport.abort()

    def on_response_complete(self) -> None:
        """Begin to wait for the client; what is left of a body that nobody read ends it."""
        self.since = self.loop.time()
        self._receiving = False
        if self.conn.their_state is h11.SEND_BODY:
            self.transport.close()
        super().on_response_complete()
        if not self.transport.is_closing():
            self._receiving = bool(self.conn.trailing_data[0])
