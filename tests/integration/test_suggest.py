"""`streamgauge suggest` as a user runs it: on every server, with few rights, and interrupted."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import redis
import yaml

from streamgauge.config import load_config
from streamgauge.model.history import History
from streamgauge.model.ids import StreamId
from streamgauge.policy import Policy
from streamgauge.source.history import Archive, HistoryReader
from support.clusters import RealCluster
from support.polling import wait_for
from support.sentinels import RealSentinel
from support.servers import RealServer, free_port

ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("STREAMGAUGE_")}
SECRET = "hunter2"
READING = ["+time", "+scan", "+xinfo|stream", "+xinfo|groups", "+xrevrange"]
BEFORE_7 = ["+time", "+scan", "+xinfo", "+xrevrange"]


class Suggestion(NamedTuple):
    """What a run of the command left behind."""

    code: int
    out: str
    err: str

    def rules(self) -> dict[str, Any]:
        return {each["match"]: each for each in yaml.safe_load(self.out)["streams"] or ()}


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "streamgauge", "suggest", *map(str, arguments)]


def suggest(*arguments: object, environment: dict[str, str] | None = None) -> Suggestion:
    done = subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        env=ENVIRONMENT | (environment or {}),
        timeout=60,
    )
    return Suggestion(done.returncode, done.stdout, done.stderr)


def every(gap: float, count: int) -> list[float]:
    return [gap * each for each in range(count, 0, -1)]


def add(client: redis.Redis, name: bytes, ago: list[float]) -> None:
    """Add an entry for each time so many seconds ago, the longest ago first."""
    seconds, _ = client.time()
    with client.pipeline(transaction=False) as pipe:
        for each in ago:
            pipe.xadd(name, {"n": "1"}, id=f"{int((seconds - each) * 1000)}-1")
        pipe.execute()


def fill(server: RealServer) -> None:
    """A feed, rare events, a queue never written, a feed that died, and a name that is no name."""
    with server.client() as client:
        add(client, b"feed:tick", every(1, 900))
        days = [86_400 * each for each in (90, 77, 51, 40, 11, 2)]
        for name in (b"job:a", b"job:b", b"job:c"):
            add(client, name, days)
        client.xgroup_create("queue", "workers", mkstream=True)
        add(client, b"dead", [86_400 + 10 * each for each in range(900, 0, -1)])
        add(client, b"\xff\n#*", days)
        client.xadd("counter", {"n": "1"}, id="5-1")


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
        check = [sys.executable, "-m", "streamgauge", "check-config", str(file)]
        checked = subprocess.run(check, capture_output=True, text=True, env=ENVIRONMENT)
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


class TestUpdate:
    TEXT = (
        "# mine\nredis:\n  url: redis://127.0.0.1:{port}  # here\n  password: {secret}\nstreams:\n"
        "  - match: 'job:a'   # by hand\n    class: hybrid\n\n# the end\n"
    )

    def file(self, server: RealServer, directory: Path) -> Path:
        file = directory / "mine.yml"
        file.write_text(self.TEXT.format(port=server.port, secret=SECRET))
        return file

    @pytest.fixture
    def guarded(self, start_server: Callable) -> RealServer:
        server = start_server("redis-7.0", "--requirepass", SECRET, password=SECRET)
        fill(server)
        return server

    def test_what_is_there_stays_and_what_is_new_is_added_once(self, guarded, tmp_path):
        file = self.file(guarded, tmp_path)
        before = file.read_text()
        found = suggest(f"--update={file}")
        assert found.code == 0, found.err
        assert "added 5 rules for 5 streams" in found.out
        after = file.read_text()
        head, tail = before.split("\n\n")
        assert after.startswith(head + "\n  ")
        assert after.endswith("\n\n" + tail)
        config = load_config(file, environ={})
        assert config.streams[0].match == "job:a"
        assert {rule.match for rule in config.streams} == {
            "job:a", "job:b", "job:c", "feed:tick", "dead", "\udcff\n#\\*",
        }  # fmt: skip
        again = suggest(f"--update={file}")
        assert "stays as it is" in again.out
        assert file.read_text() == after
        assert [each.name for each in tmp_path.iterdir() if each.is_file()] == ["mine.yml"]
        assert SECRET not in found.out + found.err + again.out + again.err

    def test_a_list_in_brackets_is_left_and_the_rules_are_printed(self, guarded, tmp_path):
        file = self.file(guarded, tmp_path)
        text = file.read_text().partition("streams:")[0] + "streams: [{match: x, class: event}]\n"
        file.write_text(text)
        found = suggest(f"--update={file}")
        assert found.code == 1
        assert "streams is a list in brackets" in found.err
        assert "- match: feed:tick" in found.out
        assert file.read_text() == text
        assert SECRET not in found.out + found.err


class TestOutput:
    def test_a_new_file_is_written_and_an_old_one_never(self, redis7: RealServer, tmp_path: Path):
        fill(redis7)
        file = tmp_path / "new.yml"
        found = suggest(f"--redis.url={redis7.url}", f"--output={file}")
        assert (found.code, found.out) == (0, "")
        assert len(load_config(file, environ={}).streams) == 4
        written = file.read_bytes()
        assert suggest(f"--redis.url={redis7.url}", f"--output={file}").code == 2
        assert file.read_bytes() == written

    @pytest.mark.parametrize(
        ("arguments", "code", "sentence"),
        [
            ([], 2, "--redis.url"),
            (["--redis.url=redis://h", "--entries=0"], 2, "0 is not in the range"),
            (["--update=/nonexistent.yml"], 2, "cannot be read"),
            (["--update=x.yml", "--output=y.yml"], 2, "leave --output out"),
            (["--update=x.yml", "--config.file=y.yml"], 2, "leave --config.file out"),
            (["--redis.url=redis://127.0.0.1:1"], 3, "refused"),
            (["--output=/nonexistent/x.yml"], 2, "--redis.url"),
        ],
    )
    def test_a_mistake_is_one_sentence(self, arguments, code, sentence):
        found = suggest(*arguments)
        assert (found.code, found.out) == (code, "")
        assert sentence in found.err
        assert "Traceback" not in found.err

    def test_a_folder_that_is_not_there(self, redis7: RealServer):
        found = suggest(f"--redis.url={redis7.url}", "--output=/nonexistent/x.yml")
        assert (found.code, found.out) == (1, "")
        assert "cannot write /nonexistent/x.yml" in found.err

    def test_streams_that_may_not_be_read_are_told_and_no_pattern_matches_them(self, start_server):
        server = start_server("redis-7.0")
        fill(server)
        with server.client() as client:
            add(client, b"job:secret", [100_000.0, 5.0])
            rules = ["~job:a", "~job:b", "~job:c", *READING, "+eval_ro"]
            client.execute_command("ACL", "SETUSER", "half", "reset", "on", "nopass", *rules)
        found = suggest(f"--redis.url={server.url.replace('//', '//half:x@')}")
        assert found.code == 0
        assert "not read: job:secret: NOPERM" in found.err
        assert "# not read: job:secret: NOPERM" in found.out
        assert set(found.rules()) == {"job:a", "job:b", "job:c"}


class TestInterrupted:
    @pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="looks into /proc")
    def test_ctrl_c_leaves_no_file(self, redis7: RealServer, tmp_path: Path):
        fill(redis7)
        file = tmp_path / "new.yml"
        redis7.pause()
        try:
            with subprocess.Popen(
                command(f"--redis.url={redis7.url}", f"--output={file}"),
                stderr=subprocess.PIPE,
                env=ENVIRONMENT,
            ) as process:
                wait_for(lambda: _is_connected(process.pid, redis7.port), "it asks Redis")
                process.send_signal(signal.SIGINT)
                assert process.wait(20) == 130
                assert process.stderr is not None
                assert b"Traceback" not in process.stderr.read()
        finally:
            redis7.resume()
        assert list(tmp_path.iterdir()) == []

    def test_a_terminal_shows_progress_on_stderr_and_stdout_stays_yaml(self, redis7: RealServer):
        pty = pytest.importorskip("pty")
        fill(redis7)
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            command(f"--redis.url={redis7.url}"),
            stdout=subprocess.PIPE,
            stderr=theirs,
            env=ENVIRONMENT | {"TERM": "xterm-256color"},
        ) as process:
            os.close(theirs)
            shown = b""
            with contextlib.suppress(OSError):
                while chunk := os.read(ours, 65_536):
                    shown += chunk
            os.close(ours)
            assert process.stdout is not None
            out = process.stdout.read().decode()
        assert b"100%" in shown
        assert "feed:tick" in Suggestion(0, out, "").rules()


def _is_connected(pid: int, port: int) -> bool:
    """Tell whether the process has a connection to the port, from the kernel's own table."""
    inodes = set()
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            inodes.add(str(each.readlink()).removeprefix("socket:[").removesuffix("]"))
    rows = Path("/proc/net/tcp").read_text().splitlines()[1:]
    fields = [row.split() for row in rows]
    return any(row[9] in inodes and row[2].endswith(f":{port:04X}") for row in fields)


class TestSeveralServers:
    def test_every_one_is_looked_at_and_the_worst_ends_it(self, redis7, redis8, tmp_path):
        fill(redis7)
        with redis8.client() as client:
            add(client, b"feed:tick", every(40, 900))
        servers = [{"name": "one", "url": redis7.url}, {"name": "two", "url": redis8.url}]
        file = tmp_path / "c.yml"
        file.write_text(yaml.safe_dump({"redis": servers}))
        found = suggest(f"--config.file={file}")
        assert (found.code, found.err) == (0, "")
        assert found.rules()["feed:tick"]["quiet_limit"] == "1m30s"
        servers.append({"name": "gone", "url": f"redis://127.0.0.1:{free_port()}"})
        file.write_text(yaml.safe_dump({"redis": servers}))
        found = suggest(f"--config.file={file}")
        assert (found.code, found.out) == (3, "")
        assert "gone: " in found.err

    def test_a_cluster_is_read_at_every_primary(self, tmp_path):
        with RealCluster("redis-7.0", tmp_path) as cluster:
            names = [cluster.key_at(primary, "feed") for primary in range(cluster.primaries)]
            with cluster.client() as client:
                for name in names:
                    seconds, _ = client.time(target_nodes="random")
                    for each in every(2, 400):
                        client.xadd(name, {"n": "1"}, id=f"{int((seconds - each) * 1000)}-1")
            flags = {"redis.url": cluster.nodes[0].url, "redis.mode": "cluster"}
            histories = everything(flags)
            cluster.nodes[2].kill()
            rest = everything(flags)
        assert list(histories) == sorted(names)
        assert [len(each.ids) for each in histories.values()] == [400] * 3
        assert list(rest) == sorted(names[:2])

    def test_behind_sentinels_the_primary_is_read(self, start_server, tmp_path):
        primary = start_server("redis-7.0")
        with primary.client() as client:
            add(client, b"feed", every(2, 400))
        with RealSentinel("redis-7.0", tmp_path, primary) as sentinel:
            section = {"service": "quantum", "nodes": [sentinel.address]}
            (tmp_path / "c.yml").write_text(yaml.safe_dump({"redis": {"sentinel": section}}))
            found = suggest(f"--config.file={tmp_path / 'c.yml'}")
        assert (found.code, found.err) == (0, "")
        assert list(found.rules()) == ["feed"]
        assert yaml.safe_load(found.out)["redis"]["sentinel"] == section


def everything(flags: dict[str, str]) -> dict[str, History]:
    """Every history of the one Redis that these flags name, by the name of its stream."""
    config = load_config(None, flags=flags, environ={})
    archive = Archive(config.redis[0], config.discovery, Policy.from_config(config))
    names, _failures = archive.find()
    read = [archive.read(name, 1_000) for name in names]
    archive.close()
    return {each.name.decode(): each for each in read if isinstance(each, History)}
