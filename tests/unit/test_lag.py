"""The corrected lag: each rule alone, the table of what servers were seen to say, and the laws."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from streamgauge.model.ids import NEVER, StreamId
from streamgauge.model.lag import LagError, corrected_lag, learned_error


def at(ms):
    return StreamId(ms, 0)


# length, first entry, last generated, last delivered, reported by Redis, learned error -> lag
TABLE = {
    "caught up, whatever Redis says": (50, at(951), at(1000), at(1000), 950, 0, 0),
    "caught up on a server that tells nothing": (50, at(951), at(1000), at(1000), None, 0, 0),
    "delivered past the end (SETID ahead)": (10, at(1), at(10), at(99), None, 0, 0),
    "never written": (0, None, NEVER, NEVER, 0, 0, 0),
    "emptied past a stalled group": (0, None, at(1000), at(3), 997, 0, 0),
    "nothing delivered yet": (10, at(1), at(10), NEVER, 10, 0, 10),
    "trimmed past a stalled group: 1000 said, 50 left": (
        50,
        at(951),
        at(1000),
        at(3),
        1000,
        0,
        50,
    ),
    "before the first entry on 6.2": (50, at(951), at(1000), NEVER, None, 0, 50),
    "ENTRIESREAD 100 on a short stream: -98": (3, at(1), at(3), at(2), -98, 0, None),
    "half read": (10, at(1), at(10), at(4), 6, 0, 6),
    "nil between first and last": (10, at(1), at(10), at(4), None, 0, None),
    "0 said of one who is behind": (10, at(1), at(10), at(4), 0, 0, None),
    "all said of one who is past the first": (10, at(1), at(10), at(4), 10, 0, None),
    "more than all": (10, at(1), at(10), at(4), 956, 0, None),
    "more than all, but the error is known": (10, at(1), at(10), at(4), 956, 950, 6),
    "a negative error is one too": (10, at(1), at(10), at(9), -97, -98, 1),
}


@pytest.mark.parametrize("case", TABLE)
def test_the_table(case):
    length, first, last_generated, last_delivered, reported, error, lag = TABLE[case]
    found = corrected_lag(
        length=length,
        first_entry=first,
        last_generated=last_generated,
        last_delivered=last_delivered,
        reported=reported,
        error=LagError(error, 0, 0) if error else None,
    )
    assert found == lag


@given(
    ids=st.lists(st.integers(1, 10_000), min_size=1, max_size=40, unique=True).map(sorted),
    delivered=st.integers(0, 10_001),
    reported=st.none() | st.integers(-(10**6), 10**6),
)
def test_a_lag_is_unknown_or_possible_whatever_redis_says(ids, delivered, reported):
    lag = corrected_lag(
        length=len(ids),
        first_entry=at(ids[0]),
        last_generated=at(ids[-1]),
        last_delivered=at(delivered),
        reported=reported,
    )
    assert lag is None or 0 <= lag <= len(ids)
    assert (lag == 0) == (delivered >= ids[-1])


@given(
    ids=st.lists(st.integers(1, 10_000), min_size=1, max_size=40, unique=True).map(sorted),
    delivered=st.integers(0, 10_001),
    error=st.integers(-1000, 1000),
)
def test_with_the_error_known_the_truth_is_told(ids, delivered, error):
    truth = sum(entry > delivered for entry in ids)
    lag = corrected_lag(
        length=len(ids),
        first_entry=at(ids[0]),
        last_generated=at(ids[-1]),
        last_delivered=at(delivered),
        reported=truth + error,
        error=LagError(error, 0, 0),
    )
    assume(truth < len(ids) or delivered < ids[0])
    assert lag == truth


class TestLearning:
    CAUGHT_UP = LagError(950, 1000, 50)

    def look(self, known, *, caught_up=False, reported=955, added=1005, read=50):
        return learned_error(
            known, caught_up=caught_up, reported=reported, entries_added=added, entries_read=read
        )

    def test_what_is_said_of_a_group_that_is_caught_up_is_the_error(self):
        assert self.look(None, caught_up=True, reported=950, added=1000) == self.CAUGHT_UP

    def test_nothing_is_learned_of_a_group_that_is_behind(self):
        assert self.look(None) is None

    def test_the_error_stays_while_the_counters_only_grow(self):
        assert self.look(self.CAUGHT_UP) == LagError(950, 1005, 50)

    def test_it_is_dropped_when_entries_added_goes_backwards(self):
        assert self.look(self.CAUGHT_UP, added=999) is None

    def test_it_is_dropped_when_entries_read_goes_backwards(self):
        assert self.look(self.CAUGHT_UP, read=49) is None

    def test_it_is_dropped_when_the_server_turns_honest(self):
        assert self.look(self.CAUGHT_UP, caught_up=True, reported=0) is None

    def test_a_lag_of_nil_teaches_nothing_and_forgets_nothing(self):
        assert self.look(self.CAUGHT_UP, reported=None) == LagError(950, 1005, 50)

    def test_it_is_dropped_with_the_counter_the_server_gave_up(self):
        assert self.look(self.CAUGHT_UP, read=None) is None
        assert self.look(self.CAUGHT_UP, caught_up=True, reported=0, read=None) is None

    def test_a_server_without_counters_teaches_nothing(self):
        assert self.look(None, caught_up=True, added=None, read=None) is None
