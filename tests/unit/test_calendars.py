"""Days off and half days: of a market, of the user's own, and what they do to active hours."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from streamgauge.calendars import Calendar
from streamgauge.schedule import Schedule

NEW_YORK = "America/New_York"
NYSE = Calendar("nyse", "NYSE", 13 * 60)
HOURS = Schedule("mon-fri", "09:30-16:00", NEW_YORK, NYSE)
# The exchange's own list for 2026.
DAYS_OFF = [(1, 1), (1, 19), (2, 16), (4, 3), (5, 25), (6, 19), (7, 3), (9, 7), (11, 26), (12, 25)]
HALF_DAYS = [(11, 27), (12, 24)]


def moment(month: int, day: int, hour: int, minute: int = 0) -> float:
    return dt.datetime(2026, month, day, hour, minute, tzinfo=ZoneInfo(NEW_YORK)).timestamp()


def test_a_trading_year_has_the_exchanges_days_off_and_half_days():
    days = [dt.date(2026, 1, 1) + dt.timedelta(days=n) for n in range(365)]
    weekdays = [day for day in days if day.weekday() < 5]
    closed = [(day.month, day.day) for day in weekdays if NYSE.is_closed(day)]
    early = [(d.month, d.day) for d in weekdays if NYSE.closes_early_at(d) is not None]
    assert (closed, early) == (DAYS_OFF, HALF_DAYS)


def test_nothing_is_open_outside_the_hours_of_any_day_of_the_year():
    for day in (dt.date(2026, 1, 1) + dt.timedelta(days=n) for n in range(365)):
        is_off = day.weekday() >= 5 or (day.month, day.day) in DAYS_OFF
        ends = 13 if (day.month, day.day) in HALF_DAYS else 16
        for hour in range(24):
            is_open = HOURS.opened_at(moment(day.month, day.day, hour, 45)) is not None
            assert is_open == (not is_off and 9 <= hour < ends), (day, hour)


def test_own_days_come_before_those_of_the_market():
    ours = Calendar(
        *("ours", "NYSE", 13 * 60),
        closed=frozenset([dt.date(2026, 12, 28)]),
        early={dt.date(2026, 12, 25): 12 * 60},
    )
    hours = Schedule("mon-fri", "09:30-16:00", NEW_YORK, ours)
    assert hours.opened_at(moment(12, 28, 12)) is None
    assert hours.opened_at(moment(12, 25, 11)) == moment(12, 25, 9, 30)
    assert hours.opened_at(moment(12, 25, 12)) is None


def test_a_schedule_that_never_closes_does_on_a_day_off():
    always = Schedule(calendar=Calendar("ours", closed=frozenset([dt.date(2026, 12, 25)])))
    at_noon = dt.datetime(2026, 12, 25, 12, tzinfo=dt.UTC).timestamp()
    assert always.opened_at(at_noon) is None
    assert always.opened_at(at_noon + 86_400) is not None


@pytest.mark.parametrize("code", ["LSE", "JPX", "XETR", "HKEX"])
def test_other_markets_are_known_by_their_codes(code):
    coming = list(Calendar("other", code, 12 * 60).coming(dt.date(2026, 1, 1), 10))
    assert len(coming) == 10


def test_the_next_special_days_are_told_in_order():
    assert list(NYSE.coming(dt.date(2026, 11, 25), 3)) == [
        (dt.date(2026, 11, 26), None),
        (dt.date(2026, 11, 27), 13 * 60),
        (dt.date(2026, 12, 24), 13 * 60),
    ]
