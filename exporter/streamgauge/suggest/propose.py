"""The decision: from the history of one stream to the class and limits it asks for.

A rule of the decision is one function, asked in the order of `_RULES`; the first that has an answer
gives it. All of it is pure: the clock is the one in the history.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from streamgauge.config import ClassLimits
from streamgauge.model.readings import History
from streamgauge.policy import StreamClass
from streamgauge.suggest import flow, hours, reasons
from streamgauge.suggest.flow import DAY, HOUR
from streamgauge.suggest.gaps import Gaps
from streamgauge.suggest.limits import lag_reason, quiet_limit, slow_groups
from streamgauge.suggest.proposal import Proposal, Terms

_EVENT_SHARE: Final = 0.1
_EVENT_MEAN: Final = 15 * 60.0
_EVENT_LEAST_SECONDS: Final = 6 * HOUR
_EVENT_LEAST: Final = 3
_HYBRID_LEAST: Final = 20
_HYBRID_LEAST_SECONDS: Final = HOUR
_HYBRID_LEAST_PAUSES: Final = 3
_NIGHT: Final = 3 * HOUR
_NIGHTS_SEEN: Final = 4 * DAY
_ONE_BURST: Final = 10


class _Past:
    """A history with what is asked of it more than once."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.now = history.now_ms / 1000
        self.arrivals = history.arrivals()
        self.silence = self.now - self.arrivals[-1] if self.arrivals else math.inf

    @cached_property
    def gaps(self) -> Gaps:
        return Gaps(self.arrivals)

    @property
    def life(self) -> float:
        """Seconds from the first arrival until now."""
        return self.now - self.arrivals[0]


@dataclass(frozen=True, slots=True)
class _Verdict:
    """A class, or None for "cannot tell", and what goes with it."""

    stream_class: StreamClass | None
    reason: str
    quiet_limit_seconds: float | None = None
    quiet_reason: str = ""
    found_hours: hours.Hours | None = None
    silence: float | None = None


def propose(history: History, classes: Mapping[StreamClass, ClassLimits]) -> Proposal:
    """Propose class and limits for a stream; `classes` are the defaults that hold for each class.

    A quiet limit is longer than every silence of the history that it would have guarded.
    """
    past = _Past(history)
    verdict = next(each for rule in _RULES if (each := rule(past)) is not None)
    stream_class, reason = verdict.stream_class, verdict.reason
    if history.tells_time and history.tells_events:
        reason = reasons.of_event_times(reason)
    if stream_class is None:
        return Proposal(
            name=history.name,
            terms=None,
            class_reason=reason,
            is_brief=history.length < _EVENT_LEAST and history.is_whole,
        )
    lag_limit = classes[stream_class].lag_limit_seconds
    found, limit = verdict.found_hours, verdict.quiet_limit_seconds
    return Proposal(
        name=history.name,
        terms=Terms(stream_class, lag_limit, limit, found.schedule if found else None),
        class_reason=reason,
        quiet_reason=verdict.quiet_reason,
        active_reason=reasons.of_hours(found) if found else "",
        lag_reason=lag_reason(history),
        longest_seconds=past.gaps.longest if len(past.arrivals) > 1 else 0.0,
        silent_seconds=verdict.silence,
        slow_groups=slow_groups(history, lag_limit),
        groups=tuple(group.name for group in history.groups or ()),
    )


def _no_clock(past: _Past) -> _Verdict | None:
    """IDs that count something else than time say nothing of when entries came."""
    return None if past.history.tells_time else _Verdict(None, "its IDs are no times")


def _nothing(past: _Past) -> _Verdict | None:
    """A stream that holds no history may be an event stream or a feed that is dead from birth."""
    return _Verdict(None, reasons.of_nothing(past.history)) if len(past.arrivals) < 1 else None


def _few(past: _Past) -> _Verdict | None:
    """One or two entries in all the life of a stream, a day or longer, are events."""
    if len(past.arrivals) >= _EVENT_LEAST:
        return None
    if past.history.is_whole and past.life >= DAY:
        return _Verdict(StreamClass.EVENT, reasons.of_events(past.history, past.life))
    return _Verdict(None, reasons.of_few(past.history, past.life))


def _holes(past: _Past) -> _Verdict | None:
    """What is left of a queue that deletes what is done says nothing of what came."""
    if past.history.has_holes and flow.steady(past.arrivals) is None:
        return _Verdict(None, "entries were deleted from between the others")
    return None


def _one_burst(past: _Past) -> _Verdict | None:
    """A short stretch, then silence for many times its length: one burst, or a feed that died."""
    span = past.gaps.span
    if span < HOUR and past.silence > max(HOUR, _ONE_BURST * span):
        return _Verdict(None, reasons.of_burst(past.history, span, past.silence))
    return None


def _with_hours(past: _Past) -> _Verdict | None:
    """Pauses that come at the same hours, and a steady flow between them."""
    found = hours.find_hours(past.arrivals)
    if found is None:
        return None
    pause = hours.long_pauses(past.arrivals)
    inner = flow.without(past.arrivals, pause) if pause else past.arrivals
    kind = flow.steady(inner)
    if kind is None:
        return _Verdict(StreamClass.HYBRID, reasons.of_hybrid(past.gaps))
    longest = hours.counted_silence(past.arrivals, found.schedule)
    gaps = Gaps(inner)
    limit = quiet_limit(max(longest, gaps.longest), gaps, kind)
    silence = hours.counted_silence([past.arrivals[-1], past.now], found.schedule)
    return _Verdict(
        StreamClass.CONTINUOUS,
        reasons.of_feed(past.history, gaps, kind, past.gaps.span, within_hours=True),
        limit,
        reasons.of_limit(gaps, longest, past.gaps.span),
        found,
        past.silence if silence > limit else None,
    )


def _night(past: _Past) -> _Verdict | None:
    """A steady flow with a long pause or two in too short a time: a night, or an outage."""
    pause = hours.long_pauses(past.arrivals)
    if pause is None or pause < _NIGHT or past.gaps.span >= _NIGHTS_SEEN:
        return None
    pauses = past.gaps.over(pause - 0.001)
    if pauses > 2 or flow.steady(flow.without(past.arrivals, pause)) is None:
        return None
    return _Verdict(None, reasons.of_night(past.history, past.gaps, pauses))


def _feed(past: _Past) -> _Verdict | None:
    """A flow that is steady, whatever the hour."""
    kind = flow.steady(past.arrivals)
    if kind is None:
        return None
    limit = quiet_limit(past.gaps.longest, past.gaps, kind)
    return _Verdict(
        StreamClass.CONTINUOUS,
        reasons.of_feed(past.history, past.gaps, kind, past.gaps.span),
        limit,
        reasons.of_limit(past.gaps, past.gaps.longest, past.gaps.span),
        silence=past.silence if past.silence > limit else None,
    )


def _events(past: _Past) -> _Verdict | None:
    """Few arrivals for the time: on average over a quarter of an hour apart, or a tenth of it."""
    if past.life < _EVENT_LEAST_SECONDS:
        return None
    mean = past.life / len(past.arrivals)
    if mean < _EVENT_MEAN and flow.active_share(past.arrivals, past.now) >= _EVENT_SHARE:
        return None
    return _Verdict(StreamClass.EVENT, reasons.of_events(past.history, past.life))


def _hybrid(past: _Past) -> _Verdict | None:
    """Active, and with pauses of any length."""
    if len(past.arrivals) < _HYBRID_LEAST or past.life < _HYBRID_LEAST_SECONDS:
        return None
    if len(past.gaps.long_ones()) < _HYBRID_LEAST_PAUSES and past.life < DAY:
        return None
    return _Verdict(StreamClass.HYBRID, reasons.of_hybrid(past.gaps))


def _too_short(past: _Past) -> _Verdict:
    """What remains is too little to tell."""
    if len(past.arrivals) >= _HYBRID_LEAST and past.life >= _HYBRID_LEAST_SECONDS:
        return _Verdict(None, reasons.of_few_pauses(past.history, past.gaps))
    return _Verdict(None, reasons.of_few(past.history, past.life))


_RULES: Final[tuple[Callable[[_Past], _Verdict | None], ...]] = (
    _no_clock,
    _nothing,
    _few,
    _holes,
    _one_burst,
    _with_hours,
    _night,
    _feed,
    _events,
    _hybrid,
    _too_short,
)
