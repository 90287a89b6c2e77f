"""One Redis to watch: its topology, its discovery, and what is remembered of it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Final

from streamgauge.changes import note_changes
from streamgauge.config import DiscoveryConfig, RedisConfig
from streamgauge.logs import EventLog
from streamgauge.model.derive import absent_record, stream_record
from streamgauge.model.looks import Looks, Seen
from streamgauge.model.memory import Changes, Memory
from streamgauge.model.records import (
    ERROR_REASONS,
    ClassCount,
    ErrorCount,
    Failure,
    Instance,
    Key,
    KeyCount,
    RedisSnapshot,
    StageDuration,
    Stream,
)
from streamgauge.policy import UNCLASSIFIED, Policy, StreamClass, StreamPolicy
from streamgauge.source.discover import Discovery
from streamgauge.source.errors import Unreadable
from streamgauge.source.inquiry import Answer, inquire
from streamgauge.source.key_records import error_counts, key_state, unread_keys
from streamgauge.source.keys import GONE, Subject, Unread
from streamgauge.source.layout import topology_of
from streamgauge.source.problem_log import ProblemLog
from streamgauge.source.reactions import Reactions
from streamgauge.source.sample import Request
from streamgauge.source.topology import Readings, Sample
from streamgauge.source.walk import Patterns
from streamgauge.source.wire import Deadline
from streamgauge.state_file import StateFile

_log = EventLog("scrape")

_OUT_OF_TIME: Final = ("timeout", "no answer in time")
_STOPPED: Final = ("other", "the exporter ends, or its configuration names this Redis no more")

_NO_STREAM: Final = (GONE, "wrongtype")

_FIRST_WALK_SHARE: Final = 0.4
"""The part of its time a scrape gives to a first discovery that has not ended yet."""


class Target:
    """Samples one Redis; `sample` must not be called by two threads at once."""

    def __init__(
        self,
        redis: RedisConfig,
        discovery: DiscoveryConfig,
        policy: Policy,
        state: StateFile | None = None,
    ) -> None:
        self.redis = redis
        self._policy = policy
        self._settings = discovery
        self._topology = topology_of(redis)
        self._discovery = Discovery(redis, self._topology, discovery, policy)
        self._deadline = Deadline(0)
        self._state = state
        self._memory = state.memory(redis.name) if state else Memory()
        self._looks = Looks()
        self._problems = ProblemLog(redis.name)
        self._has_been_read = False
        self._stopped = False
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin to discover streams in the background."""
        self._discovery.start()

    def stop(self) -> None:
        """Hang up; a sample under way fails at once."""
        self._stopped = True
        self._discovery.stop()
        self._deadline.end(*_STOPPED)
        self._topology.abort()

    def save(self, *, at_once: bool) -> None:
        """Keep what was learned over a restart, if that is wanted."""
        if self._state is not None:
            self._state.save(self.redis.name, self._memory, at_once=at_once)
        self._memory.has_news = False

    def give_up(self) -> RedisSnapshot:
        """Make the sample under way fail: its time is over and it did not notice."""
        self._deadline.end(*_OUT_OF_TIME)
        self._topology.abort()
        return self.out_of_time()

    def out_of_time(self) -> RedisSnapshot:
        """Answer somebody who cannot wait for the sample under way."""
        return self.unreadable(Unreadable(*_OUT_OF_TIME))

    def configure(
        self, discovery: DiscoveryConfig, policy: Policy, state: StateFile | None = None
    ) -> None:
        """Take over new classes, limits and state keys, from the next sample on."""
        with self._lock:
            self._settings, self._policy, self._state = discovery, policy, state
        self._discovery.configure(discovery, policy)

    @property
    def is_ready(self) -> bool:
        """Tell whether Redis was read at least once."""
        return self._has_been_read

    def sample(self, seconds: float) -> RedisSnapshot:
        """Read every known stream and key in the time given; never raises for what Redis does."""
        deadline = self._deadline = Deadline(seconds)
        if self._stopped:
            deadline.end(*_STOPPED)
        self._discovery.wait_for_first_walk(seconds * _FIRST_WALK_SHARE)
        with self._lock:
            settings, policy = self._settings, self._policy
        watched = self._watched(settings, policy)
        self._memory.look += 1
        try:
            deadline.remaining()
            subjects: list[Subject] = [*watched, *policy.keys.named]
            reactions = Reactions(
                policy.reactions, self._memory, keys_move=self._topology.keys_move
            )
            request = Request(subjects, settings.max_consumers, reactions)
            readings = Readings(self._topology.readings(request, deadline))
            streams: dict[bytes, Stream] = {}
            for reading in readings:
                streams[reading.name] = stream_record(reading, watched[reading.name], self._memory)
            sample = readings.sample
            for name in sample.unread():
                streams.pop(name, None)
            _refuse_if_all_denied(streams, sample)
            self._has_been_read = True
            self._problems.server_readable()
            self._memory.forget_streams(watched)
            snapshot = self._snapshot(streams, sample, policy, reactions)
            self._note_changes(snapshot)
            self._looks.keep(snapshot)
            self._memory.servers = sample.servers or self._memory.servers
            self.save(at_once=self._memory.has_news)
        except Unreadable as error:
            return self.unreadable(deadline.ended or error)
        except Exception:  # noqa: BLE001 - a fault of this program must not cost the scrape
            self._topology.close()
            _log.exception("scrape failed", redis=self.redis.name)
            return self.unreadable(Unreadable("other", "a fault of the exporter"))
        return snapshot

    def _note_changes(self, snapshot: RedisSnapshot) -> None:
        try:
            note_changes(self._memory, snapshot, self._looks.newest)
        except Exception:  # noqa: BLE001 - a fault of this program must not cost the scrape
            _log.exception("changes not noted", redis=self.redis.name)

    def seen(self, snapshot: RedisSnapshot) -> Seen:
        """Add to a sample the earlier one to compare it with, if there is one that fits."""
        return self._looks.seen(snapshot)

    def changes(self) -> dict[bytes, Changes]:
        """Return what is a problem now, and what changed last, of all streams that had one."""
        return self._memory.changes.copy()

    def inquire(self, stream: bytes, group: bytes, consumers: int | None) -> Answer:
        """Ask Redis about a group now, over a connection of its own; raises Unreadable."""
        return inquire(self.redis, stream, group, consumers)

    def wait_for_first_walk(self, seconds: float) -> None:
        """Give the first walk over the keyspace more time to end than a scrape has."""
        self._discovery.wait_for_first_walk(seconds)

    def unreadable(self, error: Unreadable) -> RedisSnapshot:
        """Say that this scrape saw nothing: no stream has a series, all known ones are counted."""
        with self._lock:
            settings, policy = self._settings, self._policy
        self._problems.server_unreadable(error)
        watched = self._watched(settings, policy)
        classes = Counter(stream_policy.stream_class for stream_policy in watched.values())
        errors = Counter({(c, error.reason): count for c, count in classes.items()})
        return self._record(
            up=0,
            errors=errors,
            keys=unread_keys(policy.keys, error.reason),
            failures=[Failure(self.redis.name, error.reason, str(error))],
        )

    def _watched(self, settings: DiscoveryConfig, policy: Policy) -> dict[bytes, StreamPolicy]:
        """Collect the names to ask for, sorted: found, declared, and continuous ones seen before.

        The last are asked for even when discovery no longer finds them: that is the news.
        """
        names = set(self._discovery.found.names)
        new = [name for name in policy.declared if name not in names]  # no walk has ended since
        names.update(new[: max(0, settings.max_streams - len(names))])
        lost = self._memory.continuous - names
        if lost:
            patterns = Patterns(settings.patterns)
            names |= {
                name
                for name in lost
                if patterns.match(name) and _class_of(policy, name) is StreamClass.CONTINUOUS
            }
        found = ((name, policy.resolve(name)) for name in sorted(names))
        watched = {name: one for name, one in found if one is not None}
        return watched | dict.fromkeys(policy.only_read, UNCLASSIFIED)

    def _snapshot(
        self,
        read: Mapping[bytes, Stream],
        sample: Sample,
        policy: Policy,
        reactions: Reactions,
    ) -> RedisSnapshot:
        streams = [one for name, one in read.items() if name not in policy.only_read]
        streams += self._absent(sample, policy)
        streams.sort(key=attrgetter("name"))
        if policy.reactions:
            streams = self._with_reactions(streams, sample, reactions)
        failed = {
            name: error for name, error in sample.stream_errors.items() if error.reason != GONE
        }
        self._problems.nodes_unreadable(sample.outages)
        self._problems.streams_unreadable(failed)
        self._problems.scripts_denied(sample.script_denial, sample.read_whole)
        key_records, key_counts, problems = key_state(
            policy.keys, sample, self._discovery.found.key_counts
        )
        self._problems.keys_unreadable(problems)
        errors = Counter((_class_of(policy, name), error.reason) for name, error in failed.items())
        for outage in sample.outages.values():
            errors.update((_class_of(policy, name), outage.error.reason) for name in outage.names)
        return self._record(
            up=1,
            streams=streams,
            errors=errors,
            durations=(
                StageDuration("connect", sample.connect_seconds),
                StageDuration("sample", sample.sample_seconds),
            ),
            clock_offset_seconds=sample.clock_offset_seconds,
            read_whole=sample.read_whole,
            servers=[Instance(role) for role in sorted(sample.roles)],
            keys=key_records,
            key_counts=key_counts,
            failures=[*_failures(failed, sample, policy)],
        )

    def _with_reactions(
        self, streams: Iterable[Stream], sample: Sample, reactions: Reactions
    ) -> list[Stream]:
        failed = sample.stream_errors
        gone = {name for name, error in failed.items() if error.reason in _NO_STREAM}
        unread = failed.keys() - gone
        found = reactions.conclude(gone, unread, sample.now_us, sample.servers)
        return [
            one._replace(reactions=found[one.name]) if one.name in found else one for one in streams
        ]

    def _absent(self, sample: Sample, policy: Policy) -> Iterable[Stream]:
        """List the streams that ought to be there and are not, or are of another type."""
        seen = self._memory.continuous
        for name, error in sample.stream_errors.items():
            stream_policy = policy.resolve(name)
            if stream_policy is None or error.reason not in _NO_STREAM:
                continue
            is_lost = stream_policy.stream_class is StreamClass.CONTINUOUS and name in seen
            if stream_policy.declared or is_lost:
                yield absent_record(
                    name, stream_policy, sample.now_us, self._memory, sample.servers
                )

    def _record(
        self,
        *,
        up: int,
        errors: Counter[tuple[StreamClass, str]],
        streams: list[Stream] | None = None,
        durations: tuple[StageDuration, ...] = (),
        clock_offset_seconds: float | None = None,
        read_whole: int | None = None,
        servers: Sequence[Instance] = (),
        keys: Sequence[Key] = (),
        key_counts: Sequence[KeyCount] = (),
        failures: Sequence[Failure] = (),
    ) -> RedisSnapshot:
        found = self._discovery.found
        read = Counter(stream.stream_class for stream in streams or () if stream.exists)
        vanished: Counter[StreamClass] = Counter()
        for stream in streams or ():
            vanished[stream.stream_class] += stream.groups_vanished
        unknown = sum(1 for stream in streams or () for group in stream.groups if group.lag is None)
        return RedisSnapshot(
            redis=self.redis.name,
            db=self.redis.db,
            up=up,
            at=time.time() + (clock_offset_seconds or 0.0),
            streams=streams or (),
            class_counts=[ClassCount(c, read[c], vanished[c] if up else None) for c in StreamClass],
            error_counts=[
                ErrorCount(c, r, errors[c, r]) for c in StreamClass for r in ERROR_REASONS
            ],
            streams_dropped=found.dropped,
            groups_lag_unknown=unknown if up else None,
            durations=durations,
            clock_offset_seconds=clock_offset_seconds,
            streams_read_whole=read_whole,
            discovery_last_success_timestamp_seconds=found.last_success_timestamp_seconds,
            discovery_duration_seconds=found.duration_seconds,
            servers=servers,
            keys=keys,
            key_counts=key_counts,
            key_error_counts=error_counts(keys),
            failures=failures,
        )


def _refuse_if_all_denied(streams: Mapping[bytes, Stream], sample: Sample) -> None:
    """Treat a Redis that denies every single stream as unreadable: a scrape saw nothing of it."""
    failed = list(sample.stream_errors.values())
    if streams or sample.outages or not failed:
        return
    if all(error.reason == "noperm" for error in failed):
        raise Unreadable("noperm", failed[0].detail)


def _failures(failed: Mapping[bytes, Unread], sample: Sample, policy: Policy) -> Iterable[Failure]:
    for server, (error, names) in sample.outages.items():
        yield Failure(server, error.reason, str(error))
        for name in names:
            found = policy.resolve(name) or UNCLASSIFIED
            yield Failure(name, error.reason, str(error), server, found)
    for name, one in failed.items():
        found = policy.resolve(name) or UNCLASSIFIED
        yield Failure(name, one.reason, one.detail, None, found)


def _class_of(policy: Policy, name: bytes) -> StreamClass:
    stream_policy = policy.resolve(name)
    return stream_policy.stream_class if stream_policy else StreamClass.UNCLASSIFIED
