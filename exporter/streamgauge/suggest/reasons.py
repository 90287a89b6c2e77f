"""The evidence in words, one comment for each line of a rule; no name from Redis is in them."""

from __future__ import annotations

from typing import Final

from streamgauge.config import parse_duration
from streamgauge.model.readings import History
from streamgauge.suggest.flow import DAY, Flow, Steady
from streamgauge.suggest.gaps import Gaps
from streamgauge.suggest.hours import Hours
from streamgauge.verdict.words import counted, duration, entries

_TAIL: Final = 0.001
_MOST_RARE: Final = 5
_MORE: Final = 1.1
_WEEK: Final = 7 * DAY


def length(seconds: float) -> str:
    """Write the length of a gap, tenths of a second where a gap of seconds needs them."""
    return _rounded(seconds)[0]


def written(seconds: float) -> float:
    """The length that `length` writes for this one, so that what is counted is what is written."""
    return _rounded(seconds)[1]


def _rounded(seconds: float) -> tuple[str, float]:
    if 0 < seconds < 1:
        milliseconds = round(seconds * 1000)
        return f"{milliseconds}ms", milliseconds / 1000
    if seconds < 60:
        tenths = round(seconds, 1)
        return f"{tenths:g}s", tenths
    text = duration(seconds)
    return text, parse_duration(text)


def of_feed(
    history: History, gaps: Gaps, kind: Steady, span: float, *, within_hours: bool = False
) -> str:
    """Say why a stream is a feed, and what of it the history is too short to show."""
    manner = "even" if kind.flow is Flow.EVEN else "at random but dense"
    parts = [f"{_pace(gaps)}, {manner}"]
    if kind.burst_seconds is not None:
        parts = [f"{entries(len(gaps) + 1)} in bursts, one every {length(kind.burst_seconds)}"]
    if kind.outages:
        longest = duration(max(kind.outages))
        parts.append(f"{counted(len(kind.outages), 'outage')} of up to {longest} apart")
    if not within_hours:
        parts.append(_unseen(history, span))
    return "; ".join(filter(None, parts))


def of_limit(gaps: Gaps, longest: float, span: float) -> str:
    """Give the longest gaps: `9 of 9,998 gaps over 4.1s; longest 12.3s in 6h`."""
    ordered = sorted(gaps.lengths, reverse=True)
    rare = ordered[min(max(1, round(len(ordered) * _TAIL)), len(ordered) - 1)]
    bound = written(rare)  # what is counted is what is written
    count = gaps.over(bound)
    if count > max(_MOST_RARE, 2 * _TAIL * len(ordered)):
        count = 0
    tail = f"{count:,} of {counted(len(ordered), 'gap')} over {length(bound)}; " if count else ""
    every = "" if count else f" of {counted(len(ordered), 'gap')}"
    return f"{tail}longest{every} {length(longest)} in {duration(span)}"


def of_hours(found: Hours) -> str:
    """Say what the hours rest on, and which days nobody has seen."""
    seen = f"{found.sessions} sessions seen"
    unseen = (
        f", none on {found.unseen_days} yet: too short a history to tell"
        if found.unseen_days
        else ""
    )
    return f"{seen}{unseen}; hours are UTC, name the time zone where the clocks change"


def of_hybrid(gaps: Gaps) -> str:
    """Say that a stream flows with pauses."""
    return f"{_pace(gaps)}, with pauses of up to {length(gaps.longest)} in {duration(gaps.span)}"


def of_events(history: History, life: float) -> str:
    """Say how rare a stream is."""
    return f"{entries(len(history.arrivals()))} in {duration(life)}"


def of_nothing(history: History) -> str:
    """Say what is known of a stream that holds no entry and never had one with a time."""
    if history.entries_added:
        return f"empty; {entries(history.entries_added)} came and went"
    return "never written: an event stream by design, or a feed that is dead"


def of_few(history: History, life: float) -> str:
    """Say that there is too little."""
    return f"{entries(len(history.arrivals()))} in {duration(life)}: too short a history to tell"


def of_few_pauses(history: History, gaps: Gaps) -> str:
    """Say that a pause or two may be outages of a feed, or the way of the stream."""
    return (
        f"{_pace(gaps)}, with too few pauses to tell ({length(gaps.longest)} at most) in "
        f"{duration(gaps.span)}: too short a history{_more(history)}"
    )


def of_burst(history: History, span: float, silence: float) -> str:
    """Say that a feed that died looks like one burst."""
    return (
        f"{entries(len(history.arrivals()))} within {duration(span)}, then silent for "
        f"{duration(silence)}: one burst, or a feed that died"
    )


def of_night(history: History, gaps: Gaps, pauses: int) -> str:
    """Say that a night looks like an outage."""
    return (
        f"{_pace(gaps)}, but for {counted(pauses, 'pause')} of up to {length(gaps.longest)} in "
        f"{duration(gaps.span)}: too short a history to tell a night from an outage"
        f"{_more(history)}"
    )


def of_event_times(reason: str) -> str:
    """Add that the IDs are times of events."""
    return f"{reason}; its IDs are whole seconds: times of events rather than of arrival"


def _pace(gaps: Gaps) -> str:
    each = f"{1 / gaps.mean:,.1f} a second" if gaps.mean < 1 else f"one every {length(gaps.mean)}"
    return f"{entries(len(gaps) + 1)}, {each}"


def _unseen(history: History, span: float) -> str:
    if span < DAY:
        return f"too short to tell of nights: {duration(span)} seen{_more(history)}"
    if span < _WEEK:
        return f"too short to tell of weekends: {duration(span)} seen{_more(history)}"
    return ""


def _more(history: History) -> str:
    """Whether more is to be had."""
    if history.is_trimmed:
        return " (it is trimmed and holds no more, which is no proof)"
    if history.is_cut:
        return " (its entries are large, so fewer of them were read)"
    return " (--entries reads more)" if history.length > _MORE * len(history.ids) else ""
