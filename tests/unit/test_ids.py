"""Entry IDs order as Redis orders them, and only some of them are times."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamgauge.model.ids import EARLIEST_CLOCK_MS, FUTURE_TOLERANCE_MS, StreamId

UINT64 = st.integers(0, 2**64 - 1)
IDS = st.builds(StreamId, UINT64, UINT64)
NOW_MS = 1_800_000_000_000


@given(IDS)
def test_an_id_survives_being_written_and_read(entry_id):
    assert StreamId.parse(str(entry_id).encode()) == entry_id


@given(IDS, IDS)
def test_ids_order_by_milliseconds_then_by_sequence_without_loss(one, other):
    assert (one < other) == (one.ms * 2**64 + one.seq < other.ms * 2**64 + other.seq)


def test_the_order_is_not_the_order_of_texts_or_floats():
    assert StreamId.parse(b"9-0") < StreamId.parse(b"10-0")
    assert StreamId.parse(b"5-9") < StreamId.parse(b"5-10")
    assert StreamId(2**63, 0) < StreamId(2**63 + 1, 0)


@pytest.mark.parametrize("raw", [b"", b"5", b"-", b"a-1", b"5-b"])
def test_what_is_no_id_is_refused(raw):
    with pytest.raises(ValueError, match=r"stream ID|invalid literal"):
        StreamId.parse(raw)


@pytest.mark.parametrize(
    ("ms", "is_clock"),
    [
        (0, False),
        (5, False),
        (EARLIEST_CLOCK_MS - 1, False),
        (EARLIEST_CLOCK_MS, True),
        (NOW_MS, True),
        (NOW_MS + FUTURE_TOLERANCE_MS, True),
        (NOW_MS + FUTURE_TOLERANCE_MS + 1, False),
    ],
)
def test_an_id_is_a_time_from_2010_to_a_minute_ahead_of_the_server(ms, is_clock):
    assert StreamId(ms, 1).is_clock(NOW_MS) is is_clock
