"""Which names are so near each other that one may be the other's unfinished rename."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamgauge.verdict.findings import nearly_equal, nearly_equal_pairs


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        # A word with a letter or two more: tense and plural.
        (b"q:stream:policy.update", b"q:stream:policy.updated", True),
        (b"job", b"jobs", True),
        (b"order.complet", b"order.complete", True),
        # Case and separators alone.
        (b"policy_update", b"policy.update", True),
        (b"PolicyUpdate", b"policy:update", True),
        # A longer word with one letter changed, or two swapped.
        (b"events.organise", b"events.organize", True),
        (b"events.recieve", b"events.receive", True),
        # Short words are too easily different things.
        (b"queue.buy", b"queue.but", False),
        (b"eu:orders", b"us:orders", False),
        (b"a", b"ab", False),
        # Three letters more are another word.
        (b"retrain", b"retraining", False),
        # Numbers are never a typing mistake.
        (b"shard1", b"shard2", False),
        (b"orders.v", b"orders.v2", False),
        (b"orders", b"orders12", False),
        # Two words differ, or there is a word more.
        (b"polici.updates", b"policy.update", False),
        (b"policy.update", b"policy.update.dead", False),
        (b"ab.cd", b"abc.d", True),
        # Bytes that are no text have a name too.
        (b"caf\xe9.order", b"caf\xe9.orders", True),
        (b"", b"a", False),
    ],
)
def test_nearness(one, other, near):
    assert nearly_equal(one, other) is near
    assert nearly_equal(other, one) is near
    assert list(nearly_equal_pairs([one], [other])) == ([(one, other)] if near else [])


def test_a_name_of_a_megabyte_costs_nothing():
    long = b"x" * 1_000_000
    assert list(nearly_equal_pairs([long, b"job"], [long + b"s", b"jobs"])) == [(b"job", b"jobs")]


NAMES = st.lists(st.text("abc.1", max_size=9).map(str.encode), max_size=8, unique=True)


@given(NAMES, NAMES)
def test_the_index_finds_what_comparing_all_with_all_finds(names, others):
    expected = [
        (one, other)
        for one in names
        for other in sorted(others)
        if one != other and nearly_equal(one, other)
    ]
    assert list(nearly_equal_pairs(names, others)) == expected
