"""The commands of an incident: on exactly the names, safest first, each with what it costs."""

import re
import shlex

import pytest

from streamgauge.config.model import RedisConfig, TlsConfig
from streamgauge.model.ids import StreamId
from streamgauge.report.commands import Situation, advice
from streamgauge.source.inquiry import Refusal
from streamgauge.verdict.states import GroupState, StreamState
from support.incidents import SERVER, answer, entry
from support.looks import consumer


def advise(state="", *, stream=b"s", name=b"g", told=None, stream_state="", **fields):
    return advice(Situation(SERVER, stream, stream_state, name, state, answer=told, **fields))


def words(line):
    return shlex.split(line)[5:]


class TestNames:
    @pytest.mark.parametrize("name", [b"orders", b"a b", b"it's", b"$(id)", b"`id`", b"<x>", b"-h"])
    def test_a_printable_name_is_an_argument(self, name):
        line = advise(stream=name)[0].line
        assert words(line) == ["XLEN", name.decode()]

    @pytest.mark.parametrize(
        "name", [b"a\nb", b"\x1b[31m", b"\x00", b"\xff\xfe", "\u202ea".encode(), b"a\x00'\"\\$(id)"]
    )
    def test_another_name_goes_by_the_input_in_ascii(self, name):
        line = advise(stream=name)[0].line
        assert line.isascii()
        assert line.isprintable()
        printf, pattern, text, pipe, *cli = shlex.split(line)
        assert (printf, pattern, pipe) == ("printf", "%s\\n", "|")
        assert cli == ["redis-cli", "-h", "127.0.0.1", "-p", "6379"]
        quoted = re.fullmatch(r'XLEN "(.*)"', text)[1]
        plain = re.sub(r"\\x([0-9a-f]{2})", lambda match: chr(int(match[1], 16)), quoted)
        assert plain.encode("latin-1") == name

    def test_a_name_of_endless_length_has_no_command(self):
        assert advise(stream=b"x" * 5_000) == []

    def test_the_server_is_reached_as_the_exporter_reaches_it(self):
        tls = TlsConfig(ca_file="/etc/my ca.pem", server_name="r.example")
        server = RedisConfig(name="m", host="r", port=6380, db=3, tls=tls)
        (line,) = [one.line for one in advice(Situation(server, b"s", ""))]
        assert shlex.split(line) == [
            "redis-cli", "-h", "r", "-p", "6380", "--tls", "--cacert", "/etc/my ca.pem", "--sni",
            "r.example", "-n", "3", "XLEN", "s",
        ]  # fmt: skip
        unix = RedisConfig(name="m", unix_path="/run/redis.sock")
        assert advice(Situation(unix, b"s", ""))[0].line == "redis-cli -s /run/redis.sock XLEN s"


class TestAdvice:
    def commands(self, *args, **fields):
        return [" ".join(words(one.line)) for one in advise(*args, **fields)]

    def test_what_only_reads_comes_first_and_the_rest_says_what_it_cannot_undo(self):
        told = answer(entry(0, is_held=False), entry(1, idle=900.0))
        found = advise(GroupState.STALLED, told=told)
        order = [one.reads_only for one in found]
        assert order == sorted(order, reverse=True)
        assert order.count(False) == 4

    def test_entries_that_are_gone_leave_the_list_first_and_skipping_is_the_last_resort(self):
        told = answer(
            entry(0, is_held=False),
            entry(1, idle=900.0),
            consumers=(consumer(b"w", 900.0, 2), consumer(b"lives", 1.0), consumer(b"dead", 1e6)),
            last_delivered=StreamId(7, 1),
        )
        gone, stuck = (f"{1_800_000_000_000 - 60_000}-{n}" for n in (0, 1))
        assert self.commands(GroupState.STALLED, told=told)[4:] == [
            f"XACK s g {gone}",
            "XAUTOCLAIM s g lives 60000 0-0 COUNT 100 JUSTID",
            "XGROUP DELCONSUMER s g dead",
            f"XACK s g {stuck}",
            "XGROUP SETID s g $",
        ]
        assert "XGROUP SETID s g 7-1" in advise(GroupState.STALLED, told=told)[-1].cannot_undo

    def test_entries_at_work_are_left_alone(self):
        told = answer(entry(idle=5.0))
        assert not [one for one in self.commands(GroupState.ACTIVE, told=told) if "CLAIM" in one]

    def test_what_pages_for_not_acknowledging_may_be_acknowledged_though_it_was_touched(self):
        told = answer(entry(idle=5.0, deliveries=9))
        found = self.commands(GroupState.NOT_ACKNOWLEDGING, told=told, ack_limit_seconds=600.0)
        assert any(one.startswith("XACK s g ") for one in found)
        assert any(one.startswith("XAUTOCLAIM s g rescue 600000 ") for one in found)

    def test_a_consumer_that_owns_something_is_never_removed(self):
        told = answer(consumers=(consumer(b"owner", 1e6, 1), consumer(b"new", 9.0)))
        assert not any("DELCONSUMER" in one for one in self.commands(told=told))

    def test_a_group_that_is_missing_is_created_where_nothing_is_lost_first(self):
        assert self.commands(GroupState.MISSING) == [
            "XLEN s", "XGROUP CREATE s g 0", "XGROUP CREATE s g $",
        ]  # fmt: skip

    def test_a_group_that_is_missing_is_created_where_it_stood_where_that_is_known(self):
        found = self.commands(GroupState.MISSING, stood=StreamId(7, 1))
        assert found[:2] == ["XLEN s", "XGROUP CREATE s g 7-1"]

    def test_a_key_of_another_type_is_moved_and_not_deleted(self):
        found = self.commands(name=None, stream_state=StreamState.WRONG_TYPE)
        assert found == ["TYPE s", "RENAMENX s s.was"]

    def test_a_feed_that_is_silent_is_listened_to(self):
        found = self.commands(name=None, stream_state=StreamState.QUIET)
        assert found == ["XLEN s", "XREAD COUNT 1 BLOCK 30000 STREAMS s $"]

    def test_the_declared_groups_of_a_stream_that_is_missing_are_made_with_it(self):
        found = self.commands(
            name=None, stream_state=StreamState.MISSING, declared_groups=(b"a", b"b")
        )
        assert found[-2:] == ["XGROUP CREATE s a 0 MKSTREAM", "XGROUP CREATE s b 0 MKSTREAM"]

    def test_a_reaction_that_is_overdue_is_looked_for_among_readers_before_it_is_made(self):
        found = self.commands(
            name=None, stream_state=StreamState.REACTION_OVERDUE, unanswered=[b"asks", b"begs"]
        )
        assert found == [
            "XLEN s", "XINFO GROUPS asks", "XINFO GROUPS begs", "XADD s * note withdrawn",
        ]  # fmt: skip

    def test_of_a_group_that_loses_entries_who_trims_is_looked_for_before_it_skips_any(self):
        assert self.commands(GroupState.LOSING_ENTRIES)[-2:] == [
            "INFO commandstats", "XGROUP SETID s g $",
        ]  # fmt: skip
        skipping = advise(GroupState.LOSING_ENTRIES)[-1].does
        assert skipping.endswith("the alert ends an hour after the last loss")

    def test_entries_are_never_given_to_the_one_that_is_stuck_with_them(self):
        told = answer(entry(idle=900.0), consumers=(consumer(b"w", 900.0, 1),))
        found = advise(GroupState.STALLED, told=told)
        (claim,) = [one for one in found if "XAUTOCLAIM" in one.line]
        assert words(claim.line)[:4] == ["XAUTOCLAIM", "s", "g", "rescue"]
        assert "start a consumer under it" in claim.does

    def test_what_is_past_its_ack_limit_is_claimed_by_that_limit(self):
        told = answer(entry(idle=18.0))
        found = self.commands(GroupState.NOT_ACKNOWLEDGING, told=told, ack_limit_seconds=2.0)
        assert any(one.startswith("XAUTOCLAIM s g rescue 2000 ") for one in found)

    def test_without_an_answer_nothing_is_said_of_entries(self):
        denied = answer(consumers=Refusal(b"x"))._replace(pending=Refusal(b"x"))
        for told in (None, denied):
            assert all("XACK" not in one for one in self.commands(GroupState.BEHIND, told=told))
