"""The page at / marks what is a problem, and nothing that is normal for its class."""

import math

import pytest

from streamgauge.model.records import RedisSnapshot, Snapshot, Stream
from streamgauge.policy import StreamClass
from streamgauge.web.status import status_page


def page_of(*streams, up=1):
    return status_page(
        Snapshot([RedisSnapshot("main", 0, up, streams, [], [], 0, 0, [], None, None, None)], None)
    )


def stream(stream_class, *, name=b"s", exists=1, limit=None, age=None):
    return Stream(name, stream_class, exists, limit, 3 if exists else None, age, group_count=0)


@pytest.mark.parametrize(
    ("shown", "is_marked"),
    [
        (stream(StreamClass.CONTINUOUS, limit=30.0, age=31.0), True),
        (stream(StreamClass.CONTINUOUS, limit=30.0, age=29.0), False),
        (stream(StreamClass.CONTINUOUS, limit=math.inf, age=9999.0), False),
        (stream(StreamClass.CONTINUOUS, exists=0, limit=30.0), True),
        (stream(StreamClass.EVENT, exists=0), False),
        (stream(StreamClass.EVENT, age=10.0**7), False),
        (stream(StreamClass.UNCLASSIFIED), False),
    ],
)
def test_only_what_is_a_problem_is_marked(shown, is_marked):
    assert (' class="bad"' in page_of(shown)) is is_marked


def test_names_cannot_inject_anything():
    page = page_of(stream(StreamClass.EVENT, name=b"<script>alert('x')</script>\xff"))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_redis_that_cannot_be_read_and_an_empty_one_say_so():
    assert "could not be read" in page_of(up=0)
    assert "holds no stream" in page_of()
