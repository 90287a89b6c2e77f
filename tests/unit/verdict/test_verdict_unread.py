"""What could not be read has a verdict too: the page, the report and its JSON say the same."""

import math

import pytest

from streamgauge.model.records import Failure
from streamgauge.policy import StreamPolicy
from streamgauge.report.status import status
from streamgauge.report.summary import exit_code, summary
from streamgauge.report.text import report_text
from streamgauge.report.view import view
from streamgauge.schedule import Schedule
from streamgauge.verdict.judge import judge
from support.looks import AT, CONTINUOUS, EVENT, MISSING, group, look, refused, stream, unreadable

WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value"


def judged(*streams, failures=(), **fields):
    return judge(look(*streams, failures=failures, **fields))


class TestAKeyOfAnotherType:
    @staticmethod
    def verdict(name, stream_class):
        return judged(
            stream(stream_class, name=name, **MISSING),
            failures=[refused(name, "wrongtype", WRONG_TYPE, stream_class)],
            error_counts=[unreadable(stream_class, "wrongtype")],
        )

    @pytest.mark.parametrize(
        ("name", "stream_class", "severity", "kind", "code"),
        [
            (b"feed", CONTINUOUS, "critical", "continuous stream of another type", 2),
            (b"job", EVENT, "warning", "stream of another type", 1),
        ],
    )
    def test_it_is_neither_missing_nor_empty_by_design(
        self, name, stream_class, severity, kind, code
    ):
        verdict = self.verdict(name, stream_class)
        (one,) = verdict.streams
        assert (one.stream.name, one.state, one.severity) == (name, "wrong type", severity)
        assert one.stream.exists == 0
        assert one.reason.template == (
            "the key of this name holds another type, so there is no such stream"
        )
        (finding,) = verdict.findings
        assert (finding.kind, finding.severity) == (kind, severity)
        assert finding.sentence.text(bytes.decode) == (
            f"{name.decode()} holds another type than a stream: redis-cli TYPE tells which"
        )
        assert [subject.stream for subject in finding.subjects] == [name]
        assert exit_code([verdict]) == code

    def test_every_format_says_so(self):
        verdict = self.verdict(b"feed", CONTINUOUS)
        text = report_text([view(verdict)], 400)
        assert "critical: feed (wrong type)\n" in text
        assert "missing" not in text
        (one,) = status([view(verdict)], AT)["redis"][0]["streams"]
        assert (one["state"], one["severity"], one["exists"]) == ("wrong type", "critical", False)

    def test_outside_its_hours_a_feed_is_no_page_and_yet_a_mistake(self):
        hours = Schedule("mon-fri", "09:30-16:00", "UTC")  # AT is 08:00
        policy = StreamPolicy(CONTINUOUS, quiet_limit_seconds=300.0, active=hours)
        verdict = judged(
            stream(CONTINUOUS, name=b"feed", quiet_limit_seconds=math.inf, **MISSING),
            failures=[Failure(b"feed", "wrongtype", WRONG_TYPE, policy=policy)],
        )
        assert verdict.streams[0].state == "wrong type"
        assert verdict.severity == "warning"

    def test_no_group_of_what_was_there_before_is_judged(self):
        gone = stream(CONTINUOUS, group(lag=9, lag_seconds=99.0), name=b"feed")
        verdict = judged(gone, failures=[refused(b"feed", "wrongtype", WRONG_TYPE)])
        assert verdict.groups == []


class TestAStreamThatMayNotBeRead:
    FAILURES = (
        refused(b"feed", "noperm", "NOPERM no rights"),
        refused(b"job", "noperm", "NOPERM no rights", EVENT),
    )
    COUNTS = (unreadable(CONTINUOUS), unreadable(EVENT))

    def verdict(self):
        return judged(failures=self.FAILURES, error_counts=self.COUNTS)

    def test_it_is_named_with_the_reason(self):
        feed, job = self.verdict().streams
        assert (feed.stream.name, feed.state, feed.severity) == (b"feed", "unreadable", "critical")
        assert (job.stream.name, job.state, job.severity) == (b"job", "unreadable", "warning")
        assert feed.reason.text(bytes.decode) == "could not be read (noperm): NOPERM no rights"

    def test_whether_it_exists_is_unknown(self):
        redis = status([view(self.verdict())], AT)["redis"][0]
        assert [one["exists"] for one in redis["streams"]] == [None, None]
        assert [one["length"] for one in redis["streams"]] == [None, None]

    def test_the_json_lists_it_among_the_errors(self):
        redis = status([view(self.verdict(), only_problems=True)], AT)["redis"][0]
        assert redis["errors"][0] == {
            "kind": "stream",
            "name": "feed",
            "error": "noperm",
            "reason": "NOPERM no rights",
            "streams": [],
        }
        assert [one["name"] for one in redis["errors"]] == ["feed", "job"]

    def test_a_finding_names_all_of_a_class_and_is_no_further_problem(self):
        verdict = self.verdict()
        assert [one.sentence.text(bytes.decode) for one in verdict.findings] == [
            "1 continuous stream could not be read (noperm): feed",
            "1 event stream could not be read (noperm): job",
        ]
        assert summary(verdict).text(bytes.decode) == "critical: feed (unreadable); 1 warning"

    def test_names_stay_in_their_order(self):
        verdict = judged(
            stream(EVENT, name=b"z"),
            failures=[refused(b"job", "noperm"), refused(b"b", "noperm")],
        )
        assert [one.stream.name for one in verdict.streams] == [b"b", b"job", b"z"]


class TestANodeThatCannotBeRead:
    NODE = "10.0.0.1:6379"
    FAILURES = (
        Failure(NODE, "timeout", "no answer in time"),
        Failure(b"feed", "timeout", "", NODE, StreamPolicy(CONTINUOUS)),
        Failure(b"job", "timeout", "", NODE, StreamPolicy(EVENT)),
    )

    def verdict(self):
        return judged(
            failures=self.FAILURES,
            error_counts=[unreadable(CONTINUOUS, "timeout"), unreadable(EVENT, "timeout")],
        )

    def test_its_streams_are_named(self):
        assert [one.sentence.text(bytes.decode) for one in self.verdict().findings] == [
            "1 continuous stream could not be read (timeout): feed",
            "1 event stream could not be read (timeout): job",
        ]

    def test_the_report_says_why(self):
        assert (
            "node 10.0.0.1:6379 could not be read (timeout): no answer in time; "
            "2 streams cannot be seen: feed and job\n"
        ) in report_text([view(self.verdict())], 400)

    def test_the_json_lists_it_with_its_streams(self):
        assert status([view(self.verdict())], AT)["redis"][0]["errors"] == [
            {
                "kind": "node",
                "name": "10.0.0.1:6379",
                "error": "timeout",
                "reason": "no answer in time",
                "streams": ["feed", "job"],
            }
        ]


class TestARedisThatCannotBeRead:
    def verdict(self):
        return judged(up=0, failures=[Failure("main", "noperm", "WRONGPASS invalid password")])

    def test_the_json_says_why(self):
        redis = status([view(self.verdict())], AT)["redis"][0]
        assert redis["errors"] == [
            {
                "kind": "redis",
                "name": "main",
                "error": "noperm",
                "reason": "WRONGPASS invalid password",
                "streams": [],
            }
        ]
        assert redis["streams"] == []

    def test_the_report_says_why(self):
        assert "noperm: WRONGPASS invalid password\n" in report_text([view(self.verdict())], 400)
