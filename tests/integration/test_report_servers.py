"""`streamgauge report` on every server, on one with hostile names, and on a terminal."""

import contextlib
import json
import os
from pathlib import Path

import pytest

from support.commands import command, environment
from support.faulty import Proxy
from support.faulty_actions import after
from support.reports import Report, config, report
from support.servers import RealServer


class TestEveryServer:
    """What releases tell differs: who is listed as a consumer, what is counted, what idle means."""

    LIMITS = ({"match": "event:*", "class": "event", "lag_limit": "5m"},)

    def look(self, server: RealServer, directory: Path, *arguments: str) -> Report:
        flag = config(directory, redis={"url": server.url}, streams=list(self.LIMITS))
        return report(flag, "--format=json", *arguments)

    def test_a_group_that_waits_is_ready(self, server: RealServer, tmp_path: Path):
        with server.client() as client:
            client.xgroup_create("event:jobs", "workers", mkstream=True)
            client.xgroup_createconsumer("event:jobs", "workers", "w1")
        found = self.look(server, tmp_path)
        assert found.code == 0
        assert found.redis["streams"][0]["state"] == "empty by design"
        assert found.redis["groups"][0]["state"] == "waiting"

    def test_a_consumer_that_died_with_entries_left_is_stalled(self, server, tmp_path):
        with server.client() as client:
            client.xgroup_create("event:jobs", "workers", "0", mkstream=True)
            seconds, _ = client.time()
            for n in (1, 2):
                client.xadd("event:jobs", {"n": n}, id=f"{(seconds - 600) * 1000 + n}-0")
            assert client.xreadgroup("workers", "w1", {"event:jobs": ">"}, count=1)
            client.xgroup_delconsumer("event:jobs", "workers", "w1")
        found = self.look(server, tmp_path)
        group = found.redis["groups"][0]
        assert (found.code, group["state"]) == (2, "stalled")
        assert "it was handed none for 10m" in group["reason"]

    def test_entries_with_nobody_to_read_them_yet_are_no_problem_within_the_limit(
        self, server, tmp_path
    ):
        with server.client() as client:
            client.xgroup_create("event:jobs", "workers", "0", mkstream=True)
            client.xadd("event:jobs", {"n": 1})
        found = self.look(server, tmp_path)
        assert (found.code, found.redis["groups"][0]["state"]) == (0, "active")

    def test_a_cursor_that_moves_between_the_looks(self, server, tmp_path):
        with server.client() as client, Proxy(server.port) as proxy:
            client.xgroup_create("event:jobs", "workers", "0", mkstream=True)
            seconds, _ = client.time()
            for n in range(200):  # an hour old, so the limit is over from the start
                client.xadd("event:jobs", {"n": n}, id=f"{(seconds - 3600) * 1000 + n}-0")

            def read_one() -> None:
                client.xreadgroup("workers", "w1", {"event:jobs": ">"}, count=1)

            read_one()
            proxy.fault("XINFO GROUPS", after(read_one), skip=1)  # before the second look is taken
            flag = config(tmp_path, redis={"url": proxy.url}, streams=list(self.LIMITS))
            found = report(flag, "--format=json", "--window=300ms")
        group = found.redis["groups"][0]
        assert group["state"] == "behind"
        expected = "it is catching up: " if server.release.tells_lag else "it read in the last "
        assert expected in group["reason"]


class TestHostileServer:
    def test_names_of_any_bytes_in_every_format(self, redis8: RealServer):
        names = [
            b" ",
            b"a\n# b",
            b"\x1b[31mred",
            b"p|ipe",
            b"`tick`",
            b"[red]x",
            b"\xff\x00",
            b"<b>",
        ]
        with redis8.client() as client:
            for name in names:
                client.xadd(name, {"n": 1})
                client.xgroup_create(name, name, "0")
        for output_format in ("table", "markdown", "json"):
            found = report(f"--redis.url={redis8.url}", f"--format={output_format}")
            assert found.code == 0, found.err
            assert all(char.isprintable() for line in found.out.split("\n") for char in line)
        assert len(json.loads(found.out)["redis"][0]["streams"]) == len(names)


def test_on_a_terminal_it_is_coloured(redis7: RealServer):
    """Under a pseudo-terminal, as a person sees it."""
    pty = pytest.importorskip("pty")
    with redis7.client() as client:
        client.xadd("s", {"n": 1})
    chunks: list[bytes] = []

    def read(descriptor: int) -> bytes:
        chunks.append(os.read(descriptor, 65536))
        return chunks[-1]

    words = command("report", f"--redis.url={redis7.url}")
    pid, descriptor = pty.fork()
    if pid == 0:  # pragma: no cover - the child becomes the command
        os.execvpe(words[0], words, environment({"TERM": "xterm-256color"}))
    with contextlib.suppress(OSError):
        while read(descriptor):
            pass
    os.close(descriptor)
    os.waitpid(pid, 0)
    text = b"".join(chunks)
    assert b"\x1b[36munclassified" in text
