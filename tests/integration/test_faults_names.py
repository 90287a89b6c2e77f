"""Whatever bytes name a key, a group or a consumer: valid text, distinct series, the same name."""

import re
import subprocess
from collections.abc import Callable, Iterable, Iterator

import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from support.exporter import ExporterProcess
from support.servers import RealServer, missing

MARK = "\N{REPLACEMENT CHARACTER}"
VALID = [
    "plain",
    'q"uote',
    "back\\slash",
    "back\\nslash",
    "ends\\",
    "\\",
    '"',
    "two\nlines",
    "\n",
    "ends\n",
    "carriage\r\nreturn",
    "tab\tbed",
    "nul\0",
    "\0",
    "a,b=\"c\"} 5 # {x='y'}",
    "# EOF",
    " spaces ",
    "<script>alert(1)</script>",
    "{braces}",
    "[glob]*?",
    "é",
    "\N{GRINNING FACE}",
    "line\u2028separator\u0085next\x0b\x0c\x1c",
    f"k{MARK}",
    MARK,
    "k\\xff",
    "x" * 10_000,
    '\\"\n' * 3_000,
]
INVALID = [
    b"k\xff",
    b"k\xfe",
    b"\xff",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\xc3",
    b"\xc3(",
    b"\xf4\x90\x80\x80",
    b'\xff"\n\\',
    b"\xff" * 10_000,
    # These are what an escaped name could look like.
    f"k{MARK}\\xff".encode(),
    f"{MARK}\\xff".encode(),
    f"{MARK}{MARK}\\xff".encode(),
    b"k\\\\xff",
    "k\udcff".encode("utf-8", "surrogatepass"),
]
NAMES = [*[name.encode() for name in VALID], *INVALID]
REDIS = 'a "redis" \\ of\nmine'
ADD = "for i = 1, tonumber(ARGV[1]) do redis.call('XADD', KEYS[1], '*', 'n', 1) end"


def add_names(server: RealServer) -> None:
    """Make streams of every name, and groups and consumers of every name.

    A stream's length tells which name it has; a group's or a consumer's pending entries tell it.
    """
    entries = len(NAMES) * (len(NAMES) + 1) // 2
    with (
        server.client(decode_responses=False) as client,
        client.pipeline(transaction=False) as pipe,
    ):
        pipe.flushall()
        for stream in ("groups", "consumers"):
            pipe.eval(ADD, 1, stream, entries)
        pipe.xgroup_create("consumers", "g", id="0")
        for number, name in enumerate(NAMES, start=1):
            pipe.eval(ADD, 1, b"s:" + name, number)
            pipe.xgroup_create("groups", name, id="0")
            pipe.xreadgroup(name, "c", {"groups": ">"}, count=number)
            pipe.xreadgroup("g", name, {"consumers": ">"}, count=number)
        pipe.execute()


@pytest.fixture(scope="module")
def server(session_server: Callable) -> RealServer:
    server: RealServer = session_server("redis-7.0")
    add_names(server)
    return server


@pytest.fixture(scope="module")
def named(
    server: RealServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ExporterProcess]:
    """An exporter that knows all streams of the server."""
    config = {
        "redis": {"name": REDIS, "url": server.url},
        "discovery": {"match": ["*"], "interval": "1h"},
    }
    with ExporterProcess(tmp_path_factory.mktemp("exporter"), config=config) as process:
        assert len(process.scrape().streams()) == len(NAMES) + 2
        yield process


def names_by_number(families: Iterable[Metric], metric: str, label: str, stream: str) -> list[str]:
    """The names in a label, in the order of the metric's values, of all streams of a prefix."""
    samples = [
        sample
        for family in families
        for sample in family.samples
        if sample.name == metric and sample.labels["stream"].startswith(stream)
    ]
    samples.sort(key=lambda sample: sample.value)
    assert [one.value for one in samples] == list(range(1, len(NAMES) + 1))
    return [one.labels[label] for one in samples]


@pytest.mark.parametrize(
    ("kind", "parse"),
    [("text/plain", parse_text), ("application/openmetrics-text", parse_openmetrics)],
)
def test_names_of_all_bytes_are_distinct_and_valid_ones_are_themselves(
    named: ExporterProcess, kind: str, parse: Callable[[str], Iterable[Metric]]
) -> None:
    response = named.get("/metrics", {"Accept": f"{kind};version=1.0.0"})
    assert response.headers["content-type"].startswith(kind)
    families = list(parse(response.text))
    pending = "redis_stream_group_{}messages_pending"
    streams = names_by_number(families, "redis_stream_length", "stream", "s:")
    streams = [stream.removeprefix("s:") for stream in streams]
    assert streams[: len(VALID)] == VALID
    assert len(set(streams)) == len(NAMES)
    # A name reads the same in whatever label it stands.
    assert names_by_number(families, pending.format(""), "group", "groups") == streams
    consumer = pending.format("consumer_")
    assert names_by_number(families, consumer, "consumer", "consumers") == streams
    redis = {sample.labels.get("redis") for family in families for sample in family.samples}
    assert redis == {REDIS, None}


def test_names_of_all_bytes_pass_promtool(named: ExporterProcess) -> None:
    try:
        done = subprocess.run(
            ["promtool", "check", "metrics"],
            input=named.get("/metrics").body,
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        missing("promtool")
    assert (done.returncode, done.stderr.decode(), done.stdout.decode()) == (0, "", "")


def test_names_of_all_bytes_stand_escaped_on_the_status_page(named: ExporterProcess) -> None:
    page = named.get("/")
    assert page.status == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "&lt;script&gt;alert(1)" in page.text
    assert page.text.count("<script") == 1, "the page's own"


def test_names_of_all_bytes_leave_one_line_each_in_the_log(
    named: ExporterProcess, server: RealServer
) -> None:
    with server.client(decode_responses=False) as client:
        client.mset({b"s:" + name: "no stream any more" for name in NAMES})
    try:
        scrapes = [named.scrape() for _ in range(2)]
    finally:
        add_names(server)
    errors = [scrape["streamgauge_stream_errors"] for scrape in scrapes]
    assert [one["unclassified", "wrongtype"] for one in errors] == [len(NAMES)] * 2
    lines = named.log().split("\n")
    assert lines.pop() == ""
    assert [line for line in lines if not re.match(r"time=\S+ level=\w+ msg=\S", line)] == []
    assert len([line for line in lines if "reason=wrongtype" in line]) == len(NAMES)
