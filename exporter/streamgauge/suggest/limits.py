"""Limits as people write them: above everything seen, with a margin, rounded up."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Final

from streamgauge.model.readings import GroupCursor, History
from streamgauge.suggest.flow import DAY, HOUR, MINUTE, Flow, Steady
from streamgauge.suggest.gaps import Gaps
from streamgauge.verdict.words import Sentence, duration, name_list

_STEPS: Final = (
    30.0,
    45.0,
    *(minutes * MINUTE for minutes in (1, 1.5, 2, 3, 5, 7, 10, 15, 20, 30, 45)),
    *(hours * HOUR for hours in (1, 1.5, 2, 3, 4, 6, 8, 12, 18)),
    *(days * DAY for days in (1, 1.5, 2, 3, 5, 7, 10, 14)),
)
"""The shortest is what scrapes every 15 seconds can tell from a stream that flows."""

_MONTH: Final = 30 * DAY
_LEAST_MARGIN: Final = 2.0
_LEAST_MARGIN_OF_SLOW: Final = 1.5
_MOST_MARGIN: Final = 3.0
_FEW: Final = 100


def quiet_limit(longest_seconds: float, gaps: Gaps, kind: Steady) -> float:
    """The quiet limit in seconds for a stream whose longest silence was this.

    It is what the tail of the gaps lets expect in a month, but at least twice the longest silence,
    so that one entry may be lost, and at most three times, rounded up. What comes in punctual
    bursts, or hourly or less often, gets one and a half times at least. Fewer than a hundred gaps
    without rhythm tell little of a tail, so they get the full margin.
    """
    is_even = kind.flow is Flow.EVEN
    is_slow = is_even and (kind.burst_seconds is not None or gaps.median >= HOUR)
    least = longest_seconds * (_LEAST_MARGIN_OF_SLOW if is_slow else _LEAST_MARGIN)
    most = longest_seconds * _MOST_MARGIN
    if len(gaps) < _FEW and not is_even:
        return rounded_up(most)
    return rounded_up(min(most, max(least, gaps.expected_longest(_MONTH, of_long_ones=is_even))))


def rounded_up(seconds: float) -> float:
    """The next duration that a person would write; whole weeks beyond two of them."""
    at = bisect_left(_STEPS, seconds)
    return _STEPS[at] if at < len(_STEPS) else -(-seconds // (7 * DAY)) * 7 * DAY


def lag_reason(history: History) -> str:
    """Say what waits right now, beside a limit that is the default of the class.

    IDs do not tell how fast a group reads, so no other limit is ever proposed.
    """
    if history.groups is None:
        return "the default; its groups may not be read"
    if not history.groups:
        return "the default; no consumer group reads it"
    longest = max(waiting_seconds(history, group) for group in history.groups)
    groups = "group" if len(history.groups) == 1 else f"{len(history.groups):,} groups"
    if longest == 0:
        return f"the default; nothing waits for its {groups} now"
    return f"the default; the oldest entry that waits for its {groups} is {duration(longest)} old"


def slow_groups(history: History, limit_seconds: float) -> Sentence | None:
    """Name the groups for which entries wait for longer than the limit at this moment."""
    waits = [(waiting_seconds(history, group), group.name) for group in history.groups or ()]
    slow = [name for seconds, name in waits if seconds > limit_seconds]
    if not slow:
        return None
    names = name_list(slow)
    return Sentence(f"{duration(max(waits)[0])} for {names.template}", names.names)


def waiting_seconds(history: History, group: GroupCursor) -> float:
    """How long the oldest entry after a group's cursor waits; 0 when none does.

    A lower bound where the cursor is older than the IDs that were read.
    """
    at = bisect_right(history.ids, group.last_delivered)
    if at == len(history.ids):
        return 0.0
    return max(0.0, (history.now_ms - history.ids[at].ms) / 1000)
