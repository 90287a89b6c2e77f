"""A year of the New York Stock Exchange on a real server: what is closed can page nobody."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from support.moved_clock import Life

NEW_YORK = ZoneInfo("America/New_York")
LIMIT_SECONDS = 45 * 60
HALF_HOUR = timedelta(minutes=30)
QUOTES = {
    "match": "quotes",
    "class": "continuous",
    "quiet_limit": "45m",
    "active": {
        "days": "mon-fri",
        "hours": "09:30-16:00",
        "timezone": NEW_YORK.key,
        "calendar": "nyse",
    },
}
SETTINGS = {"calendars": {"nyse": {"market": "NYSE", "early_close": "13:00"}}}
# The lists that the exchange has published.
OFF = {
    2027: "01-01 01-18 02-15 03-26 05-31 06-18 07-05 09-06 11-25 12-24",
    2028: "01-17 02-21 04-14 05-29 06-19 07-04 09-04 11-23 12-25",
}
HALF = {2027: "11-26", 2028: "07-03 11-24"}


class Exchange:
    """Its next year: days off, and half days, which end at one o'clock."""

    def __init__(self) -> None:
        self.year = datetime.now(UTC).year + 1  # a clock is moved forward only
        self.off, self.half = self._days(OFF), self._days(HALF)

    def _days(self, listed: dict[int, str]) -> set[date]:
        return {date.fromisoformat(f"{self.year}-{day}") for day in listed[self.year].split()}

    def opened(self, local: datetime) -> datetime | None:
        """When the session under way began; None where there is none."""
        day, began = local.date(), local.replace(hour=9, minute=30)
        ends = local.replace(hour=13 if day in self.half else 16, minute=0)
        if day.weekday() >= 5 or day in self.off or not began <= local < ends:
            return None
        return began

    def hours(self) -> Iterator[datetime]:
        """A quarter to each hour of the year, in New York."""
        at = datetime(self.year, 1, 1, 0, 45, tzinfo=NEW_YORK).astimezone(UTC)
        while (local := at.astimezone(NEW_YORK)).year == self.year:
            yield local
            at += timedelta(hours=1)


def age_and_limit(life: Life, at: datetime) -> tuple[float, float]:
    life.clock.move_to(at.timestamp())
    seen = life.exporter.scrape()
    (age,) = seen["redis_stream_last_entry_age_seconds"].values()
    (limit,) = seen["redis_stream_quiet_limit_seconds"].values()
    return age, limit


def flow(life: Life, exchange: Exchange, local: datetime) -> None:
    """Add an entry each half hour that is open."""
    for at in (local - HALF_HOUR, local):
        life.clock.move_to(at.timestamp())
        if exchange.opened(at) is not None:
            life.add("quotes")


@pytest.mark.nightly
def test_no_closed_hour_of_a_trading_year_has_a_limit(tmp_path: Path) -> None:
    exchange, sessions = Exchange(), set()
    with Life("redis-7.0", tmp_path, QUOTES, settings=SETTINGS) as life:
        life.add("quotes")
        for local in exchange.hours():
            stops = local.date() in exchange.half and local.hour >= 11
            if not stops:
                flow(life, exchange, local)
            age, limit = age_and_limit(life, local)
            opened = exchange.opened(local)
            if opened is None:
                assert limit == float("inf"), local
            elif local - opened > timedelta(seconds=LIMIT_SECONDS):
                sessions.add(local.date())
                assert limit == LIMIT_SECONDS, local
                assert (age > limit) == stops, local
    assert 249 <= len(sessions) <= 252


@pytest.mark.nightly
def test_a_feed_that_stops_on_a_half_day_is_past_its_limit_before_the_early_close(
    tmp_path: Path,
) -> None:
    exchange = Exchange()
    with Life("redis-7.0", tmp_path, QUOTES, settings=SETTINGS) as life:
        for day in sorted(exchange.half):
            stopped = datetime(day.year, day.month, day.day, 10, 45, tzinfo=NEW_YORK)
            flow(life, exchange, stopped)
            limit_ends = stopped + timedelta(seconds=LIMIT_SECONDS)
            age, limit = age_and_limit(life, limit_ends - timedelta(minutes=1))
            assert age < limit == LIMIT_SECONDS
            age, limit = age_and_limit(life, limit_ends + timedelta(minutes=1))
            assert age > limit == LIMIT_SECONDS
            _, limit = age_and_limit(life, stopped.replace(hour=13, minute=0))
            assert limit == float("inf")
