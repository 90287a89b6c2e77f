"""From each page to its end: its link says what it is, a command on it mends it, and it resolves.

Each case is brought into the state of its alert under a moved clock. Then either a command of the
incident page or all commands of the runbook up to the destructive ones are run as they stand, and
the processes that the runbook names are started again. What was in the stream is not lost by it.
The page is opened in a real browser, and the command is what it shows there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Locator

from replay.actors import Moment, produce
from replay.mending import CASES, Case, Repair, Worker
from replay.scenario import BLIND, Page, Scenario, World, compare
from replay.scenarios.common import feed
from replay.stage import Stage
from streamgauge.bundled import bundle_path
from support.browser import chromium
from support.peers import installed
from support.promtool import firings

RULES = [
    bundle_path("alerts") / f"{name}.rules.yml" for name in ("streams", "exporter", "reactions")
]
DAILY = ("stalled", "group missing", "not acknowledging")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def shown(browser: Browser, stage: Stage, path: str) -> Locator:
    """What a page of the exporter shows."""
    page = browser.new_page()
    answer = page.goto(f"http://127.0.0.1:{stage.exporters['a'].port}{path}")
    assert answer is not None
    assert answer.status == 200
    return page.locator("main")


def cases() -> list:
    """Every case by both ways; every night but for three."""
    return [
        pytest.param(
            case, way, id=f"{case.state}, by its {way}",
            marks=() if case.state in DAILY and way == "page" else pytest.mark.nightly,
        )
        for case in CASES
        for way in ("page", "runbook")
    ]  # fmt: skip


@pytest.mark.parametrize(("case", "way"), cases())
def test_it_is_named_and_mended(browser: Browser, case: Case, way: str, tmp_path: Path) -> None:
    actors = [*case.life()]
    scenario = Scenario(case.state, case.declared, lambda: actors)
    labels = {"redis": "main", "db": "db0", "stream": scenario.stream, **case.group_label}
    at_stake: set[str] = set()

    def mend(stage: Stage) -> None:
        page = shown(browser, stage, f"/stream?{urlencode(labels)}")
        assert f": {case.state}: " in page.locator(".summary").inner_text()
        assert case.page.alert in page.locator("#runbook").inner_text()
        line = command(page, case.command) if way == "page" else ""
        with stage.server.client() as client:
            at_stake.update(held(client, scenario.stream))
            repair = Repair(stage.server, client, scenario.stream, stage.directory)
            if way == "page":
                case.mend(repair, line)
            else:
                repair.by_the_runbook(case)
            owners = case.owners if way == "page" else case.owners_by_runbook
            assert pending(client, scenario.stream) == owners

    until = case.page.until
    assert until is not None
    world = World("mending", case.minutes, (scenario,), ((until, mend),), settings=case.settings)
    with Stage(world, "redis-7.0", tmp_path) as stage:
        recording = stage.play()
        with stage.server.client() as client:
            workers = [one for one in actors if isinstance(one, Worker)]
            with client.pipeline() as pipe:
                for one in workers:  # what came in the last step
                    one(Moment(stage.now, stage.now, 0, scenario.stream, pipe, client))
            done = {each for one in workers for each in one.done}
            owners = pending(client, scenario.stream)
            assert owners.keys().isdisjoint(one.name for one in workers)
            left = {*listed(client, scenario.stream)}
            if workers:
                assert at_stake | {*held(client, scenario.stream)} <= done | left
    fired = firings(recording, RULES, installed("promtool"), tmp_path / "promtool")
    assert compare([case.page], fired, case.minutes) == []
    assert labels.items() <= fired[0].labels.items()


def command(page: Locator, does: str) -> str:
    """The line of the page whose explanation begins so."""
    lines = {
        one.locator("p").inner_text().removeprefix("Only reads: "): one.locator("code").inner_text()
        for one in page.locator("#commands li").all()
    }
    (line,) = (line for text, line in lines.items() if text.startswith(does))
    return line


def held(client, stream: str) -> list[str]:
    return [entry for entry, _ in client.xrange(stream)]


def listed(client, stream: str, group: str = "g") -> dict[str, str]:
    """The owner of each pending entry; none where there is no group."""
    if group not in [one["name"] for one in client.xinfo_groups(stream)]:
        return {}
    found = client.xpending_range(stream, group, "-", "+", 1000)
    return {one["message_id"]: one["consumer"] for one in found}


def pending(client, stream: str) -> dict[str, int]:
    """How many entries each owner has in hand."""
    return dict(Counter(listed(client, stream).values())) if client.exists(stream) else {}


@pytest.mark.nightly
def test_blindness_is_named_on_the_status_page(browser: Browser, tmp_path: Path) -> None:
    def look(stage: Stage) -> None:
        text = shown(browser, stage, "/").inner_text()
        assert re.search(r"main\b.{0,80}could not be read", text, re.DOTALL), text[:2000]
        stage.find_redis()

    page = Page(BLIND, since=10, until=16)
    life = Scenario("feed", feed("1m"), lambda: [produce(10)])
    world = World("blind", 30, (life,), ((10, Stage.lose_redis), (16, look)), (page,))
    with Stage(world, "redis-7.0", tmp_path) as stage:
        recording = stage.play()
    fired = firings(recording, RULES, installed("promtool"), tmp_path / "promtool")
    assert world.problems(fired) == []
    assert life.problems(fired, world.minutes) == []
