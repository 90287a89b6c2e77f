"""Consumers are dead by what was handed out since the last look at which they had been seen."""

from hypothesis import example, given
from hypothesis import strategies as st

from streamgauge.model.consumers import dead_consumers
from streamgauge.model.ids import NEVER
from streamgauge.model.memory import GroupMemory
from streamgauge.model.records import Consumer

DAY = 86_400
NAMES = [b"a", b"b", b"c"]
LOOKS = st.lists(
    st.tuples(
        st.sampled_from([5, 60, 7_200, DAY - 60, DAY + 60]),  # seconds since the look before
        st.sets(st.sampled_from(NAMES)),  # who reads in the middle of that time
        st.sampled_from([0, 0, 1, 29, 30, 31]),  # how many entries are handed out
    ),
    max_size=8,
)


@given(LOOKS)
@example([(60, {b"b", b"c"}, 30), (60, set(), 0), (DAY + 60, set(), 0)])
@example([(60, {b"b", b"c"}, 31), (60, {b"a"}, 0), (60, {b"b"}, 0), (DAY + 60, {b"b"}, 1)])
def test_whoever_is_not_seen_for_a_day_while_ten_entries_each_are_handed_out_is_dead(looks):
    memory, now, handed = GroupMemory(NEVER, 0), 0, 7
    memory.entries_read = handed
    seen_at, handed_by_then = dict.fromkeys(NAMES, 0.0), dict.fromkeys(NAMES, handed)
    for seconds, readers, more in [(0, set(), 0), *looks]:
        now, handed = now + seconds, handed + more
        for name in readers:
            seen_at[name], handed_by_then[name] = now - seconds / 2, handed
        listed = [Consumer(name, 0, now - seen_at[name], None) for name in NAMES]
        dead = dead_consumers(memory, listed, handed, now * 1_000_000)
        memory.seen_us, memory.entries_read = now * 1_000_000, handed
        expected = [
            name
            for name in NAMES
            if now - seen_at[name] > DAY and handed - handed_by_then[name] >= 10 * len(NAMES)
        ]
        assert dead == len(expected)
