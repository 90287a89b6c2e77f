"""Active hours open and close when the clocks on the wall say so."""

import datetime as dt
import math
import zoneinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamgauge import schedule
from streamgauge.schedule import Schedule

NEW_YORK = "America/New_York"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def at(text: str, zone: str = "UTC", fold: int = 0) -> float:
    wall = dt.datetime.fromisoformat(text).replace(tzinfo=zoneinfo.ZoneInfo(zone), fold=fold)
    return wall.timestamp()


# 2026-03-02 is a Monday.
def test_a_market_is_open_from_its_bell_to_its_bell():
    market = Schedule("mon-fri", "09:30-16:00", NEW_YORK)
    bell = at("2026-03-02T09:30", NEW_YORK)
    assert market.opened_at(bell - 1) is None
    assert market.opened_at(bell) == bell
    assert market.opened_at(at("2026-03-02T15:59:59", NEW_YORK)) == bell
    assert market.opened_at(at("2026-03-02T16:00", NEW_YORK)) is None
    assert market.opened_at(at("2026-03-07T12:00", NEW_YORK)) is None  # Saturday


def test_whole_days_that_touch_open_once():
    week = Schedule("mon-fri", "00:00-24:00")
    monday = at("2026-03-02T00:00")
    assert week.opened_at(at("2026-03-06T23:59:59")) == monday
    assert week.opened_at(at("2026-03-07T00:00")) is None
    assert week.opened_at(monday - 1) is None


def test_windows_that_touch_or_overlap_are_one():
    two = Schedule("mon", "08:00-12:00,12:00-14:00,13:00-18:00")
    assert two.opened_at(at("2026-03-02T17:00")) == at("2026-03-02T08:00")


def test_two_windows_of_a_day_open_twice():
    lunch = Schedule("mon", "08:00-12:00, 13:00-18:00")
    assert lunch.opened_at(at("2026-03-02T12:30")) is None
    assert lunch.opened_at(at("2026-03-02T13:30")) == at("2026-03-02T13:00")


def test_a_window_across_midnight_belongs_to_the_day_it_opens_on():
    night = Schedule("fri", "22:00-06:00")
    opened = at("2026-03-06T22:00")
    assert night.opened_at(at("2026-03-07T05:59")) == opened
    assert night.opened_at(at("2026-03-07T06:00")) is None
    assert night.opened_at(at("2026-03-06T05:00")) is None


def test_a_window_may_end_at_midnight_either_way():
    for hours in ("18:00-24:00", "18:00-00:00"):
        evening = Schedule("mon", hours)
        assert evening.opened_at(at("2026-03-02T23:59:59")) == at("2026-03-02T18:00")
        assert evening.opened_at(at("2026-03-03T00:00")) is None


@pytest.mark.parametrize(
    "always",
    [
        Schedule(),
        Schedule("fri-thu"),
        Schedule(hours="00:00-12:00,12:00-24:00"),
        Schedule(hours="18:00-17:59,17:59-18:00", timezone=NEW_YORK),
    ],
)
def test_a_schedule_without_gaps_is_always_open(always):
    assert always.opened_at(at("2026-03-02T00:00")) == -math.inf


def test_one_minute_a_week_is_enough_to_close():
    nearly = Schedule(hours="00:00-23:59")
    assert nearly.opened_at(at("2026-03-02T23:59")) is None
    assert nearly.opened_at(at("2026-03-02T23:58")) == at("2026-03-02T00:00")


def test_the_days_may_wrap_around_the_week():
    weekend = Schedule("sat-mon")
    assert weekend.opened_at(at("2026-03-02T12:00")) == at("2026-02-28T00:00")
    assert weekend.opened_at(at("2026-03-03T12:00")) is None


# New York: clocks skip 02:00-03:00 on 2026-03-08, and repeat 01:00-02:00 on 2026-11-01.
JUMP = dt.datetime(2026, 3, 8, 7, tzinfo=dt.UTC).timestamp()


def test_opening_hours_follow_the_clocks_over_the_year():
    market = Schedule("mon-fri", "09:30-16:00", NEW_YORK)
    assert market.opened_at(at("2026-03-06T15:00")) == at("2026-03-06T14:30")
    assert market.opened_at(at("2026-03-09T14:00")) == at("2026-03-09T13:30")
    assert market.opened_at(at("2026-11-02T15:00")) == at("2026-11-02T14:30")


def test_a_window_that_opens_in_the_skipped_hour_opens_when_the_clocks_jump():
    window = Schedule("sun", "02:30-04:00", NEW_YORK)
    assert window.opened_at(JUMP - 1) is None
    assert window.opened_at(JUMP) == JUMP
    assert window.opened_at(at("2026-03-08T04:00", NEW_YORK)) is None


def test_a_window_that_closes_in_the_skipped_hour_closes_when_the_clocks_jump():
    window = Schedule("sun", "01:00-02:30", NEW_YORK)
    assert window.opened_at(JUMP - 1) == at("2026-03-08T01:00", NEW_YORK)
    assert window.opened_at(JUMP) is None


def test_a_window_that_the_clocks_skip_never_opens():
    window = Schedule("sun", "02:10-02:50", NEW_YORK)
    assert window.spans(dt.date(2026, 3, 8), dt.date(2026, 3, 8)) == []
    assert len(window.spans(dt.date(2026, 3, 15), dt.date(2026, 3, 15))) == 1


def test_a_gap_that_the_clocks_skip_closes_nothing():
    gap = Schedule("sat-sun", "00:00-02:00,03:00-24:00", NEW_YORK)
    assert gap.opened_at(at("2026-03-08T12:00", NEW_YORK)) == at("2026-03-07T03:00", NEW_YORK)


def test_an_hour_that_comes_twice_counts_once_as_an_edge():
    window = Schedule("sun", "01:30-04:00", NEW_YORK)
    opened = at("2026-11-01T01:30", NEW_YORK)
    assert window.opened_at(opened - 1) is None
    assert window.opened_at(at("2026-11-01T01:10", NEW_YORK, fold=1)) == opened
    until = Schedule("sun", "00:00-01:30", NEW_YORK)
    assert until.opened_at(at("2026-11-01T01:10", NEW_YORK, fold=1)) is None
    assert until.opened_at(opened - 1) == at("2026-11-01T00:00", NEW_YORK)


def test_a_day_across_the_repeated_hour_is_one_window_of_25_hours():
    day = Schedule("sun", "00:00-24:00", NEW_YORK)
    ((opened, closed),) = day.spans(dt.date(2026, 11, 1), dt.date(2026, 11, 1))
    assert closed - opened == 25 * 3600


clock_times = st.integers(0, 1439)
windows = st.tuples(clock_times, clock_times).filter(lambda pair: pair[0] != pair[1])
zones = st.sampled_from(["UTC", NEW_YORK, "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata"])
moments = st.integers(int(at("2025-12-01T00:00")), int(at("2027-02-01T00:00")))


def hours_of(pairs) -> str:
    def clock(minute: int) -> str:
        return f"{minute // 60:02}:{minute % 60:02}"

    return ",".join(f"{clock(start)}-{clock(end)}" for start, end in pairs)


schedules = st.builds(
    lambda days, pairs, zone: Schedule(",".join(sorted(days)), hours_of(pairs), zone),
    st.sets(st.sampled_from(DAYS), min_size=1),
    st.lists(windows, min_size=1, max_size=3),
    zones,
)


@given(schedules, moments)
def test_the_opening_is_open_and_the_moment_before_it_closed(some, now):
    opened = some.opened_at(now)
    if opened is not None and opened != -math.inf:
        assert opened <= now
        assert some.opened_at(opened) == opened
        assert some.opened_at(opened - 1) is None


@given(
    st.sets(st.sampled_from(DAYS), min_size=1), st.lists(windows, min_size=1, max_size=3), moments
)
def test_it_is_open_exactly_when_the_clock_is_within_a_window(days, pairs, now):
    some = Schedule(",".join(days), hours_of(pairs))
    wall = dt.datetime.fromtimestamp(now, dt.UTC)
    minute = wall.hour * 60 + wall.minute
    today, yesterday = DAYS[wall.weekday()], DAYS[wall.weekday() - 1]
    expected = any(
        (today in days and start <= minute < (end if end > start else 1440))
        or (yesterday in days and end <= start and minute < end)
        for start, end in pairs
    )
    assert (some.opened_at(now) is not None) is expected


DAYS_ALLOWED = "mon, tue, wed, thu, fri, sat, sun, a range such as mon-fri, a list such as sat,sun"
HOURS_ALLOWED = "allowed: times from 00:00 to 23:59, and 24:00 as an end"
ZONES_ALLOWED = "allowed: a time zone such as UTC or Europe/Paris"


@pytest.mark.parametrize(
    ("part", "found", "rest"),
    [
        ("days", "monday", f", allowed: {DAYS_ALLOWED}; did you mean 'mon'?"),
        ("days", "", f", allowed: {DAYS_ALLOWED}"),
        ("hours", "9-17", ", allowed: hours such as 09:30-16:00, separated by commas"),
        ("hours", "09:60-10:00", f", {HOURS_ALLOWED}"),
        ("hours", "24:00-06:00", f", {HOURS_ALLOWED}"),
        ("hours", "00:00-24:01", f", {HOURS_ALLOWED}"),
        ("hours", "09:00-09:00", ", which never opens; write 00:00-24:00 for the whole day"),
        ("timezone", "America/New_Yrok", f", {ZONES_ALLOWED}; did you mean 'America/New_York'?"),
        ("timezone", "europe/paris ", f", {ZONES_ALLOWED}; did you mean 'Europe/Paris'?"),
        ("timezone", "../etc/passwd", f", {ZONES_ALLOWED}"),
        ("timezone", "", f", {ZONES_ALLOWED}"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(part, found, rest):
    with pytest.raises(ValueError, match=r"^found ") as error:
        Schedule(**{part: found})
    assert str(error.value) == f"found {found!r}{rest}"


def test_an_open_range_of_days_is_a_mistake():
    with pytest.raises(ValueError, match=r"^found '', allowed: mon, tue"):
        Schedule("mon-")


def test_without_a_time_zone_database_the_remedy_is_named(monkeypatch):
    monkeypatch.setattr(schedule.zoneinfo, "ZoneInfo", {}.__getitem__)
    monkeypatch.setattr(schedule.zoneinfo, "available_timezones", set)
    assert Schedule(timezone="UTC").timezone == "UTC"
    with pytest.raises(ValueError, match="install tzdata, or use UTC"):
        Schedule(timezone="Europe/Paris")


def test_equal_words_are_equal_schedules():
    assert Schedule("mon", "08:00-09:00") == Schedule("mon", "08:00-09:00")
    assert len({Schedule("mon"), Schedule("mon"), Schedule("tue")}) == 2
