"""One commented table is the proof of what each stream's silence is called."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamgauge.model.records import Reaction, Stream
from streamgauge.policy import StreamClass, StreamPolicy
from streamgauge.verdict.judge import judge
from streamgauge.verdict.states import SEVERITY, StreamState
from support.looks import (
    AT,
    CLOSED,
    CONTINUOUS,
    EVENT,
    HYBRID,
    MISSING,
    NEVER_WRITTEN,
    UNCLASSIFIED,
    group,
    look,
    stream,
)
from support.verdicts import shown

READY = group(b"workers")
ODD = {"clock": False}

ONE_LOOK = [
    # A feed: its limit decides, and nothing else.
    (stream(CONTINUOUS, age=29.9), "flowing", "last entry 30s ago; it may be silent for 30s"),
    (stream(CONTINUOUS, age=30.0), "flowing", "last entry 30s ago; it may be silent for 30s"),
    (stream(CONTINUOUS, age=31.0), "quiet", "silent for 31s; it may be silent for 30s"),
    # It must answer, whatever its class: the entry that is furthest past its limit is told.
    (
        stream(EVENT, reactions=(Reaction(b"a", 700.0, 600.0), Reaction(b"b", 60.0, 600.0))),
        "reaction overdue",
        "an entry of a has gone unanswered for 11m40s; an answer here may take 10m",
    ),
    (
        stream(EVENT, reactions=(Reaction(b"a", 600.0, 600.0), Reaction(b"b", None, 600.0))),
        "flowing",
        "last entry 10s ago",
    ),
    # Trimmed to nothing while it flows: the age of its last entry survives.
    (
        stream(CONTINUOUS, age=1.0, length=0),
        "flowing",
        "last entry 1s ago; it may be silent for 30s",
    ),
    # It must exist, and it must have been written.
    (
        stream(CONTINUOUS, **MISSING),
        "missing",
        "continuous stream: it must flow, and it does not exist",
    ),
    (
        stream(CONTINUOUS, READY, **NEVER_WRITTEN),
        "never written",
        "continuous stream: it must flow, and nothing was ever added; 1 consumer group is ready",
    ),
    # IDs that are no clocks: one look knows no age, but one past the limit is past it.
    (
        stream(CONTINUOUS, age=0.0, **ODD),
        "age unknown",
        "its IDs are no clocks: one look cannot tell when it was last written",
    ),
    (
        stream(CONTINUOUS, age=31.0, **ODD),
        "quiet",
        "silent for at least 31s; it may be silent for 30s",
    ),
    # Outside its hours, or just after they began, a feed may be silent, absent or never written.
    (
        stream(CONTINUOUS, age=9999.0, **CLOSED),
        "outside active hours",
        "its active hours are over or have not begun: silence is no problem now",
    ),
    (
        stream(CONTINUOUS, **CLOSED, **MISSING),
        "outside active hours",
        "its active hours are over or have not begun: silence is no problem now",
    ),
    (
        stream(CONTINUOUS, **CLOSED, **NEVER_WRITTEN),
        "outside active hours",
        "its active hours are over or have not begun: silence is no problem now",
    ),
    # Event streams: empty, absent and silent are all normal, and who is ready is worth a word.
    (
        stream(EVENT, READY, **NEVER_WRITTEN),
        "empty by design",
        "event stream: empty is normal; 1 consumer group is ready",
    ),
    (
        stream(EVENT, **NEVER_WRITTEN),
        "empty by design",
        "event stream: empty is normal; no consumer group",
    ),
    (
        stream(EVENT, READY, group(b"h", consumers=0, consumer_list=()), **NEVER_WRITTEN),
        "empty by design",
        "event stream: empty is normal; 2 consumer groups, 1 with a consumer",
    ),
    (
        stream(EVENT, group(consumers=0, consumer_list=()), **NEVER_WRITTEN),
        "empty by design",
        "event stream: empty is normal; 1 consumer group, none with a consumer",
    ),
    (
        stream(EVENT, age=90_000.0, length=0),
        "empty by design",
        "event stream: empty is normal; no consumer group; the last 1d1h ago, removed since",
    ),
    (
        stream(EVENT, **MISSING),
        "empty by design",
        "event stream: normal until its first entry that it does not exist",
    ),
    (
        stream(EVENT, age=777_600.0, length=104),
        "idle by design",
        "event stream: silence is normal; 104 entries, the last 9d ago",
    ),
    # Written within five minutes it flows; its IDs must be clocks to tell.
    (stream(EVENT, age=300.0), "flowing", "last entry 5m ago"),
    (
        stream(EVENT, age=0.0, **ODD),
        "idle by design",
        "event stream: silence is normal; 3 entries, the last at a time its ID does not tell",
    ),
    # Hybrid: the same words, its own name.
    (
        stream(HYBRID, READY, **NEVER_WRITTEN),
        "empty by design",
        "hybrid stream: empty is normal; 1 consumer group is ready",
    ),
    (
        stream(HYBRID, age=3600.0, length=1),
        "idle by design",
        "hybrid stream: silence is normal; 1 entry, the last 1h ago",
    ),
    # Unclassified: whatever it does, nobody has said what it means.
    (
        stream(UNCLASSIFIED, age=20.0, length=12),
        "unclassified",
        "nobody has said what it is: 12 entries, the last 20s ago",
    ),
    (
        stream(UNCLASSIFIED, **NEVER_WRITTEN),
        "unclassified",
        "nobody has said what it is: 0 entries, none was ever added",
    ),
    (
        stream(UNCLASSIFIED, **MISSING),
        "unclassified",
        "nobody has said what it is: it does not exist",
    ),
]

# Five seconds before, now, state, reason.
TWO_LOOKS = [
    # IDs that are no clocks: an age that starts again is a new entry, one that grows is no proof.
    (
        stream(CONTINUOUS, age=0.0, **ODD),
        stream(CONTINUOUS, age=0.0, **ODD),
        "flowing",
        "it is being written; it may be silent for 30s",
    ),
    (
        stream(CONTINUOUS, age=0.0, **ODD),
        stream(CONTINUOUS, age=5.0, **ODD),
        "age unknown",
        "its IDs are no clocks: nothing was added in 5s, which does not prove it is dead",
    ),
    (
        stream(EVENT, age=0.0, **ODD),
        stream(EVENT, age=5.0, entries_added=4, **ODD),
        "flowing",
        "it is being written",
    ),
    # An entry between the looks is flow, though its age alone would not say so: it was trimmed.
    (
        stream(EVENT, age=900.0, at=AT - 5),
        stream(EVENT, age=301.0),
        "flowing",
        "last entry 5m1s ago",
    ),
    # Nothing between the looks changes nothing.
    (
        stream(EVENT, age=900.0, at=AT - 5),
        stream(EVENT, age=905.0),
        "idle by design",
        "event stream: silence is normal; 3 entries, the last 15m5s ago",
    ),
    # Deleted between the looks.
    (
        stream(CONTINUOUS, age=1.0, at=AT - 5),
        stream(CONTINUOUS, **MISSING),
        "missing",
        "continuous stream: it must flow, and it does not exist; it did 5s ago",
    ),
    # Already gone then.
    (
        stream(CONTINUOUS, **MISSING),
        stream(CONTINUOUS, **MISSING),
        "missing",
        "continuous stream: it must flow, and it does not exist",
    ),
    # Written outside its hours.
    (
        stream(CONTINUOUS, age=1.0, at=AT - 5, **CLOSED),
        stream(CONTINUOUS, age=1.0, **CLOSED),
        "flowing",
        "last entry 1s ago",
    ),
]


@pytest.mark.parametrize(("now", "state", "reason"), ONE_LOOK)
def test_one_look(now, state, reason):
    assert shown(judge(look(now)).streams[0]) == (state, reason)


@pytest.mark.parametrize(("earlier", "now", "state", "reason"), TWO_LOOKS)
def test_two_looks(earlier, now, state, reason):
    verdict = judge(look(now), look(earlier, at=AT - 5))
    assert verdict.seconds == 5.0
    assert shown(verdict.streams[0]) == (state, reason)


class TestEntriesBetweenTheLooks:
    @pytest.mark.parametrize(
        ("then", "now", "added"),
        [
            (3, 10, 7),
            (3, 3, 0),
            # Deleted and written again: how many is unknown.
            (10, 3, None),
            # Redis 6.2 does not count.
            (None, None, None),
        ],
    )
    def test_they_are_counted_where_the_server_counts(self, then, now, added):
        earlier = look(stream(entries_added=then), at=AT - 5)
        assert judge(look(stream(entries_added=now)), earlier).streams[0].added == added

    def test_one_look_counts_none(self):
        assert judge(look(stream())).streams[0].added is None

    def test_a_stream_that_is_new_has_no_earlier_look(self):
        earlier = look(stream(name=b"other"), at=AT - 5)
        assert judge(look(stream()), earlier).streams[0].added is None

    @pytest.mark.parametrize(
        "earlier", [look(at=AT - 5, up=0), look(stream(), at=AT), look(stream(), at=AT + 1)]
    )
    def test_an_earlier_look_that_saw_nothing_or_was_not_earlier_is_none(self, earlier):
        assert judge(look(stream()), earlier).seconds is None


@given(
    st.builds(
        Stream,
        name=st.just(b"s"),
        stream_class=st.sampled_from(StreamClass),
        exists=st.sampled_from([0, 1]),
        quiet_limit_seconds=st.sampled_from([None, 30.0, math.inf]),
        length=st.sampled_from([None, 0, 5]),
        age_seconds=st.sampled_from([None, 0.0, 31.0, 1e6]),
        last_entry_timestamp_seconds=st.sampled_from([None, AT - 31.0]),
        entries_added=st.sampled_from([None, 0, 5]),
        policy=st.sampled_from([StreamPolicy(CONTINUOUS), StreamPolicy(EVENT)]),
        groups=st.just(()),
        reactions=st.just(()),
    )
)
def test_every_record_has_a_state_and_only_continuous_streams_are_critical(record):
    verdict = judge(look(record)).streams[0]
    assert isinstance(verdict.state, StreamState)
    assert verdict.severity is SEVERITY[verdict.state]
    if verdict.severity.is_problem:
        assert record.stream_class is CONTINUOUS
