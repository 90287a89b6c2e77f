"""What is asked about one stream and one group when somebody looks at it, and not in a scrape.

It costs Redis one connection and at most 25 commands: XINFO GROUPS, XPENDING for 20 entries, XINFO
CONSUMERS of a group with up to 10,000, and an XRANGE of one entry for each of the 20, which ends
when 8 MB were read. What the user may not ask is told in its place, and the rest is asked all the
same. Payloads are read by XRANGE, as no command tells an ID alone, and dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from streamgauge.config import RedisConfig
from streamgauge.model.consumers import MOST_CONSUMERS
from streamgauge.model.ids import StreamId
from streamgauge.model.records import Consumer
from streamgauge.source import replies
from streamgauge.source.commands import Command
from streamgauge.source.errors import ErrorReply, Unreadable, error_of
from streamgauge.source.layout import topology_of
from streamgauge.source.replies import by_name
from streamgauge.source.wire import Deadline, Wire

MOST_PENDING: Final = 20
_MOST_BYTES: Final = 8 * 1024 * 1024


class Refusal(NamedTuple):
    """Why something was not told, in the words of Redis or in ours."""

    detail: bytes


class PendingEntry(NamedTuple):
    """An entry that was handed out and not acknowledged; nobody owns it where `owner` is empty.

    `is_held` tells whether it is still in the stream; None is unknown. The age is that of its ID,
    None where that is no time.
    """

    entry_id: StreamId
    age_seconds: float | None
    owner: bytes
    idle_seconds: float
    deliveries: int
    is_held: bool | None


class Answer(NamedTuple):
    """What Redis said of one group, at Unix time `at` on its own clock, and which server did.

    `refusals` are about single entries that could not be looked up.
    """

    server: RedisConfig
    at: float
    last_delivered: StreamId | None
    pending: Sequence[PendingEntry] | Refusal
    consumers: Sequence[Consumer] | Refusal
    refusal: Refusal | None = None


def inquire(redis: RedisConfig, stream: bytes, group: bytes, consumers: int | None) -> Answer:
    """Ask about a group, of which `consumers` are known; raises Unreadable."""
    deadline = Deadline(redis.timeout_seconds)
    server = holder_of(redis, stream, deadline)
    wire = Wire(server)
    try:
        wire.open(deadline)
        return _Questions(wire, server, deadline).about(stream, group, consumers)
    except replies.MALFORMED as error:
        raise Unreadable("protocol", "a reply of another shape than documented") from error
    finally:
        wire.close()


def holder_of(redis: RedisConfig, stream: bytes, deadline: Deadline) -> RedisConfig:
    """Return the settings of the server that holds a stream; raises Unreadable."""
    topology = topology_of(redis)
    try:
        servers = topology.nodes(deadline)
        if not topology.keys_move:
            return servers[0]
        holder = topology.holder(stream)
    finally:
        topology.close()
    for server in servers:
        if server.address == holder:
            return server
    raise Unreadable("other", "no known node of the cluster holds the stream")


class _Questions:
    """Asks one after another over a connection that stands."""

    def __init__(self, wire: Wire, server: RedisConfig, deadline: Deadline) -> None:
        self._wire = wire
        self._server = server
        self._deadline = deadline

    def about(self, stream: bytes, group: bytes, consumers: int | None) -> Answer:
        count = b"%d" % MOST_PENDING
        asked: list[Command] = [
            (b"TIME",),
            (b"XINFO", b"GROUPS", stream),
            (b"XPENDING", stream, group, b"-", b"+", count),
        ]
        is_large = consumers is not None and consumers > MOST_CONSUMERS
        if not is_large:
            asked.append((b"XINFO", b"CONSUMERS", stream, group))
        clock, groups, pending, *listed = self._ask(*asked)
        if isinstance(clock, ErrorReply):
            raise Unreadable(clock.reason, f"TIME: {clock}")
        now_us = replies.time_us(clock)
        entries, refusal = self._pending(stream, pending, now_us)
        return Answer(
            self._server,
            now_us / 1e6,
            _last_delivered(groups, group),
            entries,
            _consumers(listed[0]) if listed else Refusal(b"more than 10,000 are not listed"),
            refusal,
        )

    def _pending(
        self, stream: bytes, reply: Any, now_us: int
    ) -> tuple[Sequence[PendingEntry] | Refusal, Refusal | None]:
        if isinstance(reply, ErrorReply):
            return _refused(reply), None
        entries: list[PendingEntry] = []
        refusal: Refusal | None = None
        begun = self._wire.bytes_read
        for raw, owner, idle_ms, deliveries in reply:
            entry_id = StreamId.parse(raw)
            is_held: bool | None = None
            if refusal is None and self._wire.bytes_read - begun > _MOST_BYTES:
                refusal = Refusal(b"the entries are large, so no more of them were looked up")
            if refusal is None:
                (found,) = self._ask((b"XRANGE", stream, raw, raw))
                if isinstance(found, ErrorReply):
                    refusal = _refused(found)
                else:
                    is_held = bool(found)
            age = None
            if entry_id.is_clock(now_us // 1000):
                age = max(0.0, now_us / 1e6 - entry_id.ms / 1e3)
            idle = max(0, idle_ms) / 1e3
            entries.append(PendingEntry(entry_id, age, owner, idle, deliveries, is_held))
        return entries, refusal

    def _ask(self, *commands: Command) -> list[Any]:
        self._wire.send(commands, self._deadline)
        answers = self._wire.receive(len(commands), self._deadline)
        for answer in answers:
            error_of(answer)
        return answers


def _last_delivered(reply: Any, group: bytes) -> StreamId | None:
    if isinstance(reply, ErrorReply):
        return None
    for one in map(by_name, reply):
        if one[b"name"] == group:
            return StreamId.parse(one[b"last-delivered-id"])
    return None


def _consumers(reply: Any) -> Sequence[Consumer] | Refusal:
    return _refused(reply) if isinstance(reply, ErrorReply) else replies.consumers(reply)


def _refused(error: ErrorReply) -> Refusal:
    return Refusal(str(error).encode("utf-8", "surrogateescape"))
