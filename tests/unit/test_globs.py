"""Patterns match what Redis matches."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamgauge import globs


def redis_match(pattern: bytes, name: bytes) -> bool:
    """`stringmatchlen` of Redis, step for step."""
    while pattern:
        head = pattern[:1]
        if head == b"*":
            return any(redis_match(pattern[1:], name[at:]) for at in range(len(name) + 1))
        if not name:
            return False
        if head == b"[":
            matched, pattern = redis_set(pattern, name[0])
            if not matched:
                return False
        elif head != b"?":
            if head == b"\\" and len(pattern) >= 2:
                pattern = pattern[1:]
            if pattern[0] != name[0]:
                return False
        pattern, name = pattern[1:], name[1:]
    return not name


def redis_set(pattern: bytes, char: int) -> tuple[bool, bytes]:
    pattern = pattern[1:]
    negated = pattern[:1] == b"^"
    pattern = pattern[negated:]
    matched = False
    while pattern[:1] != b"]":
        if len(pattern) >= 2 and pattern[:1] == b"\\":
            pattern = pattern[1:]
            matched |= pattern[0] == char
        elif len(pattern) >= 3 and pattern[1:2] == b"-":
            low, high = sorted((pattern[0], pattern[2]))
            pattern = pattern[2:]
            matched |= low <= char <= high
        else:
            matched |= pattern[0] == char
        pattern = pattern[1:]
    return matched != negated, pattern


def is_valid(pattern: bytes) -> bool:
    try:
        globs.compile_glob(pattern)
    except ValueError:
        return False
    return True


def matches(pattern: bytes, name: bytes) -> bool:
    return globs.compile_glob(pattern).fullmatch(name) is not None


signs = [b"a", b"b", b"]", b"-", b"^", b"\n", b"\xff", b"*", b"?", b"[", b"\\"]
patterns = st.lists(st.sampled_from(signs), max_size=9).map(b"".join).filter(is_valid)
names = st.lists(st.sampled_from(list(b"ab]-^\n\xff*[\\")), max_size=8).map(bytes)


@given(patterns, names)
def test_a_pattern_matches_what_redis_matches(pattern, name):
    assert matches(pattern, name) is redis_match(pattern, name)


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        (b"*", b"", True),
        (b"*", b"a\nb", True),
        (b"a?c", b"a\nc", True),
        (b"h[ae]llo", b"hello", True),
        (b"h[^e]llo", b"hello", False),
        (b"h[a-c]llo", b"hbllo", True),
        (b"h[c-a]llo", b"hbllo", True),
        (b"[]", b"]", False),
        (b"[^]", b"x", True),
        (b"[\\]]", b"]", True),
        (b"\\*", b"*", True),
        (b"\\*", b"x", False),
        (b"]", b"]", True),
        (b"a.c", b"abc", False),
        (b"ABC", b"abc", False),
    ],
)
def test_the_signs_mean_what_they_mean_in_redis(pattern, name, expected):
    assert matches(pattern, name) is expected


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        (b"a[", r"the pattern has a [ without its ]; write \[ for the character itself"),
        (b"[a-]", r"the pattern has a [ without its ]; write \[ for the character itself"),
        (b"[abc\\", r"the pattern has a [ without its ]; write \[ for the character itself"),
        (b"a\\", "the pattern ends in a backslash that escapes nothing"),
    ],
)
def test_what_redis_only_tolerates_is_refused(pattern, sentence):
    with pytest.raises(ValueError, match=r"^the pattern ") as error:
        globs.compile_glob(pattern)
    assert str(error.value) == sentence


@given(st.binary())
def test_every_name_has_a_literal_pattern(name):
    pattern = globs.escape(name)
    assert globs.is_literal(pattern)
    assert globs.literal(pattern) == name
    assert matches(pattern, name)


@given(patterns, names)
def test_every_match_starts_with_the_literal_prefix(pattern, name):
    if matches(pattern, name):
        assert name.startswith(globs.literal_prefix(pattern))


@given(st.lists(patterns, min_size=1, max_size=4), names)
def test_every_match_of_any_pattern_starts_with_the_common_prefix(several, name):
    if any(matches(pattern, name) for pattern in several):
        assert name.startswith(globs.common_prefix(several))


def test_the_common_prefix_is_the_longest():
    assert globs.common_prefix([b"quantum:stream:*", b"quantum:stats:?"]) == b"quantum:st"
    assert globs.common_prefix([b"a\\*b*"]) == b"a*b"
    assert globs.common_prefix([b"a*", b"*"]) == b""
    assert globs.common_prefix([]) == b""


@given(patterns, patterns, names)
def test_a_pattern_that_covers_another_matches_all_its_names(earlier, later, name):
    if globs.covers(earlier, later) and matches(later, name):
        assert matches(earlier, name)


@pytest.mark.parametrize(
    ("earlier", "later", "expected"),
    [
        (b"*", b"a*", True),
        (b"a*", b"ab?", True),
        (b"a*", b"abc", True),
        (b"a?", b"a?", True),
        (b"", b"*", False),
        (b"a*b", b"a*bb", False),
        (b"b*", b"a*", False),
    ],
)
def test_covering_is_only_claimed_where_it_is_certain(earlier, later, expected):
    assert globs.covers(earlier, later) is expected


def test_a_pattern_with_wildcards_names_no_single_stream():
    with pytest.raises(ValueError, match="names no single stream"):
        globs.literal(b"a*")


def test_text_becomes_bytes_and_a_stray_byte_can_be_written():
    assert globs.encode("é") == b"\xc3\xa9"
    assert globs.encode("a\udcff") == b"a\xff"
    with pytest.raises(ValueError, match="half a surrogate pair"):
        globs.encode("\ud800")


def test_many_stars_against_a_hostile_name_stay_cheap():
    pattern = globs.compile_glob(b"*a" * 20 + b"*b")
    started = time.process_time()
    assert pattern.fullmatch(b"a" * 5000) is None
    assert time.process_time() - started < 2
