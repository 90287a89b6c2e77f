"""Slots, redirections and what several nodes brought back, put together without any server."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.crc import key_slot

from streamgauge.source import replies
from streamgauge.source.errors import ErrorReply, Redirect, Unreadable
from streamgauge.source.gather import Gathering, Route, SlotMap, first_plan, slot_map
from streamgauge.source.keys import Unread
from streamgauge.source.nodes import Node
from streamgauge.source.sample import NodeSample
from streamgauge.source.session import TimedSample

A, B, C = Node("a", 1), Node("b", 2), Node("c", 3)
HERE = Node("here", 7000)
THIRDS = SlotMap([(0, 5460, [A]), (5461, 10922, [B]), (10923, 16383, [C])])


def slots_with(host: bytes | None, *rest: object) -> SlotMap:
    return slot_map([[0, 16383, [host, 7001, b"id", *rest]]], HERE)


@pytest.mark.parametrize(
    ("host", "rest", "expected"),
    [
        (b"10.0.0.1", [], "10.0.0.1"),
        (b"::1", [[]], "::1"),
        (b"node.example", [[b"ip", b"10.0.0.1"]], "node.example"),
        (b"", [], "here"),
        (None, [[]], "here"),
        (b"?", [[b"ip", b"10.0.0.1"]], "10.0.0.1"),
        (b"?", [[]], "here"),
        (b"?", [], "here"),
    ],
)
def test_node_is_where_it_says_or_where_it_was_asked(host, rest, expected):
    assert slots_with(host, *rest).primaries == (Node(expected, 7001),)


def test_replicas_are_known_and_own_nothing():
    reply = [[0, 9, [b"p", 1, b"i"], [b"r", 2, b"j"]], [10, 16383, [b"q", 3, b"k"]]]
    slots = slot_map(reply, HERE)
    assert slots.primaries == (Node("p", 1), Node("q", 3))
    assert slots.nodes == (Node("p", 1), Node("r", 2), Node("q", 3))
    assert {slots.owner(b"%d" % number) for number in range(99)} <= set(slots.primaries)


def test_slot_that_nobody_serves_has_no_owner():
    slots = SlotMap([(0, 100, [A])])
    assert {slots.owner(name) for name in (b"foo", b"bar")} == {None}
    assert SlotMap([]).primaries == ()


@pytest.mark.parametrize(
    "reply", [b"OK", 5, None, [[0]], [[0, 1, b"x"]], [[0, 1, [b"h", 0]]], [[0, 1, [b"h"]]]]
)
def test_slots_of_another_shape_are_malformed(reply):
    with pytest.raises(replies.MALFORMED):
        slot_map(reply, HERE)


@pytest.mark.parametrize(("first", "last"), [(0, 16384), (0, 3_000_000), (-1, 5), (9, 3)])
def test_slots_that_no_cluster_has_are_malformed(first, last):
    with pytest.raises(replies.MALFORMED):
        slot_map([[first, last, [b"h", 1]]], HERE)


@given(st.binary(min_size=1, max_size=20))
def test_every_name_has_the_owner_of_its_slot(name):
    slot = key_slot(name)
    assert THIRDS.owner(name) == (A if slot <= 5460 else B if slot <= 10922 else C)


def test_hash_tag_decides_the_slot():
    assert {THIRDS.owner(b"{tag}:%d" % number) for number in range(50)} == {THIRDS.owner(b"tag")}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("MOVED 3999 127.0.0.1:6381", Redirect("127.0.0.1", 6381, asking=False)),
        ("ASK 3999 node.example:6381", Redirect("node.example", 6381, asking=True)),
        ("MOVED 3999 ::1:6381", Redirect("::1", 6381, asking=False)),
        ("MOVED 3999 :6381", Redirect("", 6381, asking=False)),
        ("MOVED 3999 ?:6381", Redirect("", 6381, asking=False)),
        ("MOVED", None),
        ("MOVED 3999 somewhere", None),
        ("ERR no such key", None),
    ],
)
def test_redirections_are_read(line, expected):
    assert ErrorReply.parse(line).redirect == expected


def test_slot_that_is_not_served_concerns_one_key_and_a_cluster_that_is_down_all():
    unserved = ErrorReply.parse("CLUSTERDOWN Hash slot not served")
    down = ErrorReply.parse("CLUSTERDOWN The cluster is down")
    assert (unserved.is_server_wide, unserved.says_unserved) == (False, True)
    assert (down.is_server_wide, down.says_unserved) == (True, False)


def visit(*errors, role="master", offset=0.0) -> TimedSample:
    return TimedSample(NodeSample(1, offset, role, list(errors)), 0.5, 0.25)


def moved(name: bytes, host: str, port: int, *, asking: bool = False) -> Unread:
    return Unread(name, "other", "MOVED", Redirect(host, port, asking))


def test_every_primary_is_asked_even_for_nothing():
    plan, unserved = first_plan(SlotMap([(0, 100, [A]), (101, 200, [B])]), [b"foo"])
    assert plan == {Route(A): [], Route(B): []}
    assert unserved == [b"foo"]


def test_stream_that_moved_is_counted_once_with_what_its_new_node_says():
    gathering = Gathering([])
    there = gathering.add(Route(A), [b"x", b"y"], visit(moved(b"x", "", 2)))
    assert there == {Route(Node("a", 2)): [b"x"]}
    assert gathering.saw_moved
    assert gathering.add(Route(Node("a", 2)), [b"x"], visit()) == {}
    sample = gathering.sample(THIRDS, 1.0)
    assert (sample.errors, sample.outages) == ([], {})


def test_an_announced_address_is_reached_where_the_map_says():
    elsewhere = {("redis-2.internal", 6379): ("10.0.0.2", 7002), ("here", 7001): ("10.0.0.1", 7001)}
    reply = [[0, 9, [b"redis-2.internal", 6379, b"i"]], [10, 16383, [None, 7001, b"j"]]]
    slots = slot_map(reply, HERE, elsewhere)
    assert slots.primaries == (Node("10.0.0.2", 7002), Node("10.0.0.1", 7001))
    gathering = Gathering([], elsewhere)
    there = gathering.add(Route(A), [b"x"], visit(moved(b"x", "redis-2.internal", 6379)))
    assert there == {Route(Node("10.0.0.2", 7002)): [b"x"]}


def test_stream_on_its_way_is_asked_for_with_asking_and_leaves_the_map_as_it_is():
    gathering = Gathering([])
    answer = visit(moved(b"x", "b", 2, asking=True))
    assert gathering.add(Route(A), [b"x"], answer) == {Route(B, asking=True): [b"x"]}
    assert not gathering.saw_moved


def test_stream_that_is_sent_around_for_ever_is_one_error():
    gathering = Gathering([])
    gathering.add(Route(A), [b"x"], visit(moved(b"x", "b", 2)))
    gathering.add(Route(B), [b"x"], visit(moved(b"x", "a", 1)))
    sample = gathering.sample(THIRDS, 1.0)
    assert [error.subject for error in sample.errors] == [b"x"]


def test_streams_of_a_dead_node_are_its_outage_until_another_one_answers_for_them():
    gathering = Gathering([])
    gathering.add(Route(A), [b"x", b"y"], Unreadable("timeout", "no answer"))
    gathering.add(Route(B), [], visit())
    assert gathering.is_incomplete
    assert gathering.unread == {A}
    took_over = SlotMap([(0, 16383, [B])])
    assert gathering.rerouted(took_over) == {Route(B): [b"x", b"y"]}
    assert gathering.rerouted(SlotMap([(0, 16383, [A])])) == {}
    before = gathering.sample(THIRDS, 1.0)
    assert {at: outage.names for at, outage in before.outages.items()} == {"a:1": [b"x", b"y"]}
    gathering.add(Route(B), [b"x", b"y"], visit())
    assert gathering.sample(took_over, 1.0).outages == {}


def test_dead_primary_without_streams_is_an_outage_too():
    gathering = Gathering([])
    gathering.add(Route(A), [], Unreadable("other", "refused"))
    gathering.add(Route(B), [], visit())
    assert gathering.sample(THIRDS, 1.0).outages["a:1"].names == []


def test_stream_without_an_owner_is_an_error_and_is_asked_for_once_it_has_one():
    gathering = Gathering([b"x"])
    assert gathering.is_incomplete
    assert gathering.rerouted(THIRDS) == {Route(THIRDS.owner(b"x")): [b"x"]}
    gathering.add(Route(B), [], visit())
    (error,) = gathering.sample(THIRDS, 1.0).errors
    assert (error.subject, error.reason) == (b"x", "other")


def test_nothing_read_is_unreadable_and_names_the_node():
    gathering = Gathering([])
    gathering.add(Route(A), [b"x"], Unreadable("noperm", "NOPERM"))
    with pytest.raises(Unreadable, match="a:1: NOPERM") as raised:
        gathering.sample(THIRDS, 1.0)
    assert raised.value.reason == "noperm"
    with pytest.raises(Unreadable) as raised:
        Gathering([]).sample(THIRDS, 1.0)
    assert raised.value.reason == "timeout"


def test_clock_is_that_of_the_node_furthest_off_and_a_demoted_node_has_no_role():
    gathering = Gathering([])
    gathering.add(Route(A), [], visit(offset=0.2))
    gathering.add(Route(B), [], visit(offset=-3.0))
    gathering.add(Route(C), [], visit(role="slave"))
    sample = gathering.sample(THIRDS, 2.0)
    assert sample.clock_offset_seconds == -3.0
    assert sample.roles == {"master"}
    assert (sample.connect_seconds, sample.sample_seconds) == (0.5, 1.5)
