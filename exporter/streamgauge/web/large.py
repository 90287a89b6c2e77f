"""Answers of many megabytes: sent while they are written, to clients that may be slow or gone."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import zlib
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Iterator
from typing import Final

from streamgauge.web.threads import in_thread

_AHEAD: Final = 2
"""Pieces written before the client has room for them: the next is ready when it takes one."""

_PATIENCE_SECONDS: Final = 1.0
"""A client that takes nothing for longer gets the rest from a compressed copy."""


class LargeBody:
    """An answer of which the first pieces are there; a thread of its own writes the rest as the
    client takes it.

    What is not yet written stands in the records of a whole scrape: ten times the memory of the
    compressed text. So the records are kept for as long as a client keeps up, and no longer.
    """

    def __init__(self, begun: Iterable[bytes]) -> None:
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._changed = threading.Condition()
        self._ready = deque(begun)
        self._copied: deque[bytes] = deque()
        self._failure: BaseException | None = None
        self._ended = self._closed = False

    def begin(self, rest: Iterator[bytes]) -> None:
        """Begin to write the rest."""
        threading.Thread(target=self._write, args=(rest,), daemon=True, name="answer").start()

    async def next(self) -> bytes | None:
        """Return the next piece, None at the end; raises what went wrong in writing it."""
        while True:
            with self._changed:
                if self._ready:
                    self._changed.notify()
                    return self._ready.popleft()
                if self._copied:
                    copied = self._copied.popleft()
                    break
                if self._failure is not None:
                    raise self._failure
                if self._ended:
                    return None
                self._news.clear()
            await self._news.wait()
        return await in_thread(zlib.decompress, copied)

    def close(self) -> None:
        """Let go of everything; a piece that is being written just now is finished before."""
        with self._changed:
            self._closed = True
            self._ready.clear()
            self._copied.clear()
            self._changed.notify()

    def _write(self, rest: Iterator[bytes]) -> None:
        failure: BaseException | None = None
        try:
            self._write_all(rest)
        except BaseException as raised:  # noqa: BLE001 - raised where the answer is waited for
            failure = raised
        with self._changed:
            self._failure, self._ended = failure, True
        self._tell()

    def _write_all(self, rest: Iterator[bytes]) -> None:
        keeps_up = True
        for piece in rest:
            keeps_up = keeps_up and self._has_room()
            if not self._add(piece, is_copied=not keeps_up):
                return

    def _has_room(self) -> bool:
        def has_room() -> bool:
            return len(self._ready) < _AHEAD or self._closed

        with self._changed:
            return self._changed.wait_for(has_room, _PATIENCE_SECONDS)

    def _add(self, piece: bytes, *, is_copied: bool) -> bool:
        """Hand a piece over; False when nobody takes it any more."""
        if is_copied:
            piece = zlib.compress(piece, 1)
        with self._changed:
            if self._closed:
                return False
            (self._copied if is_copied else self._ready).append(piece)
        self._tell()
        return True

    def _tell(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits any more
            self._loop.call_soon_threadsafe(self._news.set)


async def large_body(begun: Iterable[bytes], rest: Iterator[bytes]) -> AsyncGenerator[bytes, None]:
    """Yield an answer whose first pieces are there already; whatever ends that, nothing is kept."""
    body = LargeBody(begun)
    body.begin(rest)
    del rest
    try:
        while (piece := await body.next()) is not None:
            yield piece
    finally:
        body.close()
