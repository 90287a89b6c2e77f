"""Real servers, hours in seconds: what must page does, in time and once, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from replay.scenario import Scenario, World
from replay.scenarios import DAILY, WORLDS
from replay.stage import Stage
from streamgauge.bundled import bundle_path
from support.peers import installed
from support.promtool import Firing, firings
from support.servers import SERVERS

RULES = [bundle_path("alerts") / f"{name}.rules.yml" for name in ("streams", "exporter")]
WORLDS_AT_ONCE = 2

Played = tuple[World, str]


def played(config: pytest.Config) -> list[Played]:
    """The worlds of this run, and the server of each: all of both with --nightly."""
    if config.getoption("nightly"):
        return [(world, server) for world in WORLDS for server in SERVERS]
    return [*DAILY.items()]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    pairs = played(metafunc.config)
    if "scenario" in metafunc.fixturenames:
        cases = [(world, server, one) for world, server in pairs for one in world.on(server)]
        ids = [f"{one.name}, {world.name}, {server}" for world, server, one in cases]
        metafunc.parametrize(("world", "server_name", "scenario"), cases, ids=ids)
    elif "world" in metafunc.fixturenames:
        ids = [f"{world.name}, {server}" for world, server in pairs]
        metafunc.parametrize(("world", "server_name"), pairs, ids=ids)


@pytest.fixture(scope="module")
def fired(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[World, str], list[Firing]]]:
    """Answers what the shipped rules fire in a world on a server; all are played at first use."""

    def play(world: World, server: str, directory: Path) -> list[Firing]:
        with Stage(world, server, directory) as stage:
            recording = stage.play()
        return firings(recording, RULES, installed("promtool"), directory / "promtool")

    with ThreadPoolExecutor(WORLDS_AT_ONCE) as pool:
        playing: dict[tuple[str, str], Future[list[Firing]]] = {
            (world.name, server): pool.submit(play, world, server, tmp_path_factory.mktemp("stage"))
            for world, server in played(request.config)
        }
        yield lambda world, server: playing[world.name, server].result()
        for one in playing.values():
            one.cancel()


def test_scenario(world: World, server_name: str, scenario: Scenario, fired: Callable) -> None:
    assert scenario.problems(fired(world, server_name), world.minutes) == []


def test_no_page_but_of_blindness_is_about_no_stream(
    world: World, server_name: str, fired: Callable
) -> None:
    assert world.problems(fired(world, server_name)) == []


def test_there_are_enough_scenarios() -> None:
    assert len({(world.name, one.name) for world in WORLDS for one in world.scenarios}) >= 80
    assert sum(len(world.scenarios) for world in DAILY) >= 20
