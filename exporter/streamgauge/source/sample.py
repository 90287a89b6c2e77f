"""One sample of many streams of one server in two pipelined rounds, whatever their number.

Round one asks XINFO STREAM and XINFO GROUPS of every stream, and PTTL, with HGET where it has a
field, of every state key. Round two asks, of the groups that need it, for the oldest undelivered
entry, the oldest pending entry and the consumers. Beside them only HELLO is sent, once, TIME, once
per batch of round one, and one SCAN step when there is no stream to ask about.

Streams go through both rounds in batches, one behind the other, so that the server works on the
next while the last is read, and no more is held than a few of them.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any, Final, NamedTuple

from streamgauge.model.readings import GroupReading, KeyReading, StreamReading
from streamgauge.source import commands, replies
from streamgauge.source.brief import Brief
from streamgauge.source.errors import ErrorReply, Unreadable, error_of, not_server_wide
from streamgauge.source.greeting import Greeting
from streamgauge.source.keys import (
    Subject,
    Unread,
    key_answer,
    key_commands,
    malformed,
    refused,
)
from streamgauge.source.reactions import Pair, Reactions
from streamgauge.source.second_round import (
    BY_SCRIPT,
    Asked,
    Lookups,
    Question,
    second_round,
)
from streamgauge.source.wire import AskingWire, BatchSize, Deadline, Pipeline, Wire, clock_us
from streamgauge.state_keys import StateKey

_MOST_BATCHES: Final = 4
"""Of each round, under way at once: enough to keep a server busy that is a millisecond away."""

_MOST_HELD_BYTES: Final = 1024 * 1024
"""In large entries of the streams asked about at once. A server that copies them, to send them or
for a script, serves nobody else meanwhile: it shall be able to after each such stream."""


class Request(NamedTuple):
    """What a sample asks for: streams and keys, of how large groups all consumers, and the
    reactions that are declared, if any.
    """

    subjects: Sequence[Subject]
    max_consumers: int
    reactions: Reactions | None = None


class NodeSample(NamedTuple):
    """What two rounds brought back from one server beside the readings of its streams.

    `clock_offset_seconds` is the server's clock minus this machine's, to within the first reply's
    travel time. `role` is `master`, `slave` or, when the server does not tell, None. `read_whole`
    counts the streams whose large entries are read whole, because of `script_denial`.
    """

    now_us: int
    clock_offset_seconds: float
    role: str | None
    errors: list[Unread]
    key_readings: Sequence[KeyReading] = ()
    read_whole: int = 0
    script_denial: str | None = None
    server: str | None = None


def read_node(
    wire: Wire | AskingWire,
    request: Request,
    *,
    deadline: Deadline,
    brief: Brief,
    greeting: Greeting,
    lookups: Lookups,
) -> Generator[StreamReading, None, NodeSample]:
    """Read every stream and key; raises Unreadable when the server as a whole cannot be read."""
    sampling = _Sampling(wire, request, deadline, brief, greeting, lookups)
    yield from sampling.readings()
    return NodeSample(
        sampling.first_us,
        sampling.clock_offset_seconds,
        greeting.role,
        list(sampling.errors.values()),
        sampling.key_readings,
        brief.read_whole,
        None if brief.denial is None else str(brief.denial),
        greeting.server,
    )


class _Sampling:
    """A sample under way."""

    def __init__(
        self,
        wire: Wire | AskingWire,
        request: Request,
        deadline: Deadline,
        brief: Brief,
        greeting: Greeting,
        lookups: Lookups,
    ) -> None:
        self._pipeline = Pipeline(wire, deadline)
        self._request = request
        self._brief = brief
        self._greeting = greeting
        self._lookups = lookups
        self._briefly: set[bytes] = set()
        self._again: list[bytes] = []
        self._first_under_way = 0
        self._held_under_way = 0
        self.first_us, self.clock_offset_seconds = 0, 0.0
        self._finished: list[StreamReading] = []
        self.errors: dict[Subject, Unread] = {}
        self.key_readings: list[KeyReading] = []

    def readings(self) -> Iterator[StreamReading]:
        subjects = self._request.subjects
        streams = {subject for subject in subjects if isinstance(subject, bytes)}
        self._brief.begin(streams)
        # Every key may be denied where no stream is, so only a stream makes the probe needless.
        opening = [*self._greeting.commands(), *([] if streams else [commands.PROBE])]
        self._is_probed = not streams
        self._pipeline.send(opening, partial(self._take_opening, time.time()))
        waiting = iter(subjects)
        size = BatchSize()
        while True:
            while self._has_room and (batch := self._next(waiting, size)):
                self._send_first(batch)
            if not len(self._pipeline):
                return
            size.learn(self._pipeline.receive())
            yield from self._finished
            self._finished.clear()

    @property
    def _has_room(self) -> bool:
        is_heavy = self._held_under_way >= _MOST_HELD_BYTES
        return self._first_under_way < _MOST_BATCHES and not is_heavy

    def _next(self, waiting: Iterator[Subject], size: BatchSize) -> list[Subject]:
        batch = self._some(waiting, size.now)
        if not batch:
            again = iter(self._again)
            batch = self._some(again, size.now)
            self._again = list(again)
        return batch

    def _some(self, waiting: Iterator[Subject], most: int) -> list[Subject]:
        """Take so many, or as many as hold the most that may be asked about at once."""
        if not self._brief.knows_any:
            return list(islice(waiting, most))
        batch, held = [], self._held_under_way
        for subject in islice(waiting, most):
            batch.append(subject)
            held += self._held_bytes(subject)
            if held >= _MOST_HELD_BYTES:
                break
        return batch

    def _held_bytes(self, subject: Subject) -> int:
        return self._brief.held_bytes(subject) if isinstance(subject, bytes) else 0

    def _take_opening(self, sent: float, answers: list[Any]) -> None:
        probe = answers.pop() if self._is_probed else None
        self.first_us, self.clock_offset_seconds = self._greeting.take(sent, answers)
        self._lookups.begin(self._request.max_consumers, counts_nacked=self._greeting.counts_nacked)
        if isinstance(probe, ErrorReply):
            raise Unreadable(probe.reason, f"SCAN: {probe}")

    def _send_first(self, batch: list[Subject]) -> None:
        brief = self._brief.names
        wanted = [commands.TIME]
        for subject in batch:
            if isinstance(subject, StateKey):
                wanted += [commands.packed(*command) for command in key_commands(subject)]
            else:
                key = commands.bulk(subject)
                if subject in brief:
                    self._briefly.add(subject)
                    wanted.append(self._brief.stream(key))
                else:
                    wanted.append(commands.XINFO_STREAM + key)
                wanted.append(commands.XINFO_GROUPS + key)
        held = sum(map(self._held_bytes, batch)) if self._brief.knows_any else 0
        self._first_under_way += 1
        self._held_under_way += held
        self._pipeline.send(wanted, partial(self._take_first, batch, held))

    def _take_first(self, batch: list[Subject], held: int, answers: list[Any]) -> None:
        self._first_under_way -= 1
        self._held_under_way -= held
        now_us, at = clock_us(answers[0]), 1
        readings: list[StreamReading] = []
        for subject in batch:
            if isinstance(subject, StateKey):
                end = at + len(key_commands(subject))
                self._take_key(subject, now_us, answers[at:end])
                at = end
            else:
                reading = self._read(subject, now_us, answers[at], answers[at + 1])
                at += 2
                if reading is not None:
                    readings.append(reading)
        reactions = self._request.reactions
        if reactions is not None:
            reactions.read(readings)
        second = second_round(readings, self._lookups, self._brief, reactions)
        if second.commands:
            self._pipeline.send(second.commands, partial(self._take_second, readings, second.asked))
        else:
            self._finish(readings)

    def _take_key(self, key: StateKey, now_us: int, answers: list[Any]) -> None:
        reading, failure = key_answer(key, now_us, answers)
        self.key_readings += [reading] if reading else []
        self.errors |= {key: failure} if failure else {}

    def _read(self, name: bytes, now_us: int, stream: Any, groups: Any) -> StreamReading | None:
        if name in self._briefly:
            self._briefly.discard(name)
            if isinstance(stream, ErrorReply) and self._brief.refuses(stream):
                self._again.append(name)
                return None
        error = error_of(stream) or error_of(groups)
        if error is not None:
            self.errors[name] = refused(name, "XINFO", error)
            return None
        try:
            self._brief.learn(name, stream)
            return replies.stream_reading(
                name,
                now_us,
                stream,
                groups,
                from_replica=self._greeting.role == "slave",
                server=self._greeting.server,
            )
        except replies.MALFORMED as problem:
            self.errors[name] = malformed(name, "XINFO", problem)
            return None

    def _take_second(
        self, readings: list[StreamReading], asked: list[Asked], answers: list[Any]
    ) -> None:
        unfinished: set[bytes] = set()
        for (reading, group, question), answer in zip(asked, answers, strict=True):
            if unfinished and reading.name in unfinished:
                continue
            if isinstance(answer, ErrorReply):
                if not self._take_error(reading, group, question, answer):
                    unfinished.add(reading.name)
                continue
            try:
                question.take(group, answer)
            except replies.MALFORMED as problem:
                self.errors[reading.name] = malformed(reading.name, question.command, problem)
                unfinished.add(reading.name)
        self._finish([reading for reading in readings if reading.name not in unfinished])

    def _take_error(
        self,
        reading: StreamReading,
        group: GroupReading | Pair,
        question: Question,
        answer: ErrorReply,
    ) -> bool:
        """Take note of an error; False when the stream is not to be finished."""
        error, name = not_server_wide(answer), reading.name
        if error.says_gone:  # destroyed between the rounds
            reading.groups = tuple([one for one in reading.groups if one is not group])
            return True
        if question in BY_SCRIPT and self._brief.refuses(error):
            self._again.append(name)
        else:
            self.errors[name] = refused(name, question.command, error)
        return False

    def _finish(self, readings: list[StreamReading]) -> None:
        if self._lookups.counts_nacked:
            for reading in readings:
                for group in reading.groups:
                    self._lookups.conclude(reading.name, group)
        self._finished += readings
