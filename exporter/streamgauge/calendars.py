"""Calendars: days off and half days, of a market or of the user's own."""

from __future__ import annotations

import datetime as dt
import difflib
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

_NOT_INSTALLED: Final = (
    "a market needs the package holidays, which is not installed: "
    "pip install 'streamgauge[calendar]'"
)
_HALF_DAY: Final = "half_day"


@dataclass(frozen=True, slots=True)
class Calendar:
    """On which days nothing opens, and on which it closes early, in minutes after midnight.

    Days that the user names come before those of the market.
    """

    name: str
    market: str | None = None
    early_close: int | None = None
    closed: frozenset[dt.date] = frozenset()
    early: Mapping[dt.date, int] = field(default_factory=dict, hash=False)

    def is_closed(self, day: dt.date) -> bool:
        """Tell whether this is a day off."""
        if day in self.early:
            return False
        return day in self.closed or (
            self.market is not None and day in market_days(self.market, day.year)[0]
        )

    def closes_early_at(self, day: dt.date) -> int | None:
        """Return when everything closes on a half day; None on any other."""
        if day in self.early:
            return self.early[day]
        if self.market is not None and day in market_days(self.market, day.year)[1]:
            return self.early_close
        return None

    def coming(self, today: dt.date, most: int) -> Iterator[tuple[dt.date, int | None]]:
        """Yield the next days that are special, with when they close; None for a whole day off."""
        found = 0
        for ahead in range(3 * 366):
            day = today + dt.timedelta(days=ahead)
            early = self.closes_early_at(day)
            if early is not None or self.is_closed(day):
                yield day, early
                found += 1
            if found == most:
                return


def check_market(code: str) -> bool:
    """Tell whether a market has half days; raises ValueError with a sentence for an unknown one."""
    holidays = _package()
    known = sorted(holidays.list_supported_financial())
    if code not in known:
        near = difflib.get_close_matches(code.upper(), known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"found {code!r}, allowed: {', '.join(known)}{hint}")
    return _HALF_DAY in holidays.financial_holidays(code).supported_categories


@functools.lru_cache(maxsize=256)
def market_days(code: str, year: int) -> tuple[frozenset[dt.date], frozenset[dt.date]]:
    """Return the days off and the half days of a market in a year; ValueError without its days."""
    holidays = _package()
    closed = frozenset(holidays.financial_holidays(code, years=year))
    half: frozenset[dt.date] = frozenset()
    if _HALF_DAY in holidays.financial_holidays(code).supported_categories:
        found = holidays.financial_holidays(code, years=year, categories=(_HALF_DAY,))
        half = frozenset(found) - closed
    return closed, half


def _package() -> Any:
    """Imported late: only who names a market needs it."""
    try:
        import holidays  # noqa: PLC0415
    except ImportError:
        raise ValueError(_NOT_INSTALLED) from None
    return holidays
