"""Fields are found by name, wherever they stand, although they are looked for where they were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamgauge.source.replies import Fields

NAMES = [b"a", b"b", b"c", b"d", b"e"]


def flat(pairs):
    return [item for pair in pairs for item in pair]


@given(
    st.lists(
        st.permutations(NAMES).flatmap(
            lambda names: st.integers(0, 5).map(lambda left_out: names[left_out:])
        )
    )
)
def test_replies_of_any_order_and_length_are_read_one_after_the_other(replies):
    fields = Fields((b"a", b"b"), (b"c", b"d"))
    for names in replies:
        pairs = [(name, name * 2) for name in names]
        if {b"a", b"b"} <= set(names):
            expected = [dict(pairs).get(name) for name in (b"a", b"b", b"c", b"d")]
            assert fields(flat(pairs)) == tuple(expected)
        else:
            with pytest.raises(KeyError):
                fields(flat(pairs))


def test_a_field_that_was_missing_is_found_in_a_reply_of_the_same_length():
    fields = Fields((b"a", b"b"), (b"c", b"d"))
    assert fields([b"a", 1, b"b", 2, b"e", 3]) == (1, 2, None, None)
    assert fields([b"a", 1, b"b", 2, b"d", 3]) == (1, 2, None, 3)


@pytest.mark.parametrize("reply", [5, None, b"abcd", [b"a"], {b"a": 1, b"b": 2}, [[], 1, b"b", 2]])
def test_anything_else_is_refused_whatever_was_read_before(reply):
    fields = Fields((b"a", b"b"))
    assert fields([b"a", 1, b"b", 2]) == (1, 2)
    with pytest.raises((KeyError, TypeError, ValueError, IndexError)):
        fields(reply)
    assert fields([b"a", 3, b"b", 4]) == (3, 4)
