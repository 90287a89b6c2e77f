"""What the exporter says over HTTP, and in which form."""

import gzip
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics

from support.exporter import ExporterProcess
from support.faulty import Proxy
from support.faulty_actions import held_by
from support.faulty_endpoints import Refusing
from support.faulty_rig import CLASS_OF, HEALTHY, blind, configuration, fill, outcome
from support.metrics import Scrape
from support.polling import wait_for
from support.servers import RealServer

PAGES = ("/", "/metrics", "/scrape?target=main", "/-/healthy", "/-/ready")
OPENMETRICS = "application/openmetrics-text"
PROMETHEUS = (
    f"{OPENMETRICS};version=1.0.0,{OPENMETRICS};version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExporterProcess]:
    """An exporter for one Redis that is there, which no test empties, and one that is not."""
    with (
        RealServer("redis-7.0", tmp_path_factory.mktemp("server")) as server,
        Refusing() as refusing,
    ):
        with server.client() as client:
            fill(client)
        config = configuration(server.url)
        config["redis"] = [config["redis"], {"name": "a/b c&d", "url": refusing.url}]
        directory = tmp_path_factory.mktemp("exporter")
        with ExporterProcess(directory, config=config) as process:
            process.scrape_until_known(*CLASS_OF)
            yield process


@pytest.mark.parametrize("path", PAGES)
def test_page_answers_get_and_head_and_no_other_method(process: ExporterProcess, path: str) -> None:
    methods = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
    answers = {method: process.get(path, method=method) for method in methods}
    assert [answer.status for answer in answers.values()] == [200, 200, 405, 405, 405, 405, 405]
    assert answers["HEAD"].body == b""
    assert answers["HEAD"].headers["content-type"] == answers["GET"].headers["content-type"]
    assert "GET" in answers["POST"].headers["allow"]


@pytest.mark.parametrize(
    "path",
    ["/metric", "/metrics/", "/metrics/x", "//metrics", "/-/", "/-/reload", "/-/quit", "/probe",
     "/favicon.ico", "/static/../metrics", "/%2e%2e/etc/passwd", "/debug/pprof"],
)  # fmt: skip
def test_anything_else_is_404_by_any_method(process: ExporterProcess, path: str) -> None:
    methods = ("GET", "HEAD", "POST")
    assert [process.get(path, method=method).status for method in methods] == [404] * 3


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (None, "text/plain; version=0.0.4; charset=utf-8"),
        ("", "text/plain; version=0.0.4; charset=utf-8"),
        ("*/*", "text/plain; version=0.0.4; charset=utf-8"),
        ("text/html,application/xhtml+xml", "text/plain; version=0.0.4; charset=utf-8"),
        ("text/plain;version=0.0.4;q=0.5,*/*;q=0.1", "text/plain; version=0.0.4; charset=utf-8"),
        (OPENMETRICS, f"{OPENMETRICS}; version=1.0.0; charset=utf-8"),
        (f"{OPENMETRICS}; version=1.0.0", f"{OPENMETRICS}; version=1.0.0; charset=utf-8"),
        (PROMETHEUS, f"{OPENMETRICS}; version=1.0.0; charset=utf-8"),
    ],
)
def test_format_is_the_one_that_the_client_accepts(
    process: ExporterProcess, accept: str | None, content_type: str
) -> None:
    answer = process.get("/metrics", {} if accept is None else {"Accept": accept})
    assert answer.headers["content-type"] == content_type
    if OPENMETRICS in content_type:
        assert answer.text.endswith("\n# EOF\n")
        names = {family.name for family in parse_openmetrics(answer.text)}
        assert {"redis_up", "redis_stream_entries_added", "process_cpu_seconds"} <= names
    else:
        assert "# EOF" not in answer.text
        assert "redis_stream_entries_added_total" in Scrape(answer.text)


@pytest.mark.parametrize(
    ("encodings", "compressed"),
    [("gzip", True), ("gzip, deflate, br", True), ("deflate;q=1, gzip;q=0.5", True), ("*", True),
     (None, False), ("identity", False), ("gzip;q=0", False), ("br", False)],
)  # fmt: skip
def test_body_is_gzip_when_asked(
    process: ExporterProcess, encodings: str | None, compressed: bool
) -> None:
    answer = process.get("/metrics", {} if encodings is None else {"Accept-Encoding": encodings})
    assert answer.headers.get("content-encoding") == ("gzip" if compressed else None)
    assert "accept-encoding" in answer.headers["vary"].lower()
    body = gzip.decompress(answer.body) if compressed else answer.body
    assert outcome(Scrape(body.decode())) == HEALTHY


def test_scrape_of_one_target_shows_it_alone(process: ExporterProcess) -> None:
    whole, one = process.scrape(), process.scrape("/scrape?target=main")
    other = process.scrape("/scrape?target=a%2Fb+c%26d")
    assert whole.by("redis_up", "redis") == {("main",): 1, ("a/b c&d",): 0}
    assert one.by("redis_up", "redis") == {("main",): 1}
    assert outcome(one) == outcome(whole) == HEALTHY
    assert other.by("redis_up", "redis") == {("a/b c&d",): 0}
    assert other.streams() == set()


@pytest.mark.parametrize(
    "query",
    ["", "?", "?target=", "?target=other", "?target=MAIN", "?name=main", "?target=redis://main",
     "?target=127.0.0.1:6379", "?target=main%00"],
)  # fmt: skip
def test_unknown_target_is_404(process: ExporterProcess, query: str) -> None:
    answer = process.get(f"/scrape{query}")
    assert answer.status == 404
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text.count("\n") == 1
    assert answer.text.endswith("/scrape?target=NAME with one of: main, a/b c&d\n")


def test_reload_that_is_disabled_says_which_flag_enables_it(process: ExporterProcess) -> None:
    assert "--web.enable-lifecycle" in process.get("/-/reload", method="POST").text


def test_log_says_that_nothing_is_encrypted(process: ExporterProcess) -> None:
    (line,) = [line for line in process.log().splitlines() if "TLS is disabled" in line]
    assert "level=info" in line
    assert f"address=127.0.0.1:{process.port}" in line


def test_status_page_names_what_is_there_and_leads_to_the_metrics(
    process: ExporterProcess,
) -> None:
    page = process.get("/").text
    assert 'href="/metrics"' in page or 'href="metrics"' in page
    assert [stream for stream in CLASS_OF if stream not in page] == []
    assert "a/b c&amp;d" in page


def test_health_is_answered_while_scrapes_wait_for_redis(
    redis7: RealServer, exporter: Callable
) -> None:
    with Proxy(redis7.port) as proxy:
        process = exporter(config=configuration(proxy.url, timeout="30s"))
        gate = threading.Event()
        proxy.fault("*", held_by(gate))
        with ThreadPoolExecutor(2) as threads:
            waiting = [threads.submit(process.get, path) for path in ("/metrics", "/")]
            asked = len(proxy.commands)
            wait_for(lambda: len(proxy.commands) > asked, "a scrape waits for Redis")
            answers = [process.get(path).status for path in ("/-/healthy", "/-/ready")]
            assert [answer.done() for answer in waiting] == [False, False]
            gate.set()
            assert [answer.result().status for answer in waiting] == [200, 200]
    assert answers == [200, 200]


def test_redis_that_is_slower_than_a_probe_is_ready_at_a_later_one(
    redis7: RealServer, exporter: Callable
) -> None:
    with Proxy(redis7.port) as proxy:
        gate = threading.Event()
        proxy.fault("*", held_by(gate))
        process = exporter(config=configuration(proxy.url, timeout="30s"), until_ready=False)
        assert process.get("/-/ready").status == 503
        gate.set()
        wait_for(process.is_ready, "the sample that the probe began has ended")
        assert "redis unreadable" not in process.log()


def test_process_is_healthy_and_not_ready_while_no_redis_was_read(exporter: Callable) -> None:
    with Refusing() as refusing:
        declared = [{"match": "feed", "class": "continuous"}]
        process = exporter(config=configuration(refusing.url, streams=declared), until_ready=False)
        paths = ("/-/healthy", "/-/ready", "/", "/metrics", "/-/healthy", "/-/ready")
        assert [process.get(path).status for path in paths] == [200, 503, 200, 200, 200, 503]
        assert outcome(process.scrape()) == blind("connection", ("continuous",))
