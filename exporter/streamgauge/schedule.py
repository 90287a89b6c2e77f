"""Active hours: the days and hours in a time zone during which a feed is expected to flow."""

import datetime as dt
import difflib
import functools
import re
import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass, field

from streamgauge.calendars import Calendar

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_MINUTES = 24 * 60
_DAY_SECONDS = 24 * 3600
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_HOURS = re.compile(r"([0-9]{1,2}):([0-9]{2})-([0-9]{1,2}):([0-9]{2})")
# A gap in the week may vanish when the clocks go forward; then two weeks join into one open window.
_LOOK_BACK_DAYS = 15

# In January clocks change in no time zone that has summer time.
_ORDINARY_WEEK = dt.date(2027, 1, 4)

Window = tuple[int, int]
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a stream is active: `days` and `hours` as text, read on the clocks of `timezone`.

    On a calendar's day off nothing opens, and on its half days all windows end early. Raises
    ValueError with one sentence when one of the three cannot be read.
    """

    days: str = "mon-sun"
    hours: str = "00:00-24:00"
    timezone: str = "UTC"
    calendar: Calendar | None = None
    _open_days: frozenset[int] = field(init=False, repr=False, compare=False)
    _windows: tuple[Window, ...] = field(init=False, repr=False, compare=False)
    _zone: dt.tzinfo = field(init=False, repr=False, compare=False)
    _always: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        open_days, windows = parse_days(self.days), parse_hours(self.hours)
        object.__setattr__(self, "_open_days", open_days)
        object.__setattr__(self, "_windows", windows)
        object.__setattr__(self, "_zone", find_zone(self.timezone))
        always = self.calendar is None and _fills_the_week(open_days, windows)
        object.__setattr__(self, "_always", always)

    def opened_at(self, now: float) -> float | None:
        """When the window open at `now` opened; None when closed, -inf when it never closes.

        Both are Unix seconds. Windows that touch are one window, so `mon-fri` with whole days opens
        once, on Monday. A window across midnight belongs to the day it opens on. A wall-clock time
        that the clocks skip means the instant they jump, one that comes twice means its first
        occurrence.
        """
        if self._always:
            return float("-inf")
        for opened, closed in _spans_of_day(self, int(now // _DAY_SECONDS)):
            if opened <= now < closed:
                return opened
        return None

    @property
    def longest_window_seconds(self) -> float:
        """The longest time it is open without a break, in an ordinary week; infinite for always."""
        if self._always:
            return float("inf")
        spans = self.spans(_ORDINARY_WEEK, _ORDINARY_WEEK + dt.timedelta(days=14))
        return max(closed - opened for opened, closed in spans)

    def spans(self, first: dt.date, last: dt.date) -> list[Span]:
        """The merged windows that open on these days, as (opened, closed) in Unix seconds."""
        spans: list[Span] = []
        for ordinal in range(first.toordinal(), last.toordinal() + 1):
            day = dt.date.fromordinal(ordinal)
            if day.weekday() in self._open_days:
                spans += (
                    (_instant(day, start, self._zone), _instant(day, end, self._zone))
                    for start, end in self._windows_on(day)
                )
        return _merge(spans)

    def _windows_on(self, day: dt.date) -> Iterable[Window]:
        if self.calendar is None:
            return self._windows
        if self.calendar.is_closed(day):
            return ()
        early = self.calendar.closes_early_at(day)
        if early is None:
            return self._windows
        return [(start, min(end, early)) for start, end in self._windows if start < early]


def parse_days(text: str) -> frozenset[int]:
    """The weekdays (Monday is 0) of `mon-fri`, `sat,sun` or `fri-mon`; ValueError for others."""
    days: set[int] = set()
    for part in text.lower().split(","):
        first, _, last = part.strip().partition("-")
        start = _weekday(first.strip())
        end = _weekday(last.strip()) if "-" in part else start
        days.update((start + step) % 7 for step in range((end - start) % 7 + 1))
    return frozenset(days)


def parse_hours(text: str) -> tuple[Window, ...]:
    """The windows of `09:30-16:00,22:00-06:00` in minutes after midnight; ValueError for others.

    A window that ends at or before its start ends on the next day, so its end is beyond 1440.
    """
    return tuple(_window(part.strip()) for part in text.split(","))


def parse_time(text: str) -> int:
    """The minutes after midnight of `13:00`; ValueError for anything else."""
    match = _TIME.fullmatch(text.strip())
    if match is None or int(match[1]) > 23 or int(match[2]) > 59:
        raise ValueError(f"found {text!r}, allowed: a time such as 13:00")
    return int(match[1]) * 60 + int(match[2])


def find_zone(name: str) -> dt.tzinfo:
    """The time zone of this name; ValueError suggests the nearest one."""
    if name == "UTC":  # needs no time zone database, which a small container may lack
        return dt.UTC
    try:
        return zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        pass
    known = zoneinfo.available_timezones()
    if not known:
        raise ValueError(
            f"found {name!r}, but this system has no time zone database: install tzdata, or use UTC"
        )
    allowed = f"found {name!r}, allowed: a time zone such as UTC or Europe/Paris"
    raise ValueError(allowed + _nearest(name, known))


def _weekday(name: str) -> int:
    if name in _DAYS:
        return _DAYS.index(name)
    allowed = f"{', '.join(_DAYS)}, a range such as mon-fri, a list such as sat,sun"
    raise ValueError(f"found {name!r}, allowed: {allowed}{_nearest(name, _DAYS)}")


def _nearest(name: str, known: Iterable[str]) -> str:
    by_folded = {each.lower(): each for each in sorted(known)}
    near = difflib.get_close_matches(name.lower(), by_folded, n=1)
    return f"; did you mean {by_folded[near[0]]!r}?" if near else ""


def _window(text: str) -> Window:
    match = _HOURS.fullmatch(text)
    if match is None:
        raise ValueError(f"found {text!r}, allowed: hours such as 09:30-16:00, separated by commas")
    start_hour, start_minute, end_hour, end_minute = (int(number) for number in match.groups())
    start, end = start_hour * 60 + start_minute, end_hour * 60 + end_minute
    if max(start_minute, end_minute) > 59 or start >= _DAY_MINUTES or end > _DAY_MINUTES:
        raise ValueError(f"found {text!r}, allowed: times from 00:00 to 23:59, and 24:00 as an end")
    if start == end:
        raise ValueError(f"found {text!r}, which never opens; write 00:00-24:00 for the whole day")
    return start, end if end > start else end + _DAY_MINUTES


def _fills_the_week(days: frozenset[int], windows: tuple[Window, ...]) -> bool:
    # One day more than a week: what crosses Sunday's midnight falls on the Monday.
    minutes = bytearray(8 * _DAY_MINUTES)
    for day in days:
        for start, end in windows:
            first = day * _DAY_MINUTES + start
            minutes[first : first + end - start] = b"\1" * (end - start)
    spilled = minutes[7 * _DAY_MINUTES :]
    whole = bytes(a | b for a, b in zip(minutes[:_DAY_MINUTES], spilled, strict=True))
    return all(whole) and all(minutes[_DAY_MINUTES : 7 * _DAY_MINUTES])


@functools.lru_cache(maxsize=1024)
def _spans_of_day(schedule: Schedule, utc_day: int) -> tuple[Span, ...]:
    """The windows open at some time of this UTC day; equal schedules share the answer."""
    start = utc_day * _DAY_SECONDS
    day = dt.date(1970, 1, 1) + dt.timedelta(days=utc_day)
    spans = schedule.spans(day - dt.timedelta(days=_LOOK_BACK_DAYS), day + dt.timedelta(days=2))
    return tuple(span for span in spans if span[0] < start + _DAY_SECONDS and span[1] > start)


def _instant(day: dt.date, minute: int, zone: dt.tzinfo) -> float:
    days, minute = divmod(minute, _DAY_MINUTES)
    wall = dt.datetime.combine(
        day + dt.timedelta(days=days), dt.time(minute // 60, minute % 60), zone
    )
    earlier, later = wall.replace(fold=1).timestamp(), wall.timestamp()
    if later <= earlier:
        return later  # the usual case, where both are equal, or the first of two occurrences
    return _jump(earlier, later, zone)


def _jump(before: float, after: float, zone: dt.tzinfo) -> float:
    """The instant between these two at which the clocks go forward, by bisection to the second."""
    low, high = int(before), int(after)
    new_offset = dt.datetime.fromtimestamp(high, zone).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        if dt.datetime.fromtimestamp(middle, zone).utcoffset() == new_offset:
            high = middle
        else:
            low = middle
    return float(high)


def _merge(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for opened, closed in sorted(spans):
        if merged and opened <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(closed, merged[-1][1]))
        elif opened < closed:  # a window that the clocks skip altogether never opens
            merged.append((opened, closed))
    return merged
