"""The comparison in alerts/README.md is the tool's, is judged leniently, and still holds."""

import re

import pytest

from rules.comparison import COLUMNS, OURS, PACKS, Tally, comparable, compare
from rules.scenarios import SCENARIOS
from rules.simulator.case import LOSING, QUIET, STALLED, Case
from rules.simulator.world import Stream
from rules.systems import random_system
from streamgauge.bundled import bundle_path
from streamgauge.policy import StreamClass, StreamPolicy

OTHERS = [pack for pack in PACKS if pack != OURS]
SAMPLE = 16


@pytest.fixture(scope="module")
def tallies() -> dict[str, Tally]:
    systems = {f"system {seed}": random_system(seed) for seed in range(1, SAMPLE + 1)}
    return compare(comparable(systems))


@pytest.fixture(scope="module")
def table() -> dict[str, dict[str, str]]:
    """The README's table: by pack, what stands in each column."""
    readme = (bundle_path("alerts") / "README.md").read_text()
    (shown,) = re.findall(
        r"<!-- comparison -->\n(.*?)<!-- end of comparison -->", readme, re.DOTALL
    )
    lines = [line for line in shown.splitlines() if line.startswith("|")]
    heads, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0]: dict(zip(heads, row, strict=True)) for row in rows}


def test_the_readme_shows_every_pack_and_column(table):
    assert list(table) == list(PACKS)
    assert [list(row) for row in table.values()] == [COLUMNS] * len(PACKS)


def test_every_pack_is_shown_on_the_same_incidents(table):
    for column in COLUMNS[1:3]:
        assert len({row[column].partition(" of ")[2] for row in table.values()}) == 1


@pytest.mark.nightly
def test_this_pack_finds_all_of_a_sample_and_nothing_else(table, tallies):
    assert tallies[OURS].row[2:] == list(table[OURS].values())[3:] == ["0", "1.00", "1.00"]


@pytest.mark.nightly
@pytest.mark.parametrize("pack", OTHERS)
def test_another_pack_does_in_a_sample_what_the_readme_says(pack, table, tallies):
    shown, tally = table[pack], tallies[pack]
    assert (tally.feeds_found > 0) == (not shown[COLUMNS[1]].startswith("0 of"))
    assert tally.feeds_found < tally.feeds
    assert tally.groups_found > 0
    assert tally.false > 0
    assert int(shown[COLUMNS[3]]) > 0


def judged(*pages: tuple[str, str, str], fired_for: set[str], lag: float | None = 300.0) -> Tally:
    """The tally of one case with the streams `feed` and `other`."""
    case = Case()
    for name in ("feed", "other"):
        case.stream(name, Stream(StreamPolicy(StreamClass.HYBRID, lag_limit_seconds=lag)))
    for page in pages:
        case.expect(*page)
    tally = Tally()
    tally.add(case, fired_for)
    return tally


def test_whatever_fires_for_a_stream_with_an_incident_finds_it_once():
    pages = [(STALLED, "feed", "g"), (LOSING, "feed", "g")]
    assert judged(*pages, fired_for={"feed"}) == Tally(groups=1, groups_found=1)


def test_an_alert_for_another_stream_finds_nothing():
    assert judged((QUIET, "feed", ""), fired_for={"other"}) == Tally(feeds=1, false=1)


def test_an_alert_for_a_stream_whose_groups_may_lag_is_not_held_against_a_pack():
    assert judged(fired_for={"feed"}, lag=None) == Tally()


def test_histories_on_which_the_others_could_not_work_are_left_out():
    named = comparable({name: build() for name, build in SCENARIOS.items()})
    assert named
    assert [name for name in named if name.endswith("6.2")] == []
