"""A sample asks for every stream once, in batches of which a bounded number is under way."""

import pytest

from streamgauge.model.records import Consumer
from streamgauge.source.brief import Brief
from streamgauge.source.errors import ErrorReply, Unreadable
from streamgauge.source.greeting import Greeting
from streamgauge.source.sample import Request, read_node
from streamgauge.source.second_round import Lookups
from streamgauge.source.topology import Readings
from streamgauge.source.wire import Deadline
from support.resp import command_parts

TIME = [b"1800000000", b"5"]
FULL = [b"entry", b"x" * 20_000]


class Found:
    """What a sample brought: streams, and whatever else it tells."""

    def __init__(self, readings):
        readings = Readings(readings)
        self.streams = list(readings)
        self.names = [stream.name for stream in self.streams]
        self._rest = readings.sample

    def __getattr__(self, name):
        return getattr(self._rest, name)


class Server:
    """Answers like Redis, out of tables; notes what was sent, and how much was unread at most."""

    def __init__(self, *, time=TIME, reply_bytes=100, errors=None, large=False, entry_bytes=20_000):
        self.time = time
        self.reply_bytes = reply_bytes
        self.errors = errors or {}
        self.large = large
        self.entry_bytes = entry_bytes
        self.most_scripts = 0
        self.bytes_read = 0
        self.batches = []
        self.unread = []
        self.most_unread = 0

    def send_packed(self, commands, _deadline):
        self.batches.append([command_parts(command) for command in commands])
        self.unread += self.batches[-1]
        self.most_unread = max(self.most_unread, len(self.unread))
        scripts = [c for c in self.unread if c[0] in (b"EVAL_RO", b"EVALSHA_RO") and len(c) == 4]
        self.most_scripts = max(self.most_scripts, len(scripts))

    def receive(self, count, _deadline):
        commands, self.unread = self.unread[:count], self.unread[count:]
        self.bytes_read += self.reply_bytes * count
        return [self.answer(*command) for command in commands]

    def answer(self, name, *arguments):
        error = self.errors.get((name, *arguments[:1])) or self.errors.get((name,))
        if error is not None:
            return ErrorReply.parse(error)
        if name == b"TIME":
            return self.time
        if name in (b"EVAL_RO", b"EVALSHA_RO"):
            if len(arguments) > 3:  # the script that looks for an entry
                return [[b"5-2"]]
            return [*self.stream([b"5-1"]), b"entry-bytes", 2 * self.entry_bytes]
        if name == b"XINFO" and arguments[0] == b"STREAM":
            full = [b"entry", b"x" * self.entry_bytes]
            return self.stream([b"5-1", full if self.large else [b"a", b"1"]])
        if name == b"XINFO" and arguments[0] == b"GROUPS":
            return [[b"name", b"g", b"consumers", 1, b"pending", 1, b"last-delivered-id", b"5-1"]]
        if name == b"XINFO":
            return [[b"name", b"c", b"pending", 1, b"idle", 1500]]
        return {b"XRANGE": [[b"5-2", FULL]], b"XPENDING": [[b"5-1", b"c", 7, 1]]}.get(name, [])

    def stream(self, entry):
        return [
            *(b"length", 3, b"last-generated-id", b"5-3", b"groups", 1),
            *(b"first-entry", entry, b"last-entry", entry),
        ]

    def sent(self, *names):
        return [c for batch in self.batches for c in batch if c[0] in names]


def sample(server, count, brief=None):
    names = [b"%d" % number for number in range(count)]
    return Found(
        read_node(
            server,
            Request(names, 9),
            deadline=Deadline(60),
            brief=brief if brief is not None else Brief(),
            greeting=Greeting("auto"),
            lookups=Lookups(),
        )
    )


def first_rounds(server):
    """How many streams each batch of round one is about: such a batch begins by TIME."""
    sizes = []
    for command in (command for batch in server.batches for command in batch):
        if command == (b"TIME",):
            sizes.append(0)
        sizes[-1] += command[:2] == (b"XINFO", b"STREAM")
    return sizes[1:]  # HELLO has one for itself


def test_every_stream_comes_back_once_with_what_both_rounds_told():
    found = sample(Server(), 500)
    assert found.now_us == 1_800_000_000_000_005
    assert found.names == [b"%d" % number for number in range(500)]
    for stream in found.streams:
        (group,) = stream.groups
        assert (group.name, group.consumer_list) == (b"g", (Consumer(b"c", 1, 1.5, None),))


def test_batches_grow_while_replies_are_small():
    server = Server(reply_bytes=10)
    sample(server, 5000)
    sizes = first_rounds(server)
    assert sizes[:-1] == sorted(sizes[:-1])
    assert sizes[0] == 4
    assert max(first_rounds(server)) == 64


def test_batches_shrink_to_single_streams_when_replies_are_huge():
    server = Server(reply_bytes=5_000_000)
    sample(server, 200)
    assert first_rounds(server)[4:] == [1] * (200 - 16)


def test_a_bounded_number_of_commands_is_under_way():
    server = Server(reply_bytes=10)
    sample(server, 5000)
    assert server.most_unread <= 4 * (1 + 2 * 64) + 4 * 3 * 64


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
        sample(Server(time=time), 1)
    assert raised.value.reason == reason


def test_time_that_is_up_is_a_timeout():
    with pytest.raises(Unreadable) as raised:
        Deadline(0).remaining()
    assert raised.value.reason == "timeout"


def test_a_group_that_was_destroyed_between_the_rounds_is_left_out_and_its_stream_is_not():
    found = sample(Server(errors={(b"XPENDING",): "NOGROUP No such key or group"}), 3)
    assert [stream.groups for stream in found.streams] == [()] * 3
    assert found.errors == []


def test_a_stream_whose_groups_cannot_be_read_is_one_error():
    denied = {(b"XINFO", b"CONSUMERS"): "NOPERM no", (b"XPENDING",): "NOPERM no"}
    found = sample(Server(errors=denied), 3)
    assert found.streams == []
    assert [(error.subject, error.reason) for error in found.errors] == [
        (b"%d" % number, "noperm") for number in range(3)
    ]


class TestLargeEntries:
    def test_they_are_read_whole_once_and_then_left_out_by_scripts_sent_once_each(self):
        brief = Brief()
        sample(Server(large=True), 3, brief)
        server = Server(large=True)
        found = sample(server, 3, brief)
        assert len(found.streams) == 3
        assert server.sent(b"XRANGE") == []
        assert [c for c in server.sent(b"XINFO") if c[1] == b"STREAM"] == []
        assert len(server.sent(b"EVAL_RO")) == 2  # one for the streams, one for the entries
        assert len(server.sent(b"EVALSHA_RO")) == 4
        assert (found.read_whole, found.script_denial) == (0, None)

    @pytest.mark.parametrize("denial", ["NOPERM no scripts", "ERR unknown command 'EVAL_RO'"])
    def test_where_scripts_are_denied_they_are_read_whole_and_counted(self, denial):
        brief = Brief()
        sample(Server(large=True), 3, brief)
        refusing = {(b"EVAL_RO",): denial, (b"EVALSHA_RO",): denial}
        for _ in range(2):
            server = Server(large=True, errors=refusing)
            found = sample(server, 3, brief)
            assert sorted(found.names) == [b"0", b"1", b"2"]
            assert (found.errors, found.read_whole) == ([], 3)
            assert found.script_denial == denial
        assert server.sent(b"EVAL_RO", b"EVALSHA_RO") == []  # it was told so once

    def test_a_right_that_is_given_later_is_noticed_without_a_new_connection(self):
        now = 0.0
        brief = Brief(lambda: now)
        sample(Server(large=True), 3, brief)
        refusing = {(b"EVAL_RO",): "NOPERM no", (b"EVALSHA_RO",): "NOPERM no"}
        sample(Server(large=True, errors=refusing), 3, brief)
        now = 299.0
        assert sample(Server(large=True), 3, brief).read_whole == 3
        now = 300.0
        assert sample(Server(large=True), 3, brief).read_whole == 0

    @pytest.mark.parametrize(
        "denial",
        [
            "NOPERM this user has no permissions to access one of the keys used as arguments",
            "NOPERM User reader has no permissions to access the '0' key",
        ],
    )
    def test_a_key_that_may_not_be_read_is_one_error_and_no_denial_of_scripts(self, denial):
        brief = Brief()
        sample(Server(large=True), 1, brief)
        found = sample(Server(large=True, errors={(b"EVAL_RO",): denial}), 1, brief)
        assert [error.reason for error in found.errors] == ["noperm"]
        assert (found.read_whole, found.script_denial) == (0, None)

    def test_scripts_that_the_server_does_not_keep_are_sent_whole(self):
        brief = Brief()
        sample(Server(large=True), 3, brief)
        lost = {(b"EVALSHA_RO",): "NOSCRIPT No matching script."}
        server = Server(large=True, errors=lost)
        found = sample(server, 3, brief)
        assert sorted(found.names) == [b"0", b"1", b"2"]
        assert (found.errors, found.read_whole, found.script_denial) == ([], 0, None)
        assert len(server.sent(b"EVAL_RO", b"EVALSHA_RO")) < 20
        assert len(Server.sent(server, b"XRANGE")) == 0

    def test_a_key_denied_to_the_first_script_of_a_sample_costs_no_other_stream(self):
        brief = Brief()
        sample(Server(large=True), 3, brief)
        server = Server(large=True)
        answer, kept = server.answer, set()

        def answer_like_redis(name, *arguments):
            if name == b"EVAL_RO" and arguments[2] == b"0":  # before the script is loaded
                return ErrorReply.parse("NOPERM No permissions to access a key")
            if name == b"EVAL_RO":
                kept.add(len(arguments))
            if name == b"EVALSHA_RO" and len(arguments) not in kept:
                return ErrorReply.parse("NOSCRIPT No matching script.")
            return answer(name, *arguments)

        server.answer = answer_like_redis
        found = sample(server, 3, brief)
        assert sorted(found.names) == [b"1", b"2"]
        assert [(error.subject, error.reason) for error in found.errors] == [(b"0", "noperm")]

    def test_a_denial_in_the_second_round_costs_no_stream_either(self):
        brief = Brief()
        sample(Server(large=True), 3, brief)
        server = Server(large=True)
        answer = server.answer

        def refuse_entries(name, *arguments):
            if name in (b"EVAL_RO", b"EVALSHA_RO") and len(arguments) > 3:
                return ErrorReply.parse("NOPERM no XRANGE in a script")
            return answer(name, *arguments)

        server.answer = refuse_entries
        found = sample(server, 3, brief)
        assert sorted(found.names) == [b"0", b"1", b"2"]
        assert found.errors == []

    def test_a_stream_that_is_gone_is_gone_for_the_script_too(self):
        brief = Brief()
        sample(Server(large=True), 1, brief)
        gone = "ERR no such key script: 1f, on @user_script:1."
        found = sample(Server(large=True, errors={(b"EVAL_RO",): gone}), 1, brief)
        assert [error.reason for error in found.errors] == ["gone"]

    def test_once_entries_are_small_they_are_read_by_the_command_again(self):
        brief = Brief()
        sample(Server(large=True), 1, brief)
        assert brief.names == {b"0"}
        brief.learn(b"0", [b"last-entry", [b"5-1"], b"entry-bytes", 9])
        assert brief.names == frozenset()

    def test_they_are_counted_no_longer_once_entries_are_small_though_scripts_are_denied(self):
        brief = Brief()
        sample(Server(large=True), 3, brief)
        refusing = {(b"EVAL_RO",): "NOPERM no", (b"EVALSHA_RO",): "NOPERM no"}
        assert sample(Server(large=True, errors=refusing), 3, brief).read_whole == 3
        assert sample(Server(errors=refusing), 3, brief).read_whole == 0

    def test_a_denial_is_not_taken_back_while_there_is_nothing_to_try_it_on(self):
        now = 0.0
        brief = Brief(lambda: now)
        sample(Server(large=True), 1, brief)
        sample(Server(large=True, errors={(b"EVAL_RO",): "NOPERM no"}), 1, brief)
        sample(Server(), 1, brief)
        now = 1_000.0
        assert sample(Server(), 1, brief).script_denial == "NOPERM no"

    @pytest.mark.parametrize(
        ("entry_bytes", "at_once"), [(20_000, 8), (300_000, 2), (600_000, 1), (9_000_000, 1)]
    )
    def test_no_more_than_a_megabyte_of_them_is_asked_about_at_once(self, entry_bytes, at_once):
        """Two entries of each stream count: a server copies both, whatever the script returns."""
        brief = Brief()
        sample(Server(large=True, entry_bytes=entry_bytes), 8, brief)
        server = Server(large=True, entry_bytes=entry_bytes)
        assert len(sample(server, 8, brief).streams) == 8
        assert server.most_scripts == at_once

    def test_nothing_is_remembered_of_streams_no_longer_watched(self):
        brief = Brief()
        sample(Server(large=True), 3, brief)
        sample(Server(large=True), 1, brief)
        assert brief.names == {b"0"}
