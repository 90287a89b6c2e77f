"""One sample of many streams of one server in two pipelined rounds, whatever their number.

Round one asks XINFO STREAM and XINFO GROUPS of every stream, and PTTL, with HGET where it has a
field, of every state key. Round two asks, of the groups that need
it, for the oldest undelivered entry, the oldest pending entry and the consumers. Beside them only
HELLO is sent, once, TIME, once per batch, and one SCAN step when there is no stream to ask about.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, Final, NamedTuple

from streamgauge.model.ids import StreamId
from streamgauge.model.lag import is_caught_up
from streamgauge.model.readings import GroupReading, KeyReading, StreamReading
from streamgauge.source import replies
from streamgauge.source.deadline import Deadline
from streamgauge.source.errors import ErrorReply, Redirect, Unreadable, error_of
from streamgauge.source.exchange import Request, exchange
from streamgauge.source.keys import KeyFailure, Subject, key_answer, key_commands
from streamgauge.source.wire import AskingWire, Command, Wire
from streamgauge.state_keys import StateKey

GONE: Final = "gone"
"""The reason of a key that does not exist: not an error, but not a reading either."""


class StreamError(NamedTuple):
    """A key that could not be read; `reason` is one of ERROR_REASONS, or GONE.

    In a cluster another node may have it: the one of `redirect`, or (`unserved`) an unknown one.
    """

    name: bytes
    reason: str
    detail: str
    redirect: Redirect | None = None
    unserved: bool = False

    @property
    def subject(self) -> Subject:
        """What could not be read."""
        return self.name


class NodeSample(NamedTuple):
    """What two rounds brought back from one server: a reading or an error for every subject.

    `clock_offset_seconds` is the server's clock minus this machine's, to within the first reply's
    travel time. `role` is `master`, `slave` or, when the server does not tell, None.
    """

    now_us: int
    clock_offset_seconds: float
    role: str | None
    readings: list[StreamReading]
    errors: list[StreamError]
    key_readings: Sequence[KeyReading] = ()
    key_failures: Sequence[KeyFailure] = ()


def take_sample(
    wire: Wire | AskingWire, subjects: Sequence[Subject], *, max_consumers: int, deadline: Deadline
) -> NodeSample:
    """Read every stream and key; raises Unreadable when the server as a whole cannot be read."""
    readings: dict[bytes, StreamReading] = {}
    errors: dict[bytes, StreamError] = {}
    key_readings: list[KeyReading] = []
    key_failures: list[KeyFailure] = []
    role: str | None = None
    first_us, offset = 0, 0.0
    sent = time.time()
    for subject, now_us, answers in exchange(wire, _first_round(subjects), deadline):
        if subject is _HELLO.subject:
            # The first reply: half of its travel time is the error.
            first_us, offset = now_us, now_us / 1e6 - (sent + time.time()) / 2
            role = replies.role(answers[0])
        elif subject is _PROBE.subject:
            _refuse_error(answers[0])
        elif isinstance(subject, StateKey):
            reading, failure = key_answer(subject, now_us, answers)
            key_readings += [reading] if reading else []
            key_failures += [failure] if failure else []
        else:
            outcome = _outcome(subject, now_us, *answers, from_replica=role == "slave")
            if isinstance(outcome, StreamError):
                errors[subject] = outcome
            else:
                readings[subject] = outcome
    _second_round(wire, readings, errors, max_consumers, deadline)
    found, failed = list(readings.values()), list(errors.values())
    return NodeSample(first_us, offset, role, found, failed, key_readings, key_failures)


_HELLO: Final = Request("role", ((b"HELLO", b"2"),))
"""Tells the role, and needs no right at all: nobody is denied it, so ACL LOG stays as it is."""

_PROBE: Final = Request("probe", ((b"SCAN", b"0", b"COUNT", b"1", b"TYPE", b"stream"),))
"""Makes sure that an empty answer comes from an empty server and not from an unreadable one.

TIME is answered even while the data set is being loaded; a step of SCAN is not."""


def _first_round(subjects: Sequence[Subject]) -> Iterable[Request]:
    # Every key may be denied where no stream is, so only a stream makes the probe needless.
    has_streams = any(not isinstance(subject, StateKey) for subject in subjects)
    first = [_HELLO] if has_streams else [_HELLO, _PROBE]
    return chain(first, (Request(subject, _commands(subject)) for subject in subjects))


def _commands(subject: Subject) -> tuple[Command, ...]:
    if isinstance(subject, StateKey):
        return key_commands(subject)
    return (b"XINFO", b"STREAM", subject), (b"XINFO", b"GROUPS", subject)


def _refuse_error(reply: Any) -> None:
    if isinstance(reply, ErrorReply):
        raise Unreadable(reply.reason, f"SCAN: {reply}")


def _outcome(
    name: bytes, now_us: int, stream: Any, groups: Any, *, from_replica: bool
) -> StreamReading | StreamError:
    error = error_of(stream) or error_of(groups)
    if error is not None:
        return _stream_error(name, "XINFO", error)
    try:
        return replies.stream_reading(name, now_us, stream, groups, from_replica=from_replica)
    except replies.MALFORMED as problem:
        return StreamError(name, "protocol", f"XINFO: {problem}")


def _stream_error(name: bytes, command: str, error: ErrorReply) -> StreamError:
    reason = GONE if error.says_gone else error.reason
    return StreamError(name, reason, f"{command}: {error}", error.redirect, error.says_unserved)


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
    wire: Wire | AskingWire,
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
            errors[name] = problem.error
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
    def __init__(self, error: StreamError) -> None:
        super().__init__(error.detail)
        self.error = error


def _values(question: _Question, answers: list[Any]) -> dict[str, Any]:
    values = {}
    for field, command, answer in zip(question.fields, question.commands, answers, strict=True):
        command_name = command[0].decode()
        error = error_of(answer)
        if error is not None:
            if error.says_gone:
                raise _GroupGoneError
            raise _AnswerError(_stream_error(question.stream, command_name, error))
        try:
            values[field] = _READERS[field](answer)
        except replies.MALFORMED as problem:
            malformed = StreamError(question.stream, "protocol", f"{command_name}: {problem}")
            raise _AnswerError(malformed) from problem
    return values
