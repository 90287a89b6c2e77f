"""Names become labels: valid ones as they are, all of them distinct."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streamgauge.labels import escaped, label_value

TRICKY = st.lists(
    st.sampled_from([b"\xff", b"\\", b"x", b"ff", "\ufffd".encode(), b"\xef", b"\xbf\xbd", b"ef"])
).map(b"".join)
NAMES = st.binary(max_size=20) | TRICKY


def original(label: str) -> bytes:
    """Undo label_value: the reason why it cannot map two names to one label."""
    parts = re.split("\ufffd\\\\x([0-9a-f]{2})", label)
    return b"".join(
        bytes([int(part, 16)]) if index % 2 else part.encode() for index, part in enumerate(parts)
    )


@given(NAMES)
@example(b"k\xff")
@example(b"k\\xff")
@example("k\ufffd".encode())
@example("k\ufffd\\xff".encode())
def test_distinct_names_stay_distinct(name):
    assert original(label_value(name)) == name


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffd")))
def test_a_valid_name_is_itself(text):
    assert label_value(text.encode()) == text


@given(NAMES)
def test_a_label_is_always_valid_utf_8(name):
    label_value(name).encode()


@pytest.mark.parametrize(
    ("name", "label"),
    [
        (b"k\xff", "k\ufffd\\xff"),
        (b"k\\xff", "k\\xff"),
        ("k\ufffd".encode(), "k\ufffd"),
        (b"\xc3\xa9t\xc3", "ét\ufffd\\xc3"),
    ],
)
def test_a_byte_that_is_no_text_shows_its_value(name, label):
    assert label_value(name) == label


def test_quotes_backslashes_and_newlines_are_escaped():
    assert escaped('a"b\\c\nd') == r"a\"b\\c\nd"
