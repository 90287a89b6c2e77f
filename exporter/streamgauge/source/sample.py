"""One sample of many streams in two pipelined rounds, whatever their number.

Round one asks XINFO STREAM and XINFO GROUPS of every key. Round two asks, of the groups that need
it, for the oldest undelivered entry, the oldest pending entry and the consumers. Beside them only
TIME is sent, once per batch, and one SCAN step when there is no stream to ask about.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from streamgauge.model.ids import StreamId
from streamgauge.model.lag import is_caught_up
from streamgauge.model.readings import GroupReading, StreamReading
from streamgauge.source import replies
from streamgauge.source.errors import ErrorReply, Unreadable
from streamgauge.source.exchange import Request, exchange
from streamgauge.source.wire import Command, Deadline, Wire

GONE: Final = "gone"
"""The reason of a key that does not exist: not an error, but not a reading either."""


class StreamError(NamedTuple):
    """A key that could not be read; `reason` is one of ERROR_REASONS, or GONE."""

    name: bytes
    reason: str
    detail: str


class Sample(NamedTuple):
    """What two rounds brought back: a reading or an error for every name asked.

    `clock_offset_seconds` is the server's clock minus this machine's, to within the first reply's
    travel time.
    """

    now_us: int
    clock_offset_seconds: float
    readings: list[StreamReading]
    errors: list[StreamError]


def take_sample(
    wire: Wire, names: Sequence[bytes], *, max_consumers: int, deadline: Deadline
) -> Sample:
    """Read every named stream; raises Unreadable when the server as a whole cannot be read."""
    readings: dict[bytes, StreamReading] = {}
    errors: dict[bytes, StreamError] = {}
    clock = _ClockOffset()
    for now_us, outcome in _first_round(wire, names, deadline) if names else _probe(wire, deadline):
        clock.see(now_us)
        if isinstance(outcome, StreamError):
            errors[outcome.name] = outcome
        elif outcome is not None:
            readings[outcome.name] = outcome
    _second_round(wire, readings, errors, max_consumers, deadline)
    return Sample(clock.now_us, clock.seconds, list(readings.values()), list(errors.values()))


class _ClockOffset:
    """Compares the clocks once, at the first reply: half of its travel time is the error."""

    def __init__(self) -> None:
        self._sent = time.time()
        self.now_us = 0
        self.seconds = 0.0

    def see(self, now_us: int) -> None:
        if self.now_us == 0:
            self.now_us = now_us
            self.seconds = now_us / 1e6 - (self._sent + time.time()) / 2


def _probe(wire: Wire, deadline: Deadline) -> Iterator[tuple[int, None]]:
    """Make sure that an empty answer comes from an empty server and not from an unreadable one.

    TIME is answered even while the data set is being loaded; a step of SCAN is not.
    """
    request = Request(None, ((b"SCAN", b"0", b"COUNT", b"1", b"TYPE", b"stream"),))
    for answer in exchange(wire, [request], deadline):
        reply = answer.replies[0]
        if isinstance(reply, ErrorReply):
            raise Unreadable(reply.reason, f"SCAN: {reply}")
        yield answer.now_us, None


def _first_round(
    wire: Wire, names: Sequence[bytes], deadline: Deadline
) -> Iterator[tuple[int, StreamReading | StreamError]]:
    requests = (
        Request(name, ((b"XINFO", b"STREAM", name), (b"XINFO", b"GROUPS", name))) for name in names
    )
    for name, now_us, (stream, groups) in exchange(wire, requests, deadline):
        yield now_us, _outcome(name, now_us, stream, groups)


def _outcome(name: bytes, now_us: int, stream: Any, groups: Any) -> StreamReading | StreamError:
    error = _error_of(stream) or _error_of(groups)
    if error is not None:
        return StreamError(name, GONE if error.says_gone else error.reason, f"XINFO: {error}")
    try:
        return replies.stream_reading(name, now_us, stream, groups)
    except replies.MALFORMED as problem:
        return StreamError(name, "protocol", f"XINFO: {problem}")


class _Question(NamedTuple):
    """What round two asks about one group, and which fields of its reading the replies fill."""

    stream: bytes
    group: int
    fields: tuple[str, ...]
    commands: tuple[Command, ...]


_READERS: Final = {
    "oldest_undelivered": replies.oldest_entry,
    "oldest_pending": replies.oldest_pending,
    "consumer_list": replies.consumer_readings,
}


def _second_round(
    wire: Wire,
    readings: dict[bytes, StreamReading],
    errors: dict[bytes, StreamError],
    max_consumers: int,
    deadline: Deadline,
) -> None:
    """Complete the groups of `readings`; a stream with a failing answer moves to `errors`."""
    groups = {name: list(reading.groups) for name, reading in readings.items() if reading.groups}
    vanished: set[tuple[bytes, int]] = set()
    for name, found in groups.items():
        for i, group in enumerate(found):
            found[i] = _with_first_entry(readings[name], group)
    questions = (
        Request(question, question.commands)
        for name, found in groups.items()
        for i, group in enumerate(found)
        if (question := _question(readings[name], i, group, max_consumers)).commands
    )
    for question, _now_us, answers in exchange(wire, questions, deadline):
        name, i = question.stream, question.group
        try:
            values = _values(question, answers)
        except _GroupGoneError:
            vanished.add((name, i))
        except _AnswerError as problem:
            errors[name] = StreamError(name, problem.reason, str(problem))
        else:
            groups[name][i] = _completed(groups[name][i], values)
    for name, found in groups.items():
        kept = [group for i, group in enumerate(found) if (name, i) not in vanished]
        readings[name] = readings[name]._replace(groups=tuple(kept))
    for name in errors.keys() & readings.keys():
        del readings[name]


def _completed(group: GroupReading, values: dict[str, Any]) -> GroupReading:
    """Fill in what round two found; a lag reported in round one falls with the entries it counted.

    Between the rounds a stream may be deleted or trimmed to nothing: no lag beside no entry.
    """
    if "oldest_undelivered" in values and values["oldest_undelivered"] is None:
        group = group._replace(reported_lag=None)
    return group._replace(**values)


def _with_first_entry(stream: StreamReading, group: GroupReading) -> GroupReading:
    """Name the first entry as the oldest undelivered one where round one shows that it is."""
    first = stream.first_entry
    if first is not None and group.last_delivered < first:
        return group._replace(oldest_undelivered=first)
    return group


def _question(
    stream: StreamReading, index: int, group: GroupReading, max_consumers: int
) -> _Question:
    fields: list[str] = []
    commands: list[Command] = []
    key, name = stream.name, group.name
    behind = stream.length > 0 and not is_caught_up(group.last_delivered, stream.last_generated)
    if behind and group.oldest_undelivered is None:
        fields.append("oldest_undelivered")
        commands.append((b"XRANGE", key, _after(group.last_delivered), b"+", b"COUNT", b"1"))
    if group.pending > 0:
        fields.append("oldest_pending")
        commands.append((b"XPENDING", key, name, b"-", b"+", b"1"))
    if 0 < group.consumers <= max_consumers:
        fields.append("consumer_list")
        commands.append((b"XINFO", b"CONSUMERS", key, name))
    return _Question(key, index, tuple(fields), tuple(commands))


def _after(entry_id: StreamId) -> bytes:
    return b"(%d-%d" % entry_id


class _GroupGoneError(Exception):
    """The group was destroyed between the rounds."""


class _AnswerError(Exception):
    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


def _values(question: _Question, answers: list[Any]) -> dict[str, Any]:
    values = {}
    for field, command, answer in zip(question.fields, question.commands, answers, strict=True):
        command_name = command[0].decode()
        error = _error_of(answer)
        if error is not None:
            if error.says_gone:
                raise _GroupGoneError
            raise _AnswerError(error.reason, f"{command_name}: {error}")
        try:
            values[field] = _READERS[field](answer)
        except replies.MALFORMED as problem:
            raise _AnswerError("protocol", f"{command_name}: {problem}") from problem
    return values


def _error_of(reply: Any) -> ErrorReply | None:
    """Return the reply if it is an error of one command; raises Unreadable if of all of them."""
    if not isinstance(reply, ErrorReply):
        return None
    if reply.is_server_wide:
        raise Unreadable(reply.reason, str(reply))
    return reply
