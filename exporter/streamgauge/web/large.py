"""Answers of many megabytes: sent while they are written, to clients that may be slow or gone."""

from __future__ import annotations

import asyncio
import threading
import zlib
from collections import deque
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Final

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from streamgauge.web.threads import in_thread

_PATIENCE_SECONDS: Final = 1.0
"""A client that takes longer for one piece gets the rest from a compressed copy."""


class LargeBody:
    """The rest of an answer, written piece by piece as the client takes it.

    What is not yet written stands in the records of a whole scrape: ten times the memory of the
    compressed text. So the records are kept for as long as a client keeps up, and no longer.
    """

    def __init__(self, rest: Iterator[bytes]) -> None:
        self._rest: Iterator[bytes] | None = rest
        self._copied: deque[bytes] = deque()
        self._lock = threading.Lock()

    def next(self) -> bytes | None:
        """Return the next piece; None at the end."""
        with self._lock:
            if self._copied:
                return zlib.decompress(self._copied.popleft())
            rest = self._rest
            return None if rest is None else next(rest, None)

    def copy(self) -> None:
        """Write all of the rest into a compressed copy, and let go of what it is made of."""
        with self._lock:
            while (rest := self._rest) is not None and (piece := next(rest, None)) is not None:
                self._copied.append(zlib.compress(piece, 1))
            self._rest = None

    def close(self) -> None:
        """Let go of everything; a thread that writes a piece just now finishes that one."""
        self._rest = None
        self._copied.clear()


class LargeResponse(StreamingResponse):
    """An answer whose first pieces are there already."""

    def __init__(
        self, begun: list[bytes], rest: Iterator[bytes], headers: Mapping[str, str]
    ) -> None:
        self._begun = begun
        self._large = LargeBody(rest)
        self._taken_at = 0.0
        super().__init__(self._pieces(), headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; whatever ends that, nothing of it is kept."""
        copying = asyncio.ensure_future(self._copy_for_the_slow())
        try:
            await super().__call__(scope, receive, send)
        finally:
            copying.cancel()
            self._begun.clear()
            self._large.close()

    async def _copy_for_the_slow(self) -> None:
        loop = asyncio.get_running_loop()
        self._taken_at = loop.time()
        while loop.time() - self._taken_at < _PATIENCE_SECONDS:  # noqa: ASYNC110 - time itself
            await asyncio.sleep(_PATIENCE_SECONDS / 4)
        await in_thread(self._large.copy)

    async def _pieces(self) -> AsyncIterator[bytes]:
        while self._begun:
            yield self._begun.pop(0)
        loop = asyncio.get_running_loop()
        while (piece := await in_thread(self._large.next)) is not None:
            self._taken_at = loop.time()
            yield piece
