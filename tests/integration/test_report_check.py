"""`streamgauge report` as a check: what it ends with, and what it says where it cannot tell."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from streamgauge.cli.report import report as report_command
from support.faulty import Proxy
from support.faulty_actions import after
from support.faulty_endpoints import Refusing
from support.reports import config, report
from support.servers import RealServer


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
            client.mset({f"key:{n}": "" for n in range(6_000)})
            client.xadd("jobs", {"n": 1})
        with Proxy(redis7.port) as proxy:
            proxy.fault("SCAN", after(lambda: time.sleep(0.15)))  # for each 500 keys
            found = report(config(tmp_path, redis={"url": proxy.url, "timeout": "2s"}))
        assert found.code == 0, found.out
        assert "jobs" in found.out

    def test_a_server_that_is_not_there_is_3_and_the_reason_is_told(self):
        with Refusing() as gone:
            found = report(f"--redis.url={gone.url}", "--format=markdown")
        assert found.code == 3
        assert "❌ could not be read" in found.out
        assert "- connection: `cannot connect to " in found.out
        assert found.out.count("refused") == 1
        assert found.err == ""

    def test_of_several_servers_all_are_told_and_the_worst_counts(self, redis7, tmp_path):
        with Refusing() as gone:
            servers = [{"name": "here", "url": redis7.url}, {"name": "gone", "url": gone.url}]
            found = report(config(tmp_path, redis=servers), "--format=json", "--window=100ms")
        assert found.code == 3
        assert [(one["redis"], one["up"]) for one in json.loads(found.out)["redis"]] == [
            ("here", True),
            ("gone", False),
        ]
        (error,) = json.loads(found.out)["redis"][1]["errors"]
        assert (error["kind"], error["name"], error["error"]) == ("redis", "gone", "connection")
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
            (["--redis.url=redis://h", "--window=0s"], "two looks at once show nothing"),
            (["--redis.url=redis://h", "--group=g"], "--group needs --stream"),
            (["--redis.url=redis://h", "--fromat=json"], "Usage: streamgauge report [OPTIONS]"),
            (["--redis.url=redis://h", "--format=xml"], "'xml' is not one of"),
            (["--redis.url=redis://h", "--only=good"], "is not 'problems'"),
            (["--config.file=/none.yml"], "cannot be read"),
            (["--redis.url=redis://h", "--fromat=json"], "--fromat"),
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

    def test_it_only_reads(self, start_server: Callable):
        server: RealServer = start_server("redis-7.0")  # nobody else asks it anything
        with server.client() as client:
            client.xadd("s", {"n": 1})
            client.xgroup_create("s", "g", "0")
            client.config_resetstat()
            report(f"--redis.url={server.url}", "--window=100ms")
            sent = {name.removeprefix("cmdstat_") for name in client.info("commandstats")}
        assert "xinfo|stream" in sent
        reading = {"time", "scan", "role", "xinfo|stream", "xinfo|groups", "xinfo|consumers"}
        own = {"config|resetstat", "info", "hello"}
        assert sent <= reading | {"xrange", "xpending"} | own
