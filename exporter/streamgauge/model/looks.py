"""Which earlier look a later one is compared with, so that growth needs no second look."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, NamedTuple

from streamgauge.model.records import Group, RedisSnapshot, Stream

_NEAREST_SECONDS: Final = 5.0
"""Looks nearer to each other say little about rates, and two scrapers may ask at nearly once."""

_LEAST_SECONDS: Final = 1.0
"""Less than this between two looks says nothing at all."""

_FARTHEST_SECONDS: Final = 900.0
"""What happened since a look longer ago does not happen now."""


class Seen(NamedTuple):
    """A look at one Redis, and the earlier one that it is compared with."""

    snapshot: RedisSnapshot
    earlier: RedisSnapshot | None = None


class Looks:
    """The last two looks at one Redis that are at least so far apart."""

    def __init__(self) -> None:
        self._kept: tuple[RedisSnapshot, ...] = ()

    @property
    def newest(self) -> RedisSnapshot | None:
        """The last look that is kept; None before the first one."""
        return self._kept[-1] if self._kept else None

    def keep(self, snapshot: RedisSnapshot) -> None:
        """Keep a look, unless two are there of which the newer is nearly as new."""
        *_, newer = self._kept or (None,)
        if newer is None or not 0 <= snapshot.at - newer.at <= _FARTHEST_SECONDS:
            self._kept = (faint(snapshot),)
        elif snapshot.at - newer.at >= _NEAREST_SECONDS or len(self._kept) == 1:
            self._kept = (newer, faint(snapshot))

    def seen(self, snapshot: RedisSnapshot) -> Seen:
        """Add to a look the one to compare it with, if there is one that fits."""
        if not snapshot.up:
            return Seen(snapshot)
        kept = [one for one in self._kept if snapshot.at - one.at >= _LEAST_SECONDS]
        far = [one for one in kept if snapshot.at - one.at >= _NEAREST_SECONDS]
        return Seen(snapshot, far[-1] if far else next(iter(kept), None))


def faint(snapshot: RedisSnapshot) -> RedisSnapshot:
    """Return what a later look is compared with, and nothing else: a third of the memory."""
    streams = [_faint_stream(stream) for stream in snapshot.streams]
    return replace(snapshot, streams=streams, keys=(), key_counts=(), failures=())


def _faint_stream(stream: Stream) -> Stream:
    return stream._replace(groups=tuple([_faint_group(group) for group in stream.groups]))


def _faint_group(group: Group) -> Group:
    return Group(
        name=group.name,
        lag=group.lag,
        lag_seconds=0.0,
        lag_limit_seconds=None,
        consumers=0,
        pending=0,
        oldest_pending_age_seconds=0.0,
        oldest_pending_deliveries=0,
        entries_read=group.entries_read,
        last_delivered_timestamp_seconds=group.last_delivered_timestamp_seconds,
    )
