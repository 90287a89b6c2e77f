"""When an entry arrived. The time in its ID is an estimate; what was seen is evidence.

An entry arrived after the last look at which it was not there, and no later than the first at
which it was. Where the ID's time lies between the two it is believed. Where it does not, the entry
counts from when it was first seen: its age is then a lower bound. So counters, event times and
times in the future need no rule of their own. What was seen when is a bounded record of marks.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple, TypeVar

from streamgauge.model.ids import EARLIEST_CLOCK_MS, StreamId

MOST_MARKS: Final = 64
EARLIEST_CLOCK_US: Final = EARLIEST_CLOCK_MS * 1000
T = TypeVar("T")

_TOLERANCE_US = 5_000
"""Servers cache the clock that they write into IDs, for up to some milliseconds."""


class Mark(NamedTuple):
    """An ID that was the last one from one look to another, in microseconds."""

    first_us: int
    last_us: int
    entry_id: StreamId


def noted(marks: Iterable[Mark], now_us: int, entry_id: StreamId) -> tuple[Mark, ...]:
    """Add what a look saw; of more than the most that are kept, the older half is thinned."""
    kept = list(marks)
    if kept and kept[-1].entry_id == entry_id:
        kept[-1] = kept[-1]._replace(last_us=now_us)
    else:
        kept.append(Mark(now_us, now_us, entry_id))
    return thinned(kept)


def thinned(kept: list[T]) -> tuple[T, ...]:
    """Bound what looks told: of more than the most, every second of the older half goes."""
    if len(kept) > MOST_MARKS:
        del kept[1 : MOST_MARKS // 2 : 2]
    return tuple(kept)


def looks_around(entry_id: StreamId, marks: Iterable[Mark]) -> tuple[int | None, int | None]:
    """Return when this ID was last not reached yet, and when it first was; None for never."""
    before: int | None = None
    for mark in marks:
        if mark.entry_id >= entry_id:
            return before, mark.first_us
        before = mark.last_us
    return before, None


def arrival_us(entry_id: StreamId, marks: tuple[Mark, ...], now_us: int) -> int:
    """Return the Unix time in microseconds at which an entry arrived, at the latest `now_us`.

    `marks` say which was the stream's last ID at earlier looks and at this one. Without any, there
    was no look yet, or none has contradicted an ID's time.
    """
    estimate_us = entry_id.ms * 1000
    if not marks and EARLIEST_CLOCK_US <= estimate_us <= now_us:  # as of most streams
        return estimate_us
    after_us, by_us = looks_around(entry_id, marks)
    by_us = now_us if by_us is None else by_us
    return by_us if contradicts(entry_id, after_us, by_us) else min(estimate_us, by_us)


def contradicts(entry_id: StreamId, after_us: int | None, by_us: int) -> bool:
    """Tell whether an ID's time cannot be when the entry arrived: after one look, by another."""
    estimate_us = entry_id.ms * 1000
    if estimate_us > by_us + _TOLERANCE_US or not entry_id.is_clock(by_us // 1000):
        return True
    # An ID's time is a whole millisecond.
    return after_us is not None and estimate_us + 1000 + _TOLERANCE_US <= after_us
