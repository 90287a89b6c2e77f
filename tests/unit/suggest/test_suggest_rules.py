"""What a rule says beside class and limits: declared groups, streams to ignore, event times."""

import pytest
import yaml

from streamgauge.config.model import DEFAULT_CLASSES
from streamgauge.model.ids import NEVER
from streamgauge.model.readings import GroupCursor
from streamgauge.policy import StreamClass
from streamgauge.suggest.proposal import Proposal, Terms
from streamgauge.suggest.propose import propose
from streamgauge.suggest.rules import rule_lines, rules_of
from support.arrivals import DAY, NOW, history_of

EVENT = Terms(StreamClass.EVENT, 300.0)
UUIDS = [b"rq:results:%08x-1c2d-4e5f-8a9b-0123456789ab" % n for n in range(7)]


def rules(proposals, **options):
    lines = "\n".join(rule_lines(rules_of(proposals, **options), ""))
    return yaml.safe_load(lines) or []


def event(name, *groups):
    return Proposal(name=name, terms=EVENT, class_reason="rare", groups=groups)


def brief(name):
    return Proposal(name=name, terms=None, class_reason="1 entry", is_brief=True)


class TestGroups:
    def test_those_that_are_there_are_declared(self):
        (rule,) = rules([event(b"jobs", b"workers", b"a*b")])
        assert rule["groups"] == [{"match": "workers"}, {"match": "a\\*b"}]

    def test_of_several_streams_those_that_all_have(self):
        found = [event(b"jobs:%d" % n, b"workers", b"only-%d" % n) for n in range(3)]
        (rule,) = rules(found)
        assert rule["groups"] == [{"match": "workers"}]

    def test_those_named_after_an_identifier_come_and_go(self):
        (rule,) = rules([event(b"jobs", b"tail-4f9d2c1b", b"tail-123456")])
        assert "groups" not in rule

    def test_they_are_in_the_proposal(self):
        times = [NOW - 9 * DAY + n * DAY for n in range(9)]
        history = history_of(times, is_whole=True)
        history = type(history)(
            **{
                field: getattr(history, field)
                for field in history.__dataclass_fields__
                if field != "groups"
            },
            groups=(GroupCursor(b"g", NEVER),),
        )
        assert propose(history, DEFAULT_CLASSES).groups == (b"g",)


class TestIgnored:
    def test_results_whose_names_differ_in_an_identifier_are_one_pattern(self):
        assert rules([brief(name) for name in UUIDS]) == [{"match": "rq:results:*", "ignore": True}]

    def test_the_pattern_takes_nothing_that_is_something_else(self):
        found = rules([*map(brief, UUIDS), event(b"rq:results:summary")])
        assert [one for one in found if one.get("ignore")] == []

    @pytest.mark.parametrize(
        "names", [UUIDS[:4], [b"rq:results:%s" % bytes([97 + n]) for n in range(9)]]
    )
    def test_a_few_or_those_that_people_named_are_not(self, names):
        assert rules([brief(name) for name in names]) == []

    def test_one_entry_in_all_is_brief_and_one_that_is_left_is_not(self):
        times = [NOW - 60]
        assert propose(history_of(times, is_whole=True), DEFAULT_CLASSES).is_brief
        assert not propose(history_of(times), DEFAULT_CLASSES).is_brief


class TestReasons:
    def reason(self, times, **fields):
        return propose(history_of(times, **fields), DEFAULT_CLASSES).class_reason

    def test_ids_at_whole_seconds_are_said_to_be_times_of_events(self):
        bars = [float(int(NOW)) - 60 * n for n in range(400)]
        assert "times of events rather than of arrival" in self.reason(bars)
        assert "times of events" not in self.reason([each + 0.123 for each in bars])

    def test_a_trimmed_history_is_said_to_be_no_proof(self):
        times = [NOW - n + 0.5 for n in range(4_000)]
        assert "trimmed and holds no more, which is no proof" in self.reason(times)
        assert "trimmed" not in self.reason(times, is_whole=True)
