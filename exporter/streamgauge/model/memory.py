"""What one process remembers of one Redis between scrapes, because Redis does not tell it."""

from __future__ import annotations

from collections.abc import Container
from typing import NamedTuple, TypeVar

from streamgauge.model.ids import StreamId
from streamgauge.model.lag import LagError


class Sighting(NamedTuple):
    """An ID and when, on the server's clock in microseconds, it was first seen in its place."""

    entry_id: StreamId
    since_us: int


GroupKey = tuple[bytes, bytes]
"""A stream's name and a group's."""

_Key = TypeVar("_Key")


class Memory:
    """First sightings of IDs that are no clocks, learned lag errors, continuous streams seen.

    Only what differs from the plain case is kept: on streams with automatic IDs and an honest
    server it holds one name per continuous stream and nothing else.
    """

    def __init__(self) -> None:
        self._last_generated: dict[bytes, Sighting] = {}
        self._undelivered: dict[GroupKey, Sighting] = {}
        self._lag_errors: dict[GroupKey, LagError] = {}
        self._continuous: set[bytes] = set()

    def unchanged_seconds(self, stream: bytes, last_generated: StreamId, now_us: int) -> float:
        """Tell for how long last-generated-id is known to have been this: a lower bound."""
        return _seconds_since_sighting(self._last_generated, stream, last_generated, now_us)

    def undelivered_seconds(self, key: GroupKey, entry: StreamId, now_us: int) -> float:
        """Tell for how long this entry is known to have been the group's oldest undelivered one."""
        return _seconds_since_sighting(self._undelivered, key, entry, now_us)

    def forget_last_generated(self, stream: bytes) -> None:
        """Drop the sighting of a stream whose ID tells the time by itself."""
        self._last_generated.pop(stream, None)

    def forget_undelivered(self, key: GroupKey) -> None:
        """Drop the sighting of a group that caught up, or whose oldest entry tells the time."""
        self._undelivered.pop(key, None)

    def lag_error(self, key: GroupKey) -> LagError | None:
        """Return the constant error learned of a group's reported lag."""
        return self._lag_errors.get(key)

    def set_lag_error(self, key: GroupKey, error: LagError | None) -> None:
        """Keep, or with None drop, the constant error of a group's reported lag."""
        if error is None:
            self._lag_errors.pop(key, None)
        else:
            self._lag_errors[key] = error

    def saw_continuous(self, stream: bytes) -> None:
        """Remember that a continuous stream existed, so that its absence will be reported."""
        self._continuous.add(stream)

    @property
    def continuous(self) -> frozenset[bytes]:
        """The continuous streams that existed in an earlier scrape."""
        return frozenset(self._continuous)

    def forget_streams(self, kept: Container[bytes]) -> None:
        """Drop everything about streams that are no longer watched."""
        self._last_generated = {k: v for k, v in self._last_generated.items() if k in kept}
        self._undelivered = {k: v for k, v in self._undelivered.items() if k[0] in kept}
        self._lag_errors = {k: v for k, v in self._lag_errors.items() if k[0] in kept}
        self._continuous = {name for name in self._continuous if name in kept}

    def forget_contents(self, stream: bytes) -> None:
        """Drop what was learned inside a stream that is gone; that it existed stays known."""
        self.forget_last_generated(stream)
        self._undelivered = {k: v for k, v in self._undelivered.items() if k[0] != stream}
        self._lag_errors = {k: v for k, v in self._lag_errors.items() if k[0] != stream}


def _seconds_since_sighting(
    sightings: dict[_Key, Sighting], key: _Key, entry_id: StreamId, now_us: int
) -> float:
    seen = sightings.get(key)
    if seen is None or seen.entry_id != entry_id:
        seen = sightings[key] = Sighting(entry_id, now_us)
    return max(0, now_us - seen.since_us) / 1e6
