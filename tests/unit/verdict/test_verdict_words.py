"""Durations, counts and names in sentences."""

import pytest

from streamgauge.verdict.words import Sentence, counted, duration, entries, name_list


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.0, "0s"),
        (-1.0, "0s"),
        (0.04, "0s"),
        (0.34, "0.3s"),
        (9.96, "10s"),
        (42.4, "42s"),
        (59.6, "1m"),
        (250.0, "4m10s"),
        (3_600.0, "1h"),
        (7_325.0, "2h2m"),
        (86_399.0, "23h59m"),
        (781_200.0, "9d1h"),
        (31_536_000.0, "1y"),
    ],
)
def test_a_duration_has_two_places(seconds, shown):
    assert duration(seconds) == shown


def test_counts_have_their_noun():
    assert [entries(1), entries(0), entries(2_000)] == ["1 entry", "0 entries", "2,000 entries"]
    assert counted(2, "group") == "2 groups"


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        ([b"a"], "a"),
        ([b"a", b"b"], "a and b"),
        ([b"a", b"b", b"c"], "a, b and c"),
        ([b"a"] * 6, "a, a, a, a, a and 1 more"),
    ],
)
def test_a_list_of_names_ends_in_and(names, shown):
    assert name_list(names).text(bytes.decode) == shown


def test_a_name_is_nothing_but_what_quote_makes_of_it():
    sentence = Sentence("{} and {}", (b"{0}", b"{}"))
    assert sentence.text(lambda name: name.decode().upper()) == "{0} and {}"
