"""Which changes of states are remembered, over how many looks, and over a restart."""

import math

from hypothesis import given
from hypothesis import strategies as st

from streamgauge.changes import note_changes
from streamgauge.model.looks import earlier_look
from streamgauge.model.memory import MOST_CHANGES, NO_CHANGES, Memory
from streamgauge.model.records import AbsentGroup, Reaction
from streamgauge.state_file import StateFile
from streamgauge.verdict.judge import judge
from support.looks import AT, CONTINUOUS, EVENT, HYBRID, MISSING, UNCLASSIFIED, group, look, stream

CALM = stream(HYBRID, group())
LATE = stream(HYBRID, group(lag=7, lag_seconds=99.0))
STALLED = stream(HYBRID, group(lag=7, lag_seconds=125.0, stalled_seconds=125.0))


def noted(*looks_at, memory=None):
    """What is remembered of `s` after looks a minute apart."""
    memory, earlier = memory or Memory(), None
    for number, one in enumerate(looks_at):
        at = AT + 60 * number
        now = look(one, at=at)
        note_changes(memory, now, earlier)
        earlier = earlier_look(now)
    return memory


def told(memory):
    return [(one.group, one.before, one.after) for one in memory.changes[b"s"].latest]


def test_a_trouble_is_told_when_it_begins_when_it_gets_worse_and_when_it_ends():
    memory = noted(CALM, CALM, LATE, STALLED, STALLED, CALM)
    assert told(memory) == [
        (b"g", "", "behind"),
        (b"g", "behind", "stalled"),
        (b"g", "stalled", ""),
    ]
    assert [one.at_us for one in memory.changes[b"s"].latest] == [
        int((AT + seconds) * 1e6) for seconds in (120, 180, 300)
    ]


LATE_OR_NOT = st.sampled_from([None, 0.0, 30.0, 61.0, 400.0, 5000.0])
GROUPS = st.builds(
    group,
    lag=st.sampled_from([None, 0, 7]),
    lag_seconds=LATE_OR_NOT.map(lambda seconds: seconds or 0.0),
    lag_limit_seconds=st.sampled_from([None, 60.0]),
    stalled_seconds=LATE_OR_NOT,
    falling_behind_seconds=LATE_OR_NOT,
    lost_ago_seconds=LATE_OR_NOT,
    retention_used_ratio=st.sampled_from([None, 0.5, 1.0]),
    pending=st.sampled_from([0, 3]),
    oldest_pending_age_seconds=LATE_OR_NOT.map(lambda seconds: seconds or 0.0),
    unacknowledged_seconds=LATE_OR_NOT,
    ack_limit_seconds=st.sampled_from([None, 60.0]),
    consumers_dead=st.sampled_from([None, 0, 1]),
    consumers=st.sampled_from([0, 1]),
)
STREAMS = st.builds(
    stream,
    st.sampled_from([CONTINUOUS, HYBRID, EVENT, UNCLASSIFIED]),
    exists=st.sampled_from([0, 1]),
    age=LATE_OR_NOT,
    quiet_limit_seconds=st.sampled_from([30.0, math.inf]),
    groups=st.lists(GROUPS, max_size=1).map(tuple),
    absent_groups=st.sampled_from([(), (AbsentGroup(b"h", 60.0, None),)]),
    reactions=st.sampled_from([(), (Reaction(b"a", 9.0, 60.0),), (Reaction(b"a", 90.0, 60.0),)]),
)


def is_possible(one):
    """What waits for nobody neither stands nor falls behind."""
    return all(
        each.lag_seconds >= (each.stalled_seconds or 0.0)
        and (not each.falling_behind_seconds or each.lag_seconds > (each.lag_limit_seconds or 0.0))
        for each in one.groups
    )


@given(STREAMS.filter(is_possible))
def test_every_problem_is_noted(one):
    """What rules out most streams by a few comparisons rules out none that has a problem."""
    verdict = judge(look(one), None)
    states = {each.group.name: str(each.state) for each in verdict.groups if problem(each)}
    noted_of = noted(one).changes.get(b"s", NO_CHANGES)
    assert noted_of.groups == states
    (judged,) = verdict.streams
    assert noted_of.state == (str(judged.state) if problem(judged) else "")


def problem(verdict):
    return verdict.severity.is_problem


def test_what_is_no_problem_is_nothing_to_tell():
    memory = noted(CALM, stream(EVENT, age=1.0), stream(EVENT, age=9000.0), stream(EVENT))
    assert b"s" not in memory.changes


def test_a_trouble_of_a_stream_that_was_not_seen_before_began_at_an_unknown_time():
    memory = noted(stream(HYBRID, name=b"other"), LATE)
    assert memory.changes[b"s"].latest[0].is_first


def test_a_trouble_of_the_first_look_began_at_an_unknown_time():
    (first,) = noted(LATE).changes[b"s"].latest
    assert first.is_first
    (later,) = noted(CALM, LATE).changes[b"s"].latest
    assert not later.is_first


def test_feeds_missing_streams_and_missing_groups_are_told():
    feed = stream(CONTINUOUS)
    assert told(noted(feed, stream(CONTINUOUS, age=99.0), stream(CONTINUOUS, **MISSING))) == [
        (None, "", "quiet"),
        (None, "quiet", "missing"),
    ]
    absent = stream(HYBRID, absent_groups=(AbsentGroup(b"g", 60.0, None),))
    assert told(noted(CALM, absent)) == [(b"g", "", "group missing")]


def test_losses_and_unacknowledged_entries_are_told():
    lost = stream(HYBRID, group(entries_lost=3, lost_ago_seconds=5.0))
    held = stream(HYBRID, group(unacknowledged_seconds=9.0, ack_limit_seconds=5.0, pending=1))
    assert told(noted(CALM, lost, held)) == [
        (b"g", "", "losing entries"),
        (b"g", "losing entries", "not acknowledging"),
    ]


def test_the_latest_are_kept():
    memory = noted(*[LATE, CALM] * MOST_CHANGES)
    assert len(memory.changes[b"s"].latest) == MOST_CHANGES
    assert told(memory)[-1] == (b"g", "behind", "")


def test_they_end_with_the_stream():
    memory = noted(CALM, LATE)
    memory.forget_streams([b"other"])
    assert memory.changes == {}


def test_they_outlive_a_restart(tmp_path):
    file = tmp_path / "state.json"
    memory = noted(CALM, stream(HYBRID, group(b"\xff", lag=7, lag_seconds=99.0)))
    StateFile(file).save("main", memory, at_once=True)
    read = StateFile(file).memory("main")
    assert read.changes == memory.changes
    assert not read.is_new
    noted(stream(HYBRID, group(b"\xff")), memory=read)
    assert told(read)[-1] == (b"\xff", "behind", "")
