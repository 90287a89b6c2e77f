"""Fixtures for every test: real servers, exporters, and their logs beside a failure."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from support import forked
from support.exporter import ExporterProcess
from support.history import History, Witness
from support.peers import parametrize
from support.servers import OLDEST_AND_NEWEST, SERVERS, RealServer

DECLARED = ("continuous", "hybrid", "event")
NIGHTLY = "every server, 200 random systems, mutants, load and the newest peers too"
_LONGEST_FIRST = {"e2e": 0, "rules": 1, "replay": 2}
"""Folders whose modules take minutes, so that no worker is left alone with one at the end."""

LOGS = pytest.StashKey[list[tuple[str, Callable[[], str]]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--nightly", action="store_true", help=NIGHTLY)


def pytest_configure(config: pytest.Config) -> None:
    forked.IS_ON = not config.getoption("nightly")
    settings.load_profile("nightly" if config.getoption("nightly") else "daily")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    parametrize(metafunc)
    if "each_server" in metafunc.fixturenames:
        names = SERVERS if metafunc.config.getoption("nightly") else OLDEST_AND_NEWEST
        metafunc.parametrize("each_server", names, indirect=True, scope="session")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("nightly"):
        left = {item for item in items if item.get_closest_marker("nightly")}
        config.hook.pytest_deselected(items=list(left))
        items[:] = [item for item in items if item not in left]
    items.sort(key=lambda item: _LONGEST_FIRST.get(item.path.parent.name, len(_LONGEST_FIRST)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Show the logs of what a failing test ran."""
    report: Any = yield
    if report.failed:
        for title, log in item.stash.get(LOGS, []):
            report.sections.append((title, log()[-6000:]))
    return report


def keep_log(request: pytest.FixtureRequest, title: str, log: Callable[[], str]) -> None:
    request.node.stash.setdefault(LOGS, []).append((title, log))


@pytest.fixture(scope="session")
def session_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable]:
    """Answers the one running server of a release, started at its first use."""
    running: dict[str, RealServer] = {}

    def get(name: str) -> RealServer:
        if name not in running:
            running[name] = RealServer(name, tmp_path_factory.mktemp(name))
            running[name].start()
        return running[name]

    yield get
    for server in running.values():
        server.stop()


@pytest.fixture(scope="session")
def each_server(request: pytest.FixtureRequest, session_server: Callable) -> RealServer:
    """The oldest and the newest real server, or every one, not flushed: for session fixtures."""
    return session_server(request.param)


@pytest.fixture
def server(request: pytest.FixtureRequest, each_server: RealServer) -> RealServer:
    """The oldest and the newest real server, or every one, empty."""
    return _empty(request, each_server)


def _empty(request: pytest.FixtureRequest, server: RealServer) -> RealServer:
    server.flush()
    keep_log(request, f"log of {server.name}", server.log)
    return server


@pytest.fixture
def redis62(request: pytest.FixtureRequest, session_server: Callable) -> RealServer:
    return _empty(request, session_server("redis-6.2"))


@pytest.fixture
def redis7(request: pytest.FixtureRequest, session_server: Callable) -> RealServer:
    return _empty(request, session_server("redis-7.0"))


@pytest.fixture
def redis8(request: pytest.FixtureRequest, session_server: Callable) -> RealServer:
    return _empty(request, session_server("redis-8.2"))


@pytest.fixture
def valkey8(request: pytest.FixtureRequest, session_server: Callable) -> RealServer:
    return _empty(request, session_server("valkey-8.1"))


@pytest.fixture
def valkey9(request: pytest.FixtureRequest, session_server: Callable) -> RealServer:
    return _empty(request, session_server("valkey-9.1"))


@pytest.fixture
def start_server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable]:
    """Starts a server for this test alone: start_server("redis-7.0", "--requirepass", "x", ...)."""
    started: list[RealServer] = []

    def start(name: str, *options: str, **keywords: Any) -> RealServer:
        directory = tmp_path / f"server{len(started)}"
        directory.mkdir()
        server = RealServer(name, directory, *options, **keywords)
        keep_log(request, f"log of {name}", server.log)
        started.append(server)
        server.start()
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def exporter(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable]:
    """Starts an exporter for this test: exporter(config={...}) or exporter("--redis.url=...")."""
    started: list[ExporterProcess] = []

    def start(*arguments: str, until_ready: bool = True, **options: Any) -> ExporterProcess:
        directory = tmp_path / f"exporter{len(started)}"
        directory.mkdir()
        process = ExporterProcess(directory, *arguments, **options)
        keep_log(request, "log of the exporter", process.log)
        started.append(process)
        return process.start(until_ready=until_ready)

    yield start
    for process in started:
        process.stop()


@pytest.fixture(scope="session")
def session_exporter(
    each_server: RealServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ExporterProcess]:
    """One exporter beside each real server in turn; it classes streams by their first word.

    It outlives a test, so a test gives its streams names that no other test uses.
    """
    config = {
        "redis": {"name": "main", "url": each_server.url},
        "discovery": {"match": ["*"], "interval": "100ms"},
        "classes": {
            "continuous": {"quiet_limit": "2m", "lag_limit": "3m"},
            "hybrid": {"lag_limit": "4m"},
            "event": {"lag_limit": "5m"},
        },
        "streams": [{"match": f"{word}:*", "class": word} for word in DECLARED],
    }
    with ExporterProcess(tmp_path_factory.mktemp("exporter"), config=config) as process:
        yield process


@pytest.fixture
def history(server: RealServer) -> Iterator[History]:
    """Drives every real server in turn, and knows what must be true of it."""
    with server.client() as client:
        yield History(client, server.release)


@pytest.fixture
def witness(
    request: pytest.FixtureRequest, history: History, session_exporter: ExporterProcess
) -> Witness:
    """A history on every real server in turn, and the session's exporter that looks at it."""
    keep_log(request, "log of the exporter", session_exporter.log)
    return Witness(session_exporter, history)
