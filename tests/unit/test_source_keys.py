"""How state keys are asked for, and what every reply and every outage comes to."""

import pytest

from streamgauge.model.readings import KeyReading
from streamgauge.model.records import KEY_ERROR_REASONS, Key, KeyCount
from streamgauge.source.brief import Brief
from streamgauge.source.errors import ErrorReply, Redirect, Unreadable
from streamgauge.source.gather import Gathering, Route, SlotMap, first_plan
from streamgauge.source.greeting import Greeting
from streamgauge.source.key_records import error_counts, key_state, unread_keys
from streamgauge.source.keys import KeyAnswer, Unread, key_answer, key_commands
from streamgauge.source.nodes import Node
from streamgauge.source.sample import NodeSample, Request, read_node
from streamgauge.source.second_round import Lookups
from streamgauge.source.session import TimedSample
from streamgauge.source.topology import Readings, Sample
from streamgauge.source.walk import PatternCounter, _scans
from streamgauge.source.wire import Deadline
from streamgauge.state_keys import StateKey, StateKeys
from support.resp import command_name

NOW_US = 1_800_000_000_000_000
PLAIN, TIMED = StateKey(b"plain"), StateKey(b"timed", b"until")
A, B = Node("a", 1), Node("b", 2)
MOVED = ErrorReply.parse("MOVED 3999 b:2")
DENIED = ErrorReply.parse("NOPERM no permissions to run it")
NO_HASH = ErrorReply.parse("WRONGTYPE Operation against a key")


class Server:
    """Stands in for a wire: answers every command of one kind alike."""

    def __init__(self, **answers):
        self.answers = {
            "TIME": [b"1800000000", b"0"],
            "HELLO": [],
            "ROLE": [],
            "SCAN": [b"0", []],
        } | answers
        self.sent = []
        self.bytes_read = 0
        self._waiting = []

    def send_packed(self, commands, _deadline):
        self.sent.append([command_name(command) for command in commands])
        self._waiting += self.sent[-1]

    def receive(self, count, _deadline):
        asked, self._waiting = self._waiting[:count], self._waiting[count:]
        return [self.answers[command] for command in asked]


def sample(*subjects, **answers):
    server = Server(**answers)
    readings = Readings(
        read_node(
            server,
            Request(subjects, 9),
            deadline=Deadline(9),
            brief=Brief(),
            greeting=Greeting("auto"),
            lookups=Lookups(),
        )
    )
    list(readings)
    return server, readings.sample


STREAM = [b"length", 0, b"groups", 0, b"last-generated-id", b"0-0", b"first-entry", None]


def test_keys_travel_with_the_streams_in_one_round():
    server, found = sample(b"s", PLAIN, TIMED, XINFO=STREAM, PTTL=-1, HGET=b"1")
    assert server.sent == [
        ["TIME", "HELLO", "ROLE", "TIME", "XINFO", "XINFO", "PTTL", "HGET", "PTTL"]
    ]
    assert [reading.key for reading in found.key_readings] == [PLAIN, TIMED]
    assert {one.subject for one in found.errors}.isdisjoint({PLAIN, TIMED})


def test_without_a_stream_the_server_is_still_proved_readable():
    server, _ = sample(PLAIN, PTTL=DENIED)
    assert server.sent == [["TIME", "HELLO", "ROLE", "SCAN", "TIME", "PTTL"]]
    with pytest.raises(Unreadable, match="LOADING"):
        sample(PLAIN, PTTL=ErrorReply.parse("LOADING Redis is loading"))


def test_only_a_key_with_a_field_is_asked_for_one():
    assert key_commands(PLAIN) == ((b"PTTL", b"plain"),)
    assert key_commands(TIMED) == ((b"HGET", b"timed", b"until"), (b"PTTL", b"timed"))


@pytest.mark.parametrize(
    ("key", "replies", "reading"),
    [
        (PLAIN, [-1], (True, None, None)),
        (PLAIN, [1500], (True, 1500, None)),
        (PLAIN, [0], (True, 0, None)),
        (PLAIN, [-2], (False, None, None)),
        (TIMED, [b"17", -1], (True, None, b"17")),
        (TIMED, [None, 5], (True, 5, None)),
        (TIMED, [None, -2], (False, None, None)),
        (TIMED, [NO_HASH, -2], (False, None, None)),  # it went in between
    ],
)
def test_replies_are_read(key, replies, reading):
    assert key_answer(key, NOW_US, replies) == KeyAnswer(KeyReading(key, NOW_US, *reading))


@pytest.mark.parametrize(
    ("replies", "is_read", "reason"),
    [
        ([DENIED, 7000], True, "noperm"),
        ([NO_HASH, 7000], True, "wrongtype"),
        ([b"17", DENIED], False, "noperm"),
        ([b"17", b"OK"], False, "protocol"),
        ([7, -1], False, "protocol"),
        ([MOVED, MOVED], False, "other"),
    ],
)
def test_errors_have_a_reason(replies, is_read, reason):
    reading, failure = key_answer(TIMED, NOW_US, replies)
    assert (reading is not None, failure.subject, failure.reason) == (is_read, TIMED, reason)
    assert failure.redirect == (Redirect("b", 2, asking=False) if MOVED in replies else None)


def of(*, readings=(), failures=(), outages=None):
    return Sample(NOW_US, 0.0, frozenset(), failures, {}, 0.0, 0.0, readings, outages or {})


KEYS = StateKeys((PLAIN, TIMED), (b"h:*", b"i:*"))
BOTH = [KeyReading(PLAIN, NOW_US, True), KeyReading(TIMED, NOW_US, True, None, b"soon")]


def test_every_declared_key_has_a_record_and_every_fault_a_complaint():
    state = key_state(KEYS, of(readings=BOTH), {b"h:*": 3})
    assert state.records == [Key(PLAIN, 1), Key(TIMED, 1, error="notime")]
    assert state.counts == [KeyCount(b"h:*", 3), KeyCount(b"i:*", None)]
    (problem,) = state.problems.items()
    assert problem == (
        b"timed",
        ("notime", "the field until holds no Unix time in seconds or milliseconds"),
    )


def test_a_missing_field_is_told_apart_from_a_wrong_one():
    readings = [KeyReading(TIMED, NOW_US, True)]
    problem = key_state(KEYS, of(readings=readings), {}).problems[b"timed"]
    assert problem.detail == "the hash has no field until"


def test_a_field_that_could_not_be_read_is_counted_under_its_own_reason():
    failed = Unread(TIMED, "wrongtype", "HGET: WRONGTYPE")
    state = key_state(KEYS, of(readings=BOTH, failures=[failed]), {})
    assert state.records[1] == Key(TIMED, 1, error="wrongtype")
    assert state.problems[b"timed"] == ("wrongtype", "HGET: WRONGTYPE")


def test_keys_of_a_node_that_is_out_are_counted_and_not_complained_of():
    state = key_state(KEYS, of(readings=BOTH[:1], outages={TIMED: Unreadable("timeout", "")}), {})
    assert state.records == [Key(PLAIN, 1), Key(TIMED, error="timeout")]
    assert state.problems == {}


def test_every_reason_is_counted_where_a_key_is_declared():
    counts = error_counts(unread_keys(KEYS, "noperm"))
    assert [count.reason for count in counts] == list(KEY_ERROR_REASONS)
    assert {count.reason: count.keys for count in counts if count.keys} == {"noperm": 2}
    assert error_counts([]) == []


def visit(*readings, failures=()):
    return TimedSample(NodeSample(1, 0.0, "master", list(failures), readings), 0.0, 0.0)


EVERYWHERE = SlotMap([(0, 16383, [A])])


def test_in_a_cluster_a_key_goes_to_the_node_of_its_slot():
    plan, unserved = first_plan(EVERYWHERE, [b"s", PLAIN])
    assert (plan, unserved) == ({Route(A): [b"s", PLAIN]}, [])
    assert first_plan(SlotMap([]), [PLAIN]) == ({}, [PLAIN])


def test_a_key_that_moved_is_asked_for_at_its_new_node():
    gathering = Gathering([])
    failed = Unread(PLAIN, "other", "MOVED", MOVED.redirect)
    assert gathering.add(Route(A), [PLAIN], visit(failures=[failed])) == {Route(B): [PLAIN]}
    assert gathering.saw_moved
    assert gathering.add(Route(B), [PLAIN], visit(BOTH[0])) == {}
    found = gathering.sample(EVERYWHERE, 1.0)
    assert (found.key_readings, found.errors) == ([BOTH[0]], [])


def test_keys_of_a_node_that_is_out_are_known_by_its_error():
    gathering = Gathering([])
    gathering.add(Route(B), [], visit())
    error = Unreadable("timeout", "no answer in time")
    gathering.add(Route(A), [b"s", PLAIN], error)
    found = gathering.sample(EVERYWHERE, 1.0)
    assert found.outages["a:1"].names == [b"s"]
    assert found.key_outages == {PLAIN: error}
    assert gathering.rerouted(SlotMap([(0, 16383, [B])])) == {Route(B): [b"s", PLAIN]}


def test_a_key_that_no_node_serves_is_a_failure():
    gathering = Gathering([PLAIN])
    gathering.add(Route(A), [], visit())
    assert gathering.is_incomplete
    (failure,) = gathering.sample(EVERYWHERE, 1.0).errors
    assert (failure.subject, failure.reason, failure.unserved) == (PLAIN, "other", True)


def test_a_key_is_counted_once_for_each_pattern_it_matches():
    counter = PatternCounter((b"h:*", b"*:1", b"none"))
    for name in (b"h:1", b"h:2", b"h:1", b"x:1", b"y"):
        counter.add(name)
    assert counter.counts == {b"h:*": 2, b"*:1": 2, b"none": 0}


@pytest.mark.parametrize(
    ("patterns", "arguments"),
    [
        ((b"h:*",), [(b"MATCH", b"h:*")]),
        ((b"h:a*", b"h:b*"), [(b"MATCH", b"h:*")]),
        ((rb"h\[a*", rb"h\[b*"), [(b"MATCH", rb"h\[*")]),
        ((b"*",), [()]),
        ((b"a*", b"b*"), [()]),
        ((), []),
    ],
)
def test_one_scan_serves_all_patterns(patterns, arguments):
    scans = [*_scans(patterns, list, only_streams=False)]
    assert [scan.arguments for scan in scans] == [(*one, b"COUNT", b"500") for one in arguments]
