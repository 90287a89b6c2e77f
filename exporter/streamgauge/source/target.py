"""One Redis to watch: its connection, its discovery, and what is remembered of it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable
from operator import attrgetter
from typing import Final

from streamgauge.config import DiscoveryConfig, RedisConfig
from streamgauge.logs import EventLog
from streamgauge.model.derive import absent_record, stream_record
from streamgauge.model.memory import Memory
from streamgauge.model.records import (
    ERROR_REASONS,
    ClassCount,
    ErrorCount,
    RedisSnapshot,
    StageDuration,
    Stream,
)
from streamgauge.policy import Policy, StreamClass
from streamgauge.source.complaints import Complaints
from streamgauge.source.discover import Discovery
from streamgauge.source.errors import ConnectionLostError, Unreadable
from streamgauge.source.sample import GONE, Sample, take_sample
from streamgauge.source.selection import Patterns
from streamgauge.source.wire import Deadline, Wire

_log = EventLog("scrape")

_OUT_OF_TIME: Final = Unreadable("timeout", "no answer in time")

_FIRST_WALK_SHARE: Final = 0.4
"""The part of its time a scrape gives to a first discovery that has not ended yet."""


class Target:
    """Samples one Redis; `sample` must not be called by two threads at once."""

    def __init__(self, redis: RedisConfig, discovery: DiscoveryConfig, policy: Policy) -> None:
        self.redis = redis
        self._policy = policy
        self._settings = discovery
        self._discovery = Discovery(redis, discovery, policy)
        self._wire = Wire(redis)
        self._memory = Memory()
        self._complaints = Complaints(redis.name)
        self._has_been_read = False
        self._stopped = False
        self._given_up = False
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin to discover streams in the background."""
        self._discovery.start()

    def stop(self) -> None:
        """Hang up; a sample under way fails at once."""
        self._stopped = True
        self._discovery.stop()
        self._wire.abort()

    def give_up(self) -> RedisSnapshot:
        """Make the sample under way fail: its time is over and it did not notice."""
        self._given_up = True
        self._wire.abort()
        return self.out_of_time()

    def out_of_time(self) -> RedisSnapshot:
        """Answer somebody who cannot wait for the sample under way."""
        return self.unreadable(_OUT_OF_TIME)

    def configure(self, discovery: DiscoveryConfig, policy: Policy) -> None:
        """Take over new classes and limits, from the next sample on."""
        with self._lock:
            self._settings, self._policy = discovery, policy
        self._discovery.configure(discovery, policy)

    @property
    def is_ready(self) -> bool:
        """Tell whether Redis was read at least once."""
        return self._has_been_read

    def sample(self, seconds: float) -> RedisSnapshot:
        """Read every known stream within the time given; never raises for what Redis does."""
        deadline = Deadline(seconds)
        self._given_up = False
        self._discovery.wait_for_first_walk(seconds * _FIRST_WALK_SHARE)
        with self._lock:
            settings, policy = self._settings, self._policy
        names = self._watched(settings, policy)
        try:
            sample, durations = self._take_sample(names, settings.max_consumers, deadline)
        except Unreadable as error:
            self._wire.close()
            return self.unreadable(_OUT_OF_TIME if self._given_up else error)
        except Exception:  # noqa: BLE001 - a fault of this program must not cost the scrape
            self._wire.close()
            _log.exception("scrape failed", redis=self.redis.name)
            return self.unreadable(Unreadable("other", "a fault of the exporter"))
        self._has_been_read = True
        self._complaints.server_readable()
        self._memory.forget_streams(frozenset(names))
        return self._snapshot(sample, policy, durations)

    def _take_sample(
        self, names: list[bytes], max_consumers: int, deadline: Deadline
    ) -> tuple[Sample, tuple[StageDuration, ...]]:
        """Sample over the standing connection, or over a new one where that has broken since.

        A server that was restarted between two scrapes is readable, and this scrape must say so.
        """
        started = time.monotonic()
        was_open = self._wire.is_open
        self._refuse_if_ended()
        self._wire.open(deadline)
        self._refuse_if_ended()  # by somebody who found no connection to cut yet
        connected = time.monotonic()
        try:
            sample = take_sample(self._wire, names, max_consumers=max_consumers, deadline=deadline)
        except ConnectionLostError:
            if not was_open:
                raise
            self._wire.close()
            return self._take_sample(names, max_consumers, deadline)
        _refuse_if_all_denied(sample)
        return sample, (
            StageDuration("connect", connected - started),
            StageDuration("sample", time.monotonic() - connected),
        )

    def _refuse_if_ended(self) -> None:
        if self._stopped or self._given_up:
            raise Unreadable("other", "the sample was ended")

    def unreadable(self, error: Unreadable) -> RedisSnapshot:
        """Say that this scrape saw nothing: no stream has a series, all known ones are counted."""
        with self._lock:
            settings, policy = self._settings, self._policy
        self._complaints.server_unreadable(error)
        classes = Counter(_class_of(policy, name) for name in self._watched(settings, policy))
        errors = Counter({(c, error.reason): count for c, count in classes.items()})
        return self._record(up=0, errors=errors)

    def _watched(self, settings: DiscoveryConfig, policy: Policy) -> list[bytes]:
        """List the names to ask for: found, declared, and continuous ones seen before.

        The last are asked for even when discovery no longer finds them: that is the news.
        """
        names = set(self._discovery.found.names)
        lost = self._memory.continuous - names
        if lost:
            patterns = Patterns(settings.patterns)
            names |= {
                name
                for name in lost
                if patterns.match(name) and _class_of(policy, name) is StreamClass.CONTINUOUS
            }
        return sorted(name for name in names if policy.resolve(name) is not None)

    def _snapshot(
        self, sample: Sample, policy: Policy, durations: tuple[StageDuration, ...]
    ) -> RedisSnapshot:
        streams: list[Stream] = []
        for reading in sample.readings:
            stream_policy = policy.resolve(reading.name)
            if stream_policy is not None:
                streams.append(stream_record(reading, stream_policy, self._memory))
        streams += self._absent(sample, policy)
        streams.sort(key=attrgetter("name"))
        failed = [error for error in sample.errors if error.reason != GONE]
        self._complaints.streams_unreadable(failed)
        return self._record(
            up=1,
            streams=streams,
            errors=Counter((_class_of(policy, error.name), error.reason) for error in failed),
            durations=durations,
            clock_offset_seconds=sample.clock_offset_seconds,
        )

    def _absent(self, sample: Sample, policy: Policy) -> Iterable[Stream]:
        """List the streams that ought to be there and are not, or are of another type."""
        seen = self._memory.continuous
        for error in sample.errors:
            stream_policy = policy.resolve(error.name)
            if stream_policy is None or error.reason not in (GONE, "wrongtype"):
                continue
            is_lost = stream_policy.stream_class is StreamClass.CONTINUOUS and error.name in seen
            if stream_policy.declared or is_lost:
                now = sample.now_us / 1e6
                yield absent_record(error.name, stream_policy, now, self._memory)

    def _record(
        self,
        *,
        up: int,
        errors: Counter[tuple[StreamClass, str]],
        streams: list[Stream] | None = None,
        durations: tuple[StageDuration, ...] = (),
        clock_offset_seconds: float | None = None,
    ) -> RedisSnapshot:
        found = self._discovery.found
        read = Counter(stream.stream_class for stream in streams or () if stream.exists)
        unknown = sum(1 for stream in streams or () for group in stream.groups if group.lag is None)
        return RedisSnapshot(
            redis=self.redis.name,
            db=self.redis.db,
            up=up,
            streams=streams or (),
            class_counts=[ClassCount(c, read[c]) for c in StreamClass],
            error_counts=[
                ErrorCount(c, r, errors[c, r]) for c in StreamClass for r in ERROR_REASONS
            ],
            streams_dropped=found.dropped,
            groups_lag_unknown=unknown if up else None,
            durations=durations,
            clock_offset_seconds=clock_offset_seconds,
            discovery_last_success_timestamp_seconds=found.last_success_timestamp_seconds,
            discovery_duration_seconds=found.duration_seconds,
        )


def _class_of(policy: Policy, name: bytes) -> StreamClass:
    stream_policy = policy.resolve(name)
    return stream_policy.stream_class if stream_policy else StreamClass.UNCLASSIFIED


def _refuse_if_all_denied(sample: Sample) -> None:
    """Treat a server that denies every single stream as unreadable: a scrape saw nothing of it."""
    if sample.errors and not sample.readings and all(e.reason == "noperm" for e in sample.errors):
        raise Unreadable("noperm", sample.errors[0].detail)
