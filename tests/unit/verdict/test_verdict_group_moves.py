"""One commented table is the proof of what each group is called that was looked at twice."""

import pytest

from support.groups import DAY, LONG_AGO, NEVER_READ, NO_LIMIT, NOBODY, OLD, behind, idle
from support.looks import AT, group
from support.verdicts import first_group

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
        behind(5, stalled_seconds=180.0),
        60.0,
        "stalled",
        "5 entries wait, the oldest for 1m1s (limit 1m), and it was handed none for 3m",
    ),
    # Never read between the looks, far enough apart: proven, and said.
    (
        behind(4, **NEVER_READ, **NOBODY),
        behind(5, **NEVER_READ, **NOBODY, stalled_seconds=180.0),
        60.0,
        "stalled",
        (
            "5 entries wait, the oldest for 1m1s (limit 1m), and it was handed none for 3m; "
            "it never read one"
        ),
    ),
    # Before Redis 7 only the time of the last delivered entry tells that the cursor moved.
    (behind(None, **OLD), behind(None, **OLD), 60.0, "behind", None),
    (
        behind(None, **OLD),
        behind(None, **OLD, last_delivered_timestamp_seconds=AT - 1.0),
        60.0,
        "behind",
        None,
    ),
    # A consumer that seemed dead has read since.
    (behind(4, **idle(900.0)), behind(4, **MOVED, **idle(900.0)), 5.0, "behind", None),
    # Consumers that are deleted when they have read: none is there, and the group reads.
    (behind(4), behind(4, **MOVED, **NOBODY), 60.0, "behind", None),
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
