"""What is found across streams and beside their states, and what is not made into a finding."""

import pytest

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


def pending(age, deliveries=1, **fields):
    return group(
        pending=1, oldest_pending_age_seconds=age, oldest_pending_deliveries=deliveries, **fields
    )


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
    (stream(CONTINUOUS, group(), **NEVER_WRITTEN), None, None),
    (stream(EVENT, **MISSING), None, None),
    # IDs that are no clocks.
    (
        stream(EVENT, group(), clock=False),
        "IDs are no clocks",
        "the IDs of s are no clocks: ages there count from the first look",
    ),
    # Lost at some time: added 100, read 40, waiting 20.
    (
        stream(EVENT, group(lag=20, lag_seconds=1.0, entries_read=40), entries_added=100),
        "entries trimmed unread",
        "40 entries left s before g read them: when cannot be told from one look",
    ),
    # A group without a limit may lose what it likes.
    (
        stream(EVENT, group(entries_read=40, lag_limit_seconds=None), entries_added=100),
        None,
        None,
    ),
    # Delivered five times within half an hour is a retry, after that it is poison.
    (stream(EVENT, pending(1800.0, 5)), None, None),
    (stream(EVENT, pending(1801.0, 4)), None, None),
    (
        stream(EVENT, pending(1801.0, 5)),
        "poison entry",
        (
            "the oldest pending entry of g on s is 30m1s old, "
            "was delivered 5 times and never acknowledged"
        ),
    ),
    # Older than the oldest entry held: gone, and no poison.
    (
        stream(EVENT, pending(3601.0, 5)),
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
    # A consumer that holds an entry and asked for nothing in half an hour, or in its limit.
    (stream(EVENT, group(consumer_list=(consumer(idle=1800.0, pending=1),))), None, None),
    (
        stream(EVENT, group(consumer_list=(consumer(idle=1801.0, pending=2),))),
        "pending entries of dead consumers",
        "1 consumer of g on s asked for nothing in 30m1s and held 2 entries since: c",
    ),
    (
        stream(
            EVENT,
            group(lag_limit_seconds=7200.0, consumer_list=(consumer(idle=7200.0, pending=1),)),
        ),
        None,
        None,
    ),
    # Left over: nothing in hand, nothing asked for in a day, although entries came.
    (
        stream(EVENT, group(consumer_list=(consumer(b"a", 3 * DAY), consumer(b"b", 2 * DAY)))),
        "consumers gone",
        "2 consumers of g on s asked for nothing in 2d: a and b",
    ),
    (stream(EVENT, group(consumer_list=(consumer(idle=DAY),))), None, None),
    # One that has been blocked since before the last entry may well be alive.
    (stream(EVENT, group(consumer_list=(consumer(idle=3 * DAY),)), age=4 * DAY), None, None),
    (stream(EVENT, group(consumer_list=(consumer(idle=3 * DAY),)), **NEVER_WRITTEN), None, None),
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
        group(consumer_list=(consumer(idle=9e5, pending=1),)),
        group(consumer_list=(consumer(idle=9e5),)),
    ],
)
def test_of_a_group_that_was_declared_to_have_no_limit_nothing_is_found(now):
    assert found(stream(EVENT, now)) != []
    assert found(stream(EVENT, now._replace(lag_limit_seconds=None))) == []
    assert found(stream(UNCLASSIFIED, now._replace(lag_limit_seconds=None))) != []
