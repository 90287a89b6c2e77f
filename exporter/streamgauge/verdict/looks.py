"""A stream and a group as they are and as they were a while earlier, and what follows of that."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from streamgauge.model.looks import EarlierGroup, EarlierLook, EarlierStream
from streamgauge.model.records import Group, RedisSnapshot, Stream
from streamgauge.policy import StreamClass


class StreamLooks(NamedTuple):
    """A stream now and, where there was an earlier look, `seconds` before."""

    now: Stream
    at: float
    earlier: EarlierStream | None = None
    seconds: float | None = None

    @property
    def never_written(self) -> bool:
        """Whether it exists and nothing was ever added."""
        return bool(self.now.exists) and not self.now.length and self.now.age_seconds is None

    @property
    def ids_are_clocks(self) -> bool:
        """Whether its age comes from its IDs; otherwise the age is only a lower bound."""
        return not self.now.age_is_least

    @property
    def added(self) -> int | None:
        """How many entries were added between the looks; None when the server does not count."""
        if self.earlier is None or None in (self.now.entries_added, self.earlier.entries_added):
            return None
        added = (self.now.entries_added or 0) - (self.earlier.entries_added or 0)
        return added if added >= 0 else None

    @property
    def was_written(self) -> bool:
        """Whether an entry was certainly added between the looks."""
        earlier, age = self.earlier, self.now.age_seconds
        if earlier is None or age is None:
            return False
        if self.added:
            return True
        if self.ids_are_clocks:
            last = self.now.last_entry_timestamp_seconds
            return last != earlier.last_entry_timestamp_seconds
        # An age that is a lower bound starts again from 0 whenever the last ID has changed.
        return earlier.age_seconds is not None and age <= earlier.age_seconds

    @property
    def first_entry_age_seconds(self) -> float | None:
        """The age of the oldest entry still held; None when unknown or when there is none."""
        last, first = self.now.last_entry_timestamp_seconds, self.now.first_entry_timestamp_seconds
        if last is None or first is None or self.now.age_seconds is None:
            return None
        return last + self.now.age_seconds - first

    def groups(self) -> Iterator[GroupLooks]:
        """Pair each group with what it was."""
        before = {group.name: group for group in self.earlier.groups} if self.earlier else {}
        for group in self.now.groups:
            yield GroupLooks(group, self, before.get(group.name))


class GroupLooks(NamedTuple):
    """A group of a stream now and, where there was an earlier look, then."""

    now: Group
    stream: StreamLooks
    earlier: EarlierGroup | None = None

    @property
    def waits(self) -> bool:
        """Whether an entry is known to wait for the group."""
        return bool(self.now.lag) or self.now.lag_seconds > 0

    @property
    def is_unclassified(self) -> bool:
        """Whether nobody has said how long entries may wait for it."""
        return self.stream.now.stream_class is StreamClass.UNCLASSIFIED

    @property
    def is_exempt(self) -> bool:
        """Whether somebody has said that they may wait forever: `lag_limit: none`."""
        return self.now.lag_limit_seconds is None and not self.is_unclassified

    @property
    def never_read(self) -> bool:
        """Whether its cursor is still before every entry; unknown counts as having read."""
        return (
            self.now.last_delivered_timestamp_seconds is None
            and not self.now.entries_read
            and (self.stream.ids_are_clocks or self.now.entries_read == 0)
        )

    @property
    def cursor_moved(self) -> bool | None:
        """Whether it was given an entry between the looks; None when that cannot be known."""
        if self.earlier is None:
            return None
        now, then = self.now, self.earlier
        delivered = now.last_delivered_timestamp_seconds
        if delivered != then.last_delivered_timestamp_seconds:
            return True
        if now.entries_read is not None and then.entries_read is not None:
            return now.entries_read != then.entries_read
        return False if self.stream.ids_are_clocks else None

    @property
    def unseen_seconds(self) -> float | None:
        """How long no consumer has asked for entries; infinite for none, None where unknown.

        A list that lacks a consumer says nothing: the one that is missing may be reading.
        """
        if self.now.consumers == 0:
            return math.inf
        if len(self.now.consumer_list) != self.now.consumers:
            return None
        return min(consumer.idle_seconds for consumer in self.now.consumer_list)


def seconds_between(now: RedisSnapshot, earlier: EarlierLook | None) -> float | None:
    """Tell how far apart the looks are; None when the earlier one saw nothing or is none."""
    if earlier is None or not earlier.up or earlier.at >= now.at:
        return None
    return now.at - earlier.at


def paired(now: RedisSnapshot, earlier: EarlierLook | None) -> list[StreamLooks]:
    """Pair every stream of a look with itself in the earlier one."""
    seconds = seconds_between(now, earlier)
    before: dict[bytes, EarlierStream] = {}
    if earlier is not None and seconds is not None:
        before = {stream.name: stream for stream in earlier.streams}
    return [
        StreamLooks(
            stream,
            now.at,
            before.get(stream.name),
            seconds if stream.name in before else None,
        )
        for stream in now.streams
    ]
