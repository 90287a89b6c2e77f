"""Replies are read by field name; another shape is named malformed and never half believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamgauge.model.ids import StreamId
from streamgauge.model.readings import GroupReading, PendingReading
from streamgauge.model.records import Consumer
from streamgauge.source import replies
from streamgauge.source.errors import ErrorReply

STREAM_62 = [
    b"length", 2, b"radix-tree-keys", 1, b"radix-tree-nodes", 2, b"last-generated-id", b"9-0",
    b"groups", 1, b"first-entry", [b"8-0", [b"a", b"1"]], b"last-entry", [b"9-0", [b"a", b"1"]],
]  # fmt: skip
GROUP_62 = [b"name", b"g", b"consumers", 1, b"pending", 2, b"last-delivered-id", b"8-0"]
CONSUMER_62 = [b"name", b"c", b"pending", 2, b"idle", 1500]

RESP = st.recursive(
    st.none() | st.integers() | st.binary(max_size=8) | st.just(b"8-0"),
    lambda children: st.lists(children, max_size=8),
    max_leaves=20,
)


PRIMARY = {"from_replica": False, "server": None}


@pytest.mark.parametrize(
    ("reply", "role"),
    [
        ([b"server", b"redis", b"proto", 2, b"role", b"master", b"modules", []], "master"),
        ([b"role", b"replica"], "slave"),
        ([b"mode", b"sentinel"], None),
        ([b"role", b"observer"], None),
        (ErrorReply("ERR", "unknown command 'HELLO'"), None),
        (b"OK", None),
        ([b"role"], None),
    ],
)
def test_the_role_is_known_or_none(reply, role):
    assert replies.hello(reply).role == role


def test_a_stream_of_redis_6_2_tells_no_entries_added():
    reading = replies.stream_reading(b"s", 7, STREAM_62, [GROUP_62], **PRIMARY)
    assert reading.entries_added is None
    assert reading.first_entry == StreamId(8, 0)
    assert reading.groups == (GroupReading(b"g", 1, 2, StreamId(8, 0), None, None),)


def test_the_order_of_the_fields_and_new_ones_make_no_difference():
    pairs = list(zip(STREAM_62[::2], STREAM_62[1::2], strict=True))
    turned = [item for pair in reversed(pairs) for item in pair]
    newer = [*turned, b"entries-added", 5, b"unheard-of", [1, [2]]]
    reading = replies.stream_reading(
        b"s", 7, newer, [[*GROUP_62, b"entries-read", 3, b"lag", None]], **PRIMARY
    )
    assert reading.entries_added == 5
    assert reading.groups[0].entries_read == 3
    assert reading.groups[0].reported_lag is None


def test_an_empty_stream_has_no_first_entry():
    fields = dict(zip(STREAM_62[::2], STREAM_62[1::2], strict=True)) | {b"first-entry": None}
    reply = [item for pair in fields.items() for item in pair]
    assert replies.stream_reading(b"s", 7, reply, [], **PRIMARY).first_entry is None


@pytest.mark.parametrize(
    ("more", "inactive_seconds"),
    [([], None), ([b"inactive", -1], None), ([b"inactive", 0], 0), ([b"inactive", 9], 0.009)],
)
def test_a_consumer_that_never_read_has_no_time_since_it_did(more, inactive_seconds):
    found = replies.consumers([[*CONSUMER_62, *more]])
    assert found == (Consumer(b"c", 2, 1.5, inactive_seconds),)


def test_the_oldest_pending_entry_and_none():
    reply = [[b"8-0", b"c", 1500, 3]]
    assert replies.oldest_pending(reply) == PendingReading(StreamId(8, 0), 1500, 3)
    assert replies.oldest_pending([]) is None


def test_the_first_entries_of_a_range_are_counted():
    assert replies.first_entries([[b"8-0", [b"a", b"1"]], [b"9-0"]]) == (StreamId(8, 0), 2)
    assert replies.first_entries([]) == (None, 0)


def test_the_time_is_microseconds():
    assert replies.time_us([b"1800000000", b"000042"]) == 1_800_000_000_000_042


@pytest.mark.parametrize(
    "reply",
    [None, 5, b"OK", [], [b"length"], STREAM_62[2:], [*STREAM_62[:1], b"2", *STREAM_62[2:]]],
    ids=repr,
)
def test_another_shape_than_documented_is_malformed(reply):
    with pytest.raises(replies.MALFORMED):
        replies.stream_reading(b"s", 7, reply, [], **PRIMARY)


@given(RESP, RESP)
def test_arbitrary_replies_are_read_or_malformed(one, other):
    for read in (
        lambda: replies.stream_reading(b"s", 7, one, other, **PRIMARY),
        lambda: replies.consumers(one),
        lambda: replies.oldest_pending(one),
        lambda: replies.first_entries(one),
        lambda: replies.time_us(one),
    ):
        try:
            read()
        except replies.MALFORMED:
            continue
