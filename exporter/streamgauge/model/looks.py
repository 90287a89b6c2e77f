"""Which earlier look a later one is compared with, so that growth needs no second look."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from streamgauge.model.records import Group, Idempotence, RedisSnapshot, Stream

_NEAREST_SECONDS: Final = 5.0
"""Looks nearer to each other say little about rates, and two scrapers may ask at nearly once."""

_LEAST_SECONDS: Final = 1.0
"""Less than this between two looks says nothing at all."""

_FARTHEST_SECONDS: Final = 900.0
"""What happened since a look longer ago does not happen now."""


class EarlierGroup(NamedTuple):
    """What a later look compares of a group."""

    name: bytes
    lag: int | None
    entries_read: int | None
    last_delivered_timestamp_seconds: float | None


class EarlierStream(NamedTuple):
    """What a later look compares of a stream."""

    name: bytes
    exists: int | None
    age_seconds: float | None
    last_entry_timestamp_seconds: float | None
    entries_added: int | None
    idempotence: Idempotence | None
    groups: tuple[EarlierGroup, ...]


class EarlierLook(NamedTuple):
    """What is kept of a look to compare a later one with: a fifth of its memory."""

    at: float
    up: int
    streams: Sequence[EarlierStream]


class Seen(NamedTuple):
    """A look at one Redis, and the earlier one that it is compared with."""

    snapshot: RedisSnapshot
    earlier: EarlierLook | None = None


class Looks:
    """The last two looks at one Redis that are at least so far apart."""

    def __init__(self) -> None:
        self._kept: tuple[EarlierLook, ...] = ()

    @property
    def newest(self) -> EarlierLook | None:
        """The last look that is kept; None before the first one."""
        return self._kept[-1] if self._kept else None

    def keep(self, snapshot: RedisSnapshot) -> None:
        """Keep a look, unless two are there of which the newer is nearly as new."""
        *_, newer = self._kept or (None,)
        if newer is None or not 0 <= snapshot.at - newer.at <= _FARTHEST_SECONDS:
            self._kept = (earlier_look(snapshot),)
        elif snapshot.at - newer.at >= _NEAREST_SECONDS or len(self._kept) == 1:
            self._kept = (newer, earlier_look(snapshot))

    def seen(self, snapshot: RedisSnapshot) -> Seen:
        """Add to a look the one to compare it with, if there is one that fits."""
        if not snapshot.up:
            return Seen(snapshot)
        kept = [one for one in self._kept if snapshot.at - one.at >= _LEAST_SECONDS]
        far = [one for one in kept if snapshot.at - one.at >= _NEAREST_SECONDS]
        return Seen(snapshot, far[-1] if far else next(iter(kept), None))


def earlier_look(snapshot: RedisSnapshot) -> EarlierLook:
    """Return what is kept of a look."""
    return EarlierLook(snapshot.at, snapshot.up, [*map(_earlier_stream, snapshot.streams)])


def _earlier_stream(stream: Stream) -> EarlierStream:
    return EarlierStream(
        stream.name,
        stream.exists,
        stream.age_seconds,
        stream.last_entry_timestamp_seconds,
        stream.entries_added,
        stream.idempotence,
        tuple([_earlier_group(group) for group in stream.groups]),
    )


def _earlier_group(group: Group) -> EarlierGroup:
    return EarlierGroup(
        group.name, group.lag, group.entries_read, group.last_delivered_timestamp_seconds
    )
