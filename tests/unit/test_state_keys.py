"""What a state key's replies mean: its existence, its expiry, and how far its deadline is."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamgauge.model.keys import deadline_seconds, key_record, unix_seconds, unread_key
from streamgauge.model.readings import KeyReading
from streamgauge.model.records import Key
from streamgauge.state_keys import StateKey

NOW = 1_800_000_000
NOW_US = NOW * 1_000_000
PLAIN = StateKey(b"k")
DEADLINE = StateKey(b"k", b"valid_until")
FRESH = StateKey(b"k", b"at", 600.0)


def reading(key, value=None, *, exists=True, ttl_ms=None):
    return KeyReading(key, NOW_US, exists, ttl_ms, value)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (b"1771379604", 1_771_379_604.0),
        (b" 1771379604.5\n", 1_771_379_604.5),
        (b"1.771379604e+09", 1_771_379_604.0),
        (b"1771379604.", 1_771_379_604.0),
        (b"1771379604250", 1_771_379_604.25),  # milliseconds
        (b"253402300799", 253_402_300_799.0),  # the end of the year 9999, as seconds
        (b"1262304000", 1_262_304_000.0),  # the beginning of 2010
        (b"1262303999", None),
        (b"7200", None),  # a duration
        (b"0", None),
        (b"1771379604000000", None),  # microseconds
        (b"2026-02-18T00:12:00Z", None),
        (b"", None),
        (b"-1771379604", None),
        (b"nan", None),
        (b"inf", None),
        (b"1e99", None),
        (b"1_771_379_604", None),
        ("١٧٧١٣٧٩٦٠٤".encode(), None),
        (b"\xff", None),
        (b"9" * 100_000, None),
    ],
)
def test_a_time_is_unix_time_in_seconds_or_milliseconds(text, seconds):
    assert unix_seconds(text) == seconds


@given(st.binary())
def test_no_text_is_a_time_outside_of_its_bounds(text):
    seconds = unix_seconds(text)
    assert seconds is None or 1_262_304_000 <= seconds < 253_402_300_800


@pytest.mark.parametrize(
    ("key", "told", "expected"),
    [
        (DEADLINE, NOW + 90.5, 90.5),
        (DEADLINE, NOW, 0.0),
        (DEADLINE, NOW - 5, -5.0),
        (FRESH, NOW - 60, 540.0),
        (FRESH, NOW - 601, -1.0),
        (FRESH, NOW + 99, 600.0),  # by a clock that runs ahead
    ],
)
def test_the_deadline_is_in_the_field_or_so_long_after_it(key, told, expected):
    assert deadline_seconds(key, told, NOW_US) == expected


def test_without_a_field_there_is_no_deadline():
    assert key_record(reading(PLAIN)) == Key(PLAIN, 1)
    assert key_record(reading(PLAIN, ttl_ms=1500)) == Key(PLAIN, 1, 1.5)


def test_a_key_that_is_not_there_has_neither_expiry_nor_deadline_nor_fault():
    assert key_record(reading(DEADLINE, exists=False)) == Key(DEADLINE, 0)


def test_a_field_that_is_missing_or_no_time_is_no_deadline():
    for value in (None, b"", b"soon", b"7200"):
        assert key_record(reading(DEADLINE, value)) == Key(DEADLINE, 1, error="notime")


def test_a_field_that_could_not_be_read_leaves_the_rest_known():
    record = key_record(reading(DEADLINE, ttl_ms=9000), "wrongtype")
    assert record == Key(DEADLINE, 1, 9.0, None, "wrongtype")


def test_of_a_key_that_could_not_be_read_nothing_is_known():
    assert unread_key(DEADLINE, "noperm") == Key(DEADLINE, None, None, None, "noperm")


@given(
    st.sampled_from([PLAIN, DEADLINE, FRESH]),
    st.none() | st.binary() | st.integers(0, 10**14).map(b"%d".__mod__),
    st.booleans(),
    st.none() | st.integers(0, 10**12),
)
def test_unknown_is_never_a_number(key, value, exists, ttl_ms):
    record = key_record(reading(key, value, exists=exists, ttl_ms=ttl_ms))
    told = key.field is not None and value is not None and unix_seconds(value) is not None
    assert (record.deadline_seconds is not None) == (exists and told)
    assert (record.ttl_seconds is not None) == (exists and ttl_ms is not None)
    assert record.deadline_seconds is None or math.isfinite(record.deadline_seconds)
    assert (record.error == "notime") == (exists and key.field is not None and not told)
