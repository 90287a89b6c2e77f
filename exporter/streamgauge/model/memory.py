"""What is remembered of the streams and groups of one Redis between looks.

In this package `known` is what the look before left, and `seen` is what this one leaves.

It is bounded, and dropped with the stream or group that it is about. Times are Unix times in
microseconds on the server's clock.
"""

from __future__ import annotations

from collections.abc import Container
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from streamgauge.model.arrival import Mark
from streamgauge.model.ids import NEVER, StreamId
from streamgauge.model.lag import LagError
from streamgauge.model.reaction import ReactionMemory

MOST_CHANGES: Final = 20
"""Kept of one stream and its groups."""


@dataclass(frozen=True, slots=True)
class Change:
    """At a look at `at_us` the state was another; it is empty where there was no problem.

    `group` is None where the stream itself changed. `is_first` where nobody had looked before.
    """

    at_us: int
    group: bytes | None
    before: str
    after: str
    is_first: bool = False


@dataclass(frozen=True, slots=True)
class Changes:
    """The states that are problems now, by group, and the latest changes, the oldest first."""

    state: str = ""
    groups: dict[bytes, str] = field(default_factory=dict)
    latest: tuple[Change, ...] = ()

    def start_of(self, group: bytes | None, state: str) -> Change | None:
        """Return the change to this state, which the group or (None) the stream is still in."""
        for change in reversed(self.latest):
            if change.group == group:
                return change if change.after == state else None
        return None


NO_CHANGES: Final = Changes()


class Unseen(NamedTuple):
    """A consumer that was not seen since a look, and what its group had been handed by then."""

    since_us: int
    handed: int


class Place(NamedTuple):
    """A stream's last ID at a look, and how many entries had been added by then."""

    last: StreamId
    added: int


Reactions = dict[bytes, dict[bytes, ReactionMemory]]
"""By the stream that must answer, and by the one that it answers."""


@dataclass(slots=True)
class FeedMemory:
    """A continuous stream that existed once; its quiet limit is lifted until `free_until_us`."""

    look: int
    is_within: bool = False
    free_until_us: int = 0


@dataclass(slots=True)
class GroupMemory:
    """A group at its last look, and since when its troubles last; None is none, or unknown."""

    cursor: StreamId
    seen_us: int
    entries_read: int | None = None
    position: int | None = None
    waiting_id: StreamId | None = None
    lag_error: LagError | None = None
    ahead_of: StreamId | None = None
    ahead_added: int | None = None
    ahead_waits_us: int | None = None
    stands_since_us: int | None = None
    handed_us: int | None = None
    handed_left: int | None = None
    past_limit_us: int | None = None
    highest: int | None = None
    highest_us: int = 0
    pending_id: StreamId | None = None
    pending_us: int = 0
    lost: int = 0
    lost_us: int | None = None
    is_within: bool = True
    free_until_us: int = 0
    dead: int | None = None
    nacked: int | None = None
    unseen: dict[bytes, Unseen] | None = None


@dataclass(slots=True)
class StreamMemory:
    """A stream at its last look, and what earlier looks told of it.

    `marks` are kept only once an ID's time was contradicted; `has_lost` when this look counted a
    loss. `stood` says where declared groups stood that are gone.
    """

    seen_us: int
    last_generated: StreamId
    length: int
    first_entry: StreamId | None
    entries_added: int | None
    max_deleted: StreamId | None
    look: int = 0
    marks: tuple[Mark, ...] = ()
    places: tuple[Place, ...] = ()
    is_trimmed: bool = False
    has_lost: bool = False
    vanished: dict[bytes, int] | None = None
    stood: dict[bytes, StreamId] | None = None
    groups: dict[bytes, GroupMemory] = field(default_factory=dict)

    @property
    def added_or_held(self) -> int:
        """How many entries were ever added; how many are held where the server does not count."""
        return self.length if self.entries_added is None else self.entries_added

    @property
    def removed(self) -> int | None:
        """How many entries have left the stream; None where the server does not count."""
        return None if self.entries_added is None else self.entries_added - self.length


class Memory:
    """What is remembered of one Redis.

    `look` numbers the looks, failed ones too; `has_news` when what this one saw must not be lost.
    `is_new` until the first look of all has ended; `changes` are of streams that had troubles.
    """

    def __init__(
        self,
        streams: dict[bytes, StreamMemory] | None = None,
        feeds: dict[bytes, FeedMemory] | None = None,
        servers: frozenset[str] = frozenset(),
        changes: dict[bytes, Changes] | None = None,
        reactions: Reactions | None = None,
    ) -> None:
        self._streams = streams or {}
        self._feeds = feeds or {}
        self.servers = servers
        self.changes = changes or {}
        self.is_new = streams is None
        self.reactions = reactions or {}
        self.look = 0
        self.has_news = False
        # What another process saw last is as good as the last look.
        for stream in self._streams.values():
            stream.look = 0
        for feed in self._feeds.values():
            feed.look = 0
        for pairs in self.reactions.values():
            pairs.update({after: replace(one, look=0) for after, one in pairs.items()})

    def contents(self) -> tuple[dict[bytes, StreamMemory], dict[bytes, FeedMemory]]:
        """Return copies that do not change while they are saved."""
        streams = {
            name: replace(stream, groups=dict(stream.groups))
            for name, stream in self._streams.copy().items()
        }
        return streams, self._feeds.copy()

    def is_other_server(self, servers: AbstractSet[str | None]) -> bool:
        """Tell whether one of these processes was not read at the look before."""
        return bool(self.servers) and not servers <= self.servers | {None}

    def stream(self, name: bytes) -> StreamMemory | None:
        """Return what is known of a stream from earlier looks."""
        return self._streams.get(name)

    def keep(self, name: bytes, memory: StreamMemory) -> None:
        """Remember a stream that was just looked at."""
        self._streams[name] = memory

    def feed(self, name: bytes) -> FeedMemory | None:
        """Return what is known of a continuous stream, whether it is there or not."""
        return self._feeds.get(name)

    def keep_feed(self, name: bytes, feed: FeedMemory) -> None:
        """Remember that a continuous stream exists, so that its absence will be reported."""
        self._feeds[name] = feed

    @property
    def continuous(self) -> frozenset[bytes]:
        """The continuous streams that existed at an earlier look."""
        return frozenset(self._feeds)

    def forget_streams(self, kept: Container[bytes]) -> None:
        """Drop everything about streams that are no longer watched."""
        for name in list(self._streams):
            if name not in kept:
                self._streams.pop(name, None)
        for name in list(self._feeds):
            if name not in kept:
                self._feeds.pop(name, None)
        for name in list(self.changes):
            if name not in kept:
                self.changes.pop(name, None)

    def forget_contents(self, stream: bytes) -> None:
        """Drop what was learned of a stream that is gone; that it existed stays known."""
        self._streams.pop(stream, None)


def is_another(known: StreamMemory, seen: StreamMemory) -> bool:
    """Tell whether a name certainly stands for another stream than at the look before.

    A stream was deleted and made again, renamed over or restored. In one and the same stream the
    last ID, the first entry and every counter only ever go forward. Whatever it holds beyond what
    was added since must be from before.
    """
    if seen.last_generated < known.last_generated:
        return True
    if known.first_entry and seen.first_entry and seen.first_entry < known.first_entry:
        return True
    if (seen.max_deleted or NEVER) < (known.max_deleted or NEVER):
        return True
    if known.entries_added is None or seen.entries_added is None:
        return False
    added = seen.entries_added - known.entries_added
    if added < 0 or (seen.removed or 0) < (known.removed or 0):
        return True
    if seen.max_deleted != known.max_deleted:
        return False
    holds_old = seen.first_entry is not None and seen.first_entry <= known.last_generated
    return added >= seen.length if holds_old else seen.length > added
