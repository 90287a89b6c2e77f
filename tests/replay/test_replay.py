"""Real servers, hours in seconds: what must page does, in time and once, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from replay.promtool import Firing, firings
from replay.scenario import Scenario, World
from replay.scenarios import WORLDS
from replay.stage import Stage
from streamgauge.bundled import bundle_path
from support.peers import installed
from support.servers import SERVERS

RULES = [bundle_path("alerts") / f"{name}.rules.yml" for name in ("streams", "exporter")]
DAILY = {("an ordinary day", "redis-8.10")}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    is_nightly = metafunc.config.getoption("nightly")
    played = [
        (world, server)
        for world in WORLDS
        for server in SERVERS
        if is_nightly or (world.name, server) in DAILY
    ]
    if "scenario" in metafunc.fixturenames:
        cases = [(w, s, one) for w, s in played for one in w.on(s)]
        ids = [f"{one.name}, {s}" for _, s, one in cases]
        metafunc.parametrize(("world", "name", "scenario"), cases, ids=ids, scope="module")
    else:
        ids = [f"{w.name}, {s}" for w, s in played]
        metafunc.parametrize(("world", "name"), played, ids=ids, scope="module")


@pytest.fixture(scope="module")
def fired(tmp_path_factory: pytest.TempPathFactory) -> Callable[[World, str], list[Firing]]:
    """Answers what the shipped rules fire in a world on a server; it is played once."""
    known: dict[tuple[str, str], list[Firing]] = {}

    def get(world: World, server: str) -> list[Firing]:
        key = world.name, server
        if key not in known:
            directory: Path = tmp_path_factory.mktemp("stage")
            with Stage(world, server, directory) as stage:
                recording = stage.play()
            known[key] = firings(recording, RULES, installed("promtool"), directory / "promtool")
        return known[key]

    return get


def test_scenario(world: World, name: str, scenario: Scenario, fired: Callable) -> None:
    assert scenario.problems(fired(world, name), world.minutes) == []


def test_nothing_pages_that_is_about_no_stream(world: World, name: str, fired: Callable) -> None:
    assert world.problems(fired(world, name)) == []
