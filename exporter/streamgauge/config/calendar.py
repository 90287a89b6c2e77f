"""The section `calendars` as the file spells it: days off and half days by a name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainValidator, ValidationInfo, field_validator

from streamgauge.calendars import Calendar, check_market
from streamgauge.config.problems import RefusedError, found
from streamgauge.config.values import EMPTY_LIST, MaybeText, Section
from streamgauge.schedule import parse_time


def _day(value: object) -> dt.date:
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    try:
        return dt.date.fromisoformat(str(value))
    except ValueError:
        raise RefusedError(f"found {found(value)}, allowed: a date such as 2026-12-24") from None


def _time(value: object) -> int:
    if not isinstance(value, str):
        raise RefusedError(f'found {found(value)}, allowed: a time in quotes, such as "13:00"')
    return parse_time(value)


def _days_and_times(value: object) -> object:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise RefusedError(
            f'found {found(value)}, allowed: a mapping such as {{2026-12-31: "14:00"}}'
        )
    return {_day(day): _time(time) for day, time in value.items()}


class CalendarSection(Section):
    """`calendars.NAME`. What decides comes before what depends on it."""

    market: MaybeText = None
    early_close: Annotated[int | None, PlainValidator(_time)] = None
    closed: Annotated[tuple[Annotated[dt.date, PlainValidator(_day)], ...], EMPTY_LIST] = ()
    early: Annotated[Mapping[dt.date, int], BeforeValidator(_days_and_times)] = Field(
        default_factory=dict, validate_default=True
    )

    @field_validator("market", mode="after")
    @classmethod
    def _is_known(cls, market: str | None) -> str | None:
        if market is not None:
            check_market(market)
        return market

    @field_validator("early", mode="after")
    @classmethod
    def _half_days_have_an_end(
        cls, early: Mapping[dt.date, int], info: ValidationInfo
    ) -> Mapping[dt.date, int]:
        market = info.data.get("market")
        is_open_ended = "early_close" in info.data and info.data["early_close"] is None
        if market and is_open_ended and check_market(market):
            raise RefusedError(
                f'early_close is missing: when {market} closes on its half days, such as "13:00"'
            )
        return early

    def calendar(self, name: str) -> Calendar:
        """The calendar of this name."""
        closed = frozenset(self.closed)
        return Calendar(name, self.market, self.early_close, closed, dict(self.early))
