"""Active hours from a history: pauses that come at the same hours, every night or weekend."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from statistics import median
from typing import Final, NamedTuple

from streamgauge.schedule import Schedule, parse_days
from streamgauge.suggest.flow import DAY, HOUR, MINUTE

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LEAST_PAUSE: Final = 45 * MINUTE
_STANDS_OUT: Final = 3.0
_LEAST_SESSIONS: Final = 3
_LEAST_SESSION: Final = HOUR
_MOST_WINDOWS: Final = 3
_SAME_HOUR: Final = 45 * MINUTE
_GRID: Final = 5 * MINUTE
_MOSTLY: Final = 0.95


class Session(NamedTuple):
    """A stretch of arrivals between two long pauses, in Unix seconds."""

    start: float
    end: float


class Hours(NamedTuple):
    """When a stream is active, the days of the week that nobody has seen yet, and the sessions."""

    schedule: Schedule
    unseen_days: str
    sessions: int


class _Window(NamedTuple):
    """One window of the day: it opens at this time of the day (UTC), in seconds."""

    opens: float
    closes: float
    days: frozenset[int]


def counted_silence(arrivals: Sequence[float], schedule: Schedule) -> float:
    """The longest silence that these hours leave: of each gap, what lies within one window.

    A silence from before a window opens counts from then on, which is what the quiet limit of a
    stream with active hours does.
    """
    longest = 0.0
    spans = _spans(schedule, arrivals[0], arrivals[-1])
    at = 0
    for earlier, later in pairwise(arrivals):
        if later - earlier <= longest:
            continue
        while at < len(spans) and spans[at][1] <= earlier:
            at += 1
        for opened, closed in spans[at:]:
            if opened >= later:
                break
            longest = max(longest, min(later, closed) - max(earlier, opened))
    return longest


def long_pauses(arrivals: Sequence[float]) -> float | None:
    """The shortest of the gaps that stand apart from all others as long ones; None without any.

    Long are those above the widest step, of at least a factor of three, in the sorted gaps.
    """
    lengths = sorted((later - earlier for earlier, later in pairwise(arrivals)), reverse=True)
    best, shortest = _STANDS_OUT, None
    for longer, shorter in pairwise(lengths):
        if longer < _LEAST_PAUSE:
            break
        step = longer / max(shorter, 0.001)
        if step >= best:
            best, shortest = step, longer
    return shortest


def find_hours(arrivals: Sequence[float]) -> Hours | None:
    """The hours that the pauses of a history leave open; None when it shows none.

    It takes three sessions at least, which begin and end within three quarters of an hour of each
    other. Of the first the beginning is not known, and of the last the end.
    """
    pause = long_pauses(arrivals)
    if pause is None:
        return None
    sessions = list(_sessions(arrivals, pause))
    if len(sessions) < _LEAST_SESSIONS:
        return None
    usual = median(session.end - session.start for session in sessions[1:-1])
    inner = max(b - a for a, b in pairwise(arrivals) if b - a < pause)
    if usual >= DAY:
        return _fitting(arrivals, [Schedule("mon-fri")], sessions, inner)
    if usual < _LEAST_SESSION:
        return None
    return _fitting(arrivals, _daily(sessions, inner), sessions, inner)


def _fitting(
    arrivals: Sequence[float], schedules: Iterable[Schedule], sessions: list[Session], inner: float
) -> Hours | None:
    for schedule in schedules:
        if counted_silence(arrivals, schedule) > max(3 * inner, 2 * _GRID):
            continue
        if _share_within(arrivals, schedule) >= _MOSTLY:
            return Hours(schedule, _unseen_days(arrivals, schedule), len(sessions))
    return None


def _sessions(arrivals: Sequence[float], pause: float) -> Iterator[Session]:
    start = arrivals[0]
    for earlier, later in pairwise(arrivals):
        if later - earlier >= pause:
            yield Session(start, earlier)
            start = later
    yield Session(start, arrivals[-1])


def _daily(sessions: list[Session], inner: float) -> Iterator[Schedule]:
    """The schedule of windows that every day of activity has, if there is one."""
    clusters = _by_hour(sessions[1:])
    if len(clusters) > _MOST_WINDOWS:
        return
    windows = [_window(cluster, sessions, inner) for cluster in clusters]
    if any(window is None for window in windows):
        return
    found = sorted(window for window in windows if window is not None)
    days = frozenset[int]().union(*(window.days for window in found))
    hours = ",".join(f"{_clock(window.opens)}-{_clock(window.closes)}" for window in found)
    yield Schedule(_day_names(days), hours)


def _by_hour(sessions: list[Session]) -> list[list[Session]]:
    """Sessions that begin at the same time of the day, within an hour, around the clock."""
    ordered = sorted(sessions, key=lambda session: session.start % DAY)
    steps = [
        ((after.start - before.start) % DAY, index)
        for index, (before, after) in enumerate(pairwise([*ordered, ordered[0]]), 1)
    ]
    widest = max(steps)[1] % len(ordered)
    clusters: list[list[Session]] = []
    last: Session | None = None
    for session in ordered[widest:] + ordered[:widest]:
        if last is None or (session.start - last.start) % DAY > HOUR:
            clusters.append([])
        clusters[-1].append(session)
        last = session
    return clusters


def _window(cluster: list[Session], sessions: list[Session], inner: float) -> _Window | None:
    """The window of sessions that begin together; None when they are few or end apart."""
    anchor = cluster[0].start % DAY
    starts = [_offset(session.start, anchor) for session in cluster]
    bases = [session.start - start for session, start in zip(cluster, starts, strict=True)]
    ends = [
        session.end - base
        for session, base in zip(cluster, bases, strict=True)
        if session is not sessions[-1]
    ]
    first = sessions[0]
    if ends and abs(_offset(first.end, anchor + ends[0])) <= _SAME_HOUR:
        bases.append(first.end - ends[0])
        ends.append(ends[0] + _offset(first.end, anchor + ends[0]))
    if min(len(starts), len(ends)) < 2:
        return None
    if max(max(starts) - min(starts), max(ends) - min(ends)) > _SAME_HOUR:
        return None
    opens = anchor + _edge_before(anchor, max(starts), inner)
    closes = anchor + _edge_after(anchor, min(ends), inner)
    if not 0 < closes - opens < DAY:
        return None
    whole_days = opens // DAY  # rounding may cross midnight, and then the day is another one
    days = frozenset(
        dt.datetime.fromtimestamp(base + opens - anchor + _GRID / 2, dt.UTC).weekday()
        for base in bases
    )
    return _Window(opens - whole_days * DAY, closes - whole_days * DAY, days)


def _edge_before(anchor: float, start: float, inner: float) -> float:
    """The full five minutes before the latest start, or after it where that would be a silence."""
    rounded = (anchor + start) // _GRID * _GRID - anchor
    return rounded if start - rounded <= inner else rounded + _GRID


def _edge_after(anchor: float, end: float, inner: float) -> float:
    rounded = -(-(anchor + end) // _GRID) * _GRID - anchor
    return rounded if rounded - end <= inner else rounded - _GRID


def _offset(moment: float, anchor: float) -> float:
    """How far a moment is from a time of the day, from -12 to +12 hours."""
    return (moment - anchor + DAY / 2) % DAY - DAY / 2


def _clock(seconds: float) -> str:
    minutes = round(seconds / MINUTE)
    if minutes == 24 * 60:
        return "24:00"
    minutes %= 24 * 60
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _share_within(arrivals: Sequence[float], schedule: Schedule) -> float:
    inside = sum(
        bisect_left(arrivals, closed) - bisect_left(arrivals, opened)
        for opened, closed in _spans(schedule, arrivals[0], arrivals[-1])
    )
    return inside / len(arrivals)


def _spans(schedule: Schedule, first: float, last: float) -> list[tuple[float, float]]:
    return schedule.spans(_date(first - 8 * DAY), _date(last + DAY))


def _unseen_days(arrivals: Sequence[float], schedule: Schedule) -> str:
    """The days of the week that are not proposed and that the history does not hold whole."""
    seen = set()
    day = _date(arrivals[0]) + dt.timedelta(days=1)
    while day < _date(arrivals[-1]):
        seen.add(day.weekday())
        day += dt.timedelta(days=1)
    return _day_names(frozenset(range(7)) - seen - parse_days(schedule.days))


def _date(moment: float) -> dt.date:
    return dt.datetime.fromtimestamp(moment, dt.UTC).date()


def _day_names(days: frozenset[int]) -> str:
    """Weekdays as the configuration writes them: `mon-fri`, `sat,sun`; empty for none."""
    parts: list[str] = []
    run: list[int] = []
    for day in (*sorted(days), 8):
        if run and day != run[-1] + 1:
            joint = "-" if len(run) > 2 else ","
            parts.append(
                _DAYS[run[0]] if len(run) == 1 else f"{_DAYS[run[0]]}{joint}{_DAYS[run[-1]]}"
            )
            run = []
        run.append(day)
    return ",".join(parts)
