"""/metrics answers in the format and encoding that was asked for."""

import gzip
import random

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from streamgauge.exposition import render
from streamgauge.model.records import ProcessState, RedisSnapshot, Snapshot, Stream
from streamgauge.policy import StreamClass
from streamgauge.web.answer import accepts_gzip, metrics_answer, process_registry

SNAPSHOT = Snapshot([], ProcessState("1", "3", 1, 2.0))
PROMETHEUS_242 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,*/*;q=0.2"
)


def body_of(answer):
    return b"".join(answer.pieces)


@pytest.mark.parametrize("accept", [PROMETHEUS_242, PROMETHEUS_3])
def test_prometheus_gets_openmetrics(accept):
    answer = metrics_answer(SNAPSHOT, process_registry(), {"accept": accept})
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    text = body_of(answer).decode()
    assert text.endswith("# EOF\n")
    assert text.count("# EOF") == 1
    names = {family.name for family in parse_openmetrics(text)}
    assert {"streamgauge_build_info", "process_cpu_seconds"} <= names


@pytest.mark.parametrize("accept", ["", "*/*", "text/html", "text/plain; version=0.0.4", ";;q=,"])
def test_everybody_else_gets_the_text_format(accept):
    answer = metrics_answer(SNAPSHOT, process_registry(), {"accept": accept})
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    names = {family.name for family in parse_text(body_of(answer).decode())}
    assert {"streamgauge_build_info", "process_cpu_seconds", "python_info"} <= names


def test_gzip_holds_the_same_text():
    registry = process_registry()
    plain = metrics_answer(SNAPSHOT, registry, {})
    packed = metrics_answer(SNAPSHOT, registry, {"accept-encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert (
        gzip.decompress(body_of(packed)).decode().split("# HELP process")[0]
        == (body_of(plain).decode().split("# HELP process")[0])
    )


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("", False),
        ("gzip", True),
        ("deflate, GZIP;q=0.5", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0, *", False),
        ("br", False),
    ],
)
def test_gzip_is_used_only_where_it_is_accepted(header, accepted):
    assert accepts_gzip(header) is accepted


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_large_body_comes_in_pieces_of_about_a_megabyte_that_make_one(encoding):
    names = [random.Random(number).randbytes(60).hex().encode() for number in range(9_000)]
    streams = [Stream(name, StreamClass.EVENT, 1, None, 7) for name in names]
    instance = RedisSnapshot("r", 0, 1, 0.0, streams, [], [], 0, 0, [], None, None, None)
    snapshot = Snapshot([instance], None)
    answer = metrics_answer(snapshot, CollectorRegistry(), {"accept-encoding": encoding})
    pieces = list(answer.pieces)
    assert len(pieces) > 1
    assert max(map(len, pieces)) < 2 * 1024 * 1024
    body = b"".join(pieces)
    text = (gzip.decompress(body) if encoding else body).decode()
    assert text == "".join(render(snapshot, "text"))
    assert text.count("redis_stream_length{") == len(names)
