"""Pipelining: many requests over one wire, a bounded number of them in flight."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final, NamedTuple

from streamgauge.source import replies
from streamgauge.source.deadline import Deadline
from streamgauge.source.errors import ErrorReply, Unreadable
from streamgauge.source.wire import AskingWire, Command, Wire

_TIME: Final[Command] = (b"TIME",)
_FIRST_BATCH: Final = 32
_LARGEST_BATCH: Final = 1024
_TARGET_BYTES: Final = 1024 * 1024
"""Batches grow while their replies stay below this, and shrink above it: a reply may carry two
whole entries of megabytes each, and all replies not yet read stand in the server's memory."""


class Request(NamedTuple):
    """Commands that belong together, and what they are about."""

    subject: Any
    commands: tuple[Command, ...]


class Answer(NamedTuple):
    """A request's subject, one reply per command, and the server's clock just before them."""

    subject: Any
    now_us: int
    replies: list[Any]


def exchange(
    wire: Wire | AskingWire, requests: Iterable[Request], deadline: Deadline
) -> Iterator[Answer]:
    """Yield the answers in order, keeping the next batch in flight while one is being read.

    Raises Unreadable, after which the wire must be closed: replies may be under way.
    """
    source = iter(requests)
    in_flight: deque[list[Request]] = deque()
    size = _FIRST_BATCH
    while True:
        while len(in_flight) < 2 and (batch := list(islice(source, size))):
            commands = [command for request in batch for command in request.commands]
            wire.send([_TIME, *commands], deadline)
            in_flight.append(batch)
        if not in_flight:
            return
        bytes_before = wire.bytes_read
        now_us = _clock(wire.receive(1, deadline)[0])
        for request in in_flight.popleft():
            yield Answer(request.subject, now_us, wire.receive(len(request.commands), deadline))
        size = _next_size(size, wire.bytes_read - bytes_before)


def _clock(reply: Any) -> int:
    if isinstance(reply, ErrorReply):
        raise Unreadable(reply.reason, f"TIME: {reply}")
    try:
        return replies.time_us(reply)
    except replies.MALFORMED as error:
        raise Unreadable("protocol", "TIME: a reply of another shape than documented") from error


def _next_size(size: int, reply_bytes: int) -> int:
    if reply_bytes > _TARGET_BYTES:
        return max(1, size // 4)
    return min(_LARGEST_BATCH, size * 2)
