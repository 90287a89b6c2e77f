"""The judge of the scenarios: what it calls wrong, and what right."""

import pytest

from replay.scenario import GROWING, QUIET, Page, compare
from support.promtool import Firing

QUIETENED = Page(QUIET, since=20, limit=1, until=40)
"""Due from minute 21 to 25, and to be gone by 50."""


def firing(alert: str, first: float, last: float, *, breaks: int = 0) -> Firing:
    count = int((last - first) * 2) + 1 - breaks
    return Firing({"alertname": alert, "stream": "feed"}, first * 60, last * 60, count)


@pytest.mark.parametrize(
    ("fired", "problems"),
    [
        ([firing(QUIET, 21, 45)], []),
        ([firing(QUIET, 25, 50)], []),
        ([], [f"{QUIET} never"]),
        ([firing(QUIET, 20, 45)], [f"{QUIET} at 20 min, before 21"]),
        ([firing(QUIET, 26, 45)], [f"{QUIET} at 26 min, later than 25"]),
        ([firing(QUIET, 22, 45, breaks=1)], [f"{QUIET} more than once"]),
        ([firing(QUIET, 22, 39)], [f"{QUIET} stopped at 39 min, before its cause at 40"]),
        ([firing(QUIET, 22, 51)], [f"{QUIET} still at 51 min, mended at 40"]),
        (
            [firing(QUIET, 22, 45), firing(GROWING, 30, 31)],
            [f"{GROWING} at 30 min, and must not"],
        ),
    ],
)
def test_what_fired_is_compared_with_what_must(fired: list[Firing], problems: list[str]) -> None:
    assert compare([QUIETENED], fired, 90) == problems


def test_an_incident_that_goes_on_pages_to_the_end() -> None:
    page = Page(QUIET, since=20, limit=1)
    assert compare([page], [firing(QUIET, 22, 90)], 90) == []
    assert compare([page], [firing(QUIET, 22, 80)], 90) == [
        f"{QUIET} stopped at 80 min though nothing was mended"
    ]


def test_a_page_has_the_contracts_bounds() -> None:
    page = Page(GROWING, since=30, limit=1)
    assert (page.earliest, page.latest) == (35, 39)
    assert (Page(GROWING, since=30, limit=60).earliest) == 60
