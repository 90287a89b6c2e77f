"""How a stream flows while it does: evenly, at random but densely, with pauses, or rarely."""

from __future__ import annotations

import enum
import heapq
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import Final, NamedTuple

from streamgauge.suggest.gaps import Gaps

MINUTE: Final = 60.0
HOUR: Final = 3_600.0
DAY: Final = 86_400.0

DENSE_SECONDS: Final = 5 * MINUTE
"""A stream without rhythm counts as a feed while no gap of a month should be longer than this, the
quiet limit that a continuous stream has by default."""

LONGEST_RHYTHM_SECONDS: Final = 26 * HOUR
"""Whoever writes less often than daily is no feed, however punctual."""

_MONTH: Final = 30 * DAY
_LEAST_BEATS: Final = 5
_STRAY_BEATS: Final = 0.02
_EVENNESS: Final = ((50, 2.0), (12, 4 / 3), (0, 1.1))
"""From so many intervals on, each may be this much longer or shorter than the median."""

_LEAST_SPAN: Final = 10 * MINUTE
_LEAST_SPAN_OF_MANY: Final = 2 * MINUTE
_MANY: Final = 100
_DENSE_LEAST: Final = 50
_BOUNDED: Final = ((200, 4.0), (50, 3.0))
"""From so many gaps on, a longest one within this multiple of the median has a bound: of gaps at
random, one in a thousand histories would look like that."""

_MOST_OUTAGES: Final = 2
_STANDS_OUT: Final = 5.0
_OUTAGE_SHARE: Final = 0.25


class Flow(enum.StrEnum):
    """What the arrivals of a stretch of time look like."""

    EVEN = "even"
    DENSE = "dense"
    PAUSING = "pausing"
    SHORT = "short"


class Steady(NamedTuple):
    """A flow that a quiet limit can guard: its kind, and the gaps that stand out of it.

    `burst_seconds` is the interval at which bursts of entries begin; None where it has no bursts.
    """

    flow: Flow
    outages: tuple[float, ...] = ()
    burst_seconds: float | None = None


def flow_of(arrivals: Sequence[float]) -> Flow:
    """Say how a stretch of arrivals flows, without regard to the time of day."""
    if len(arrivals) <= _LEAST_BEATS:
        return Flow.SHORT
    gaps = Gaps(arrivals)
    least_span = _LEAST_SPAN_OF_MANY if len(gaps) >= _MANY else _LEAST_SPAN
    if gaps.span < least_span:
        return Flow.SHORT
    if _is_bounded(gaps) or rhythm(arrivals) is not None:
        return Flow.EVEN
    is_dense = gaps.expected_longest(_MONTH) <= DENSE_SECONDS >= gaps.longest / 2
    if len(gaps) >= _DENSE_LEAST and is_dense:
        return Flow.DENSE
    return Flow.PAUSING


def steady(arrivals: Sequence[float]) -> Steady | None:
    """Say how a stream flows apart from an outage or two; None when it does not flow steadily.

    An outage is a gap of at least five times the next longest. Two take two days at least, or they
    are rather pauses, and all of them together may take a quarter of the time at most.
    """
    flow = flow_of(arrivals)
    if flow in (Flow.EVEN, Flow.DENSE):
        return _steady(arrivals, flow)
    if flow is Flow.SHORT or len(arrivals) <= _MANY:
        return None
    gaps = Gaps(arrivals)
    longest = heapq.nlargest(_MOST_OUTAGES + 1, gaps.lengths)
    for count in range(1, _MOST_OUTAGES + 1):
        outages = longest[:count]
        if sum(outages) > _OUTAGE_SHARE * gaps.span or gaps.span < (count - 1) * 2 * DAY:
            break
        if longest[count - 1] < _STANDS_OUT * longest[count]:
            continue
        rest = without(arrivals, outages[-1])
        flow = flow_of(rest)
        if flow in (Flow.EVEN, Flow.DENSE):
            return _steady(rest, flow)._replace(outages=tuple(outages))
    return None


def rhythm(arrivals: Sequence[float]) -> float | None:
    """The interval in seconds at which entries, or bursts of them, begin; None when it varies.

    What lies closer together than a quarter of the longest gap is one burst. All but one in fifty
    intervals are within a factor of two of the median (of a third, or a tenth, while there are so
    few that chance could do it), and none is beyond three. The first burst may be a part of one, so
    its beginning does not count.
    """
    apart = Gaps(arrivals).longest / 4
    beats = [later for earlier, later in pairwise(arrivals) if later - earlier >= apart]
    intervals = [later - earlier for earlier, later in pairwise(beats)]
    if len(intervals) < _LEAST_BEATS:
        return None
    middle = median(intervals)
    factor = next(factor for least, factor in _EVENNESS if len(intervals) >= least)
    stray = sum(1 for each in intervals if not middle / factor <= each <= middle * factor)
    is_even = max(intervals) <= 3 * middle and stray <= len(intervals) * _STRAY_BEATS
    return middle if is_even and middle <= LONGEST_RHYTHM_SECONDS else None


def without(arrivals: Sequence[float], pause_seconds: float) -> list[float]:
    """Put the arrivals together as if no gap of this length or longer had been there."""
    lost = 0.0
    joined = [arrivals[0]]
    for earlier, later in pairwise(arrivals):
        if later - earlier >= pause_seconds:
            lost += later - earlier
        else:
            joined.append(later - lost)
    return joined


def active_share(arrivals: Sequence[float], now: float) -> float:
    """The share of quarter hours that saw an arrival, from the first one until now."""
    quarter = 15 * MINUTE
    slots = {int(each // quarter) for each in arrivals}
    return len(slots) / (max(now, arrivals[-1]) // quarter - arrivals[0] // quarter + 1)


def _steady(arrivals: Sequence[float], flow: Flow) -> Steady:
    interval = rhythm(arrivals) if flow is Flow.EVEN else None
    if interval is not None and interval < 2 * Gaps(arrivals).mean:
        interval = None
    return Steady(flow, burst_seconds=interval)


def _is_bounded(gaps: Gaps) -> bool:
    for least, multiple in _BOUNDED:
        if len(gaps) >= least:
            return gaps.longest <= min(multiple * gaps.median, LONGEST_RHYTHM_SECONDS)
    return False
