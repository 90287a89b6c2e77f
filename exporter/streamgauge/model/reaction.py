"""An event stream that must answer: for how long the oldest trigger has gone unanswered.

An entry of the stream `after` is a trigger, an entry of the stream `expect` an answer. One answer
answers every trigger that arrived before it, and none that arrived later.

What was seen at different looks is in that order. Two entries that were first seen at one look are
in the order of their IDs' times. Where these do not tell, the trigger counts as answered.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from streamgauge.model.arrival import Mark, arrival_us, contradicts
from streamgauge.model.ids import NEVER, StreamId

GRACE_US: Final = 300 * 1_000_000
"""For so long after an outage no limit holds for what was within it before."""

_LAST_SEQUENCE: Final = 2**64 - 1


class Side(NamedTuple):
    """One stream of a pair at a look: its last ID and, if any, its first entry.

    The last ID is NEVER for a stream that is missing or never held an entry. `at_us` is the
    server's clock.
    """

    at_us: int
    last: StreamId = NEVER
    first: StreamId | None = None


@dataclass(frozen=True, slots=True)
class ReactionMemory:
    """A pair at its last look; `waits_since_us` is when the oldest unanswered trigger arrived.

    `doubt` where that may have been an earlier one: the oldest then is the first behind this ID.
    """

    after: StreamId
    after_us: int
    expect: StreamId
    expect_us: int
    waits_since_us: int | None = None
    doubt: StreamId | None = None
    is_within: bool = True
    free_until_us: int = 0
    look: int = 0

    @property
    def wait_seconds(self) -> float:
        """How long the oldest trigger has gone unanswered; 0 when none waits."""
        if self.waits_since_us is None:
            return 0.0
        return max(0, self.after_us - self.waits_since_us) / 1e6


def place_to_ask(
    known: ReactionMemory | None, after: Side, expect: Side | None, slack_us: int
) -> StreamId | None:
    """Return the ID behind which the oldest unanswered trigger is; None when nothing is asked.

    `expect` is None as long as it was not read in this sample.
    """
    places = []
    if known is not None and known.waits_since_us is None:
        places.append(known.after)
    if known is not None and known.doubt is not None:
        places.append(known.doubt)
    before = None if known is None else known.expect
    if (
        expect is not None
        and _is_new(expect, before)
        and expect.last.is_clock(expect.at_us // 1000)
    ):
        places.append(_end_of(expect.last.ms * 1000 + slack_us))
    place = max(places, default=after.last)
    return place if place < after.last else None


def looked_at(
    known: ReactionMemory | None,
    after: Side,
    expect: Side,
    found: StreamId | None = None,
    slack_us: int = 0,
) -> ReactionMemory:
    """Conclude what a look at both streams shows.

    `found` is the first entry behind the place that was asked for. `slack_us` is by how much the
    clocks of the servers that hold the two may differ.
    """
    before = before_expect = seen_us = since_us = doubt = answered_us = None
    if known is not None:
        before, before_expect, seen_us = known.after, known.expect, known.expect_us
        since_us, doubt = known.waits_since_us, known.doubt
    if _is_new(expect, before_expect):
        answered_us = _arrival_us(expect, expect.last, seen_us) + slack_us
        since_us = doubt = None
    if since_us is None and _is_new(after, before):
        since_us, doubt = _oldest(known, after, found, answered_us)
    elif since_us is not None and doubt is not None:
        if found is not None and found.is_clock(after.at_us // 1000):
            since_us = min(since_us, found.ms * 1000)
        doubt = None
    return ReactionMemory(
        _remembered(after, before),
        after.at_us,
        _remembered(expect, before_expect),
        expect.at_us,
        since_us,
        doubt,
    )


def limited(
    now: ReactionMemory,
    known: ReactionMemory | None,
    within_seconds: float,
    *,
    look: int,
    is_disturbed: bool,
) -> tuple[ReactionMemory, float]:
    """Return the memory to keep, and the limit as it is now: infinite for a while after an outage.

    The limit is lifted for five minutes after Redis could not be read or another process of it
    answers (`is_disturbed`), for a trigger that was within it before; never again meanwhile.
    """
    free_until_us = 0 if known is None else known.free_until_us
    if known is not None and known.is_within and is_disturbed and now.after_us >= free_until_us:
        free_until_us = now.after_us + GRACE_US
    limit = math.inf if now.after_us < free_until_us else within_seconds
    is_within = now.wait_seconds <= limit
    return replace(now, is_within=is_within, free_until_us=free_until_us, look=look), limit


def _oldest(
    known: ReactionMemory | None, after: Side, found: StreamId | None, answered_us: int | None
) -> tuple[int | None, StreamId | None]:
    """Return when the oldest new trigger arrived that no answer followed, and a doubt about it."""
    seen_us = None if known is None else known.after_us
    floor = NEVER if known is None or after.last < known.after else known.after
    triggers = {one for one in (found, after.first, after.last) if one is not None}
    new = sorted(one for one in triggers if floor < one <= after.last)
    for number, trigger in enumerate(new):
        if answered_us is not None and _earliest_us(after, trigger, seen_us) <= answered_us:
            continue
        is_sure = number == 0 or answered_us is None or trigger == found
        doubt = None if is_sure or answered_us is None else _end_of(answered_us)
        return _arrival_us(after, trigger, seen_us), doubt
    return None, None


def _is_new(side: Side, before: StreamId | None) -> bool:
    """Tell whether an entry came since the look before.

    A last ID that went back is one of another stream of that name, whose IDs count from the start
    again; where they are times, an older copy of the stream was put in its place.
    """
    if side.last == NEVER or side.last == before:
        return False
    return before is None or side.last > before or not side.last.is_clock(side.at_us // 1000)


def _remembered(side: Side, before: StreamId | None) -> StreamId:
    """Return the last ID to compare the next look with, which of a missing stream is the old one.

    Unless its IDs are no times: then any ID may come again.
    """
    if side.last != NEVER or before is None or not before.is_clock(side.at_us // 1000):
        return side.last
    return before


def _arrival_us(side: Side, entry_id: StreamId, seen_us: int | None) -> int:
    """Return when an entry arrived that was not there at the look before, if there was one."""
    marks = () if seen_us is None else (Mark(seen_us, seen_us, NEVER),)
    return arrival_us(entry_id, marks, side.at_us)


def _earliest_us(side: Side, entry_id: StreamId, seen_us: int | None) -> int:
    """Return when an entry may have arrived at the earliest."""
    if contradicts(entry_id, seen_us, side.at_us):
        return seen_us or 0
    return _arrival_us(side, entry_id, seen_us)


def _end_of(at_us: int) -> StreamId:
    """Return the largest ID of this millisecond."""
    return StreamId(at_us // 1000, _LAST_SEQUENCE)
