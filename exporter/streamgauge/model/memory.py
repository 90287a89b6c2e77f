"""What one process remembers of one Redis between scrapes, because Redis does not tell it."""

from __future__ import annotations

from collections.abc import Container
from collections.abc import Set as AbstractSet
from typing import NamedTuple, TypeVar

from streamgauge.model.ids import StreamId
from streamgauge.model.lag import LagError


class Sighting(NamedTuple):
    """An ID and when, on the server's clock in microseconds, it was first seen in its place."""

    entry_id: StreamId
    since_us: int


_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Memory:
    """First sightings of IDs that are no clocks, learned lag errors, continuous streams seen.

    Only what differs from the plain case is kept: on streams with automatic IDs and an honest
    server it holds one name per continuous stream and nothing else.

    A node that was given up still concludes from its thread: nothing is iterated here but copies,
    taken in one step, and nothing is deleted that has to be there.
    """

    def __init__(self) -> None:
        self._last_generated: dict[bytes, Sighting] = {}
        self._undelivered: dict[bytes, dict[bytes, Sighting]] = {}  # by stream, then by group
        self._lag_errors: dict[bytes, dict[bytes, LagError]] = {}
        self._continuous: set[bytes] = set()

    def unchanged_seconds(self, stream: bytes, last_generated: StreamId, now_us: int) -> float:
        """Tell for how long last-generated-id is known to have been this: a lower bound."""
        return _seconds_since_sighting(self._last_generated, stream, last_generated, now_us)

    def undelivered_seconds(
        self, stream: bytes, group: bytes, entry: StreamId, now_us: int
    ) -> float:
        """Tell for how long this entry is known to have been the group's oldest undelivered one."""
        return _seconds_since_sighting(
            self._undelivered.setdefault(stream, {}), group, entry, now_us
        )

    def forget_last_generated(self, stream: bytes) -> None:
        """Drop the sighting of a stream whose ID tells the time by itself."""
        self._last_generated.pop(stream, None)

    def forget_undelivered(self, stream: bytes, group: bytes) -> None:
        """Drop the sighting of a group that caught up, or whose oldest entry tells the time."""
        if stream in self._undelivered:
            _drop(self._undelivered, stream, group)

    def lag_error(self, stream: bytes, group: bytes) -> LagError | None:
        """Return the constant error learned of a group's reported lag."""
        of_stream = self._lag_errors.get(stream)
        return of_stream.get(group) if of_stream else None

    def set_lag_error(self, stream: bytes, group: bytes, error: LagError | None) -> None:
        """Keep, or with None drop, the constant error of a group's reported lag."""
        if error is None:
            _drop(self._lag_errors, stream, group)
        else:
            self._lag_errors.setdefault(stream, {})[group] = error

    def saw_continuous(self, stream: bytes) -> None:
        """Remember that a continuous stream existed, so that its absence will be reported."""
        self._continuous.add(stream)

    @property
    def continuous(self) -> frozenset[bytes]:
        """The continuous streams that existed in an earlier scrape."""
        return frozenset(self._continuous)

    def forget_streams(self, kept: Container[bytes]) -> None:
        """Drop everything about streams that are no longer watched."""
        _retain(self._last_generated, kept)
        _retain(self._undelivered, kept)
        _retain(self._lag_errors, kept)
        for stream in list(self._continuous):
            if stream not in kept:
                self._continuous.discard(stream)

    def forget_contents(self, stream: bytes) -> None:
        """Drop what was learned inside a stream that is gone; that it existed stays known."""
        self.forget_last_generated(stream)
        self.forget_groups(stream, kept=frozenset())

    def knows_groups_of(self, stream: bytes) -> bool:
        """Tell whether anything was learned of a stream's groups."""
        return stream in self._undelivered or stream in self._lag_errors

    def forget_groups(self, stream: bytes, kept: AbstractSet[bytes]) -> None:
        """Drop what was learned of a stream's groups, but for those that it still has."""
        for group in self._undelivered.get(stream, {}).keys() - kept:
            _drop(self._undelivered, stream, group)
        for group in self._lag_errors.get(stream, {}).keys() - kept:
            _drop(self._lag_errors, stream, group)


def _retain(of_streams: dict[bytes, _Value], kept: Container[bytes]) -> None:
    for stream in list(of_streams):
        if stream not in kept:
            of_streams.pop(stream, None)


def _drop(of_streams: dict[bytes, dict[bytes, _Value]], stream: bytes, group: bytes) -> None:
    of_stream = of_streams.get(stream)
    if of_stream is not None:
        of_stream.pop(group, None)
        if not of_stream:
            of_streams.pop(stream, None)


def _seconds_since_sighting(
    sightings: dict[_Key, Sighting], key: _Key, entry_id: StreamId, now_us: int
) -> float:
    seen = sightings.get(key)
    if seen is None or seen.entry_id != entry_id:
        seen = sightings[key] = Sighting(entry_id, now_us)
    return max(0, now_us - seen.since_us) / 1e6
