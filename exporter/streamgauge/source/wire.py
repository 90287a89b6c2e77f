"""One connection to Redis: packed commands out, replies in, everything bounded by a deadline.

hiredis parses the replies. The calls of the redis package cost several times the parsing, and bound
each read on its own, so a server that drips one byte a second would never time out.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import hiredis

from streamgauge.config import RedisConfig
from streamgauge.credentials import Credentials, may_change
from streamgauge.source import replies
from streamgauge.source.commands import Command, Packed, packed
from streamgauge.source.connect import (
    LoginRefusedError,
    credentials_for,
    dial,
    login,
    refusal,
)
from streamgauge.source.errors import ConnectionLostError, ErrorReply, Unreadable

_READ_SIZE: Final = 64 * 1024
_MORE: Final = object()
_LOGIN_SHARE: Final = 0.9
"""A login that takes all of the time is of no use; so it ends soon enough to say where it hangs."""

_ASKING: Final = packed(b"ASKING")
_TLS_ALERT: Final = b"\x15\x03"
_WRITE_REDISS: Final = "write rediss:// in its url"


class Deadline:
    """A moment on the monotonic clock by which work must be done; may lie within another one."""

    def __init__(self, seconds: float, within: Deadline | None = None) -> None:
        self._at = time.monotonic() + seconds
        self._within = within
        self._ended: tuple[str, str] | None = None

    def remaining(self) -> float:
        """Return the seconds left; raises Unreadable when there are none, or the work was ended."""
        outer = self._within.remaining() if self._within is not None else None
        if self.ended is not None:
            raise self.ended
        left = self._at - time.monotonic()
        if left <= 0:
            raise Unreadable("timeout", "no answer in time")
        return left if outer is None else min(left, outer)

    def part(self, share: float) -> Deadline:
        """Return a deadline after this share of the seconds left; it ends when this one ends."""
        return Deadline(self.remaining() * share, self)

    @property
    def ended(self) -> Unreadable | None:
        """Why somebody ended the work before its time; None while nobody has."""
        return Unreadable(*self._ended) if self._ended is not None else None

    def end(self, reason: str, detail: str) -> None:
        """Leave no time to whoever works under this deadline; `reason` is one of ERROR_REASONS."""
        self._ended = (reason, detail)


class _Line(NamedTuple):
    """A connection that stands."""

    socket: socket.socket
    reader: Any


class Wire:
    """A connection that opens when first used and after every failure opens again."""

    def __init__(self, settings: RedisConfig) -> None:
        self._settings = settings
        self._line: _Line | None = None
        self._buffer = memoryview(bytearray(_READ_SIZE))
        self.bytes_read = self._read_before = 0

    @property
    def is_open(self) -> bool:
        """Tell whether a connection stands."""
        return self._line is not None

    def open(self, deadline: Deadline) -> None:
        """Connect, log in and select the database; raises Unreadable."""
        if self._line is not None:
            return
        part = deadline.part(_LOGIN_SHARE)
        try:
            self._open(part)
        except LoginRefusedError:
            if not may_change(self._settings.password):
                raise
            self._open(part)

    def _open(self, part: Deadline) -> None:
        credentials = credentials_for(self._settings, part.remaining())
        reader = hiredis.Reader(
            replyError=ErrorReply.parse,  # type: ignore[arg-type]  # any callable will do
            protocolError=_ProtocolError,
            errors="replace",
            notEnoughData=_MORE,
        )
        self._read_before = self.bytes_read
        self._line = _Line(dial(self._settings, part.remaining()), reader)
        try:
            self._log_in(credentials, part)
        except BaseException:
            self.close()
            raise

    def _log_in(self, credentials: Credentials, deadline: Deadline) -> None:
        for command in login(self._settings, credentials):
            self.send([command], deadline)
            (reply,) = self.receive(1, deadline)
            if reply != b"OK":
                raise refusal(self._settings, credentials, command, reply)

    def send(self, commands: Sequence[Command], deadline: Deadline) -> None:
        """Send commands without waiting for their replies; raises Unreadable."""
        self.send_packed([packed(*command) for command in commands], deadline)

    def send_packed(self, commands: Sequence[Packed], deadline: Deadline) -> None:
        """Send packed commands without waiting for their replies; raises Unreadable."""
        try:
            line = self._standing()
            line.socket.settimeout(deadline.remaining())
            line.socket.sendall(b"".join(commands))
        except OSError as error:
            raise self._lost(error) from error

    def receive(self, count: int, deadline: Deadline) -> list[Any]:
        """Return the next `count` replies, errors among them as ErrorReply; raises Unreadable."""
        line = self._standing()
        replies: list[Any] = []
        try:
            while len(replies) < count:
                reply = line.reader.gets()
                if reply is _MORE:
                    self._fill(line, deadline)
                else:
                    replies.append(reply)
        except _NO_REPLY as error:
            raise Unreadable("protocol", self._why_no_reply()) from error
        except OSError as error:
            raise self._lost(error) from error
        return replies

    def close(self) -> None:
        """Hang up, if connected; never raises."""
        line, self._line = self._line, None
        if line is not None:
            line.socket.close()

    def __del__(self) -> None:
        """Hang up, also after an `abort` behind which no thread comes by."""
        self.close()

    def abort(self) -> None:
        """Make a read that another thread is waiting in fail at once."""
        line = self._line
        if line is not None:
            with contextlib.suppress(OSError):
                line.socket.shutdown(socket.SHUT_RDWR)

    def _standing(self) -> _Line:
        if self._line is None:
            raise ConnectionLostError("the connection was closed")
        return self._line

    def _fill(self, line: _Line, deadline: Deadline) -> None:
        line.socket.settimeout(deadline.remaining())
        size = line.socket.recv_into(self._buffer)
        if size == 0:
            raise ConnectionResetError
        self.bytes_read += size
        line.reader.feed(self._buffer[:size])

    def _lost(self, error: OSError) -> Unreadable:
        if isinstance(error, TimeoutError):
            return Unreadable("timeout", "no answer in time")
        if isinstance(error, ConnectionResetError):
            return ConnectionLostError(self._why_closed())
        return ConnectionLostError(str(error) or type(error).__name__)

    def _why_no_reply(self) -> str:
        if bytes(self._buffer[:2]) == _TLS_ALERT:
            return f"the port speaks TLS; {_WRITE_REDISS}"
        return "the reply is not the Redis protocol"

    def _why_closed(self) -> str:
        closed = "the server closed the connection"
        is_plain = self._settings.tls is None and self._settings.host is not None
        if is_plain and self.bytes_read == self._read_before:
            return f"{closed} before it answered; if it speaks TLS alone, {_WRITE_REDISS}"
        return closed


class AskingWire:
    """A wire whose every command is announced by ASKING, for keys on their way to its node."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    @property
    def bytes_read(self) -> int:
        """How much was read over the connection so far."""
        return self._wire.bytes_read

    def send_packed(self, commands: Sequence[Packed], deadline: Deadline) -> None:
        """Send commands, each behind its ASKING; raises Unreadable."""
        announced = [part for command in commands for part in (_ASKING, command)]
        self._wire.send_packed(announced, deadline)

    def receive(self, count: int, deadline: Deadline) -> list[Any]:
        """Return the next `count` replies without those to ASKING; raises Unreadable."""
        return self._wire.receive(2 * count, deadline)[1::2]


class _ProtocolError(Exception):
    pass


_NO_REPLY: Final = (_ProtocolError, TypeError, ValueError, MemoryError)
"""What hiredis raises: the last three for a map with a list as a key, a number that is none, and a
list longer than the memory."""


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
