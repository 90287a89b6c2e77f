"""Hours, days off and half days, and a configuration that changes while an alert fires."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from replay.actors import but, consume, during, produce, until
from replay.scenario import MISSING, QUIET, STALLED, Page, Scenario, World
from replay.scenarios.common import INCIDENTS, feed, jobs
from replay.stage import BEGINS, Stage

FRIDAY: date = datetime.fromtimestamp(BEGINS, UTC).date()


def open_between(*hours: str, **more: Any) -> dict[str, Any]:
    return {"active": {"days": "mon-fri", "hours": [*hours], "timezone": "UTC"} | more}


# It is eight o'clock at minute 0.
HOURS = World(
    "a Friday with hours",
    180,
    (
        Scenario(
            "a feed that flows while it is open",
            feed("2m") | open_between("08:30-09:30", "10:00-10:30"),
            lambda: [produce(10, during((30, 90), (120, 150)))],
        ),
        Scenario(
            "a feed that is late by less than its limit at the opening",
            feed("5m") | open_between("08:30-10:30"),
            lambda: [produce(10, during((34, 150)))],
        ),
        Scenario(
            "a feed that does not begin",
            feed("2m") | open_between("08:30-09:30"),
            lambda: [produce(10, during((0, 1)))],
            (Page(QUIET, since=30, limit=2, until=90),),
        ),
        Scenario(
            "a feed that stops before the break",
            feed("2m") | open_between("08:00-09:00", "10:00-11:00"),
            lambda: [produce(10, but((40, 120)))],
            (Page(QUIET, since=40, limit=2, until=60),),
        ),
        Scenario(
            "a feed on a day off",
            feed("2m") | open_between("08:30-10:30", calendar="off"),
            lambda: [produce(10, during((0, 1)))],
        ),
        Scenario(
            "a feed that ends with a half day",
            feed("2m") | open_between("08:00-12:00", calendar="half"),
            lambda: [produce(10, until(90))],
        ),
        Scenario(
            "a feed that stops before the early close",
            feed("2m") | open_between("08:00-12:00", calendar="half"),
            lambda: [produce(10, until(60))],
            (Page(QUIET, since=60, limit=2, until=90),),
        ),
        Scenario(
            "a feed that is missing while it is closed",
            feed("2m") | open_between("10:00-10:30"),
            lambda: [produce(10, during((120, 151)))],
        ),
        Scenario(
            "a feed that is missing when it opens",
            feed("2m") | open_between("08:30-12:00"),
            list,
            (Page(MISSING, since=30),),
        ),
        Scenario(
            "a group that stands still while the feed is closed",
            feed("2m", "5m") | open_between("08:00-08:30"),
            lambda: [produce(10, until(30)), consume(active=until(25))],
            (Page(STALLED, since=25, limit=5, group="g"),),
        ),
    ),
    settings={
        "calendars": {
            "off": {"closed": [FRIDAY.isoformat()]},
            "half": {"early": {FRIDAY.isoformat(): "09:30"}},
        }
    },
)
SATURDAY = World(
    "a Saturday",
    60,
    tuple(
        Scenario(
            f"a feed of mon-fri in {zone}",
            feed("2m") | open_between("00:00-24:00", timezone=zone),
            lambda: [produce(10, until(5))],
        )
        for zone in ("UTC", "America/New_York", "Asia/Tokyo")
    ),
    begins=BEGINS + timedelta(days=1).total_seconds(),
)

CHANGED = {
    "a limit that is raised": jobs("3h"),
    "a class that is changed": jobs(),
    "a limit that is lowered": jobs("5m"),
    "a feed that is declared later": feed("5m"),
}


def change(stage: Stage) -> None:
    stage.reload({name.replace(" ", "-"): rule for name, rule in CHANGED.items()})


RELOADED = World(
    "the configuration changes at minute 45",
    90,
    (
        Scenario(
            "a limit that is raised",
            jobs("5m"),
            lambda: [produce(10), consume(active=until(20))],
            (Page(STALLED, since=20, limit=5, until=45, group="g"),),
        ),
        Scenario(
            "a class that is changed",
            feed("1m"),
            lambda: [produce(10, until(20))],
            (Page(QUIET, since=20, limit=1, until=45),),
        ),
        Scenario(
            "a limit that is lowered",
            jobs("2h"),
            lambda: [produce(10), consume(active=until(20))],
            (Page(STALLED, since=40, limit=5, group="g"),),
        ),
        Scenario(
            "a feed that is declared later",
            jobs(),
            lambda: [produce(10, until(20))],
            (Page(QUIET, since=40, limit=5),),
        ),
        *INCIDENTS,
    ),
    events=((33, lambda stage: stage.reload({})), (45, change)),
)

WORLDS = (HOURS, SATURDAY, RELOADED)
