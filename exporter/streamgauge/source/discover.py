"""Finds the streams of one Redis in the background, so that no scrape ever walks the keyspace."""

from __future__ import annotations

import threading
import time
from typing import Any, Final, NamedTuple

from streamgauge import globs
from streamgauge.config import DiscoveryConfig, RedisConfig
from streamgauge.logs import EventLog
from streamgauge.policy import Policy
from streamgauge.source import replies
from streamgauge.source.errors import ErrorReply, Unreadable
from streamgauge.source.selection import Patterns, Selection
from streamgauge.source.wire import Deadline, Wire

_log = EventLog("discovery")

_KEYS_PER_STEP: Final = b"1000"
_PAUSE_RATIO: Final = 3
"""A step that took a millisecond is followed by three of rest: a walk over millions of keys leaves
the server three quarters of the time it would otherwise take from its other clients."""
_LONGEST_PAUSE_SECONDS: Final = 0.1
_RETRY_SECONDS: Final = 1.0


class Found(NamedTuple):
    """What the last complete walk found, or the first one so far."""

    names: frozenset[bytes] = frozenset()
    dropped: int = 0
    last_success_timestamp_seconds: float | None = None
    duration_seconds: float | None = None


class Discovery:
    """A daemon thread that walks the keyspace every interval and publishes what it found."""

    def __init__(self, redis: RedisConfig, discovery: DiscoveryConfig, policy: Policy) -> None:
        self._redis = redis
        self._discovery = discovery
        self._policy = policy
        self._found = Found(frozenset(policy.declared))
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._first_attempt = threading.Event()
        self._failing = False
        self._dropped_logged = False
        self._thread = threading.Thread(target=self._run, name="discovery", daemon=True)

    def start(self) -> None:
        """Begin the first walk."""
        self._thread.start()

    def stop(self) -> None:
        """End after the step under way."""
        self._stopped.set()
        self._wake.set()
        self._first_attempt.set()

    def configure(self, discovery: DiscoveryConfig, policy: Policy) -> None:
        """Take over new settings and walk again at once."""
        self._discovery, self._policy = discovery, policy
        self._dropped_logged = False
        self._wake.set()

    @property
    def found(self) -> Found:
        """The streams known by now."""
        return self._found

    @property
    def has_succeeded(self) -> bool:
        """Tell whether the keyspace was walked at least once from end to end."""
        return self._found.last_success_timestamp_seconds is not None

    def wait_for_first_walk(self, seconds: float) -> None:
        """Give the first walk a chance to end, so that a first scrape is not an empty one.

        After a failed attempt (Redis was away when the process started) a new one begins at once.
        """
        if not self.has_succeeded and not self._stopped.is_set():
            if self._first_attempt.is_set():
                self._first_attempt.clear()
                self._wake.set()
            self._first_attempt.wait(seconds)

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._wake.clear()
            pause = self._discovery.interval_seconds
            try:
                self._walk()
            except Unreadable as error:
                pause = min(pause, _RETRY_SECONDS)
                self._log_failure(error)
            except Exception:  # noqa: BLE001 - a fault here must not end discovery for good
                _log.exception("discovery failed", redis=self._redis.name)
            else:
                self._failing = False
            self._first_attempt.set()
            self._wake.wait(pause)

    def _walk(self) -> None:
        settings, started = self._discovery, time.monotonic()
        selection = Selection(self._policy, Patterns(settings.patterns), settings.max_streams)
        wire = Wire(self._redis)
        try:
            cursor = b"0" if settings.patterns else None
            wire.open(Deadline(self._redis.timeout_seconds))
            if cursor is None:
                self._step(wire, (b"TIME",))
            while cursor is not None and not self._stopped.is_set():
                step_started = time.monotonic()
                cursor = self._scan(wire, cursor, settings.patterns, selection)
                if not self.has_succeeded:
                    self._found = Found(selection.names, selection.dropped)
                if cursor is not None:
                    took = time.monotonic() - step_started
                    self._stopped.wait(min(took * _PAUSE_RATIO, _LONGEST_PAUSE_SECONDS))
        finally:
            wire.close()
        if self._stopped.is_set():
            return
        self._found = Found(
            selection.names, selection.dropped, time.time(), time.monotonic() - started
        )
        self._log_dropped(settings.max_streams)

    def _scan(
        self, wire: Wire, cursor: bytes, patterns: tuple[bytes, ...], selection: Selection
    ) -> bytes | None:
        """Take one step of SCAN; returns the next cursor, None at the end."""
        match = patterns[0] if len(patterns) == 1 else globs.common_prefix(patterns) + b"*"
        arguments = () if match == b"*" else (b"MATCH", match)
        reply = self._step(
            wire, (b"SCAN", cursor, *arguments, b"COUNT", _KEYS_PER_STEP, b"TYPE", b"stream")
        )
        try:
            next_cursor, names = reply
            for name in names:
                selection.add(name)
        except replies.MALFORMED as error:
            raise Unreadable("protocol", "SCAN: not a list of keys") from error
        return None if next_cursor == b"0" else next_cursor

    def _step(self, wire: Wire, command: tuple[bytes, ...]) -> Any:
        deadline = Deadline(self._redis.timeout_seconds)
        wire.send([command], deadline)
        reply = wire.receive(1, deadline)[0]
        if isinstance(reply, ErrorReply):
            raise Unreadable(reply.reason, f"{command[0].decode()}: {reply}")
        return reply

    def _log_failure(self, error: Unreadable) -> None:
        if not self._failing:
            self._failing = True
            _log.warning(
                "discovery failed", redis=self._redis.name, reason=error.reason, detail=error
            )

    def _log_dropped(self, max_streams: int) -> None:
        if self._found.dropped and not self._dropped_logged:
            self._dropped_logged = True
            _log.warning(
                "more streams than max_streams",
                redis=self._redis.name,
                max_streams=max_streams,
                dropped=self._found.dropped,
            )
