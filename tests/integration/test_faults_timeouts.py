"""A Redis that keeps a scrape waiting: it ends in time, says so, and the next one is right."""

import time
from collections.abc import Callable, Iterator

import pytest

from support.exporter import ExporterProcess
from support.faulty import Proxy
from support.faulty_actions import drip, hang
from support.faulty_endpoints import Full, Silent
from support.faulty_rig import (
    BRIEF,
    BRIEF_SECONDS,
    HEALTHY,
    ONCE,
    Outcome,
    Rig,
    blind,
    configuration,
    fill,
    outcome,
    rig,
)
from support.metrics import Scrape
from support.polling import SLACK_SECONDS
from support.servers import RealServer

TIMEOUT_HEADER = "X-Prometheus-Scrape-Timeout-Seconds"
SECRET = "a-right-password"


@pytest.fixture(scope="module")
def shared_rig(session_server: Callable, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """One that does not wait for Redis for long."""
    with rig(session_server("redis-7.0"), tmp_path_factory.mktemp("rig"), BRIEF) as shared:
        yield shared


def timed_scrape(
    process: ExporterProcess, headers: dict[str, str] | None = None, path: str = "/metrics"
) -> tuple[Outcome, float]:
    """What a scrape says of the only Redis in it, and the seconds that it took."""
    started = time.monotonic()
    response = process.get(path, headers)
    seconds = time.monotonic() - started
    assert response.status == 200
    scrape = Scrape(response.text)
    ((redis,),) = scrape.by("redis_up", "redis")
    return outcome(scrape, redis), seconds


STAGES = ["TIME", "XINFO GROUPS", "XRANGE", "XINFO CONSUMERS"]


@pytest.mark.parametrize("command", STAGES)
def test_hanging_redis_ends_the_scrape_in_time(healthy: Rig, command: str) -> None:
    healthy.proxy.fault(command, hang, times=1, skip=2 if command != "TIME" else 0)
    seen, seconds = timed_scrape(healthy.exporter)
    assert seen == blind("timeout")
    assert seconds < BRIEF_SECONDS + SLACK_SECONDS
    assert healthy.outcome() == HEALTHY


@pytest.mark.parametrize("command", ["XINFO STREAM", "XPENDING"])
def test_drip_that_resets_every_read_timeout_ends_the_scrape_in_time(
    healthy: Rig, command: str
) -> None:
    healthy.proxy.fault(command, drip(0.05))
    seen, seconds = timed_scrape(healthy.exporter)
    assert seen == blind("timeout")
    assert seconds < BRIEF_SECONDS + SLACK_SECONDS
    healthy.proxy.heal()
    assert healthy.outcome() == HEALTHY


def test_frozen_redis_costs_every_scrape_until_it_goes_on(healthy: Rig) -> None:
    healthy.server.pause()
    try:
        scrapes = [timed_scrape(healthy.exporter) for _ in range(2)]
    finally:
        healthy.server.resume()
    assert [seen for seen, _ in scrapes] == [blind("timeout")] * 2
    assert max(seconds for _, seconds in scrapes) < BRIEF_SECONDS + SLACK_SECONDS
    assert healthy.outcome() == HEALTHY


def test_timeout_is_named_in_the_log_once_and_its_end_once(healthy: Rig) -> None:
    before = len(healthy.exporter.log())
    healthy.proxy.fault("XINFO", hang)
    assert [healthy.outcome() for _ in range(2)] == [blind("timeout")] * 2
    healthy.proxy.heal()
    assert [healthy.outcome() for _ in range(2)] == [HEALTHY] * 2
    log = healthy.exporter.log()[before:]
    assert [line.split()[1] for line in log.splitlines()] == ["level=error", "level=info"]


def test_scrape_ends_within_the_timeout_that_prometheus_tells(
    redis7: RealServer, exporter: Callable
) -> None:
    with redis7.client() as client:
        fill(client)
    with Proxy(redis7.port) as proxy:
        process = exporter(config=configuration(proxy.url, timeout="30s"))
        assert outcome(process.scrape()) == HEALTHY
        proxy.fault("XPENDING", hang, times=1)
        seen, seconds = timed_scrape(process, {TIMEOUT_HEADER: "1"})
        assert seen == blind("timeout")
        assert seconds < 1 + SLACK_SECONDS
        assert outcome(process.scrape()) == HEALTHY


@pytest.mark.parametrize("limit", ["", "abc", "nan", "-1", "0", "inf", "1e999"])
def test_timeout_header_without_a_meaning_is_ignored(healthy: Rig, limit: str) -> None:
    assert timed_scrape(healthy.exporter, {TIMEOUT_HEADER: limit})[0] == HEALTHY


def test_scrape_with_no_time_at_all_is_answered(healthy: Rig) -> None:
    seen, _ = timed_scrape(healthy.exporter, {TIMEOUT_HEADER: "0.000001"})
    assert seen == blind("timeout")
    assert healthy.outcome() == HEALTHY


@pytest.mark.parametrize("action", [hang, drip(1)], ids=["hang", "drip"])
def test_login_that_does_not_end_ends_the_scrape_in_time(
    start_server: Callable, exporter: Callable, action: Callable
) -> None:
    server = start_server("redis-7.0", "--requirepass", SECRET, password=SECRET)
    with server.client() as client:
        fill(client)
    with Proxy(server.port) as proxy:
        brief = configuration(proxy.url, BRIEF)["redis"] | {"password": SECRET}
        long = brief | {"name": "long", "timeout": "30s"}
        config = configuration(proxy.url, discovery=ONCE) | {"redis": [brief, long]}
        process = exporter(config=config)
        scrape = process.scrape()
        assert (outcome(scrape), outcome(scrape, "long")) == (HEALTHY, HEALTHY)
        before = len(process.log())
        proxy.fault("AUTH", action)
        proxy.drop()
        brief_seen, brief_seconds = timed_scrape(process, path="/scrape?target=main")
        long_seen, long_seconds = timed_scrape(
            process, {TIMEOUT_HEADER: "1"}, path="/scrape?target=long"
        )
        proxy.heal()
        scrape = process.scrape()
    assert (brief_seen, long_seen) == (blind("timeout"), blind("timeout"))
    assert brief_seconds < BRIEF_SECONDS + SLACK_SECONDS
    assert long_seconds < 1 + SLACK_SECONDS
    assert (outcome(scrape), outcome(scrape, "long")) == (HEALTHY, HEALTHY)
    assert process.log()[before:].count("redis unreadable") == 2


def test_address_that_never_answers_ends_the_scrape_in_time(exporter: Callable) -> None:
    with Silent() as silent, Full() as full:
        urls = {
            "silent": silent.url,
            "silent-tls": silent.url.replace("redis", "rediss"),
            "full": full.url,
        }
        config = configuration("", streams=[{"match": "job", "class": "event"}])
        config["redis"] = [{"name": n, "url": u, "timeout": "300ms"} for n, u in urls.items()]
        process = exporter(config=config, until_ready=False)
        for _ in range(2):
            started = time.monotonic()
            scrape = process.scrape()
            assert time.monotonic() - started < BRIEF_SECONDS + SLACK_SECONDS
            assert {name: outcome(scrape, name) for name in urls} == dict.fromkeys(
                urls, blind("timeout", ("event",))
            )
        assert process.get("/-/ready").status == 503
        assert process.get("/-/healthy").status == 200
