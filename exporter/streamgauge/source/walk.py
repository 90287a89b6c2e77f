"""One walk over the keyspace of each server of one Redis: streams to export, keys to count."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

from streamgauge import globs
from streamgauge.config import RedisConfig
from streamgauge.logs import EventLog
from streamgauge.policy import Policy, StreamClass
from streamgauge.source import replies
from streamgauge.source.commands import Command
from streamgauge.source.errors import ErrorReply, Unreadable
from streamgauge.source.nodes import run_all
from streamgauge.source.wire import Deadline, Wire

_RANK: Final = {stream_class: rank for rank, stream_class in enumerate(StreamClass)}
_WORTH_A_LOOK: Final = 1.01

_log = EventLog("discovery")
_KEYS_PER_STEP: Final = 500
"""A server serves nobody else during a step. To look up the type of so many keys takes it less than
a millisecond, also when they are millions and none is in its processor's cache."""

_KEYS_PER_SECOND: Final = 200_000
_REST_RATIO: Final = 3
_LONGEST_REST_SECONDS: Final = 0.1


class Patterns:
    """The discovery patterns; a name is of interest when one of them matches it."""

    def __init__(self, patterns: tuple[bytes, ...]) -> None:
        self._patterns = [globs.compile_glob(pattern) for pattern in patterns]

    def match(self, name: bytes) -> bool:
        """Tell whether a pattern matches the name."""
        return any(pattern.fullmatch(name) for pattern in self._patterns)


class Selection:
    """Keeps at most `max_streams` of the names added: declared ones first, then by class and name.

    The choice depends on the names alone, not on the order in which a walk finds them, so the same
    streams are exported after every walk. Of what is left out only a hash is kept: a keyspace can
    hold a million streams nobody asked for, and a walk may report one twice.
    """

    def __init__(self, policy: Policy, patterns: Patterns, max_streams: int) -> None:
        self._policy = policy
        self._patterns = patterns
        self._max_streams = max_streams
        self._ranked: dict[bytes, tuple[bool, int, bytes]] = {}
        self._left_out: set[int] = set()
        for name in policy.declared:
            self._keep(name)

    def add(self, name: bytes) -> None:
        """Consider a stream found in the keyspace; one that is ignored or unmatched is no loss."""
        if name not in self._ranked and self._patterns.match(name):
            self._keep(name)

    def has_outgrown(self, names: Collection[bytes]) -> bool:
        """Tell whether it is worth to look at the names again, for somebody who has seen these.

        To look whenever one is added would cost the square of their number.
        """
        return len(self._ranked) > len(names) * _WORTH_A_LOOK

    @property
    def names(self) -> frozenset[bytes]:
        """The streams to export."""
        self._trim()
        return frozenset(self._ranked)

    @property
    def dropped(self) -> int:
        """How many streams were left out."""
        self._trim()
        return len(self._left_out)

    def _keep(self, name: bytes) -> None:
        policy = self._policy.classify(name)
        if policy is None:
            return
        self._ranked[name] = (not policy.declared, _RANK[policy.stream_class], name)
        if len(self._ranked) > 2 * self._max_streams:  # rarely, so that no name costs a sort
            self._trim()

    def _trim(self) -> None:
        if len(self._ranked) <= self._max_streams:
            return
        for name in sorted(self._ranked, key=self._ranked.__getitem__)[self._max_streams :]:
            del self._ranked[name]
            self._left_out.add(hash(name))


class PatternCounter:
    """Counts every name once, however often a walk or several servers report it.

    Of a name only its hash is kept.
    """

    def __init__(self, patterns: tuple[bytes, ...]) -> None:
        self.patterns = patterns
        self._seen: dict[bytes, set[int]] = {pattern: set() for pattern in patterns}
        self._counted = [(globs.compile_glob(p), seen) for p, seen in self._seen.items()]

    def add(self, name: bytes) -> None:
        """Count a key found in the keyspace for every pattern it matches."""
        for pattern, seen in self._counted:
            if pattern.fullmatch(name):
                seen.add(hash(name))

    @property
    def counts(self) -> Mapping[bytes, int]:
        """The number of keys by pattern."""
        return {pattern: len(seen) for pattern, seen in self._seen.items()}


def rest_after(step_seconds: float) -> float:
    """How long to leave a server alone after a step that took so long.

    Three times as long, so that a walk takes a quarter of its time at most; and where that is a
    short while, long enough for no more than so many keys a second. A step that took very long was
    waiting for the network or behind other commands, which a long rest would not help.
    """
    in_proportion = min(step_seconds * _REST_RATIO, _LONGEST_REST_SECONDS)
    return max(in_proportion, _KEYS_PER_STEP / _KEYS_PER_SECOND - step_seconds)


class _Scan(NamedTuple):
    """What SCAN is asked for from its first cursor to its last, and who is told what it finds."""

    arguments: tuple[bytes, ...]
    add: Callable[[bytes], None]
    only_streams: bool


class Walk:
    """Adds the streams it finds to a selection and then other keys to a counter.

    Several servers are walked at once. Who counts nothing pays for nothing: without its type, SCAN
    would have to send every name.
    """

    def __init__(
        self,
        selection: Selection,
        patterns: tuple[bytes, ...],
        stopped: threading.Event,
        counter: PatternCounter | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._scans = [*_scans(patterns, selection.add, only_streams=True)]
        if counter is not None:
            self._scans += _scans(counter.patterns, counter.add, only_streams=False)
        self._stopped = stopped
        self._clock = clock
        self._lock = threading.Lock()
        self.without_type: set[str] = set()
        """The addresses of servers whose SCAN takes no TYPE; the type of each key is asked for."""

    def run(
        self, servers: Sequence[RedisConfig], after_step: Callable[[], None]
    ) -> dict[str, Unreadable | None]:
        """Walk every server; returns by address what went wrong, None for nothing.

        `after_step` is called when a part of a keyspace was added, by one thread at a time.
        """
        tasks = {server.address: partial(self._walk, server, after_step) for server in servers}
        if len(servers) > 1:
            return run_all(tasks)
        return {address: walk() for address, walk in tasks.items()}

    def _walk(self, server: RedisConfig, after_step: Callable[[], None]) -> Unreadable | None:
        wire = Wire(server)
        try:
            wire.open(Deadline(server.timeout_seconds))
            if not self._scans:
                _ask(wire, server, (b"TIME",))
            for scan in self._scans:
                self._walk_through(scan, wire, server, after_step)
        except Unreadable as error:
            return error
        except Exception:  # noqa: BLE001 - a fault of this program must not end discovery for good
            _log.exception("discovery failed", redis=server.name)
            return Unreadable("other", "a fault of the exporter")
        finally:
            wire.close()
        return None

    def _walk_through(
        self, scan: _Scan, wire: Wire, server: RedisConfig, after_step: Callable[[], None]
    ) -> None:
        cursor: bytes | None = b"0"
        while cursor is not None and not self._stopped.is_set():
            started = self._clock()
            cursor = self._step(scan, wire, server, cursor)
            took = self._clock() - started
            with self._lock:
                after_step()
            if cursor is not None:
                self._stopped.wait(rest_after(took))

    def _step(self, scan: _Scan, wire: Wire, server: RedisConfig, cursor: bytes) -> bytes | None:
        """Take one step of SCAN; returns the next cursor, None at the end."""
        try:
            next_cursor, names = self._scanned(scan, wire, server, cursor)
            if scan.only_streams and server.address in self.without_type:
                names = _streams_among(names, wire, server)
            with self._lock:
                for name in names:
                    scan.add(name)
        except replies.MALFORMED as error:
            raise Unreadable("protocol", "SCAN: not a list of keys") from error
        return None if next_cursor == b"0" else next_cursor

    def _scanned(self, scan: _Scan, wire: Wire, server: RedisConfig, cursor: bytes) -> Any:
        command = (b"SCAN", cursor, *scan.arguments)
        if scan.only_streams and server.address not in self.without_type:
            (reply,) = _replies(wire, server, [(*command, b"TYPE", b"stream")])
            if not (isinstance(reply, ErrorReply) and reply.says_syntax):
                return _told(reply, command)
            with self._lock:
                self.without_type.add(server.address)
        return _ask(wire, server, command)


def _streams_among(names: Sequence[bytes], wire: Wire, server: RedisConfig) -> list[bytes]:
    types = _replies(wire, server, [(b"TYPE", name) for name in names])
    return [name for name, found in zip(names, types, strict=True) if found == b"stream"]


def _scans(
    patterns: tuple[bytes, ...], add: Callable[[bytes], None], *, only_streams: bool
) -> Iterator[_Scan]:
    """One scan for all of these patterns, or none."""
    if not patterns:
        return
    match = patterns[0]
    if len(patterns) > 1:
        match = globs.escape(globs.common_prefix(patterns)) + b"*"
    matching = () if match == b"*" else (b"MATCH", match)
    yield _Scan((*matching, b"COUNT", b"%d" % _KEYS_PER_STEP), add, only_streams)


def _ask(wire: Wire, server: RedisConfig, command: Command) -> Any:
    (reply,) = _replies(wire, server, [command])
    return _told(reply, command)


def _told(reply: Any, command: Command) -> Any:
    if isinstance(reply, ErrorReply):
        raise Unreadable(reply.reason, f"{command[0].decode()}: {reply}")
    return reply


def _replies(wire: Wire, server: RedisConfig, commands: Sequence[Command]) -> list[Any]:
    deadline = Deadline(server.timeout_seconds)
    wire.send(commands, deadline)
    return wire.receive(len(commands), deadline)
