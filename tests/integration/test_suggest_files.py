"""Where `streamgauge suggest` writes to: a file of the user's, a new one, stdout, or nothing."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from streamgauge.config import load_config
from support.commands import command, environment, interruptible, killed_at_the_end
from support.polling import wait_for
from support.servers import RealServer
from support.suggestions import READING, SECRET, Suggestion, add, fill, suggest


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
        assert found.code == 1
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
            with interruptible():
                process = subprocess.Popen(
                    command("suggest", f"--redis.url={redis7.url}", f"--output={file}"),
                    stderr=subprocess.PIPE,
                    env=environment(),
                )
            with process, killed_at_the_end(process):
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
        with (
            subprocess.Popen(
                command("suggest", f"--redis.url={redis7.url}"),
                stdout=subprocess.PIPE,
                stderr=theirs,
                env=environment({"TERM": "xterm-256color"}),
            ) as process,
            killed_at_the_end(process),
        ):
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
