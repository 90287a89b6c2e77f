"""What a verdict leaves open, the order of what it holds, and how serious each part is."""

import pytest

from streamgauge.model.looks import earlier_look
from streamgauge.verdict.judge import judge
from streamgauge.verdict.states import SEVERITY, FindingKind, GroupState, KeyState, StreamState
from support.looks import (
    AT,
    CONTINUOUS,
    EVENT,
    MISSING,
    NEVER_WRITTEN,
    UNCLASSIFIED,
    group,
    look,
    stream,
)


class TestUnknowns:
    @staticmethod
    def unknowns(*streams, earlier=None, **fields):
        verdict = judge(look(*streams, **fields), earlier and earlier_look(earlier))
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
        verdict = judge(look(stream(CONTINUOUS, **MISSING), up=0), earlier_look(look(at=AT - 5)))
        assert (verdict.up, verdict.streams, verdict.seconds) == (False, (), None)

    def test_every_verdict_has_one_severity(self):
        assert set(SEVERITY) == {*StreamState, *GroupState, *KeyState, *FindingKind}
        # No two verdicts may have the same name either, whatever they are about.
        assert len({str(verdict) for verdict in SEVERITY}) == len(SEVERITY)
