"""A Redis that keeps a scrape waiting: it ends in time, says so, and the next one is right."""

import socket
import time
from collections.abc import Callable, Iterator

import pytest

from support.exporter import ExporterProcess
from support.faulty import Proxy
from support.faulty_actions import drip, hang
from support.faulty_endpoints import Silent
from support.faulty_rig import (
    HEALTHY,
    TIMEOUT_SECONDS,
    Outcome,
    Rig,
    blind,
    configuration,
    fill,
    outcome,
    rig,
)
from support.metrics import Scrape
from support.servers import RealServer

SLACK_SECONDS = 0.35  # for a busy machine, on top of the exporter's own 0.1
TIMEOUT_HEADER = "X-Prometheus-Scrape-Timeout-Seconds"
SECRET = "a-right-password"


@pytest.fixture(scope="module")
def shared_rig(session_server: Callable, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rig(session_server("redis-7.0"), tmp_path_factory.mktemp("rig")) as shared:
        yield shared


@pytest.fixture
def healthy(shared_rig: Rig) -> Rig:
    shared_rig.heal()
    return shared_rig


def timed_scrape(
    process: ExporterProcess, headers: dict[str, str] | None = None
) -> tuple[Outcome, float]:
    """The outcome of a scrape, and the seconds that it took."""
    started = time.monotonic()
    response = process.get("/metrics", headers)
    seconds = time.monotonic() - started
    assert response.status == 200
    return outcome(Scrape(response.text)), seconds


STAGES = ["TIME", "XINFO STREAM", "XINFO GROUPS", "XINFO CONSUMERS", "XRANGE", "XPENDING"]


@pytest.mark.parametrize("command", STAGES)
def test_hanging_redis_ends_the_scrape_in_time(healthy: Rig, command: str) -> None:
    healthy.proxy.fault(command, hang, times=1, skip=2 if command != "TIME" else 0)
    seen, seconds = timed_scrape(healthy.exporter)
    assert seen == blind("timeout")
    assert seconds < TIMEOUT_SECONDS + SLACK_SECONDS
    assert healthy.outcome() == HEALTHY


@pytest.mark.parametrize("command", STAGES)
def test_drip_that_resets_every_read_timeout_ends_the_scrape_in_time(
    healthy: Rig, command: str
) -> None:
    healthy.proxy.fault(command, drip(0.05))
    seen, seconds = timed_scrape(healthy.exporter)
    assert seen == blind("timeout")
    assert seconds < TIMEOUT_SECONDS + SLACK_SECONDS
    healthy.proxy.heal()
    assert healthy.outcome() == HEALTHY


def test_frozen_redis_costs_every_scrape_until_it_goes_on(healthy: Rig) -> None:
    healthy.server.pause()
    try:
        scrapes = [timed_scrape(healthy.exporter) for _ in range(3)]
    finally:
        healthy.server.resume()
    assert [seen for seen, _ in scrapes] == [blind("timeout")] * 3
    assert max(seconds for _, seconds in scrapes) < TIMEOUT_SECONDS + SLACK_SECONDS
    assert healthy.outcome() == HEALTHY


def test_timeout_is_named_in_the_log_once_and_its_end_once(healthy: Rig) -> None:
    before = len(healthy.exporter.log())
    healthy.proxy.fault("XINFO", hang)
    assert [healthy.outcome() for _ in range(3)] == [blind("timeout")] * 3
    healthy.proxy.heal()
    assert [healthy.outcome() for _ in range(2)] == [HEALTHY] * 2
    log = healthy.exporter.log()[before:]
    assert [line.split()[1] for line in log.splitlines()] == ["level=error", "level=info"]


@pytest.fixture
def patient(redis7: RealServer, exporter: Callable) -> Iterator[tuple[Proxy, ExporterProcess]]:
    """A proxy, and an exporter that would wait for Redis for half a minute."""
    with redis7.client() as client:
        fill(client)
    with Proxy(redis7.port) as proxy:
        target = {"name": "main", "url": proxy.url, "timeout": "30s"}
        yield proxy, exporter(config=configuration(proxy.url) | {"redis": target})


@pytest.mark.parametrize("limit", ["0.3", "1"])
@pytest.mark.parametrize("stage", ["TIME", "XINFO GROUPS", "XPENDING"])
def test_scrape_ends_within_the_timeout_that_prometheus_tells(
    patient: tuple[Proxy, ExporterProcess], stage: str, limit: str
) -> None:
    proxy, process = patient
    assert timed_scrape(process)[0] == HEALTHY
    proxy.fault(stage, hang, times=1)
    seen, seconds = timed_scrape(process, {TIMEOUT_HEADER: limit})
    assert seen == blind("timeout")
    assert seconds < float(limit)
    assert timed_scrape(process)[0] == HEALTHY


@pytest.mark.parametrize("limit", ["", "abc", "nan", "-1", "0", "inf", "1e999"])
def test_timeout_header_without_a_meaning_is_ignored(healthy: Rig, limit: str) -> None:
    assert timed_scrape(healthy.exporter, {TIMEOUT_HEADER: limit})[0] == HEALTHY


def test_scrape_with_no_time_at_all_is_answered(healthy: Rig) -> None:
    seen, _ = timed_scrape(healthy.exporter, {TIMEOUT_HEADER: "0.000001"})
    assert seen == blind("timeout")
    assert healthy.outcome() == HEALTHY


@pytest.mark.parametrize("action", [hang, drip(0.05)], ids=["hang", "drip"])
def test_login_that_does_not_end_ends_the_scrape_in_time(
    start_server: Callable, exporter: Callable, action: Callable
) -> None:
    server = start_server("redis-7.0", "--requirepass", SECRET, password=SECRET)
    with server.client() as client:
        fill(client)
    with Proxy(server.port) as proxy:
        url = proxy.url.replace("//", f"//:{SECRET}@")
        process = exporter(config=configuration(url))
        assert outcome(process.scrape()) == HEALTHY
        proxy.fault("AUTH", action)
        proxy.drop()
        seen, seconds = timed_scrape(process)
        assert seen == blind("timeout")
        assert seconds < TIMEOUT_SECONDS + SLACK_SECONDS
        seen, seconds = timed_scrape(process, {TIMEOUT_HEADER: "0.3"})
        assert seen == blind("timeout")
        assert seconds < TIMEOUT_SECONDS + SLACK_SECONDS
        proxy.heal()
        assert outcome(process.scrape()) == HEALTHY


@pytest.mark.parametrize("scheme", ["redis", "rediss"])
def test_address_that_accepts_and_never_answers_ends_the_scrape_in_time(
    exporter: Callable, scheme: str
) -> None:
    with Silent() as silent:
        url = silent.url.replace("redis", scheme)
        declared = [{"match": "feed", "class": "continuous"}, {"match": "job", "class": "event"}]
        process = exporter(config=configuration(url, streams=declared), until_ready=False)
        for _ in range(2):
            seen, seconds = timed_scrape(process)
            assert seen == blind("timeout", ("continuous", "event"))
            assert seconds < TIMEOUT_SECONDS + SLACK_SECONDS
        assert process.get("/-/ready").status == 503
        assert process.get("/-/healthy").status == 200


def test_address_that_does_not_even_accept_ends_the_scrape_in_time(exporter: Callable) -> None:
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for client in (first, second):
            client.setblocking(False)
            client.connect_ex(full.getsockname())
        url = f"redis://127.0.0.1:{full.getsockname()[1]}"
        declared = [{"match": "feed", "class": "continuous"}]
        process = exporter(config=configuration(url, streams=declared), until_ready=False)
        seen, seconds = timed_scrape(process)
    assert seen == blind("timeout", ("continuous",))
    assert seconds < TIMEOUT_SECONDS + SLACK_SECONDS
