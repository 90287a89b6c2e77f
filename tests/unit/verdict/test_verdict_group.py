"""One commented table is the proof of what each group is called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamgauge.verdict.judge import judge
from streamgauge.verdict.states import GroupState
from support.looks import AT, CONTINUOUS, EVENT, UNCLASSIFIED, consumer, group, look, stream

DAY = 86_400.0
NEVER_READ = {"entries_read": 0, "last_delivered_timestamp_seconds": None}
OLD = {"entries_read": None}  # as before Redis 7
NOBODY = {"consumers": 0, "consumer_list": ()}
UNLISTED = {"consumer_list": ()}  # more consumers than are listed
NO_LIMIT = {"lag_limit_seconds": None}
LONG_AGO = {"last_delivered_timestamp_seconds": AT - 4000.0}


def behind(lag=4, seconds=61.0, **fields):
    return group(**{"lag": lag, "lag_seconds": seconds} | fields)


def idle(seconds):
    return {"consumer_list": (consumer(idle=seconds),)}


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
    # No consumer has asked for entries for as long as one may wait: proof enough.
    (
        behind(**idle(60.0)),
        "stalled",
        "4 entries wait, the oldest for 1m1s (limit 1m), and no consumer has asked for any in 1m",
    ),
    (behind(**idle(59.0)), "behind", None),
    # A long limit does not ask for more than ten minutes of it.
    (behind(4, 7201.0, lag_limit_seconds=7200.0, **idle(600.0)), "stalled", None),
    (behind(4, 7201.0, lag_limit_seconds=7200.0, **idle(599.0)), "behind", None),
    # One of two consumers still asks.
    (
        behind(consumers=2, consumer_list=(consumer(b"a", 900.0), consumer(b"b", 2.0))),
        "behind",
        None,
    ),
    # Past the limit and nobody there.
    (
        behind(**NOBODY),
        "stalled",
        "4 entries wait, the oldest for 1m1s (limit 1m), and it has no consumer",
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
    # Nobody there and still within the limit.
    (
        behind(4, 5.0, **NOBODY),
        "no consumer while entries wait",
        "4 entries wait, the oldest for 5s (limit 1m), and the group has no consumer",
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
    (behind(None, 61.0, **idle(60.0)), "stalled", None),
]


def first_group(now, earlier=None, stream_class=EVENT, seconds=5.0, **fields):
    before = (
        None if earlier is None else look(stream(stream_class, earlier, **fields), at=AT - seconds)
    )
    return judge(look(stream(stream_class, now, **fields)), before).groups[0]


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


MOVED = {"entries_read": 9, "last_delivered_timestamp_seconds": AT - 1.0}

READ_EARLY = {"lag_seconds": 900.0, "entries_read": 9}
READ_EARLY |= {"last_delivered_timestamp_seconds": AT - 950.0}

# Then, now, seconds between them, state, reason.
TWO_LOOKS = [
    # It reads: how its backlog goes is told.
    (
        behind(4),
        behind(9, **MOVED),
        5.0,
        "behind",
        "9 entries wait, the oldest for 1m1s (limit 1m); it reads, but 5 more wait than 5s ago",
    ),
    (
        behind(9),
        behind(4, **MOVED),
        5.0,
        "behind",
        (
            "4 entries wait, the oldest for 1m1s (limit 1m); "
            "it is catching up: 5 fewer wait than 5s ago"
        ),
    ),
    (
        behind(4),
        behind(4, **MOVED),
        5.0,
        "behind",
        "4 entries wait, the oldest for 1m1s (limit 1m); it reads, and as many wait as 5s ago",
    ),
    (
        behind(4),
        behind(None, **MOVED),
        5.0,
        "behind",
        "entries wait, how many is unknown, the oldest for 1m1s (limit 1m); it read in the last 5s",
    ),
    # A few seconds of standing still prove nothing.
    (
        behind(4),
        behind(5),
        5.0,
        "behind",
        (
            "5 entries wait, the oldest for 1m1s (limit 1m); the cursor did not move in 5s: "
            "this does not prove it is stalled"
        ),
    ),
    # As long as an entry may wait does.
    (
        behind(4),
        behind(5),
        60.0,
        "stalled",
        "5 entries wait, the oldest for 1m1s (limit 1m), and its cursor has not moved in 1m",
    ),
    # Ten minutes do for any limit.
    (
        behind(4, 7201.0, lag_limit_seconds=7200.0, **UNLISTED),
        behind(5, 7801.0, lag_limit_seconds=7200.0, **UNLISTED),
        600.0,
        "stalled",
        None,
    ),
    # Never read between the looks, far enough apart: proven, and said.
    (
        behind(4, **NEVER_READ, **NOBODY),
        behind(5, **NEVER_READ, **NOBODY),
        60.0,
        "stalled",
        (
            "5 entries wait, the oldest for 1m1s (limit 1m), and its cursor has not moved in 1m; "
            "it never read one"
        ),
    ),
    # Before Redis 7 only the time of the last delivered entry tells that the cursor moved.
    (behind(None, **OLD), behind(None, **OLD), 60.0, "stalled", None),
    (
        behind(None, **OLD),
        behind(None, **OLD, last_delivered_timestamp_seconds=AT - 1.0),
        60.0,
        "behind",
        None,
    ),
    # A consumer that seemed dead has read since.
    (behind(4, **idle(900.0)), behind(4, **MOVED, **idle(900.0)), 5.0, "behind", None),
    # What it read early in a long window proves nothing about the ten minutes since.
    (
        behind(4),
        behind(**READ_EARLY, **idle(600.0)),
        900.0,
        "stalled",
        ("4 entries wait, the oldest for 15m (limit 1m), and no consumer has asked for any in 10m"),
    ),
    # Somebody who reads every few minutes is no more than late.
    (behind(4), behind(**READ_EARLY, **idle(599.0)), 900.0, "behind", None),
    # Nobody listed can have read in this window, or this entry: somebody has who is gone.
    (behind(4), behind(**READ_EARLY, **idle(900.0)), 900.0, "behind", None),
    (behind(4), behind(4, 900.0, **MOVED, **idle(600.0)), 900.0, "behind", None),
    # Within the limit, standing still is no problem.
    (
        behind(4, 5.0),
        behind(5, 10.0),
        5.0,
        "active",
        (
            "5 entries wait, the oldest for 10s (limit 1m); that is within the limit, "
            "though nothing was read in 5s"
        ),
    ),
    (
        behind(4, 5.0),
        behind(5, 5.0, **MOVED),
        5.0,
        "active",
        "5 entries wait, the oldest for 5s (limit 1m); it reads, but 1 more wait than 5s ago",
    ),
    # Without a limit, reading is all there is to ask for.
    (
        behind(4, DAY, **NO_LIMIT, **idle(900.0)),
        behind(4, DAY, **NO_LIMIT, **MOVED, **idle(900.0)),
        5.0,
        "active",
        None,
    ),
    (
        group(**LONG_AGO),
        group(**LONG_AGO | {"entries_read": 4}),
        5.0,
        "active",
        "caught up: no entry waits",
    ),
    # A group that is new has no earlier look.
    (
        group(b"other"),
        behind(4),
        60.0,
        "behind",
        (
            "4 entries wait, the oldest for 1m1s (limit 1m); a consumer asked for entries 1s ago; "
            "one look cannot tell whether it catches up"
        ),
    ),
]


@pytest.mark.parametrize(("then", "now", "seconds", "state", "reason"), TWO_LOOKS)
def test_two_looks(then, now, seconds, state, reason):
    verdict = first_group(
        now,
        then,
        seconds=seconds,
        entries_added=None if now.lag is None and now.entries_read is None else 3,
    )
    assert verdict.state == state
    if reason is not None:
        assert verdict.reason.text(bytes.decode) == reason


class TestLosing:
    """entries-added less entries-read less lag is what is lost; only its growth is news."""

    @staticmethod
    def verdict(then, now, **fields):
        """Both as (added, read, lag, length)."""
        looks = []
        for at, (added, read, lag, length) in ((AT - 5, then), (AT, now)):
            one = group(
                **{"lag": lag, "lag_seconds": 0.0 if lag == 0 else 5.0, "entries_read": read}
                | fields
            )
            looks.append(look(stream(CONTINUOUS, one, entries_added=added, length=length), at=at))
        return judge(looks[1], looks[0])

    def test_entries_that_left_unread_between_the_looks(self):
        verdict = self.verdict((100, 40, 20, 20), (130, 40, 20, 20))
        assert verdict.groups[0].state == "losing entries"
        assert verdict.groups[0].reason.template == (
            "30 entries left the stream in 5s before the group read them, 70 in all; "
            "20 entries wait, the oldest for 5s (limit 1m)"
        )
        assert verdict.findings == [], "the state has said it"

    def test_an_unknown_lag_is_at_most_all_that_is_held(self):
        verdict = self.verdict((100, 40, None, 20), (190, 40, None, 20)).groups[0]
        assert verdict.state == "losing entries"
        assert verdict.reason.template.startswith(
            "70 entries left the stream in 5s before the group read them; entries wait, how many is"
        )

    def test_a_group_that_reads_a_little_of_what_is_held_loses_the_rest_all_the_same(self):
        assert (
            self.verdict((100, 40, 20, 20), (130, 45, 18, 20)).groups[0].state == "losing entries"
        )

    @pytest.mark.parametrize(
        ("then", "now", "state"),
        [
            # An old loss that does not grow.
            ((100, 40, 20, 20), (130, 70, 20, 30), "active"),
            ((100, 40, 20, 20), (100, 40, 20, 20), "active"),
            # It keeps up: most of what is held was read, so a difference is only two moments.
            ((100, 41, 20, 20), (130, 88, 1, 20), "active"),
            # The lag is unknown: what was lost may all have been lost before, or wait.
            ((100, 40, None, 20), (110, 40, None, 20), "lag unknown"),
            # The server does not count.
            ((None, None, 20, 20), (None, None, 20, 20), "active"),
            # A count ahead of itself, as two moments of a busy stream are, is no loss.
            ((100, 81, 20, 20), (130, 110, 20, 20), "active"),
        ],
    )
    def test_what_is_no_loss(self, then, now, state):
        assert self.verdict(then, now).groups[0].state == state

    def test_a_group_without_a_limit_may_lose_what_it_likes(self):
        verdict = self.verdict((100, 40, 20, 20), (130, 40, 20, 20), lag_limit_seconds=None)
        assert verdict.groups[0].state != "losing entries"
        assert verdict.findings == []

    def test_a_group_that_is_stalled_is_that_and_the_loss_is_a_finding(self):
        verdict = self.verdict(
            (100, 40, 20, 20), (130, 40, 20, 20), lag_limit_seconds=1.0, **idle(900.0)
        )
        assert verdict.groups[0].state == "stalled"
        assert [finding.kind for finding in verdict.findings] == ["entries trimmed unread"]


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
