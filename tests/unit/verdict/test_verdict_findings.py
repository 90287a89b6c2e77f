"""What is found across streams and beside their states, and what is not made into a finding."""

import math

import pytest

from streamgauge.config.model import DEFAULT_CLASSES, StreamRule
from streamgauge.model.records import KeyCount
from streamgauge.policy import Policy, StreamClass
from streamgauge.schedule import Schedule
from streamgauge.verdict.judge import judge
from streamgauge.verdict.states import SEVERITY, FindingKind, GroupState, KeyState, StreamState
from support.looks import (
    AT,
    CONTINUOUS,
    EVENT,
    HYBRID,
    MISSING,
    NEVER_WRITTEN,
    UNCLASSIFIED,
    consumer,
    group,
    key,
    look,
    stream,
    unreadable,
)

DAY = 86_400.0
NEW, OLD = b"policy.updated", b"policy.update"


def found(*streams, **fields):
    """Kind and sentence of every finding in a look."""
    return [
        (one.kind, one.sentence.text(bytes.decode))
        for one in judge(look(*streams, **fields)).findings
    ]


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


class TestUnreadable:
    @pytest.mark.parametrize(
        ("stream_class", "kind", "severity"),
        [
            (CONTINUOUS, "continuous stream unreadable", "critical"),
            (EVENT, "stream unreadable", "warning"),
        ],
    )
    def test_a_feed_that_cannot_be_read_is_critical(self, stream_class, kind, severity):
        verdict = judge(look(error_counts=[unreadable(stream_class, "noperm", 2)]))
        assert verdict.findings[0].kind == kind
        assert verdict.severity == severity
        assert verdict.findings[0].sentence.template == (
            f"2 {stream_class} streams could not be read (noperm)"
        )

    def test_a_count_of_none_is_nothing(self):
        assert "stream unreadable" not in dict(
            found(stream(EVENT), error_counts=[unreadable(EVENT, streams=0)])
        )


class TestNothingFound:
    SENTENCE = "nothing was judged: no stream matches discovery.match, and streams declares none"

    def test_a_redis_without_a_stream_is_not_said_to_be_well(self):
        assert found() == [("no stream found", self.SENTENCE)]

    def test_a_walk_that_did_not_end_is_the_reason(self):
        ((_, sentence),) = found(discovery_last_success_timestamp_seconds=None)
        assert sentence == "nothing was judged: the keyspace was not walked to its end"

    @pytest.mark.parametrize(
        "fields",
        [
            {"keys": [key()]},
            {"key_counts": [KeyCount(b"h:*", 0)]},
            {"error_counts": [unreadable(EVENT)]},
        ],
    )
    def test_what_was_judged_or_could_not_be_read_is_something(self, fields):
        assert "no stream found" not in dict(found(**fields))

    def test_a_declared_stream_that_is_not_there_is_something(self):
        assert found(stream(EVENT, **MISSING)) == []


class TestNotLookedAt:
    """What alerts warn of as RedisStreamsDiscoveryStale and RedisStreamsDropped."""

    JOBS = stream(EVENT, group(), name=b"jobs")

    def found(self, **fields):
        verdict = judge(look(self.JOBS, **fields))
        return [(one.kind, one.severity, one.sentence.template) for one in verdict.findings]

    @pytest.mark.parametrize("fields", [{}, {"keys": [key()]}, {"streams_dropped": 1}])
    def test_a_keyspace_never_walked_is_a_warning(self, fields):
        assert "keyspace not walked" not in dict(found(self.JOBS, **fields))
        never = {"discovery_last_success_timestamp_seconds": None}
        assert (
            "keyspace not walked",
            "warning",
            (
                "the keyspace was not walked to its end yet: streams that nobody declared may be "
                "missing here"
            ),
        ) in self.found(**fields, **never)

    @pytest.mark.parametrize(
        ("age", "took", "offset", "is_stale"),
        [
            (3600.0, 0.0, 0.0, False),
            (3601.0, 0.0, 0.0, True),
            (3700.0, 50.0, 0.0, False),
            (3700.0, None, None, True),
            # It was written down by this machine's clock, and the look by the server's.
            (3700.0, 0.0, 200.0, False),
        ],
    )
    def test_a_walk_long_ago_is_one_too(self, age, took, offset, is_stale):
        found = self.found(
            discovery_last_success_timestamp_seconds=AT - age,
            discovery_duration_seconds=took,
            clock_offset_seconds=offset,
        )
        assert [kind for kind, *_ in found] == ["keyspace not walked"] * is_stale

    def test_it_says_how_long_ago(self):
        ((_, severity, sentence),) = self.found(discovery_last_success_timestamp_seconds=AT - 9000)
        assert severity == "warning"
        assert sentence == (
            "the keyspace was last walked to its end 2h30m ago: newer streams are not seen"
        )

    def test_streams_beyond_max_streams_are_a_warning(self):
        assert self.found(streams_dropped=2) == [
            (
                "streams left out",
                "warning",
                (
                    "2 streams were found and not looked at: there are more than "
                    "discovery.max_streams allows"
                ),
            )
        ]

    def test_who_was_not_read_is_not_said_to_be_walked_or_not(self):
        assert self.found(up=0, discovery_last_success_timestamp_seconds=None) == []


class TestLimitsThatNeverHold:
    @staticmethod
    def found(hours, limit=3600.0):
        rule = StreamRule(
            match="s",
            stream_class=StreamClass.CONTINUOUS,
            quiet_limit_seconds=limit,
            active=Schedule("mon-fri", hours, "UTC"),
        )
        feed = stream(CONTINUOUS, quiet_limit_seconds=math.inf, age=9000.0)
        verdict = judge(look(feed), policy=Policy(DEFAULT_CLASSES, [rule]))
        return {one.kind: one for one in verdict.findings}.get("quiet limit never holds")

    def test_a_limit_as_long_as_the_hours_is_a_warning(self):
        finding = self.found("07:30-08:30")
        assert finding.severity == "warning"
        assert finding.sentence.text(bytes.decode) == (
            "silence of s never pages: a limit of 1h holds from one limit after the hours "
            "begin, and they last 1h"
        )

    def test_a_limit_shorter_than_the_hours_is_none(self):
        assert self.found("07:30-08:31") is None


class TestUnknowns:
    @staticmethod
    def unknowns(*streams, earlier=None, **fields):
        verdict = judge(look(*streams, **fields), earlier)
        return [one.text(bytes.decode) for one in verdict.unknowns]

    def test_publishers_and_plain_readers_are_never_known(self):
        assert self.unknowns(earlier=look(at=AT - 5)) == [
            (
                "Which service publishes to a stream, and who reads one without a group: "
                "Redis keeps no record of either."
            )
        ]

    @pytest.mark.parametrize(
        ("streams", "fields", "sentence"),
        [
            (
                [],
                {},
                "Rates, growth and whether a cursor moves: one look cannot see them, two can.",
            ),
            (
                [stream(UNCLASSIFIED)],
                {},
                "What silence means for s: nobody has said what class it is.",
            ),
            (
                [stream(EVENT, group(), **NEVER_WRITTEN)],
                {},
                "Whether anything would ever publish to s: nothing has yet.",
            ),
            (
                [stream(EVENT, group(lag=None), entries_added=None)],
                {},
                "How many entries wait: this server does not count them (before Redis 7).",
            ),
            (
                [stream(EVENT, group(consumers=5, consumer_list=()))],
                {},
                "Who the consumers are of a group on s: there are too many to list.",
            ),
            ([], {"streams_dropped": 1}, "Anything about 1 stream beyond discovery.max_streams."),
            (
                [],
                {"discovery_last_success_timestamp_seconds": None},
                "Whether there are more streams: the keyspace was not walked to its end.",
            ),
        ],
    )
    def test_what_a_look_leaves_open_is_said(self, streams, fields, sentence):
        assert sentence in self.unknowns(*streams, **fields)

    def test_of_many_names_a_few_are_told(self):
        names = [b"%d" % n for n in range(8)]
        said = self.unknowns(*(stream(UNCLASSIFIED, name=name) for name in names))[1]
        assert said.startswith("What silence means for 0, 1, 2, 3, 4 and 3 more:")


class TestTheWhole:
    def test_problems_come_first_and_then_names_in_their_order(self):
        verdict = judge(
            look(
                stream(EVENT, group(), name=b"a"),
                stream(UNCLASSIFIED, group(), name=b"b"),
                stream(
                    CONTINUOUS, group(consumers=0, lag=1, lag_seconds=99.0), name=b"c", age=99.0
                ),
                stream(EVENT, group(), name=b"d"),
            )
        )
        assert [one.stream.name for one in verdict.streams] == [b"c", b"b", b"a", b"d"]
        assert [one.stream for one in verdict.groups] == [b"c", b"a", b"b", b"d"]

    def test_a_redis_that_was_not_read_has_no_verdicts(self):
        verdict = judge(look(stream(CONTINUOUS, **MISSING), up=0), look(at=AT - 5))
        assert (verdict.up, verdict.streams, verdict.seconds) == (False, (), None)

    def test_every_verdict_has_one_severity(self):
        assert set(SEVERITY) == {*StreamState, *GroupState, *KeyState, *FindingKind}
        # No two verdicts may have the same name either, whatever they are about.
        assert len({str(verdict) for verdict in SEVERITY}) == len(SEVERITY)
