"""What happens: producers, trimming, consumer groups. Knows the truth that alerts are held to."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from streamgauge.model.ids import NEVER, StreamId
from streamgauge.model.readings import GroupReading, PendingReading, StreamReading
from streamgauge.policy import StreamPolicy
from streamgauge.source.commands import MOST_COUNTED

START = 1_800_000_000.0
TICK = 5.0
MINUTE = 60.0


@dataclass
class Server:
    """How a release counts: 6.2 tells nothing, 7.0 counts what it delivered, 8.2 corrects."""

    tells_lag: bool = True
    corrects_entries_read: bool = False


REDIS_6_2 = Server(tells_lag=False)
REDIS_7_0 = Server()
REDIS_8_2 = Server(corrects_entries_read=True)


@dataclass
class Group:
    """A consumer group; `cursor` is the index of the next entry it would be given."""

    cursor: int = 0
    entries_read: int = 0
    last_delivered: StreamId = NEVER
    lost: int = 0
    held: tuple[StreamId, float] | None = None
    """An entry in somebody's hands, and since when in seconds since START."""


@dataclass
class Stream:
    """A stream as the list of the times of all entries it ever held; the first are trimmed.

    Its IDs are the times, or with `ids_tell_time` False just numbers.
    """

    policy: StreamPolicy
    server: Server = field(default_factory=Server)
    maxlen: int | None = None
    ids_tell_time: bool = True
    times: list[float] = field(default_factory=list)
    trimmed: int = 0
    exists: bool = True
    groups: dict[str, Group] = field(default_factory=dict)

    @property
    def length(self) -> int:
        return len(self.times) - self.trimmed

    def add(self, *times: float) -> None:
        self.exists = True
        for time in times:
            last = self.times[-1] if self.times else time
            self.times.append(time if time >= last else last + 0.001)  # IDs never go back
        if self.maxlen is not None and self.length > self.maxlen:
            self.trim(self.maxlen)

    def trim(self, length: int) -> None:
        """Keep the newest entries; what a group had not read of the others is lost to it."""
        until = max(self.trimmed, len(self.times) - length)
        for group in self.groups.values():
            group.lost += max(0, until - max(group.cursor, self.trimmed))
        self.trimmed = until

    def delete(self) -> None:
        self.times, self.trimmed, self.exists = [], 0, False
        self.groups = {}

    def read(self, name: str, count: int | None = None) -> int:
        """Deliver up to `count` entries (all of them by default); returns how many were."""
        group = self.groups[name]
        first = max(group.cursor, self.trimmed)
        last = len(self.times) if count is None else min(len(self.times), first + count)
        if last > first:
            group.cursor = last
            group.entries_read += last - first
            group.last_delivered = self._id(last - 1)
            if self.server.corrects_entries_read and last == len(self.times):
                group.entries_read = last
        return max(0, last - first)

    def hold(self, name: str, since: float | None) -> None:
        """A consumer was handed the last entry at a time; None when it is acknowledged."""
        held = None if since is None else (self._id(len(self.times) - 1), since)
        self.groups[name].held = held

    def waiting(self, name: str) -> int:
        """How many entries wait for the group: the true lag."""
        return len(self.times) - max(self.groups[name].cursor, self.trimmed)

    def reading(self, name: str, now: float) -> StreamReading:
        """What Redis would answer, release by release."""
        held = self.length > 0
        return StreamReading(
            name=name.encode(),
            now_us=int(now * 1e6),
            length=self.length,
            group_count=len(self.groups),
            last_generated=self._id(len(self.times) - 1) if self.times else NEVER,
            first_entry=self._id(self.trimmed) if held else None,
            entries_added=len(self.times) if self.server.tells_lag else None,
            groups=tuple(self._group(name, group, now) for name, group in self.groups.items()),
        )

    def _group(self, name: str, group: Group, now: float) -> GroupReading:
        oldest = max(group.cursor, self.trimmed)
        tells, waiting = self.server.tells_lag, len(self.times) - oldest
        is_inside = self.trimmed < group.cursor < len(self.times)
        reported = len(self.times) - group.entries_read if tells else None
        counts = is_inside and not 1 <= (reported or 0) < self.length
        return GroupReading(
            name=name.encode(),
            consumers=1,
            pending=int(group.held is not None),
            last_delivered=group.last_delivered,
            entries_read=group.entries_read if tells else None,
            reported_lag=reported,
            behind=waiting if counts and waiting <= MOST_COUNTED else None,
            is_far_behind=counts and waiting > MOST_COUNTED,
            oldest_pending=(
                PendingReading(group.held[0], int((now - START - group.held[1]) * 1000), 1)
                if group.held
                else None
            ),
            oldest_undelivered=self._id(oldest) if oldest < len(self.times) else None,
        )

    def _id(self, index: int) -> StreamId:
        if not self.ids_tell_time:
            return StreamId(index + 1, 0)
        return StreamId(int(self.times[index] * 1000), index)


Actor = Callable[[float, float], None]
"""Called for every tick with its start and its end, in seconds since START."""


@dataclass
class World:
    """Streams by name and the actors on them."""

    streams: dict[str, Stream] = field(default_factory=dict)
    actors: list[Actor] = field(default_factory=list)
    order: random.Random = field(default_factory=lambda: random.Random(0))

    def tick(self, start: float) -> None:
        # Now a producer comes first, now a consumer: a scrape sees groups in either moment.
        for actor in self.actors if self.order.random() < 0.5 else reversed(self.actors):
            actor(start, start + TICK)
