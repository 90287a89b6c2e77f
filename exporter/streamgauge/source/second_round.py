"""What round two asks about the groups of a stream, and what the replies fill in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from streamgauge.model.lag import is_caught_up
from streamgauge.model.readings import GroupReading, StreamReading
from streamgauge.source import commands, replies
from streamgauge.source.brief import Brief
from streamgauge.source.commands import Packed, bulk


class Question(NamedTuple):
    """One kind of question: the command, for messages, and who takes the reply to it."""

    command: str
    take: Callable[[GroupReading, Any], None]


Asked = tuple[StreamReading, GroupReading, Question]
"""A group of a stream, and what is asked about it."""


class Round(NamedTuple):
    """The commands for some streams, and what they ask, in the same order."""

    commands: list[Packed]
    asked: list[Asked]


def _take_undelivered(group: GroupReading, reply: Any) -> None:
    """Nothing behind the cursor is no lag, whatever the server counts.

    The newest entry may have been deleted, or all of them between the rounds.
    """
    group.oldest_undelivered = replies.oldest_entry(reply)
    group.is_proven_empty = group.oldest_undelivered is None


def _take_pending(group: GroupReading, reply: Any) -> None:
    group.oldest_pending = replies.oldest_pending(reply)


def _take_consumers(group: GroupReading, reply: Any) -> None:
    group.consumer_list = replies.consumers(reply)


_UNDELIVERED: Final = Question("XRANGE", _take_undelivered)
BRIEFLY_UNDELIVERED: Final = Question("EVALSHA_RO", _take_undelivered)
_OLDEST_PENDING: Final = Question("XPENDING", _take_pending)
_CONSUMERS: Final = Question("XINFO CONSUMERS", _take_consumers)

_often_used_bulk: Final = lru_cache(maxsize=1_024)(bulk)
"""Groups of many streams have the same few names."""


def second_round(readings: Sequence[StreamReading], max_consumers: int, brief: Brief) -> Round:
    """Collect what is to be asked; names the first entry as undelivered where that is known."""
    wanted: list[Packed] = []
    asked: list[Asked] = []
    brief_names = brief.names
    for reading in readings:
        if not reading.groups:
            continue
        first, last = reading.first_entry, reading.last_generated
        key, is_brief = bulk(reading.name), reading.name in brief_names
        for group in reading.groups:
            if first is not None and group.last_delivered < first:
                group.oldest_undelivered = first
            elif reading.length > 0 and not is_caught_up(group.last_delivered, last):
                if is_brief:
                    asked.append((reading, group, BRIEFLY_UNDELIVERED))
                    wanted.append(brief.oldest_after(key, group.last_delivered))
                else:
                    asked.append((reading, group, _UNDELIVERED))
                    wanted.append(commands.oldest_after(key, group.last_delivered))
            if group.pending > 0:
                asked.append((reading, group, _OLDEST_PENDING))
                wanted.append(commands.oldest_pending(key, _often_used_bulk(group.name)))
            if 0 < group.consumers <= max_consumers:
                asked.append((reading, group, _CONSUMERS))
                wanted.append(commands.XINFO_CONSUMERS + key + _often_used_bulk(group.name))
    return Round(wanted, asked)
