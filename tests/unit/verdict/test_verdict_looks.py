"""What is left of a look that is kept for later is all that the next one is compared with."""

from hypothesis import given
from hypothesis import strategies as st

from streamgauge.model.looks import faint
from streamgauge.verdict.judge import judge
from support.looks import AT, CONTINUOUS, EVENT, UNCLASSIFIED, consumer, group, look, stream

COUNTS = st.integers(0, 5)
AGES = st.sampled_from([0.0, 9.0, 31.0, 700.0, 90_000.0])


def unknown_or(values):
    return st.none() | values


CONSUMERS = st.builds(consumer, st.just(b"c"), AGES, pending=COUNTS)
GROUPS = st.builds(
    group,
    st.sampled_from([b"g", b"h"]),
    lag=unknown_or(COUNTS),
    lag_seconds=AGES,
    lag_limit_seconds=unknown_or(st.just(60.0)),
    pending=COUNTS,
    entries_read=unknown_or(COUNTS),
    last_delivered_timestamp_seconds=unknown_or(AGES.map(lambda age: AT - age)),
    consumer_list=st.lists(CONSUMERS, max_size=1).map(tuple),
)
STREAMS = st.builds(
    lambda kind, groups, **fields: stream(kind, *groups, **fields),
    st.sampled_from([CONTINUOUS, EVENT, UNCLASSIFIED]),
    st.lists(GROUPS, max_size=2, unique_by=lambda one: one.name),
    name=st.sampled_from([b"s", b"t"]),
    age=unknown_or(AGES),
    clock=st.booleans(),
    exists=st.sampled_from([0, 1]),
    length=COUNTS,
    entries_added=unknown_or(COUNTS),
)
LOOKS = st.lists(STREAMS, max_size=2, unique_by=lambda one: one.name)


@given(LOOKS, LOOKS, st.sampled_from([1.0, 15.0, 900.0]))
def test_every_verdict_is_the_same_with_a_faint_look_as_with_the_whole(now, then, seconds):
    present, past = look(*now), look(*then, at=AT - seconds)
    assert judge(present, faint(past)) == judge(present, past)
