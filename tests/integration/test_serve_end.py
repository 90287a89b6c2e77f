"""The end of the process: SIGTERM and SIGINT end it within two seconds, whatever it is doing."""

import http.client
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from support.exporter import ExporterProcess
from support.faulty import Proxy
from support.faulty_actions import hang
from support.faulty_endpoints import Refusing, Silent
from support.faulty_rig import configuration, fill
from support.polling import SLACK_SECONDS, wait_for
from support.servers import RealServer

SECONDS = 2 + SLACK_SECONDS
DECLARED = [{"match": "feed", "class": "continuous"}]


@pytest.fixture
def proxy(redis7: RealServer) -> Iterator[Proxy]:
    with redis7.client() as client:
        fill(client)
    with Proxy(redis7.port) as proxy:
        yield proxy


def patient(url: str) -> dict:
    """A configuration that waits for Redis for half a minute."""
    return configuration(url, timeout="30s", streams=DECLARED)


def client_of(process: ExporterProcess) -> closing[http.client.HTTPConnection]:
    return closing(http.client.HTTPConnection("127.0.0.1", process.port, timeout=30))


def timed_stop(process: ExporterProcess) -> tuple[int | None, bool]:
    """The exit code after SIGTERM, and whether the end came in time."""
    started = time.monotonic()
    code = process.stop()
    return code, time.monotonic() - started < SECONDS


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_idle_process_ends_in_time_with_code_0(
    proxy: Proxy, exporter: Callable, sign: signal.Signals
) -> None:
    process = exporter(config=patient(proxy.url))
    with client_of(process) as kept:
        kept.request("GET", "/metrics")
        kept.getresponse().read()  # and the connection stands, as Prometheus keeps it
        process.send(sign)
        assert timed_stop(process) == (0, True)
    assert "Traceback" not in process.log()


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_signals_while_it_ends_change_nothing(
    proxy: Proxy, exporter: Callable, sign: signal.Signals
) -> None:
    process = exporter(config=patient(proxy.url))

    def has_ended() -> bool:
        process.send(sign)
        return not process.is_running

    wait_for(has_ended, "it ends")
    assert process.stop() == 0
    assert "Traceback" not in process.log()


@pytest.mark.parametrize(
    ("command", "again"),
    [("TIME", False), ("XINFO GROUPS", True), ("XPENDING", False)],
    ids=["new-connection", "standing-connection", "round-two"],
)
def test_process_whose_scrape_hangs_ends_in_time_with_code_0(
    proxy: Proxy, exporter: Callable, command: str, again: bool
) -> None:
    process = exporter(config=patient(proxy.url))
    if again:
        process.scrape_until_known("feed")
    proxy.fault(command, hang)
    seen = proxy.counts()[command]
    with client_of(process) as waiting:
        waiting.request("GET", "/metrics")
        wait_for(lambda: proxy.counts()[command] > seen, "the scrape waits for Redis")
        assert timed_stop(process) == (0, True)
    assert "Traceback" not in process.log()


def test_process_whose_discovery_hangs_ends_in_time_with_code_0(
    proxy: Proxy, exporter: Callable
) -> None:
    proxy.fault("SCAN", hang)
    process = exporter(config=patient(proxy.url), until_ready=False)
    wait_for(lambda: proxy.counts()["SCAN"], "discovery waits for Redis")
    assert timed_stop(process) == (0, True)


@pytest.mark.parametrize("endpoint", [Silent, Refusing])
def test_process_without_redis_ends_in_time_with_code_0(
    exporter: Callable, endpoint: type[Refusing]
) -> None:
    with endpoint() as nobody:
        process = exporter(config=patient(nobody.url), until_ready=False)
        with client_of(process) as waiting:
            waiting.request("GET", "/metrics")
            assert timed_stop(process) == (0, True)
    assert "Traceback" not in process.log()
