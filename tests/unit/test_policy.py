"""Every name has exactly one policy, and it is the one the first matching rule declares."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamgauge.config import NO_LIMIT, ClassLimits, Config, GroupRule, StreamRule
from streamgauge.config.model import DEFAULT_CLASSES
from streamgauge.policy import UNCLASSIFIED, Policy, StreamClass
from streamgauge.schedule import Schedule

CONTINUOUS, HYBRID, EVENT = StreamClass.CONTINUOUS, StreamClass.HYBRID, StreamClass.EVENT


def policy_of(*rules: StreamRule, **options) -> Policy:
    return Policy.from_config(Config(redis=(), streams=rules, **options))


def rule(match: str, stream_class=HYBRID, **options) -> StreamRule:
    return StreamRule(match=match, stream_class=stream_class, **options)


def test_the_first_rule_that_matches_wins():
    policy = policy_of(
        rule("a:b", EVENT), rule("a:*", HYBRID), rule("a:c", CONTINUOUS), rule("*", EVENT)
    )
    classes = {name: policy.resolve(name).stream_class for name in (b"a:b", b"a:c", b"a:d", b"x")}
    assert classes == {b"a:b": EVENT, b"a:c": HYBRID, b"a:d": HYBRID, b"x": EVENT}


def test_what_no_rule_matches_is_unclassified_and_has_no_limits():
    policy = policy_of(rule("a"))
    assert policy.resolve(b"b") is UNCLASSIFIED
    assert UNCLASSIFIED.quiet_limit_at(0) is None
    assert UNCLASSIFIED.lag_limit_for(b"g") is None
    assert policy.rule_of(b"b") is None


def test_an_ignored_stream_has_no_policy():
    policy = policy_of(StreamRule(match="rq:*", ignore=True), rule("*"))
    assert policy.resolve(b"rq:1") is None
    assert policy.resolve(b"other") is not None


def test_exact_names_are_declared_unless_an_earlier_rule_ignores_them():
    policy = policy_of(
        StreamRule(match="old:*", ignore=True),
        rule("new:*"),
        rule("old:a"),
        rule("new:a", EVENT),
        rule(r"wild\*card"),
        rule("new:a"),
        StreamRule(match="gone", ignore=True),
    )
    assert policy.declared == (b"new:a", b"wild*card")
    assert policy.resolve(b"new:a").declared
    assert policy.resolve(b"new:a").stream_class is HYBRID
    assert not policy.resolve(b"new:b").declared
    assert policy.resolve(b"wild*card").declared


def test_limits_come_from_the_stream_and_else_from_its_class():
    classes = {
        **DEFAULT_CLASSES,
        CONTINUOUS: ClassLimits(quiet_limit_seconds=60, lag_limit_seconds=120),
        EVENT: ClassLimits(lag_limit_seconds=NO_LIMIT),
    }
    policy = policy_of(
        rule("own", CONTINUOUS, quiet_limit_seconds=5, lag_limit_seconds=7),
        rule("class", CONTINUOUS),
        rule("none", CONTINUOUS, lag_limit_seconds=NO_LIMIT),
        rule("event", EVENT),
        rule("event-own", EVENT, lag_limit_seconds=9),
        classes=classes,
    )
    limits = {
        name: (policy.resolve(name).quiet_limit_at(0), policy.resolve(name).lag_limit_for(b"g"))
        for name in policy.declared
    }
    assert limits == {
        b"own": (5, 7),
        b"class": (60, 120),
        b"none": (60, None),
        b"event": (None, None),
        b"event-own": (None, 9),
    }


def test_a_group_has_the_limit_of_its_first_rule_and_else_the_stream_s():
    groups = (
        GroupRule(match="nightly-*", lag_limit_seconds=93600),
        GroupRule(match="*-old", lag_limit_seconds=NO_LIMIT),
        GroupRule(match="nightly-x", lag_limit_seconds=1),
    )
    policy = policy_of(rule("s", lag_limit_seconds=30, groups=groups)).resolve(b"s")
    found = {group: policy.lag_limit_for(group) for group in (b"nightly-x", b"x-old", b"live")}
    assert found == {b"nightly-x": 93600, b"x-old": None, b"live": 30}


def test_a_quiet_limit_waits_for_the_hours_to_open_and_then_for_itself():
    hours = Schedule("mon-sun", "01:00-02:00")
    policy = policy_of(rule("s", CONTINUOUS, quiet_limit_seconds=60, active=hours)).resolve(b"s")
    times = (0, 3599, 3600, 3659, 3660, 7199, 7200)
    limits = [policy.quiet_limit_at(now) for now in times]
    assert limits == [math.inf, math.inf, math.inf, math.inf, 60, 60, math.inf]


def test_hours_that_never_close_leave_the_limit_alone():
    policy = policy_of(rule("s", CONTINUOUS, active=Schedule())).resolve(b"s")
    assert policy.quiet_limit_at(0) == 300


rules = st.lists(
    st.builds(
        rule,
        st.sampled_from(["a", "b", "a*", "*", "?", "[ab]c", "ab", r"\*", "*b"]),
        st.sampled_from([CONTINUOUS, HYBRID, EVENT, StreamClass.UNCLASSIFIED]),
        ignore=st.booleans(),
    ),
    max_size=6,
)


@given(rules, st.text("abc*", max_size=3))
def test_classification_is_total_and_agrees_with_a_plain_search(some_rules, name):
    policy = policy_of(*some_rules)
    raw = name.encode()
    first = next((each for each in some_rules if policy_of(each).rule_of(raw) == 0), None)
    resolved = policy.resolve(raw)
    if first is None:
        assert resolved is UNCLASSIFIED
    elif first.ignore:
        assert resolved is None
    else:
        assert resolved.stream_class is first.stream_class
        assert resolved.declared == (raw in policy.declared)
    if resolved is not None:
        assert (resolved.quiet_limit_at(0) is None) == (resolved.stream_class is not CONTINUOUS)
        has_limit = resolved.stream_class is not StreamClass.UNCLASSIFIED
        assert (resolved.lag_limit_for(b"g") is not None) == has_limit


@pytest.mark.parametrize("name", [b"\xff\xfe", b"a\nb", b"", b'"\\'])
def test_hostile_names_are_only_names(name):
    assert policy_of(rule("*")).resolve(name).stream_class is HYBRID
