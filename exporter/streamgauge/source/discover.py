"""Finds streams and counts keys in the background, so that no scrape ever walks the keyspace."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from types import MappingProxyType
from typing import Final, NamedTuple

from streamgauge.config import DiscoveryConfig, RedisConfig
from streamgauge.logs import EventLog
from streamgauge.policy import Policy
from streamgauge.source.errors import Unreadable
from streamgauge.source.topology import Topology
from streamgauge.source.walk import PatternCounter, Patterns, Selection, Walk
from streamgauge.source.wire import Deadline

_log = EventLog("discovery")

_RETRY_SECONDS: Final = 1.0
_JITTER: Final = 0.1
"""A pause is longer or shorter by up to this part of it: exporters that were started together, and
the servers of one of them, do not stay in step."""


class Found(NamedTuple):
    """What the last walk found, or the first one so far.

    `kept` are those of the names that it did not find and that may be there all the same. The time
    and duration are those of the last walk that went through the whole keyspace. `key_counts` are
    by pattern, and empty unless the last walk went through the whole keyspace.
    """

    names: frozenset[bytes] = frozenset()
    dropped: int | None = None
    last_success_timestamp_seconds: float | None = None
    duration_seconds: float | None = None
    kept: frozenset[bytes] = frozenset()
    key_counts: Mapping[bytes, int] = MappingProxyType({})


class Discovery:
    """A daemon thread that walks the keyspace every interval and publishes what it found."""

    def __init__(
        self,
        redis: RedisConfig,
        topology: Topology,
        discovery: DiscoveryConfig,
        policy: Policy,
        at_random: Callable[[float, float], float] | None = None,
    ) -> None:
        self._redis = redis
        self._topology = topology
        self._discovery = discovery
        self._policy = policy
        self._at_random = at_random or random.Random().uniform  # noqa: S311 - for pauses
        self._found = Found(frozenset(policy.declared))
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._first_attempt = threading.Event()
        self._takes_long = False
        self._has_walked = False
        self._failures: dict[str, str] = {}
        self._dropped_logged = False
        self._without_type: set[str] = set()
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
        """What is known by now."""
        return self._found

    @property
    def has_walked(self) -> bool:
        """Tell whether the keyspace of a server was walked at least once from end to end."""
        return self._has_walked

    def wait_for_first_walk(self, seconds: float) -> None:
        """Give the first walk a chance to end, so that a first scrape is not an empty one.

        One scrape waits for a walk that takes longer than that, and those after it do not. After a
        failed attempt (Redis was away when the process started) a new one begins at once.
        """
        if self._has_walked or self._takes_long or self._stopped.is_set():
            return
        if self._first_attempt.is_set():
            self._first_attempt.clear()
            self._wake.set()
        self._takes_long = not self._first_attempt.wait(seconds)

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._wake.clear()
            pause = self._discovery.interval_seconds
            try:
                failures = self._walk()
            except Unreadable as error:
                pause = min(pause, _RETRY_SECONDS)
                self._forget_counts()
                self._log_failures({self._redis.address: error})
            except Exception:  # noqa: BLE001 - a fault here must not end discovery for good
                _log.exception("discovery failed", redis=self._redis.name)
                self._forget_counts()
            else:
                self._log_failures(failures)
                self._log_ends(failures)
            self._takes_long = False
            self._first_attempt.set()
            self._wake.wait(pause * self._at_random(1 - _JITTER, 1 + _JITTER))

    def _walk(self) -> dict[str, Unreadable]:
        """Walk once and publish; returns the servers that failed, raises Unreadable if all did."""
        settings, started = self._discovery, time.monotonic()
        selection = Selection(self._policy, Patterns(settings.patterns), settings.max_streams)

        def publish_the_first_finds() -> None:
            if not self._has_walked and selection.has_outgrown(self._found.names):
                self._found = Found(selection.names, selection.dropped)

        servers = self._topology.nodes(Deadline(self._redis.timeout_seconds))
        counter = PatternCounter(self._policy.keys.patterns)
        walk = Walk(selection, settings.patterns, self._stopped, counter)
        outcomes = walk.run(servers, publish_the_first_finds)
        self._log_without_type(walk.without_type)
        failures = {address: error for address, error in outcomes.items() if error is not None}
        if len(failures) == len(outcomes):
            raise next(iter(failures.values()))
        if not self._stopped.is_set():
            kept = self._keep_what_was_missed(selection, outcomes)
            seconds = None if failures else time.monotonic() - started
            self._publish(selection, kept, counter, seconds)
            self._log_dropped(settings.max_streams)
        return failures

    def _keep_what_was_missed(
        self, selection: Selection, outcomes: Mapping[str, Unreadable | None]
    ) -> frozenset[bytes]:
        """Add those streams of the last walk that this one did not see, but cannot rule out.

        They are of a server that was not walked, or may have moved behind the back of the walk to
        one that it had seen; the next walk settles that. A scrape drops by itself what is gone.
        """
        if not self._topology.keys_move:
            return frozenset()
        walked = {address for address, error in outcomes.items() if error is None}
        before = self._found
        missed = []
        for name in before.names - selection.names:
            holder = self._topology.holder(name)
            if holder not in walked or name not in before.kept:
                missed.append(name)
        for name in missed:
            selection.add(name)
        return selection.names.intersection(missed)

    def _publish(
        self,
        selection: Selection,
        kept: frozenset[bytes],
        counter: PatternCounter,
        complete_in_seconds: float | None,
    ) -> None:
        found = self._found._replace(
            names=selection.names, dropped=selection.dropped, kept=kept, key_counts={}
        )
        if complete_in_seconds is not None:
            found = found._replace(
                last_success_timestamp_seconds=time.time(),
                duration_seconds=complete_in_seconds,
                key_counts=counter.counts,
            )
        self._found = found
        self._has_walked = True

    def _forget_counts(self) -> None:
        """Drop the numbers of keys: nobody knows any more whether they still hold."""
        self._found = self._found._replace(key_counts={})

    def _log_failures(self, failures: Mapping[str, Unreadable]) -> None:
        """Name each server that cannot be walked, newly or for another reason."""
        for address, error in failures.items():
            if self._failures.get(address) != error.reason:
                self._failures[address] = error.reason
                _log.warning(
                    "discovery failed",
                    redis=self._redis.name,
                    address=address,
                    reason=error.reason,
                    detail=error,
                )

    def _log_ends(self, failures: Mapping[str, Unreadable]) -> None:
        """Name each server that failed before and not in this walk."""
        if self._stopped.is_set():  # the walk was broken off, and tells nothing
            return
        for address in self._failures.keys() - failures.keys():
            del self._failures[address]
            _log.info("discovery works again or node gone", redis=self._redis.name, address=address)

    def _log_without_type(self, addresses: AbstractSet[str]) -> None:
        for address in sorted(addresses - self._without_type):
            _log.warning(
                "SCAN takes no TYPE here, so the type of every key is asked for",
                redis=self._redis.name,
                address=address,
            )
        self._without_type |= addresses

    def _log_dropped(self, max_streams: int) -> None:
        if self._found.dropped and not self._dropped_logged:
            self._dropped_logged = True
            _log.warning(
                "more streams than max_streams",
                redis=self._redis.name,
                max_streams=max_streams,
                dropped=self._found.dropped,
            )
