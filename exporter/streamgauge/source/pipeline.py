"""Pipelining: batches of commands over one wire, the next under way while the last is read."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final

from streamgauge.source import replies
from streamgauge.source.commands import Packed
from streamgauge.source.deadline import Deadline
from streamgauge.source.errors import ErrorReply, Unreadable
from streamgauge.source.wire import AskingWire, Wire

Taker = Callable[[list[Any]], None]
"""Called with one reply per command of a batch, in order."""


class Pipeline:
    """Sends batches, and gives the replies of each to whoever waits for it, in order.

    Raises Unreadable, after which the wire must be closed: replies may be under way.
    """

    def __init__(self, wire: Wire | AskingWire, deadline: Deadline) -> None:
        self._wire = wire
        self._deadline = deadline
        self._in_flight: deque[tuple[int, Taker]] = deque()
        self._unsent: list[Packed] = []

    def __len__(self) -> int:
        return len(self._in_flight)

    def send(self, commands: Sequence[Packed], take: Taker) -> None:
        """Send a batch, together with others, at the latest when replies are waited for."""
        self._unsent += commands
        self._in_flight.append((len(commands), take))

    def receive(self) -> int:
        """Wait for the replies of the oldest batch, and have them taken; returns their bytes."""
        if self._unsent:
            self._wire.send_packed(self._unsent, self._deadline)
            self._unsent = []
        before = self._wire.bytes_read
        count, take = self._in_flight.popleft()
        take(self._wire.receive(count, self._deadline))
        return self._wire.bytes_read - before


class BatchSize:
    """How many streams to ask about at once.

    Batches grow while their replies stay below a megabyte, and shrink above it: a reply may carry
    two whole entries of megabytes each, and all replies not yet read stand in the server's memory.
    The largest is small enough for what it brings to stay in a processor's cache until it is used.
    """

    _FIRST: Final = 4
    _LARGEST: Final = 64
    _TARGET_BYTES: Final = 1024 * 1024

    def __init__(self) -> None:
        self.now = self._FIRST

    def learn(self, reply_bytes: int) -> None:
        """Adapt to what the last batch brought."""
        if reply_bytes > self._TARGET_BYTES:
            self.now = max(1, self.now // 4)
        else:
            self.now = min(self._LARGEST, self.now * 2)


def clock_us(reply: Any) -> int:
    """Read the reply to TIME in microseconds; raises Unreadable when it is none."""
    if isinstance(reply, ErrorReply):
        raise Unreadable(reply.reason, f"TIME: {reply}")
    try:
        return replies.time_us(reply)
    except replies.MALFORMED as error:
        raise Unreadable("protocol", "TIME: a reply of another shape than documented") from error
