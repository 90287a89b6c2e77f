"""A walk leaves a server alone most of the time, and asks it for few keys at once."""

import threading
from types import SimpleNamespace

import pytest

from streamgauge.config import RedisConfig
from streamgauge.source import walk
from streamgauge.source.errors import ErrorReply
from streamgauge.source.walk import Walk, rest_after

SERVER = RedisConfig(name="r", host="h", port=1)
KEYS_PER_STEP, KEYS_PER_SECOND = 500, 200_000


class Time:
    """A clock that stands still unless a step takes time, and the rests that were taken."""

    def __init__(self, *steps):
        self.now = 100.0
        self.steps = list(steps)
        self.rests = []

    def clock(self):
        return self.now


class Stopped(threading.Event):
    """Rests no time at all, and is set after so many rests."""

    def __init__(self, time, after=None):
        super().__init__()
        self.time, self.after = time, after

    def wait(self, timeout=None):
        self.time.rests.append(timeout)
        if len(self.time.rests) == self.after:
            self.set()
        return self.is_set()


@pytest.fixture
def walked(monkeypatch):
    """Walks with steps that take so many seconds each; answers the rests, and all that was sent."""
    sent = []

    def run(*steps, stopped_after=None):
        time = Time(*steps)

        class FakeWire:
            def __init__(self, _server):
                self.step = 0

            def open(self, _deadline):
                pass

            def send(self, commands, _deadline):
                sent.extend(commands)

            def receive(self, _count, _deadline):
                time.now += time.steps[self.step]
                self.step += 1
                is_last = self.step == len(time.steps)
                return [[b"0" if is_last else b"%d" % self.step, [b"s:%d" % self.step]]]

            def close(self):
                pass

        class Names:
            add = set().add

        def slowly():  # what is done with the finds is no time of the server's
            time.now += 50

        monkeypatch.setattr(walk, "Wire", FakeWire)
        one = Walk(Names, (b"s:*",), Stopped(time, stopped_after), clock=time.clock)
        assert one.run([SERVER], slowly) == {"h:1": None}
        return time.rests, sent

    return run


@pytest.mark.parametrize("seconds", [0.0, 0.0001, 0.0005, 0.001, 0.02])
def test_a_walk_takes_a_quarter_of_the_time_and_so_many_keys_a_second_at_most(seconds):
    rest = rest_after(seconds)
    assert rest >= 3 * seconds
    assert KEYS_PER_STEP / (seconds + rest) <= KEYS_PER_SECOND * 1.001


def test_a_step_that_waited_for_others_is_not_followed_by_a_long_rest():
    assert rest_after(5.0) == 0.1


def test_every_step_but_the_last_is_followed_by_its_rest(walked):
    rests, sent = walked(0.001, 0.0001, 2.0, 0.001)
    assert rests == pytest.approx([0.003, 0.0024, 0.1])
    assert [command[:2] for command in sent] == [
        (b"SCAN", cursor) for cursor in (b"0", b"1", b"2", b"3")
    ]


def test_a_step_asks_for_few_keys(walked):
    _, (command,) = walked(0.001)
    assert command == (b"SCAN", b"0", b"MATCH", b"s:*", b"COUNT", b"500", b"TYPE", b"stream")
    assert int(command[5]) == KEYS_PER_STEP


def test_where_scan_takes_no_type_that_of_every_key_is_asked_for(monkeypatch):
    types = {b"s:1": b"stream", b"s:2": b"string", b"s:3": b"stream"}

    class OldWire:
        def __init__(self, _server):
            self.waiting = []

        def open(self, _deadline):
            pass

        def send(self, commands, _deadline):
            self.waiting += commands

        def receive(self, count, _deadline):
            asked, self.waiting = self.waiting[:count], self.waiting[count:]
            return [self.answer(*command) for command in asked]

        def answer(self, name, *arguments):
            if name == b"TYPE":
                return types[arguments[0]]
            if b"TYPE" in arguments:
                return ErrorReply.parse("ERR syntax error")
            return [b"0", [*types]]

        def close(self):
            pass

    found = set()
    monkeypatch.setattr(walk, "Wire", OldWire)
    one = Walk(SimpleNamespace(add=found.add), (b"s:*",), threading.Event())
    assert one.run([SERVER], lambda: None) == {"h:1": None}
    assert found == {b"s:1", b"s:3"}
    assert one.without_type == {"h:1"}


def test_a_walk_ends_while_it_rests(walked):
    rests, sent = walked(0.001, 0.001, 0.001, stopped_after=1)
    assert (len(rests), len(sent)) == (1, 1)
