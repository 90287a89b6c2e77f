"""Columns give way so that a table fits, and nothing of a text is lost to that."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from streamgauge.report.wrap import widths_within, wrapped


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("", 5, [""]),
        ("fits", 4, ["fits"]),
        ("two words", 5, ["two", "words"]),
        ("a b c d", 3, ["a b", "c d"]),
        # A word without a blank is broken anywhere, and the rest of the line is used after it.
        ("abcdefgh i", 5, ["abcde", "fgh i"]),
        # A wide character takes two cells and is never cut in half.
        ("行情数据", 5, ["行情", "数据"]),
    ],
)
def test_a_text_is_broken_at_blanks_first(text, width, lines):
    assert wrapped(text, width) == lines


@given(st.text("ab 行", max_size=40), st.integers(2, 12))
def test_no_line_is_too_long_and_no_character_is_lost(text, width):
    lines = wrapped(text, width)
    assert max(map(cell_len, lines)) <= width
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize(
    ("total", "natural", "wraps", "widths"),
    [
        # It fits.
        (100, [30, 10, 40], [True, False, True], [30, 10, 40]),
        # The widest gives way, a narrow one keeps its width.
        (60, [30, 10, 40], [True, False, True], [25, 10, 25]),
        (60, [15, 10, 90], [True, False, True], [15, 10, 35]),
        # A column can only get so narrow: then the line is longer than the terminal.
        (20, [30, 10, 40], [True, False, True], [10, 10, 10]),
    ],
)
def test_columns_that_wrap_give_way(total, natural, wraps, widths):
    assert widths_within(total, natural, wraps) == widths
