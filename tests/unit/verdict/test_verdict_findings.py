"""What is found across streams and beside their states, and what is not made into a finding."""

import pytest

from streamgauge.policy import StreamPolicy
from streamgauge.verdict.judge import judge
from support.looks import (
    CONTINUOUS,
    EVENT,
    HYBRID,
    MISSING,
    NEVER_WRITTEN,
    UNCLASSIFIED,
    consumer,
    group,
    look,
    stream,
)
from support.verdicts import found

DAY = 86_400.0
NEW, OLD = b"policy.updated", b"policy.update"


def pending(held, deliveries=1, age=600.0, **fields):
    """A group whose oldest pending entry is so old and has been in somebody's hands so long."""
    return group(
        **{
            "pending": 1,
            "oldest_pending_age_seconds": age,
            "oldest_pending_deliveries": deliveries,
            "unacknowledged_seconds": held,
        }
        | fields
    )


def may_hold(most):
    """A stream of three entries that is read, and may hold so many."""
    return stream(EVENT, group(), policy=StreamPolicy(EVENT, length_limit=most))


ALONE = [
    # A stream with entries and no group: whether it is read otherwise cannot be known.
    (
        stream(EVENT),
        "unread stream",
        "no group reads s; whether anybody does with XREAD cannot be seen",
    ),
    # Groups where nothing was ever published, unless that is normal or said by the state.
    (
        stream(HYBRID, group(), **NEVER_WRITTEN),
        "group without a publisher",
        "groups wait on s, and nothing was ever published there",
    ),
    (stream(UNCLASSIFIED, group(), **NEVER_WRITTEN), "group without a publisher", None),
    (stream(EVENT, group(), **NEVER_WRITTEN), None, None),
    (may_hold(2), "too long", "s holds 3 entries; it may hold 2"),
    (may_hold(0), "too long", "s holds 3 entries; it may hold 0"),
    (may_hold(3), None, None),
    (stream(CONTINUOUS, group(), **NEVER_WRITTEN), None, None),
    (stream(EVENT, **MISSING), None, None),
    # IDs that are no clocks.
    (
        stream(EVENT, group(), clock=False),
        "IDs are no clocks",
        "the IDs of s are no clocks: ages there count from the first look",
    ),
    # Lost, and not of late.
    (
        stream(EVENT, group(entries_lost=40, lost_ago_seconds=7200.0)),
        "entries trimmed unread",
        "40 entries or more left s before g was handed them, the last 2h ago",
    ),
    # A group without a limit may lose what it likes.
    (
        stream(EVENT, group(entries_lost=40, lost_ago_seconds=7200.0, lag_limit_seconds=None)),
        None,
        None,
    ),
    # Delivered five times within an hour is a retry, after that it is poison.
    (stream(EVENT, pending(3600.0, 5)), None, None),
    (stream(EVENT, pending(3601.0, 4)), None, None),
    (stream(EVENT, pending(3601.0, 5, lag_limit_seconds=7200.0)), None, None),
    (stream(EVENT, pending(3601.0, 5, ack_limit_seconds=7200.0)), None, None),
    (stream(EVENT, pending(7201.0, 5, ack_limit_seconds=7200.0)), None, None),  # it pages
    (
        stream(EVENT, pending(3601.0, 5)),
        "poison entry",
        (
            "the oldest pending entry of g on s is 10m old, "
            "was delivered 5 times and never acknowledged"
        ),
    ),
    # Older than the oldest entry held: gone, and no poison.
    (
        stream(EVENT, pending(3601.0, 5, 3601.0)),
        "pending entry that no longer exists",
        "the oldest pending entry of g, 1h old, is no longer in s",
    ),
    (
        stream(EVENT, pending(3601.0), length=0, first_entry_timestamp_seconds=None),
        "pending entry that no longer exists",
        None,
    ),
    # Where IDs are no clocks the two cannot be compared.
    (stream(EVENT, pending(9999.0, 1), age=None), None, None),
    # A consumer that holds an entry and asked for nothing in an hour, or in its limit.
    (stream(EVENT, pending(3600.0, consumer_list=(consumer(idle=9e4, pending=1),))), None, None),
    (stream(EVENT, pending(9e4, consumer_list=(consumer(idle=3600.0, pending=1),))), None, None),
    (
        stream(EVENT, pending(3601.0, consumer_list=(consumer(idle=3601.0, pending=2),))),
        "pending entries of dead consumers",
        "1 consumer of g on s asked for nothing in 1h and held 2 entries since: c",
    ),
    # Left over: not seen for a day, while the others were handed many.
    (
        stream(
            EVENT,
            group(
                consumers_dead=2,
                consumer_list=(consumer(b"a", 3 * DAY), consumer(b"b", 2 * DAY), consumer()),
            ),
        ),
        "consumers gone",
        "2 consumers of g on s asked for nothing in 2d: a and b",
    ),
    # Three that wait two days for a job are not dead, however long they were not seen.
    (
        stream(EVENT, group(consumers_dead=0, consumer_list=(consumer(idle=3 * DAY),) * 3)),
        None,
        None,
    ),
    (
        stream(EVENT, group(consumers_dead=None, consumer_list=(consumer(idle=3 * DAY),))),
        None,
        None,
    ),
]


@pytest.mark.parametrize(("one", "kind", "sentence"), ALONE)
def test_one_stream(one, kind, sentence):
    findings = found(one)
    assert [found_kind for found_kind, _ in findings] == ([kind] if kind else [])
    if sentence:
        assert findings[0][1] == sentence


class TestUnfinishedRename:
    AWAITED = stream(EVENT, group(b"ai-engine"), name=NEW, **NEVER_WRITTEN)
    WRITTEN = stream(EVENT, name=OLD, age=9 * DAY, length=104)

    def test_it_is_one_finding_and_the_only_one_about_both_streams(self):
        assert found(self.WRITTEN, self.AWAITED) == [
            (
                "unfinished rename",
                (
                    "ai-engine waits on policy.updated, which never held an entry; "
                    "policy.update holds 104 entries, the last 9d ago, and no group reads it: "
                    "this looks like a rename that was never finished"
                ),
            )
        ]

    def test_its_subjects_are_both_streams(self):
        finding = judge(look(self.WRITTEN, self.AWAITED)).findings[0]
        assert [subject.stream for subject in finding.subjects] == [NEW, OLD]

    @pytest.mark.parametrize(
        ("awaited", "written"),
        [
            # The old name is read.
            (AWAITED, stream(EVENT, group(), name=OLD)),
            # The new name was written once.
            (stream(EVENT, group(), name=NEW, length=0), WRITTEN),
            # Nobody waits on the new name.
            (stream(EVENT, name=NEW, **NEVER_WRITTEN), WRITTEN),
            # The old name holds nothing.
            (AWAITED, stream(EVENT, name=OLD, length=0)),
            # The names have nothing to do with each other.
            (AWAITED, stream(EVENT, name=b"market.tick")),
        ],
    )
    def test_what_is_no_rename(self, awaited, written):
        assert "unfinished rename" not in dict(found(awaited, written))


@pytest.mark.parametrize(
    "now",
    [
        pending(9000.0, 9),
        pending(9e5, consumer_list=(consumer(idle=9e5, pending=1),)),
        group(consumers_dead=1, consumer_list=(consumer(idle=9e5),)),
    ],
)
def test_of_a_group_that_was_declared_to_have_no_limit_nothing_is_found(now):
    assert found(stream(EVENT, now)) != []
    assert found(stream(EVENT, now._replace(lag_limit_seconds=None))) == []
    assert found(stream(UNCLASSIFIED, now._replace(lag_limit_seconds=None))) != []
