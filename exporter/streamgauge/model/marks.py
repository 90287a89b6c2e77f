"""A bounded record of what was seen when: how the time of something is bounded by two looks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple, TypeVar

from streamgauge.model.ids import StreamId

MOST_MARKS: Final = 64
T = TypeVar("T")


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
