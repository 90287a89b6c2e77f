"""What round two asks about the groups of a stream, and what the replies fill in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from streamgauge.model.consumers import MOST_CONSUMERS
from streamgauge.model.lag import is_caught_up
from streamgauge.model.readings import GroupReading, StreamReading
from streamgauge.source import commands, replies
from streamgauge.source.brief import Brief
from streamgauge.source.commands import MOST_COUNTED, Packed, bulk
from streamgauge.source.reactions import Pair, Reactions


class Question(NamedTuple):
    """One kind of question: the command, for messages, and who takes the reply to it."""

    command: str
    take: Callable[[Any, Any], None]


Asked = tuple[StreamReading, GroupReading | Pair, Question]
"""A group of a stream, or a pair it is in, and what is asked about it."""


class Round(NamedTuple):
    """The commands for some streams, and what they ask, in the same order."""

    commands: list[Packed]
    asked: list[Asked]


class Lookups:
    """What is asked of but few groups a scrape, remembered from one to the next.

    The consumers of a large group: of one such group a scrape, in the order of names. How much is
    pending by consumer: where the numbers of the scrape before left open whether an entry is
    nobody's, which only a server tells that `counts_nacked`.
    """

    def __init__(self) -> None:
        self.max_consumers = 0
        self.counts_nacked = False
        self._last: tuple[bytes, bytes] | None = None
        self._has_listed = False
        self._doubtful: set[tuple[bytes, bytes]] = set()
        self._still_doubtful: set[tuple[bytes, bytes]] = set()

    def begin(self, max_consumers: int, *, counts_nacked: bool) -> None:
        """Begin a sample."""
        self.max_consumers, self.counts_nacked = max_consumers, counts_nacked
        if not self._has_listed:
            self._last = None  # the last one was reached: begin again
        self._has_listed = False
        self._doubtful, self._still_doubtful = self._still_doubtful, set()

    def take_turn(self, stream: bytes, group: GroupReading) -> bool:
        """Tell whether to list the consumers of a group now; of large ones, one has its turn."""
        if group.consumers <= self.max_consumers:
            return group.consumers > 0
        group.is_large = True
        name = (stream, group.name)
        if self._has_listed or group.consumers > MOST_CONSUMERS:
            return False
        if self._last is not None and name <= self._last:
            return False
        self._last, self._has_listed = name, True
        return True

    def doubts(self, stream: bytes, group: GroupReading) -> bool:
        """Tell whether the scrape before left open how many pending entries are nobody's."""
        return self.counts_nacked and (stream, group.name) in self._doubtful

    def conclude(self, stream: bytes, group: GroupReading) -> None:
        """Count the pending entries that are nobody's, or leave that to the next scrape.

        Totals and consumers are read one after the other, so a difference may be what happened in
        between.
        """
        if not self.counts_nacked or group.is_large:
            return
        if group.nacked is None:
            owned = sum([consumer.pending for consumer in group.consumer_list])
            if owned == group.pending:
                group.nacked = 0
                return
        if group.nacked != 0:
            self._still_doubtful.add((stream, group.name))


def _take_undelivered(group: GroupReading, reply: Any) -> None:
    """Nothing behind the cursor is no lag, whatever the server counts.

    The newest entry may have been deleted, or all of them between the rounds.
    """
    group.oldest_undelivered, found = replies.first_entries(reply)
    if not found:
        group.behind = 0


def _take_few_undelivered(group: GroupReading, reply: Any) -> None:
    group.oldest_undelivered, found = replies.first_entries(reply)
    group.is_far_behind = found > MOST_COUNTED
    group.behind = None if group.is_far_behind else found


def _take_pending(group: GroupReading, reply: Any) -> None:
    group.oldest_pending = replies.oldest_pending(reply)


def _take_consumers(group: GroupReading, reply: Any) -> None:
    group.consumer_list = replies.consumers(reply)


def _take_nacked(group: GroupReading, reply: Any) -> None:
    group.nacked = replies.nacked(reply)


def _take_trigger(pair: Pair, reply: Any) -> None:
    pair.found, _ = replies.first_entries(reply)


_UNDELIVERED: Final = Question("XRANGE", _take_undelivered)
_FEW_UNDELIVERED: Final = Question("XRANGE", _take_few_undelivered)
_BRIEFLY_UNDELIVERED: Final = Question("EVALSHA_RO", _take_undelivered)
_BRIEFLY_FEW: Final = Question("EVALSHA_RO", _take_few_undelivered)
_TRIGGER: Final = Question("XRANGE", _take_trigger)
_BRIEFLY_TRIGGER: Final = Question("EVALSHA_RO", _take_trigger)
BY_SCRIPT: Final = (_BRIEFLY_UNDELIVERED, _BRIEFLY_FEW, _BRIEFLY_TRIGGER)
_OLDEST_PENDING: Final = Question("XPENDING", _take_pending)
_NACKED: Final = Question("XPENDING", _take_nacked)
_CONSUMERS: Final = Question("XINFO CONSUMERS", _take_consumers)

_often_used_bulk: Final = lru_cache(maxsize=1_024)(bulk)
"""Groups of many streams have the same few names."""


def second_round(
    readings: Sequence[StreamReading],
    lookups: Lookups,
    brief: Brief,
    reactions: Reactions | None = None,
) -> Round:
    """Collect what is to be asked; names the first entry as undelivered where that is known."""
    wanted: list[Packed] = []
    asked: list[Asked] = []
    brief_names = brief.names
    for reading in readings:
        for pair, place in reactions.asked_of(reading.name) if reactions else ():
            key, is_brief = bulk(reading.name), reading.name in brief_names
            asked.append((reading, pair, _BRIEFLY_TRIGGER if is_brief else _TRIGGER))
            wanted.append(
                brief.ids_after(key, place, 1) if is_brief else commands.oldest_after(key, place)
            )
        if not reading.groups:
            continue
        first, last = reading.first_entry, reading.last_generated
        key, is_brief = bulk(reading.name), reading.name in brief_names
        for group in reading.groups:
            cursor = group.last_delivered
            if first is not None and cursor < first:
                group.oldest_undelivered = first
            elif reading.length > 0 and not is_caught_up(cursor, last):
                question, command = _behind(reading, group, key, brief if is_brief else None)
                asked.append((reading, group, question))
                wanted.append(command)
            name = _often_used_bulk(group.name)
            if group.pending > 0:
                asked.append((reading, group, _OLDEST_PENDING))
                wanted.append(commands.oldest_pending(key, name))
                if lookups.doubts(reading.name, group):
                    asked.append((reading, group, _NACKED))
                    wanted.append(commands.pending_by_consumer(key, name))
            if lookups.take_turn(reading.name, group):
                asked.append((reading, group, _CONSUMERS))
                wanted.append(commands.XINFO_CONSUMERS + key + name)
    return Round(wanted, asked)


def _behind(
    reading: StreamReading, group: GroupReading, key: Packed, brief: Brief | None
) -> tuple[Question, Packed]:
    """Ask what is behind a cursor: one entry, or a few where the server counts wrongly."""
    cursor = group.last_delivered
    counts = not 1 <= (group.reported_lag or 0) < reading.length
    if brief is not None:
        return BY_SCRIPT[counts], brief.ids_after(key, cursor, MOST_COUNTED + 1 if counts else 1)
    if counts:
        return _FEW_UNDELIVERED, commands.few_after(key, cursor)
    return _UNDELIVERED, commands.oldest_after(key, cursor)
