"""Deadlines within deadlines, servers asked in turn, work on several at once."""

import threading

import pytest

from streamgauge.source.commands import packed
from streamgauge.source.errors import Unreadable
from streamgauge.source.nodes import LastGoodFirst, Node, merged, run_all
from streamgauge.source.topology import Readings
from streamgauge.source.wire import AskingWire, Deadline

A, B, C = Node("a", 1), Node("b", 2), Node("c", 3)


def test_part_of_a_deadline_is_shorter_and_ends_with_it():
    whole = Deadline(60)
    part = whole.part(0.5)
    assert 0 < part.remaining() <= 30
    assert whole.ended is None
    whole.end("other", "stopped")
    for deadline in (whole, part):
        with pytest.raises(Unreadable, match="stopped"):
            deadline.remaining()
    assert str(whole.ended) == "stopped"


def test_part_cannot_outlast_the_whole():
    with pytest.raises(Unreadable, match="no answer in time"):
        Deadline(60, within=Deadline(0)).remaining()


def answers(turn, known, *, asked):
    def ask(node, deadline):
        asked.append((node, deadline.remaining()))
        if node not in known:
            raise Unreadable("timeout", "no answer in time")
        return known[node]

    return turn.answers([A, B, C, A], ask, Deadline(60), of_time=0.5)


def test_servers_are_asked_in_turn_and_the_last_that_answered_first():
    turn, asked = LastGoodFirst("sentinel"), []
    assert next(answers(turn, {B: "b"}, asked=asked)) == "b"
    assert [node for node, _ in asked] == [A, B]
    assert [round(seconds) for _, seconds in asked] == [10, 15]
    asked.clear()
    assert list(answers(turn, {B: "b", C: "c"}, asked=asked)) == ["b", "c"]
    assert [node for node, _ in asked] == [B, A, C]


def test_nobody_who_answers_is_unreadable_for_the_last_reason():
    with pytest.raises(Unreadable, match="sentinel c:3: no answer in time"):
        next(answers(LastGoodFirst("sentinel"), {}, asked=[]))
    with pytest.raises(Unreadable, match="there is no node to ask"):
        next(LastGoodFirst("node").answers([], lambda *_: None, Deadline(1), of_time=1))


def counting(most, result):
    yield from range(most)
    return result


def all_of(tasks, seconds):
    found = Readings(merged(tasks, seconds))
    return sorted(found), found.sample


def test_all_are_run_at_once():
    barrier = threading.Barrier(2)
    tasks = {one: lambda: barrier.wait(30) >= 0 for one in "ab"}
    assert run_all(tasks) == {"a": True, "b": True}


def test_what_several_bring_comes_as_it_is_brought_and_however_much_it_is():
    tasks = {"few": lambda: counting(3, "a"), "many": lambda: counting(5_000, "b")}
    assert all_of(tasks, 60) == (sorted([*range(3), *range(5_000)]), {"few": "a", "many": "b"})


def test_one_that_hangs_holds_up_no_other_and_who_comes_too_late_is_let_go():
    gate, ended = threading.Event(), threading.Event()

    def hanging():
        try:
            gate.wait(30)
            yield from range(10_000)
        finally:
            ended.set()

    tasks = {"quick": lambda: counting(2, 1), "hanging": hanging}
    assert all_of(tasks, 1) == ([0, 1], {"quick": 1})
    gate.set()
    assert ended.wait(30)


class EchoingWire:
    """Answers every command with itself."""

    def __init__(self):
        self.bytes_read = 7
        self.sent = []

    def send_packed(self, commands, deadline):
        self.sent += commands

    def receive(self, count, deadline):
        replies, self.sent = self.sent[:count], self.sent[count:]
        return replies


def test_asking_comes_before_every_command_and_its_replies_are_not_seen():
    wire = EchoingWire()
    asking = AskingWire(wire)
    announcement, time, info = packed(b"ASKING"), packed(b"TIME"), packed(b"XINFO", b"STREAM", b"x")
    asking.send_packed([time, info], Deadline(1))
    assert wire.sent == [announcement, time, announcement, info]
    assert asking.receive(1, Deadline(1)) == [time]
    assert asking.receive(1, Deadline(1)) == [info]
    assert asking.bytes_read == 7
