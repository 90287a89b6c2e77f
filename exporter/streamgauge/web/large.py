"""Answers of many megabytes: sent while they are written, to clients that may be slow or gone."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncGenerator, Iterable, Iterator
from typing import Final

from streamgauge.web.threads import in_thread

_AHEAD: Final = 2
"""Pieces written before the client has room for them: the next is ready when it takes one."""

_PATIENCE_SECONDS: Final = 1.0
"""A client that takes nothing for longer gets the rest from a compressed copy."""


async def large_body(begun: Iterable[bytes], rest: Iterator[bytes]) -> AsyncGenerator[bytes, None]:
    """Yield an answer whose first pieces are there; threads write the rest as the client takes it.

    What is not yet written stands in the records of a whole scrape: ten times the memory of the
    compressed text. So the records are kept for as long as a client keeps up, and no longer.
    """
    written: asyncio.Queue[tuple[bytes, bool] | None] = asyncio.Queue()
    room = asyncio.Semaphore(_AHEAD)
    writing = asyncio.create_task(_write(rest, written, room))
    del rest
    try:
        for piece in begun:
            yield piece
        while (one := await written.get()) is not None:
            piece, is_copied = one
            if is_copied:
                piece = await in_thread(zlib.decompress, piece)
            else:
                room.release()
            yield piece
        await writing  # raises what went wrong
    finally:
        writing.cancel()


async def _write(
    rest: Iterator[bytes],
    written: asyncio.Queue[tuple[bytes, bool] | None],
    room: asyncio.Semaphore,
) -> None:
    """Hand over each piece, as it is or compressed, and None at the end."""
    keeps_up = True
    try:
        while (piece := await in_thread(next, rest, None)) is not None:
            if keeps_up:
                try:
                    async with asyncio.timeout(_PATIENCE_SECONDS):
                        await room.acquire()
                except TimeoutError:
                    keeps_up = False
            if not keeps_up:
                piece = await in_thread(zlib.compress, piece, 1)
            written.put_nowait((piece, not keeps_up))
    finally:
        written.put_nowait(None)
