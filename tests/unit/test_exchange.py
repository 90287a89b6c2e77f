"""Pipelining keeps order, bounds what is in flight, and gives up on a clock it cannot read."""

import pytest

from streamgauge.source.deadline import Deadline
from streamgauge.source.errors import ErrorReply, Unreadable
from streamgauge.source.exchange import Request, exchange

TIME = [b"1800000000", b"5"]


class ScriptedWire:
    """Answers each command with its own last argument; notes how many were in flight."""

    def __init__(self, *, time=TIME, reply_bytes=100):
        self.time = time
        self.reply_bytes = reply_bytes
        self.bytes_read = 0
        self.batches = []
        self.unread = []
        self.most_unread = 0

    def send(self, commands, deadline):
        self.batches.append(len(commands) - 1)
        self.unread += commands
        self.most_unread = max(self.most_unread, len(self.unread))

    def receive(self, count, deadline):
        commands, self.unread = self.unread[:count], self.unread[count:]
        self.bytes_read += self.reply_bytes * count
        return [self.time if command == (b"TIME",) else command[-1] for command in commands]


def requests(count):
    return [Request(i, ((b"ECHO", b"a%d" % i), (b"ECHO", b"b%d" % i))) for i in range(count)]


def run(wire, count):
    return list(exchange(wire, requests(count), Deadline(60)))


def test_answers_come_in_order_with_the_servers_clock():
    answers = run(ScriptedWire(), 500)
    assert answers == [(i, 1_800_000_000_000_005, [b"a%d" % i, b"b%d" % i]) for i in range(500)]


def test_nothing_is_sent_for_nothing():
    wire = ScriptedWire()
    assert run(wire, 0) == []
    assert wire.batches == []


def test_batches_grow_while_replies_are_small():
    wire = ScriptedWire(reply_bytes=10)
    run(wire, 5000)
    assert wire.batches[:4] == [64, 64, 128, 256]
    assert max(wire.batches) == 2048


def test_batches_shrink_to_single_requests_when_replies_are_huge():
    wire = ScriptedWire(reply_bytes=5_000_000)
    run(wire, 200)
    assert wire.batches[2:6] == [16, 4, 2, 2]


def test_no_more_than_two_batches_are_in_flight():
    wire = ScriptedWire(reply_bytes=10)
    run(wire, 5000)
    assert wire.most_unread <= 2 * (1024 * 2 + 1)


@pytest.mark.parametrize(
    ("time", "reason"),
    [
        (ErrorReply("NOPERM", "this user has no permissions"), "noperm"),
        (ErrorReply("LOADING", "Redis is loading"), "other"),
        (b"PONG", "protocol"),
        ([b"x", b"y"], "protocol"),
    ],
)
def test_a_server_whose_clock_cannot_be_read_is_unreadable(time, reason):
    with pytest.raises(Unreadable) as raised:
        run(ScriptedWire(time=time), 1)
    assert raised.value.reason == reason


def test_time_that_is_up_is_a_timeout():
    with pytest.raises(Unreadable) as raised:
        Deadline(0).remaining()
    assert raised.value.reason == "timeout"
