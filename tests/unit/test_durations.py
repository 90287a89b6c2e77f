"""Durations read and print as Prometheus's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamgauge.config.durations import format_duration, parse_duration

ALLOWED = "allowed: a duration such as 30s, 5m or 1h30m (units y w d h m s ms, the largest first)"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500ms", 0.5),
        ("0s", 0.0),
        ("90s", 90.0),
        ("5m", 300.0),
        ("1h30m", 5400.0),
        ("26h", 93600.0),
        ("1d", 86400.0),
        ("2w", 1209600.0),
        ("1y", 31536000.0),
        ("1y2w3d4h5m6s7ms", 31536000 + 1209600 + 3 * 86400 + 4 * 3600 + 306.007),
    ],
)
def test_every_unit_of_prometheus_is_understood(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", f"found '', {ALLOWED}"),
        ("abc", f"found 'abc', {ALLOWED}"),
        ("5min", f"found '5min', {ALLOWED}"),
        ("5 m", f"found '5 m', {ALLOWED}"),
        ("5M", f"found '5M', {ALLOWED}"),
        ("1m1h", f"found '1m1h', {ALLOWED}"),
        ("1.5h", f"found '1.5h', {ALLOWED}"),
        ("-5m", f"found '-5m', {ALLOWED}"),
        ("٣s", f"found '٣s', {ALLOWED}"),
        ("30", "found '30' without a unit, write 30s"),
        ("90", "found '90' without a unit, write 90s"),
        ("1.5", "found '1.5' without a unit, write 1s500ms"),
        ("0", "found '0', allowed: a duration longer than 0, such as 30s"),
        ("300y", "found '300y', allowed: at most 292y"),
    ],
)
def test_what_is_no_duration_is_refused_in_one_sentence(text, sentence):
    with pytest.raises(ValueError, match=r"^found ") as error:
        parse_duration(text)
    assert str(error.value) == sentence


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.25, "250ms"),
        (60, "1m"),
        (5400, "1h30m"),
        (93600, "1d2h"),
        (10 * 86400, "10d"),
        (14 * 86400, "2w"),
        (365 * 86400, "1y"),
    ],
)
def test_a_duration_prints_as_a_person_would_write_it(seconds, text):
    assert format_duration(seconds) == text


def test_a_negative_duration_does_not_exist():
    with pytest.raises(ValueError, match="never negative"):
        format_duration(-1)


@given(st.integers(min_value=0, max_value=292 * 365 * 86400 * 1000))
def test_what_is_printed_reads_back_as_the_same_duration(milliseconds):
    assert parse_duration(format_duration(milliseconds / 1000)) == milliseconds / 1000
