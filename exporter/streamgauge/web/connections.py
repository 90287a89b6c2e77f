"""All open connections: who is let in, and who has to go for it."""

from __future__ import annotations

import asyncio
import heapq
import math
from collections import Counter
from typing import Final

from streamgauge.logs import EventLog
from streamgauge.web.connection import Connection, Phase
from streamgauge.web.limits import Limits

_log = EventLog("web")

_LEAST_SECONDS: Final = 0.25
"""Nobody goes earlier: who connects and asks at once is answered, however many come after."""

_SLOW_SECONDS: Final = 1.0
_SHARE_AT_ONCE: Final = 16
_SECONDS_BETWEEN_COMPLAINTS: Final = 60.0


class Connections:
    """Keeps within the limits by hanging up on those who keep this process waiting.

    A request that is being answered is never cut off. Of those who wait for their client, the slow
    go first, then the idle, then those who have just come; among these the clients with most
    connections, and then the one that waits longest. So a flood makes room for itself.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._open: set[Connection] = set()
        self._complain_at = -math.inf

    def __len__(self) -> int:
        return len(self._open)

    def add(self, connection: Connection) -> None:
        """Count a new connection; there has to be room."""
        self._open.add(connection)

    def forget(self, connection: Connection) -> None:
        """Count a connection no more."""
        self._open.discard(connection)

    def make_room(self) -> bool:
        """Tell whether there is room for another one, once those are gone who have to go for it.

        Several go at once, since it takes a look at all to find them.
        """
        if len(self._open) < self._limits.max_connections:
            return True
        now = asyncio.get_running_loop().time()
        ranks = {
            connection: rank
            for connection in self._open
            if (rank := _rank(connection, now)) is not None
        }
        of_host = Counter(connection.host for connection in self._open)

        def order(connection: Connection) -> tuple[int, int, float]:
            return ranks[connection], -of_host[connection.host], connection.since

        count = max(1, self._limits.max_connections // _SHARE_AT_ONCE)
        for connection in heapq.nsmallest(count, ranks, key=order):
            self._drop(connection)
        if now >= self._complain_at:
            self._complain_at = now + _SECONDS_BETWEEN_COMPLAINTS
            self._complain(of_host, closed=bool(ranks))
        return bool(ranks)

    async def end(self, seconds: float) -> None:
        """Let requests under way end within so many seconds, and hang up on everybody."""
        for connection in self._open:
            connection.end()
        tasks = [connection.task for connection in self._open]
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)
            for connection in self._open:
                connection.drop()
            await asyncio.wait(tasks)

    def _drop(self, connection: Connection) -> None:
        self._open.discard(connection)
        connection.drop()

    def _complain(self, of_host: Counter[str], *, closed: bool) -> None:
        (host, count), *_ = of_host.most_common(1)
        _log.warning(
            "too many open connections, those that wait longest are closed"
            if closed
            else "too many open connections, new ones wait",
            limit=self._limits.max_connections,
            most_of=host,
            these=count,
        )


def _rank(connection: Connection, now: float) -> int | None:
    """0 for slow clients, 1 for idle ones, 2 for new ones; None for one that has to stay."""
    phase, seconds = connection.phase, now - connection.since
    if phase is Phase.ANSWERING or seconds < _LEAST_SECONDS:
        return None
    if phase is Phase.IDLE:
        return 1
    return 0 if seconds >= _SLOW_SECONDS else 2
