"""One commented table is the proof of what each group is called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamgauge.verdict.states import GroupState
from support.groups import DAY, LONG_AGO, NEVER_READ, NO_LIMIT, NOBODY, OLD, UNLISTED, behind, idle
from support.looks import AT, EVENT, UNCLASSIFIED, consumer, group
from support.verdicts import first_group

ONE_LOOK = [
    # Nothing waits.
    (group(), "active", "caught up: no entry waits"),
    (group(**LONG_AGO), "waiting", "nothing to do: no entry waits; 1 consumer ready"),
    (group(**NEVER_READ), "waiting", "nothing to do: no entry waits; 1 consumer ready"),
    # Redis before 7.4 lists no consumer that only waits.
    (
        group(**NEVER_READ, **NOBODY),
        "waiting",
        (
            "nothing to do: no entry waits; "
            "no consumer is listed, which means little while nothing waits"
        ),
    ),
    # Its cursor stands at an entry of just now because it was created there, not because it read.
    *(
        (
            group(entries_read=read, **NOBODY),
            "waiting",
            (
                "nothing to do: no entry waits; "
                "no consumer is listed, which means little while nothing waits"
            ),
        )
        for read in (None, 0)
    ),
    (group(entries_read=3, **NOBODY), "active", "caught up: no entry waits"),
    (group(entries_read=None), "active", "caught up: no entry waits"),
    # Deleted entries made the count unknown, but nothing is there to be read.
    (group(lag=None), "active", "caught up: no entry waits"),
    # Within the limit.
    (
        behind(4, 59.0),
        "active",
        "4 entries wait, the oldest for 59s (limit 1m); that is within the limit",
    ),
    (
        behind(1, 0.0),
        "active",
        "1 entry waits, for 0s (limit 1m); that is within the limit",
    ),
    # Past the limit: a consumer seen lately may be reading, one look cannot tell.
    (
        behind(),
        "behind",
        (
            "4 entries wait, the oldest for 1m1s (limit 1m); a consumer asked for entries 1s ago; "
            "one look cannot tell whether it catches up"
        ),
    ),
    # More consumers than are listed: whether they read is not known at all.
    (
        behind(**UNLISTED),
        "behind",
        (
            "4 entries wait, the oldest for 1m1s (limit 1m); "
            "one look cannot tell whether it catches up"
        ),
    ),
    # It was handed nothing for longer than an entry may wait, two minutes at least.
    (
        behind(stalled_seconds=121.0),
        "stalled",
        "4 entries wait, the oldest for 1m1s (limit 1m), and it was handed none for 2m1s",
    ),
    (behind(stalled_seconds=120.0), "behind", None),
    (behind(4, 7201.0, lag_limit_seconds=7200.0, stalled_seconds=7201.0), "stalled", None),
    (behind(4, 7201.0, lag_limit_seconds=7200.0, stalled_seconds=7200.0), "behind", None),
    # One of two consumers still asks.
    (
        behind(consumers=2, consumer_list=(consumer(b"a", 900.0), consumer(b"b", 2.0))),
        "behind",
        None,
    ),
    # Past the limit and nobody there.
    (
        behind(**NOBODY),
        "no consumer while entries wait",
        "4 entries wait, the oldest for 1m1s (limit 1m), and the group has no consumer",
    ),
    # It may have been created a second ago on an old stream: nobody there, but not yet proven.
    (
        behind(**NOBODY, **NEVER_READ),
        "no consumer while entries wait",
        (
            "4 entries wait, the oldest for 1m1s (limit 1m), and the group has no consumer; "
            "the group never read one"
        ),
    ),
    # Nobody there and still within the limit: somebody may yet come.
    (
        behind(4, 5.0, **NOBODY),
        "active",
        None,
    ),
    # Without a limit: never read, or nobody, for a day.
    (
        behind(4, DAY, **NO_LIMIT, **NEVER_READ),
        "abandoned",
        (
            "it never read an entry; 4 entries wait, the oldest for 1d, "
            "and no limit is declared for it"
        ),
    ),
    (behind(4, 0.9 * DAY, **NO_LIMIT, **NEVER_READ, **idle(900.0)), "no limit", None),
    # What has waited for a moment says nothing about a group that nobody has set a limit for.
    (
        behind(4, 5.0, **NO_LIMIT, **NEVER_READ, **NOBODY),
        "no limit",
        (
            "it never read an entry; 4 entries wait, the oldest for 5s, "
            "and no limit says whether that is long"
        ),
    ),
    # A consumer that was created a moment ago and was handed nothing has not read.
    (behind(4, 5.0, **NO_LIMIT, **NEVER_READ), "no limit", None),
    (behind(4, 299.0, **NO_LIMIT, **NOBODY), "no limit", None),
    (behind(4, 300.0, **NO_LIMIT, **NOBODY), "no consumer while entries wait", None),
    (
        behind(4, 3 * DAY, **NO_LIMIT, **idle(2 * DAY)),
        "abandoned",
        (
            "no consumer for 2d while the stream flows; 4 entries wait, the oldest for 3d, "
            "and no limit is declared for it"
        ),
    ),
    (
        behind(4, 2 * DAY, **NO_LIMIT, **NOBODY),
        "abandoned",
        (
            "no consumer for 2d while the stream flows; 4 entries wait, the oldest for 2d, "
            "and no limit is declared for it"
        ),
    ),
    # Nobody for less than a day.
    (behind(4, 0.9 * DAY, **NO_LIMIT, **NOBODY), "no consumer while entries wait", None),
    (
        behind(4, 0.9 * DAY, **NO_LIMIT, **idle(3600.0)),
        "no limit",
        "4 entries wait, the oldest for 21h36m, and no limit says whether that is long",
    ),
    # Without a limit and with a consumer that asks.
    (
        behind(4, 0.9 * DAY, **NO_LIMIT),
        "active",
        "4 entries wait, the oldest for 21h36m; a consumer asked for entries 1s ago",
    ),
    # The number is unknown and the time is not.
    (
        behind(None, 5.0),
        "lag unknown",
        (
            "entries wait, how many is unknown, the oldest for 5s (limit 1m): "
            "the server cannot count "
            "them, because the group was created at or moved to an arbitrary ID, entries after its "
            "cursor were deleted, or this is a replica"
        ),
    ),
    (behind(None, 61.0), "behind", None),
    (behind(None, 61.0, stalled_seconds=121.0), "stalled", None),
]


@pytest.mark.parametrize(("now", "state", "reason"), ONE_LOOK)
def test_one_look(now, state, reason):
    verdict = first_group(now, stream_class=EVENT if now.lag_limit_seconds else UNCLASSIFIED)
    assert verdict.state == state
    if reason is not None:
        assert verdict.reason.text(bytes.decode) == reason


@pytest.mark.parametrize(
    "now",
    [
        behind(4, 5.0, **NO_LIMIT, **NEVER_READ, **NOBODY),
        behind(4, 9 * DAY, **NO_LIMIT, **NEVER_READ, **NOBODY),
        behind(4, 9 * DAY, **NO_LIMIT, **NOBODY),
        behind(4, 9 * DAY, **NO_LIMIT, **idle(8 * DAY)),
    ],
)
def test_a_group_that_was_declared_to_have_no_limit_is_no_problem(now):
    verdict = first_group(now)
    assert verdict.state == "no limit"
    assert not verdict.severity.is_problem
    assert verdict.reason.template.endswith(", and its limit is none")


ODD = {"clock": False, "age": 0.0}


class TestIdsThatAreNoClocks:
    @pytest.mark.parametrize(
        ("now", "state"),
        [
            # Caught up by the server's own cursor.
            (group(last_delivered_timestamp_seconds=None), "waiting"),
            # Waiting, for how long is unknown at the first look.
            (behind(4, 0.0, last_delivered_timestamp_seconds=None), "lag unknown"),
            (behind(None, 0.0, last_delivered_timestamp_seconds=None), "lag unknown"),
            # A lower bound past the limit is past it.
            (behind(4, 61.0, last_delivered_timestamp_seconds=None), "behind"),
        ],
    )
    def test_one_look(self, now, state):
        assert first_group(now, **ODD).state == state

    def test_a_cursor_that_no_field_shows_may_have_moved(self):
        odd = behind(None, 61.0, last_delivered_timestamp_seconds=None, **OLD, **UNLISTED)
        verdict = first_group(odd, odd, seconds=60.0, **ODD)
        assert verdict.state == "behind"
        assert "whether it read anything in 1m cannot be seen" in verdict.reason.template


@given(
    lag=st.sampled_from([None, 0, 4]),
    seconds=st.sampled_from([0.0, 5.0, 61.0, 2 * DAY]),
    limit=st.sampled_from([None, 60.0]),
    read=st.sampled_from([None, 0, 3]),
    delivered=st.sampled_from([None, AT - 1.0, AT - DAY]),
    consumers=st.sampled_from([0, 1, 2]),
    idle_seconds=st.sampled_from([0.0, 900.0, 2 * DAY]),
    clock=st.booleans(),
)
def test_every_record_has_a_state_and_nothing_without_a_limit_is_critical(
    lag, seconds, limit, read, delivered, consumers, idle_seconds, clock
):
    now = group(
        lag=lag,
        lag_seconds=seconds,
        lag_limit_seconds=limit,
        entries_read=read,
        last_delivered_timestamp_seconds=delivered,
        consumers=consumers,
        consumer_list=(consumer(idle=idle_seconds),) * min(consumers, 1),
    )
    verdict = first_group(now, clock=clock)
    assert isinstance(verdict.state, GroupState)
    assert limit is not None or verdict.severity != "critical"
