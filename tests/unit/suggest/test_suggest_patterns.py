"""Names become patterns only where all agree, and come back from YAML as they were."""

import re

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from streamgauge import globs
from streamgauge.config import load_config
from streamgauge.config.describe import warnings
from streamgauge.policy import Policy, StreamClass
from streamgauge.schedule import Schedule
from streamgauge.suggest.patterns import merge
from streamgauge.suggest.proposal import Proposal, Terms
from streamgauge.suggest.rules import rule_lines, rules_of
from streamgauge.suggest.scalars import glob_scalar, one_line, scalar

EVENT = Terms(StreamClass.EVENT, 300.0)
HYBRID = Terms(StreamClass.HYBRID, float("inf"))
FEED = Terms(
    StreamClass.CONTINUOUS, 300.0, 90.0, Schedule("mon-wed,fri", "09:30-12:00,22:00-04:00", "UTC")
)

words = st.sampled_from([b"a", b"b", b"tick", b"*", b"[", b"\\", b"\xff", b"?", b"\xc3\xa9", b"\n"])
separators = st.sampled_from([b":", b".", b"/", b"-"])
names = st.one_of(
    st.builds(
        lambda first, rest: first + b"".join(s + w for s, w in rest),
        words,
        st.lists(st.tuples(separators, words), max_size=10),
    ),
    st.binary(min_size=1, max_size=12),
)


def patterns(agreed: dict[bytes, str], *others: bytes) -> dict[bytes, list[bytes]]:
    return {group.pattern: list(group.names) for group in merge(agreed, others)}


class TestMerge:
    def test_three_that_agree_become_one(self):
        names = dict.fromkeys([b"q:log.a", b"q:log.b", b"q:log.c"], "event")
        assert patterns(names) == {b"q:log.*": [b"q:log.a", b"q:log.b", b"q:log.c"]}

    def test_two_stay_two(self):
        assert len(patterns(dict.fromkeys([b"q:log.a", b"q:log.b"], "event"))) == 2

    def test_the_end_of_names_and_their_middle_are_patterns_too(self):
        ends = dict.fromkeys([b"a:intent", b"b:intent", b"c:intent"], "hybrid")
        assert list(patterns(ends)) == [b"*:intent"]
        middles = dict.fromkeys([b"user:1:mail", b"user:2:mail", b"user:3:mail"], "event")
        assert list(patterns(middles, b"user:9:sms", b"x:1:mail")) == [b"user:*:mail"]

    def test_one_of_another_opinion_spoils_the_wide_pattern(self):
        names = dict.fromkeys([b"q:a:1", b"q:a:2", b"q:a:3"], "event") | {b"q:b:1": "feed"}
        assert set(patterns(names)) == {b"q:a:*", b"q:b:1"}

    def test_a_name_that_is_known_otherwise_spoils_it_as_well(self):
        names = dict.fromkeys([b"q:1", b"q:2", b"q:3"], "event")
        assert b"q:*" in patterns(names)
        assert b"q:*" not in patterns(names, b"q:4")

    def test_names_without_separators_are_never_a_bare_star(self):
        assert set(patterns(dict.fromkeys([b"a", b"b", b"c", b"d"], "event"))) == {
            b"a", b"b", b"c", b"d",
        }  # fmt: skip

    def test_a_name_of_very_many_parts_still_spoils_a_pattern(self):
        deep = b"q:" + b":".join([b"x"] * 20)
        names = dict.fromkeys([b"q:1", b"q:2", b"q:3"], "event")
        assert b"q:*" not in patterns(names, deep)
        assert deep in patterns(names | {deep: "event"})

    @given(st.dictionaries(names, st.sampled_from("xy"), max_size=25), st.sets(names, max_size=6))
    def test_no_pattern_matches_a_name_of_another_opinion(self, agreed, others):
        others -= agreed.keys()
        groups = merge(agreed, others)
        assert sorted(name for group in groups for name in group.names) == sorted(agreed)
        for group in groups:
            compiled = globs.compile_glob(group.pattern)
            opinion = {agreed[name] for name in group.names}
            assert len(opinion) == 1
            matched = {name for name in agreed if compiled.fullmatch(name)}
            assert matched >= set(group.names)
            assert {agreed[name] for name in matched} == opinion
            assert not any(compiled.fullmatch(name) for name in others)

    def test_ten_thousand_names_are_merged_in_no_time(self):
        names = {b"app:user:%d:%s" % (n, word): word for n in range(5_000) for word in (b"a", b"b")}
        assert set(patterns(names)) == {b"app:user:*:a", b"app:user:*:b"}


class TestRoundTrip:
    @given(st.dictionaries(names, st.sampled_from([EVENT, HYBRID, FEED, None]), max_size=20))
    @example({b"\xff*\x00": FEED, b"'": EVENT, b"true": HYBRID, b"# x": EVENT, b" y ": None})
    @example({"\ufeff\u2028\U0001f600\x85".encode(): FEED, b"1:30": EVENT, b"a: b": HYBRID})
    def test_every_name_gets_its_terms_back_through_yaml(self, tmp_path_factory, terms):
        proposals = [
            Proposal(name=name, terms=each, class_reason=f"x\ny {name!r}", lag_reason="\x1b\x07")
            for name, each in terms.items()
        ]
        lines = rule_lines(rules_of(proposals, ()), "  ")
        text = "redis: {url: redis://h}\nstreams:\n" + "".join(f"{line}\n" for line in lines)
        assert all(char.isprintable() for char in text.replace("\n", ""))
        file = tmp_path_factory.mktemp("round") / "c.yml"
        file.write_text(text, encoding="utf-8")
        config = load_config(file, environ={})
        policy = Policy.from_config(config)
        for name, each in terms.items():
            found = policy.resolve(name)
            assert found is not None
            if each is None:
                assert found.stream_class is StreamClass.UNCLASSIFIED
                continue
            assert found.stream_class is each.stream_class
            assert found.quiet_limit_seconds == each.quiet_limit_seconds
            assert found.active == each.active
            assert (found.lag_limit_seconds or float("inf")) == each.lag_limit_seconds
        assert [each for each in warnings(config) if "never decides" in each] == []

    @given(st.text(max_size=30))
    def test_text_reads_back(self, text):
        assert yaml.safe_load(scalar(text)) == text
        assert one_line(text).isprintable()

    def test_plain_names_stay_readable(self):
        assert glob_scalar(b"quantum:stream:market.tick") == "quantum:stream:market.tick"
        assert glob_scalar(b"a:*") == '"a:*"'
        assert scalar("true") == '"true"'
        assert scalar("1:30") == '"1:30"'


class TestRules:
    def test_what_discovery_does_not_find_keeps_its_name(self):
        proposals = [
            Proposal(name=b"q:%d" % n, terms=EVENT, class_reason="x", longest_seconds=n)
            for n in range(9)
        ]
        rules = rules_of(proposals, is_discovered=lambda name: name > b"q:5")
        assert [rule.pattern for rule in rules] == [b"q:%d" % n for n in range(9)]
        assert [rule.pattern for rule in rules_of(proposals)] == [b"q:*"]


class TestRuleText:
    def test_of_many_names_the_first_few_are_told_and_the_nearest_to_its_limit_speaks(self):
        proposals = [
            Proposal(name=b"q:%d" % n, terms=EVENT, class_reason=f"reason {n}", longest_seconds=n)
            for n in range(9)
        ]
        text = "\n".join(rule_lines(rules_of(proposals, ()), ""))
        assert "# 9 streams: q:0, q:1, q:2, q:3, q:4 and 4 more." in text
        assert "class: event  # q:8: reason 8" in text

    def test_silent_streams_of_a_pattern_are_all_told_up_to_ten(self):
        proposals = [
            Proposal(name=b"q:%02d" % n, terms=FEED, class_reason="x", silent_seconds=7200)
            for n in range(13)
        ]
        text = "\n".join(rule_lines(rules_of(proposals, ()), ""))
        assert len(re.findall("SILENT NOW: q:[0-9]{2} has had no entry for 2h", text)) == 10
        assert "and 3 more like these" in text
