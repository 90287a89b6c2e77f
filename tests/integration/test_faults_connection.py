"""A Redis that is away, comes back, dies in mid-scrape or comes back empty."""

import itertools
from collections.abc import Callable

import pytest
import redis

from support.faulty import Proxy
from support.faulty_actions import Action, after, close, cut, reset
from support.faulty_endpoints import Refusing
from support.faulty_rig import (
    CLASS_OF,
    HEALTHY,
    ONCE,
    Outcome,
    Rig,
    blind,
    configuration,
    fill,
    outcome,
)
from support.metrics import Scrape
from support.polling import wait_for
from support.servers import RealServer

DECLARED = {
    "streams": [
        {"match": "feed", "class": "continuous"},
        {"match": "job", "class": "event"},
        {"match": "feed.*", "class": "continuous"},
        {"match": "work*", "class": "hybrid"},
    ]
}
COMMANDS = ["TIME", "XINFO STREAM", "XINFO GROUPS", "XINFO CONSUMERS", "XRANGE", "XPENDING"]


@pytest.fixture
def absent(start_server: Callable) -> RealServer:
    """A server that does not run; when `start` starts it, the four streams are there at once."""
    server = start_server("redis-7.0")
    fill_for_good(server)
    server.kill()
    return server


def fill_for_good(server: RealServer) -> None:
    """Fill a server, and let it have the same again when it starts again."""
    with server.client() as client:
        fill(client)
        client.save()


def test_redis_absent_at_start_is_complete_in_the_first_scrape_after_it_is_ready(
    absent: RealServer, exporter: Callable
) -> None:
    process = exporter(config=configuration(absent.url, **DECLARED), until_ready=False)
    assert outcome(process.scrape()) == blind("connection", ("continuous", "event"))
    assert process.get("/-/ready").status == 503
    assert "refused" in process.log()
    absent.start()
    wait_for(process.is_ready, "the exporter is ready")
    assert outcome(process.scrape()) == HEALTHY


def test_first_scrape_after_redis_appears_is_complete_even_before_the_exporter_noticed(
    absent: RealServer, exporter: Callable
) -> None:
    config = configuration(absent.url, discovery=ONCE)
    process = exporter(config=config, until_ready=False)
    assert outcome(process.scrape()) == (0, set(), {})
    absent.start()
    assert outcome(process.scrape()) == HEALTHY


def test_address_that_refuses_is_redis_up_0_and_said_in_the_log_once(exporter: Callable) -> None:
    with Refusing() as refusing:
        process = exporter(config=configuration(refusing.url, **DECLARED), until_ready=False)
        scrapes = [outcome(process.scrape()) for _ in range(3)]
    assert scrapes == [blind("connection", ("continuous", "event"))] * 3
    lines = process.log().splitlines()
    assert len([line for line in lines if "redis unreadable" in line]) == 1
    assert len([line for line in lines if "discovery failed" in line]) == 1
    assert process.get("/-/ready").status == 503


@pytest.mark.parametrize("action", [close, reset, cut])
def test_connection_that_always_breaks_in_mid_scrape_is_redis_up_0(
    healthy: Rig, action: Action
) -> None:
    outcomes = {}
    for command, skip in itertools.product(COMMANDS, (0, 1)):
        healthy.proxy.fault(command, action, skip=skip)
        outcomes[command, skip] = healthy.outcome()
        healthy.proxy.heal()
        assert healthy.outcome() == HEALTHY
    assert outcomes == dict.fromkeys(outcomes, blind("connection"))


@pytest.mark.parametrize("command", COMMANDS)
def test_connection_that_breaks_once_in_mid_scrape_leaves_nothing_stale(
    healthy: Rig, command: str
) -> None:
    for action in (close, reset, cut):
        healthy.proxy.fault(command, action, times=1)
        assert healthy.outcome() in (HEALTHY, blind("connection"))
        assert healthy.outcome() == HEALTHY


def test_connection_that_broke_between_scrapes_costs_none(healthy: Rig) -> None:
    seen = []
    for _ in range(3):
        healthy.proxy.drop()
        seen.append(healthy.outcome())
    with healthy.server.client() as client:
        client.client_kill_filter(_type="normal", skipme=True)
        seen.append(healthy.outcome())
    assert seen == [HEALTHY] * 4


def test_redis_killed_in_mid_scrape_is_redis_up_0_until_it_is_back(
    start_server: Callable, exporter: Callable
) -> None:
    server = start_server("redis-7.0")
    fill_for_good(server)
    with Proxy(server.port) as proxy:
        process = exporter(config=configuration(proxy.url))
        assert outcome(process.scrape()) == HEALTHY
        proxy.fault("XINFO STREAM", after(server.kill), skip=2, times=1)
        assert [outcome(process.scrape()) for _ in range(2)] == [blind("connection")] * 2
        server.start()
        assert outcome(process.scrape()) == HEALTHY


def test_redis_restarted_empty_lacks_what_was_declared_or_continuous_and_nothing_else(
    start_server: Callable, exporter: Callable
) -> None:
    server = start_server("redis-7.0")
    with server.client() as client:
        fill(client)
        client.xadd("feed.seen", {"n": 1})
    process = exporter(config=configuration(server.url, **DECLARED))
    assert process.scrape().streams() == {*CLASS_OF, "feed.seen"}
    server.restart()
    scrape = process.scrape()
    assert scrape["redis_stream_exists"] == {
        ("feed", "continuous"): 0,
        ("feed.seen", "continuous"): 0,
        ("job", "event"): 0,
    }
    assert only_existence(scrape) == Outcome(1, {"feed", "feed.seen", "job"}, {})
    with server.client() as client:
        fill(client)
    scrape = process.scrape_until_known(*CLASS_OF)
    assert scrape["redis_stream_length"] == dict.fromkeys(CLASS_OF.items(), 5)
    assert scrape["redis_stream_exists"]["feed.seen", "continuous"] == 0


def only_existence(scrape: Scrape) -> Outcome:
    """The outcome, where no stream has any series but of its existence and its limit."""
    names = {name for name in scrape if name.startswith("redis_stream_")}
    assert names == {"redis_stream_exists", "redis_stream_quiet_limit_seconds"}
    return outcome(scrape)


def test_one_redis_that_is_down_leaves_the_others_unharmed(
    redis7: RealServer, absent: RealServer, exporter: Callable
) -> None:
    with redis7.client() as client:
        fill(client)
    urls = {"up": redis7.url, "down": absent.url, "up-too": redis7.url.replace("/0", "/5")}
    with redis.Redis(port=redis7.port, db=5) as client:
        client.xadd("job", {"n": 1})
    with Refusing() as refusing:
        urls["refusing"] = refusing.url
        targets = [{"name": name, "url": url} for name, url in urls.items()]
        process = exporter(config=configuration("") | {"redis": targets})
        scrape = process.scrape_until(
            lambda scrape: len(scrape.by("redis_stream_length", "redis", "stream")) == 5,
            "all five streams of the two servers that run are read",
        )
    assert {name: outcome(scrape, name) for name in urls} == {
        "up": HEALTHY,
        "down": Outcome(0, set(), {}),
        "up-too": Outcome(1, {"job"}, {}),
        "refusing": Outcome(0, set(), {}),
    }
    databases = scrape.by("redis_stream_length", "redis", "db", "stream")
    assert databases["up-too", "db5", "job"] == 1
    assert databases["up", "db0", "job"] == 5
