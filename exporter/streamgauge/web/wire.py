"""A client's bytes: few are read ahead, and none are written ahead."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

_READ_BYTES: Final = 4096


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
