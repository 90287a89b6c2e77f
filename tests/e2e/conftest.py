"""The two plays of these tests, at the same time: each has servers of its own, and mostly waits."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from e2e import blindness as blind_play
from e2e.stack import Monitoring
from e2e.story import Story, play
from support.peers import Peer
from support.servers import RealServer

Plays = dict[str, Future[Any]]


@pytest.fixture(scope="session")
def plays(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    each_prometheus: Peer,
    each_alertmanager: Peer,
) -> Iterator[Plays]:
    """What the chosen tests ask for; whatever goes wrong in a play is raised by its result alone.

    The one about blindness begins with the calm time of the story and is the shorter of the two, so
    that neither keeps the other busy while something must come about in time.
    """
    asked_for = {name for item in request.session.items for name in item.fixturenames}
    directories = {name: tmp_path_factory.mktemp(name) for name in ("story", "blindness")}
    monitoring = Monitoring(each_prometheus, each_alertmanager)
    calm = threading.Event()

    def tell_story() -> Story:
        with RealServer("redis-7.0", directories["story"]) as server:
            return play(directories["story"], monitoring, server.url, calm)

    found: Plays = {}
    with ThreadPoolExecutor(max_workers=2) as pool:
        if "story" in asked_for:
            found["story"] = pool.submit(tell_story)
            found["story"].add_done_callback(lambda _: calm.set())  # it may have failed before
            calm.wait()
        if "blindness" in asked_for:
            found["blindness"] = pool.submit(blind_play.play, directories["blindness"], monitoring)
        yield found


@pytest.fixture(scope="session")
def story(plays: Plays) -> Story:
    told: Story = plays["story"].result()
    return told


@pytest.fixture(scope="session")
def blindness(plays: Plays) -> Future[None]:
    return plays["blindness"]
