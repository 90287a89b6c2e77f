"""`streamgauge report` as a user runs it: on the demo, calm and broken, and on every server."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest
import yaml

from streamgauge.cli.report import report as report_command
from streamgauge.demo.incidents import INCIDENTS
from support.polling import wait_for
from support.servers import RealServer, free_port

SPEED = 60
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("STREAMGAUGE_")}
EVENT_STREAMS = ("policy.updated", "model.retrain", "reconcile.close")
# What is wrong with the demo by design, whatever else happens.
STANDING = {("policy.updated", "unfinished rename")}


class Report(NamedTuple):
    """What a run of the command left behind."""

    code: int
    out: str
    err: str

    @property
    def redis(self) -> dict[str, Any]:
        return json.loads(self.out)["redis"][0]

    def problems(self) -> set[tuple[str, str]]:
        """Every problem by the last name in it and its state."""
        found = self.redis
        return {
            *((_short(one["stream"]), one["state"]) for one in found["streams"]),
            *((one["group"], one["state"]) for one in found["groups"]),
            *((_short(one["subjects"][0]["stream"]), one["kind"]) for one in found["findings"]),
        }


def _short(stream: str) -> str:
    return stream.removeprefix("quantum:stream:")


def report(*arguments: object, environment: dict[str, str] | None = None) -> Report:
    done = subprocess.run(
        [sys.executable, "-m", "streamgauge", "report", *map(str, arguments)],
        capture_output=True,
        text=True,
        env=ENVIRONMENT | (environment or {}),
        timeout=60,
    )
    return Report(done.returncode, done.stdout, done.stderr)


def config(directory: Path, **document: Any) -> str:
    file = directory / "streamgauge.yml"
    file.write_text(yaml.safe_dump(document, allow_unicode=True))
    return f"--config.file={file}"


@contextlib.contextmanager
def demo(directory: Path, *incidents: str) -> Iterator[str]:
    """The demo in a process of its own; yields the flag that names its configuration."""
    command = [
        sys.executable,
        "-m",
        "streamgauge",
        "demo",
        f"--speed={SPEED}",
        f"--dir={directory}",
    ]
    command += ["--web.listen-address=127.0.0.1:0", *(f"--incident={one}@0" for one in incidents)]
    with (directory / "demo.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=ENVIRONMENT)
    try:
        said = directory / "demo.log"
        wait_for(lambda: b"Ctrl-C" in said.read_bytes(), "the demo runs")
        yield f"--config.file={directory / 'streamgauge.yml'}"
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with demo(tmp_path_factory.mktemp("calm")) as flag:
        yield flag


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Every incident at once: no two break the same thing."""
    with demo(tmp_path_factory.mktemp("broken"), *INCIDENTS) as flag:
        yield flag


class TestCalmDemo:
    def test_nothing_is_wrong_but_what_is_left_over_by_design(self, calm: str):
        found = report(calm, "--only=problems", "--format=json")
        assert found.problems() == STANDING
        assert found.code == 1

    def test_the_event_streams_are_empty_by_design_and_ready(self, calm: str):
        streams = {
            _short(one["stream"]): one for one in report(calm, "--format=json").redis["streams"]
        }
        for name in EVENT_STREAMS:
            assert streams[name]["state"] == "empty by design"
            assert streams[name]["reason"] == (
                "event stream: empty is normal; 1 consumer group is ready"
            )

    def test_the_retrain_worker_waits(self, calm: str):
        groups = {one["group"]: one for one in report(calm, "--format=json").redis["groups"]}
        worker = groups["retraining_workers"]
        assert worker["state"] == "waiting"
        assert worker["reason"] == "nothing to do: no entry waits; 1 consumer ready"

    def test_the_paths_beside_the_empty_streams_are_alive(self, calm: str):
        found = report(calm, "--format=json").redis
        (policy,) = found["keys"]
        assert (policy["key"], policy["state"]) == ("quantum:policy:current", "alive")
        assert re.fullmatch(r"the deadline in valid_until_epoch is \S+ ahead", policy["reason"])
        (holds,) = found["keys_matching"]
        assert (holds["pattern"], holds["state"]) == ("quantum:reconcile:hold:*", "counted")
        assert holds["keys"] >= 0

    def test_a_group_that_was_declared_to_have_no_limit_is_no_problem(self, calm: str):
        groups = {one["group"]: one for one in report(calm, "--format=json").redis["groups"]}
        old = groups["old-dashboard"]
        assert (old["state"], old["severity"]) == ("no limit", "unknown")
        assert old["reason"].endswith(", and its limit is none")

    def test_two_looks_count_what_came_in_between(self, calm: str):
        found = report(calm, "--format=json", "--window=500ms").redis
        assert 0.4 < found["window_seconds"] < 5
        added = {_short(one["stream"]): one["added_in_window"] for one in found["streams"]}
        assert added["market.tick"] > 0
        assert added["policy.update"] == 0

    def test_every_format_says_the_same(self, calm: str):
        for output_format in ("table", "markdown"):
            found = report(calm, f"--format={output_format}")
            assert found.code == 1
            assert "empty is normal; 1 consumer group is ready" in found.out
            assert "never finished" in found.out
            assert "\x1b" not in found.out
            assert found.err == ""


def test_each_incident_has_its_one_cause(broken: str):
    causes = {
        ("market.klines", "quiet"),
        ("execution_audit", "stalled"),
        ("feature_store", "behind"),
        ("hourly-archive", "losing entries"),
        ("market.tick", "missing"),
    }
    found: list[Report] = []

    def complete() -> bool:
        found.append(report(broken, "--only=problems", "--format=json", "--window=1s"))
        return found[-1].problems() >= causes

    wait_for(complete, "every incident shows", seconds=40, every=0.2)
    assert found[-1].problems() == causes | STANDING
    assert found[-1].code == 2
    behind = next(one for one in found[-1].redis["groups"] if one["group"] == "feature_store")
    assert re.search(r"it reads, but [\d,]+ more wait than 1s ago", behind["reason"])


def test_the_two_incidents_that_are_no_problem_show_as_flow(broken: str):
    def states() -> dict[str, str]:
        streams = report(broken, "--format=json").redis["streams"]
        return {_short(one["stream"]): one["state"] for one in streams}

    for name in ("reconcile.close", "model.retrain"):
        wait_for(lambda name=name: states()[name] == "flowing", f"{name} was written", every=0.2)


class TestEveryServer:
    """What releases tell differs: who is listed as a consumer, what is counted, what idle means."""

    LIMITS = ({"match": "event:*", "class": "event", "lag_limit": "1s"},)

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
            client.xadd("event:jobs", {"n": 1})
            assert client.xreadgroup("workers", "w1", {"event:jobs": ">"})
            client.xadd("event:jobs", {"n": 2})
        found = wait_for(
            lambda: (one := self.look(server, tmp_path)).code == 2 and one, "its limit is over"
        )
        group = found.redis["groups"][0]
        assert group["state"] == "stalled"
        assert "no consumer has asked for any in " in group["reason"]

    def test_entries_with_nobody_to_read_them(self, server, tmp_path):
        with server.client() as client:
            client.xgroup_create("event:jobs", "workers", "0", mkstream=True)
            client.xadd("event:jobs", {"n": 1})
        found = self.look(server, tmp_path)
        assert found.code == 1
        assert found.redis["groups"][0]["state"] == "no consumer while entries wait"

    def test_a_cursor_that_moves_between_the_looks(self, server, tmp_path):
        with server.client() as client:
            client.xgroup_create("event:jobs", "workers", "0", mkstream=True)
            seconds, _ = client.time()
            for n in range(200):  # an hour old, so the limit is over from the start
                client.xadd("event:jobs", {"n": n}, id=f"{(seconds - 3600) * 1000 + n}-0")
            flag = config(tmp_path, redis={"url": server.url}, streams=list(self.LIMITS))
            command = [sys.executable, "-m", "streamgauge", "report", flag, "--format=json"]
            command.append("--window=300ms")
            with subprocess.Popen(command, stdout=subprocess.PIPE, env=ENVIRONMENT) as process:
                while process.poll() is None:
                    client.xreadgroup("workers", "w1", {"event:jobs": ">"}, count=1)
                    time.sleep(0.02)
                assert process.stdout is not None
                group = Report(0, process.stdout.read().decode(), "").redis["groups"][0]
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


class TestCheck:
    def test_where_no_stream_is_found_nothing_was_judged(self, redis7: RealServer, tmp_path: Path):
        with redis7.client() as client:
            client.xadd("s", {"n": 1})
        address = {"url": redis7.url}
        found = report(config(tmp_path, redis=address, discovery={"match": ["none:*"]}))
        assert (found.code, found.err) == (1, "")
        assert "no stream was found, so nothing was judged" in found.out
        declared = [{"match": "none:yet", "class": "event"}]
        assert report(config(tmp_path, redis=address, streams=declared)).code == 0

    def test_where_streams_were_not_looked_at_the_rest_is_not_all(self, redis7, tmp_path):
        with redis7.client() as client:
            client.xadd("jobs", {"n": 1})
            client.xadd("more", {"n": 1})
            client.execute_command("ACL SETUSER blind on >pw ~* +@all -scan")
        blind = redis7.url.replace("redis://", "redis://blind:pw@")
        declared = [{"match": "jobs", "class": "event"}]
        for url, discovery, kind in (
            (redis7.url, {"max_streams": 1}, "streams left out"),
            (blind, {}, "keyspace not walked"),
        ):
            settings = {"redis": {"url": url}, "discovery": discovery, "streams": declared}
            found = report(config(tmp_path, **settings))
            assert found.code == 1, found.err
            assert f"works, with 1 warning: {kind}" in found.out

    def test_it_waits_for_a_walk_that_takes_long(self, redis7, tmp_path):
        with redis7.client() as client:
            client.mset({f"key:{n}": "" for n in range(150_000)})  # for 0.75 s or more
            client.xadd("jobs", {"n": 1})
        address = {"url": redis7.url, "timeout": "500ms"}
        found = report(config(tmp_path, redis=address))
        assert found.code == 0, found.out
        assert "jobs" in found.out

    def test_a_server_that_is_not_there_is_3_and_the_reason_is_told(self):
        found = report(f"--redis.url=redis://127.0.0.1:{free_port()}", "--format=markdown")
        assert found.code == 3
        assert "❌ could not be read" in found.out
        assert "Connection refused" in found.err
        assert "- other: `" in found.out

    def test_of_several_servers_all_are_told_and_the_worst_counts(self, redis7, tmp_path):
        servers = [
            {"name": "here", "url": redis7.url},
            {"name": "gone", "url": f"redis://127.0.0.1:{free_port()}"},
        ]
        found = report(config(tmp_path, redis=servers), "--format=json", "--window=100ms")
        assert found.code == 3
        assert [(one["redis"], one["up"]) for one in json.loads(found.out)["redis"]] == [
            ("here", True),
            ("gone", False),
        ]
        (error,) = json.loads(found.out)["redis"][1]["errors"]
        assert (error["kind"], error["name"], error["error"]) == ("redis", "gone", "other")
        assert "Connection refused" in error["reason"]

    @pytest.mark.parametrize(("password", "code"), [("s3cret", 0), ("wr0ng", 3)])
    @pytest.mark.parametrize("where", ["url", "environment", "file"])
    def test_a_password_appears_nowhere(self, start_server, tmp_path, where, password, code):
        server = start_server("redis-7.0", "--requirepass", "s3cret", password="s3cret")
        address = f"127.0.0.1:{server.port}"
        flag, environment = f"--redis.url=redis://{address}", {}
        if where == "url":
            flag = f"--redis.url=redis://:{password}@{address}"
        elif where == "environment":
            environment = {"STREAMGAUGE_REDIS_PASSWORD": password}
        else:
            flag = config(tmp_path, redis={"url": f"redis://{address}", "password": password})
        with server.client() as client:
            client.xadd("s", {"n": 1})
        for output_format in ("table", "json"):
            found = report(flag, f"--format={output_format}", environment=environment)
            assert found.code == code, found.err
            assert password not in found.out + found.err

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            ([], "--redis.url"),
            (["--redis.url=redis://h", "--window=soon"], "found 'soon'"),
            (["--redis.url=redis://h", "--format=xml"], "'xml' is not one of"),
            (["--redis.url=redis://h", "--only=good"], "is not 'problems'"),
            (["--config.file=/none.yml"], "cannot be read"),
            (["--redis.url=redis://h", "--fromat=json"], "No such option '--fromat'"),
        ],
    )
    def test_a_mistake_is_one_sentence_and_no_verdict(self, arguments, sentence):
        """A check that takes 2 for critical must not page for a mistake."""
        found = report(*arguments)
        assert (found.code, found.out) == (3, "")
        assert sentence in found.err
        assert "Traceback" not in found.err

    def test_a_fault_of_the_program_is_no_verdict_either(self, monkeypatch, capsys):
        def fail(*_: object) -> None:
            raise RuntimeError("broken")

        monkeypatch.setattr("streamgauge.cli.report.read_config", fail)
        with pytest.raises(click.exceptions.Exit) as end:
            report_command.invoke(report_command.make_context("report", ["--redis.url=redis://h"]))
        assert end.value.exit_code == 3
        assert "broken" in capsys.readouterr().err

    def test_a_key_of_another_type_is_called_so(self, redis7: RealServer, tmp_path: Path):
        with redis7.client() as client:
            client.hset("feed", "field", "value")
            client.hset("job", "field", "value")
        streams = [
            {"match": "feed", "class": "continuous"},
            {"match": "job", "class": "event"},
        ]
        flag = config(tmp_path, redis={"url": redis7.url}, streams=streams)
        found = report(flag, "--format=json")
        assert found.code == 2
        feed, job = found.redis["streams"]
        assert (feed["stream"], feed["state"], feed["severity"]) == (
            "feed",
            "wrong type",
            "critical",
        )
        assert (job["stream"], job["state"], job["severity"]) == ("job", "wrong type", "warning")
        assert [one["error"] for one in found.redis["errors"]] == ["wrongtype", "wrongtype"]
        text = report(flag).out
        assert "critical: feed (wrong type); 1 warning" in text
        for word in ("missing", "empty by design", "does not exist"):
            assert word not in text

    def test_streams_that_may_not_be_read_are_named_with_the_reason(self, start_server, tmp_path):
        server = start_server("redis-7.0")
        with server.client() as client:
            for name in ("feed", "jobs"):
                client.xadd(name, {"n": 1})
            client.execute_command(
                "ACL", "SETUSER", "half", "on", ">pw", "~jobs", "+@all", "-@dangerous"
            )
        flag = config(
            tmp_path,
            redis={"url": server.url, "username": "half", "password": "pw"},
            streams=[{"match": "feed", "class": "continuous"}],
        )
        found = report(flag, "--format=json")
        assert found.code == 2
        assert found.redis["findings"][0]["kind"] == "continuous stream unreadable"
        assert found.redis["findings"][0]["subjects"][0]["stream"] == "feed"
        states = {one["stream"]: one["state"] for one in found.redis["streams"]}
        assert states["feed"] == "unreadable"
        (error,) = (one for one in found.redis["errors"] if one["name"] == "feed")
        assert (error["kind"], error["error"]) == ("stream", "noperm")
        assert "NOPERM" in error["reason"]
        assert "stream=feed" in found.err

    def test_it_only_reads(self, redis7: RealServer):
        with redis7.client() as client:
            client.xadd("s", {"n": 1})
            client.xgroup_create("s", "g", "0")
            client.config_resetstat()
            report(f"--redis.url={redis7.url}", "--window=100ms")
            sent = {name.removeprefix("cmdstat_") for name in client.info("commandstats")}
        assert "xinfo|stream" in sent
        reading = {"time", "scan", "role", "xinfo|stream", "xinfo|groups", "xinfo|consumers"}
        own = {"config|resetstat", "info", "hello"}
        assert sent <= reading | {"xrange", "xpending"} | own


def test_on_a_terminal_it_is_coloured(redis7: RealServer):
    """Under a pseudo-terminal, as a person sees it."""
    pty = pytest.importorskip("pty")
    with redis7.client() as client:
        client.xadd("s", {"n": 1})
    chunks: list[bytes] = []

    def read(descriptor: int) -> bytes:
        chunks.append(os.read(descriptor, 65536))
        return chunks[-1]

    command = [sys.executable, "-m", "streamgauge", "report", f"--redis.url={redis7.url}"]
    pid, descriptor = pty.fork()
    if pid == 0:  # pragma: no cover - the child becomes the command
        os.execvpe(command[0], command, ENVIRONMENT | {"TERM": "xterm-256color"})
    with contextlib.suppress(OSError):
        while read(descriptor):
            pass
    os.close(descriptor)
    os.waitpid(pid, 0)
    text = b"".join(chunks)
    assert b"\x1b[36munclassified" in text
