"""`streamgauge suggest` as a user runs it: on every server, with few rights, on large entries."""

from pathlib import Path

import pytest
import redis

from streamgauge.config import load_config
from streamgauge.model.ids import StreamId
from streamgauge.model.readings import History
from streamgauge.policy import Policy
from streamgauge.source.history import HistoryReader
from support.commands import run
from support.servers import RealServer
from support.suggestions import READING, SECRET, fill, suggest

BEFORE_7 = ["+time", "+scan", "+xinfo", "+xrevrange"]


class TestEveryServer:
    def test_what_is_proposed_is_a_valid_configuration(self, server: RealServer, tmp_path: Path):
        fill(server)
        found = suggest(f"--redis.url={server.url}")
        assert (found.code, found.err) == (0, "")
        rules = found.rules()
        assert {match: rule["class"] for match, rule in rules.items()} == {
            "feed:tick": "continuous",
            "job:*": "event",
            "dead": "continuous",
            "\udcff\n#\\*": "event",
        }
        assert rules["feed:tick"] | {"quiet_limit": ""} == {
            "match": "feed:tick", "class": "continuous", "quiet_limit": "", "lag_limit": "5m",
        }  # fmt: skip
        assert "# SILENT NOW: dead has had no entry for 1d" in found.out
        assert "#   queue: never written" in found.out
        assert "#   counter: its IDs are no times" in found.out
        file = tmp_path / "c.yml"
        file.write_text(found.out, encoding="utf-8")
        checked = run("check-config", file)
        assert checked.returncode == 0, checked.stderr
        policy = Policy.from_config(load_config(file, environ={}))
        assert policy.resolve(b"\xff\n#*").stream_class == "event"
        assert policy.resolve(b"\xff\n#+").stream_class == "unclassified"

    def test_it_only_reads_and_has_the_rights_of_its_help(self, server: RealServer):
        fill(server)
        rights = [*READING, "+eval_ro"] if server.release.tells_lag else [*BEFORE_7, "+eval"]
        with server.client() as client:
            client.execute_command(
                "ACL", "SETUSER", "reader", "reset", "on", f">{SECRET}", "~*", *rights
            )
            client.acl_log_reset()
            before = client.info("persistence")["rdb_changes_since_last_save"]
            found = suggest(
                f"--redis.url={server.url}",
                environment={
                    "STREAMGAUGE_REDIS_USERNAME": "reader",
                    "STREAMGAUGE_REDIS_PASSWORD": SECRET,
                },
            )
            assert (found.code, found.err) == (0, "")
            assert "feed:tick" in found.rules()
            assert SECRET not in found.out
            denied = [each for each in client.acl_log() if each["object"] != "eval_ro"]
            client.acl_deluser("reader")
            assert denied == []
            assert client.info("persistence")["rdb_changes_since_last_save"] == before

    def test_where_scripts_are_denied_it_says_so_and_reads_entries(self, server: RealServer):
        fill(server)
        rights = READING if server.release.tells_lag else BEFORE_7
        with server.client() as client:
            client.execute_command(
                "ACL", "SETUSER", "plain", "reset", "on", "nopass", "~*", *rights
            )
            url = server.url.replace("//", "//plain:x@")
            found = suggest(f"--redis.url={url}")
            client.acl_deluser("plain")
        assert found.code == 0
        assert "scripts are denied" in found.err
        assert "scripts are denied" in found.out
        assert found.rules()["feed:tick"]["class"] == "continuous"

    def test_the_newest_ids_are_read_in_order_by_either_way(self, server: RealServer):
        with server.client() as client:
            ids = [StreamId(1_700_000_000_000 + each // 3, each % 3) for each in range(2_500)]
            with client.pipeline(transaction=False) as pipe:
                for each in ids:
                    pipe.xadd("s", {"n": "1"}, id=str(each))
                pipe.execute()
        for most in (1, 999, 1_000, 1_001, 2_500, 9_000):
            for denied in (False, True):
                reader = reader_of(server)
                if denied:
                    reader._scripts.clear()
                history = reader.read(b"s", most)
                reader.close()
                assert isinstance(history, History)
                assert list(history.ids) == ids[-most:]
                assert (history.length, history.last_generated) == (2_500, ids[-1])
                assert history.is_cut is False


def reader_of(server: RealServer) -> HistoryReader:
    config = load_config(None, flags={"redis.url": server.url}, environ={})
    return HistoryReader(config.redis[0], pause=lambda _seconds: None)


class TestLargeEntries:
    @pytest.fixture
    def large(self, redis7: RealServer) -> RealServer:
        with redis7.client() as client:
            _add_large(client)
        return redis7

    def test_a_script_sends_ids_alone(self, large: RealServer):
        reader = reader_of(large)
        history = reader.read(b"large", 10_000)
        reader.close()
        assert isinstance(history, History)
        assert len(history.ids) == 60
        assert not history.is_cut
        # XINFO STREAM tells the first and the last entry whole; that is all.
        assert reader._wire.bytes_read < 2.1 * 1024 * 1024

    def test_whole_entries_are_read_up_to_a_number_of_bytes(self, large: RealServer):
        reader = reader_of(large)
        reader._scripts.clear()
        history = reader.read(b"large", 10_000)
        reader.close()
        assert isinstance(history, History)
        assert 25 <= len(history.ids) <= 40
        assert history.is_cut
        assert reader._wire.bytes_read < 40 * 1024 * 1024


def _add_large(client: redis.Redis) -> None:
    value = "x" * (1024 * 1024)
    for each in range(60):
        client.xadd("large", {"v": value}, id=f"{1_700_000_000_000 + each}-0")
