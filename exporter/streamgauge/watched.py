"""A Redis that is watched: what was seen of it last, the look before that, and what went wrong."""

from __future__ import annotations

import time
import weakref
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from streamgauge.changes import note_changes
from streamgauge.config import DiscoveryConfig, RedisConfig
from streamgauge.logs import EventLog
from streamgauge.model.changes import NO_CHANGES, Change
from streamgauge.model.records import RedisSnapshot
from streamgauge.policy import Policy
from streamgauge.source.complaints import Complaints
from streamgauge.source.errors import Unreadable
from streamgauge.source.inquiry import Answer, inquire
from streamgauge.source.stream_error import StreamError
from streamgauge.source.target import Target
from streamgauge.source.topology import Outage
from streamgauge.state_file import StateFile
from streamgauge.verdict.looks import Look

_log = EventLog("scrape")

_NEAREST_SECONDS: Final = 5.0
"""Looks nearer to each other say little about rates, and two scrapers may ask at nearly once."""

_LEAST_SECONDS: Final = 1.0
"""Less than this between two looks says nothing at all."""

_FARTHEST_SECONDS: Final = 900.0
"""What happened since a look longer ago does not happen now."""


class Faults(NamedTuple):
    """What one scrape could not read, and why: the server, nodes by their address, streams."""

    server: Unreadable | None = None
    nodes: Mapping[str, Outage] = {}
    streams: tuple[StreamError, ...] = ()


class Seen(NamedTuple):
    """What one scrape saw, an earlier one to compare it with, what it could not read, and the
    policy of that Redis.
    """

    look: Look
    earlier: Look | None
    faults: Faults
    policy: Policy | None = None


class _Seen(NamedTuple):
    """What belongs to a snapshot for as long as somebody still has it."""

    snapshot: weakref.ref[RedisSnapshot]
    at: float
    earlier: Look | None
    faults: Faults


class WatchedTarget(Target):
    """A target that keeps two looks, so that growth is known without waiting for a second one."""

    def __init__(
        self,
        redis: RedisConfig,
        discovery: DiscoveryConfig,
        policy: Policy,
        state: StateFile | None = None,
    ) -> None:
        super().__init__(redis, discovery, policy, state)
        self._complaints: _Heard = _Heard(redis.name)
        self._history = History()
        self._seen: _Seen | None = None
        self._failure: Unreadable | None = None

    def wait_for_first_walk(self, seconds: float) -> None:
        """Give the first walk over the keyspace more time to end than a scrape has."""
        self._discovery.wait_for_first_walk(seconds)

    def sample(self, seconds: float) -> RedisSnapshot:
        """Read every known stream, and remember it."""
        snapshot = super().sample(seconds)
        if snapshot.up:  # otherwise `unreadable` has taken note of it
            look = _look(snapshot)
            faults = Faults(None, self._complaints.nodes, self._complaints.streams)
            self._note_changes(look)
            earlier = self._history.earlier_than(look)
            self._seen = _Seen(weakref.ref(snapshot), look.at, earlier, faults)
        return snapshot

    def unreadable(self, error: Unreadable) -> RedisSnapshot:
        """Say that this scrape saw nothing, and remember why."""
        self._failure = error
        return super().unreadable(error)

    def seen(self, snapshot: RedisSnapshot) -> Seen:
        """Return what belongs to a snapshot that was just taken.

        If another scrape has read Redis since, there is nothing to compare it with.
        """
        last = self._seen
        if last is not None and last.snapshot() is snapshot:
            return Seen(Look(snapshot, last.at), last.earlier, last.faults, self._policy)
        faults = Faults(None if snapshot.up else self._failure)
        return Seen(_look(snapshot), None, faults, self._policy)

    def _note_changes(self, look: Look) -> None:
        try:
            note_changes(self._memory, look, self._policy)
        except Exception:  # noqa: BLE001 - a fault of this program must not cost the scrape
            _log.exception("changes not noted", redis=self.redis.name)

    def changes(self, stream: bytes) -> Sequence[Change]:
        """Return the latest changes of the state of a stream and its groups, the oldest first."""
        return self._memory.changes.get(stream, NO_CHANGES).latest

    def inquire(self, stream: bytes, group: bytes, consumers: int | None) -> Answer:
        """Ask Redis about a group now, over a connection of its own; raises Unreadable."""
        return inquire(self.redis, stream, group, consumers)


class _Heard(Complaints):
    """Keeps what it was told besides saying it in the log."""

    def __init__(self, redis: str) -> None:
        super().__init__(redis)
        self.nodes: Mapping[str, Outage] = {}
        self.streams: tuple[StreamError, ...] = ()

    def nodes_unreadable(self, outages: Mapping[str, Outage]) -> None:
        self.nodes = outages
        super().nodes_unreadable(outages)

    def streams_unreadable(self, errors: Iterable[StreamError]) -> None:
        self.streams = tuple(errors)
        super().streams_unreadable(self.streams)


class History:
    """Two looks at least so far apart, of which the older is what a new look is compared with."""

    def __init__(self) -> None:
        self._older: Look | None = None
        self._newer: Look | None = None

    def earlier_than(self, look: Look) -> Look | None:
        """Add a look and return the one to compare it with; None when there is none that fits."""
        newer = self._newer
        if newer is None or not 0 <= look.at - newer.at <= _FARTHEST_SECONDS:
            self._older, self._newer = None, look.faint()
        elif look.at - newer.at >= _NEAREST_SECONDS or self._older is None:
            self._older, self._newer = newer, look.faint()
        if self._older is None or look.at - self._older.at < _LEAST_SECONDS:
            return None
        return self._older


def _look(snapshot: RedisSnapshot) -> Look:
    """A snapshot that was taken just now, with the time on the server's clock."""
    return Look(snapshot, time.time() + (snapshot.clock_offset_seconds or 0.0))
