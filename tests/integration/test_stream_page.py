"""The page of one stream and `report --stream`, of a real Redis, and what its commands do there."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from streamgauge.labels import label_value
from streamgauge.report.commands import Situation, advice
from streamgauge.source.inquiry import Answer, inquire
from streamgauge.verdict.states import GroupState
from support.exporter import ExporterProcess
from support.pages import Page
from support.polling import wait_for
from support.reports import config, report
from support.servers import RealServer, missing
from support.status_pages import settings_of

HOSTILE = [
    b"plain",
    b"two words",
    b'it\'s "quoted" `id` $(id) ${HOME} \\ !',
    b"<script>alert(1)</script>",
    b"a\nb\r\n",
    b"\x1b[31mred",
    "\u202eleft\u200f".encode(),
    b"zero\x00byte",
    b"\xff\xfe",
    b"--help",
    b"*",
    "行情".encode(),
]
RIGHTS = "+time +scan +xinfo|stream +xinfo|groups +xinfo|consumers +xpending +xrange"


def fill(server: RealServer) -> None:
    """Streams of hostile names; of each entry 1 is gone, 2 is pending, 3 waits."""
    with server.client(decode_responses=False) as client:
        for name in HOSTILE:
            for number in range(3):
                client.xadd(name, {"secret": f"payload-{number}"}, id=f"{number + 1}-0")
            client.xgroup_create(name, name, "0")
            client.xreadgroup(name, name, {name: ">"}, count=2)
            client.xdel(name, "1-0")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    with RealServer("redis-7.0", tmp_path_factory.mktemp("server")) as server:
        fill(server)
        yield server


@pytest.fixture(scope="module")
def process(
    server: RealServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ExporterProcess]:
    document = {
        "redis": {"name": "main", "url": server.url},
        "streams": [{"match": "*", "class": "hybrid", "lag_limit": "1m"}],
    }
    with ExporterProcess(tmp_path_factory.mktemp("exporter"), config=document) as process:
        process.scrape_until_known("plain")
        yield process


def address(**parts: str) -> str:
    return f"/stream?{urlencode({'redis': 'main', 'db': 'db0'} | parts)}"


def shell(line: str) -> str:
    """What a shell makes of a command, pasted as it stands."""
    if shutil.which("redis-cli") is None:
        missing("redis-cli")
    done = subprocess.run(["sh", "-c", line], capture_output=True, check=True, timeout=60)
    return done.stdout.decode("utf-8", "backslashreplace").strip()


def asked(server: RealServer, name: bytes, group: bytes) -> Answer:
    return inquire(settings_of(server), name, group, 1)


class TestPage:
    @pytest.mark.parametrize("name", HOSTILE)
    def test_it_is_found_by_its_labels_and_tells_everything_but_payloads(self, process, name):
        about = address(stream=label_value(name), group=label_value(name))
        answer = wait_for(
            lambda: "Redis is asked at most" not in (found := process.get(about)).text and found,
            "Redis may be asked",
        )
        assert answer.status == 200
        page = Page(answer.text)
        for words in (
            "What changed", "Consumer groups", "Oldest pending entries", "gone from the stream",
            "still there", "Consumers by idle time", "Commands", "Only reads:",
        ):  # fmt: skip
            assert words in page.text, words
        assert "payload" not in answer.text
        assert "script" not in page.tags

    def test_without_a_group_it_is_about_the_worst(self, process):
        about = address(stream="plain")
        wait_for(
            lambda: "Oldest pending entries of plain" in Page(process.get(about).text).text,
            "Redis may be asked",
        )

    @pytest.mark.parametrize("query", ["db=0&redis=main&stream=plain", "stream=plain"])
    def test_what_can_mean_one_stream_alone_is_enough(self, process, query):
        assert process.get(f"/stream?{query}").status == 200

    @pytest.mark.parametrize(
        "parts", [{"stream": "none"}, {}, {"redis": "x", "stream": "plain"}, {"db": "db9"}]
    )
    def test_what_is_not_there_is_404(self, process, parts):
        assert process.get(address(**parts)).status == 404

    @pytest.mark.parametrize(
        ("path", "place"),
        [("/docs", "docs/"), ("/runbooks", "runbooks/"), ("/docs/metrics.md", "metrics")],
    )
    def test_addresses_of_before_lead_on(self, process, path, place):
        answer = process.get(path)
        assert (answer.status, answer.headers["location"]) == (308, place)


class TestCost:
    def test_a_large_group_costs_a_bounded_number_of_commands(self, start_server):
        server = start_server("redis-7.0")
        with server.client() as client:
            pipe = client.pipeline(transaction=False)
            for number in range(3_000):
                pipe.xadd("s", {"n": number})
            pipe.xgroup_create("s", "g", "0")
            for number in range(1_000):
                pipe.xreadgroup("g", f"c{number}", {"s": ">"}, count=3)
            pipe.execute()
            client.config_resetstat()
            answer = inquire(settings_of(server), b"s", b"g", 1_000)
            stats = client.info("commandstats")
        calls = {name: one["calls"] for name, one in stats.items()}
        assert calls["cmdstat_xpending"] == calls["cmdstat_xinfo|consumers"] == 1
        assert calls["cmdstat_xrange"] == len(answer.pending) == 20
        assert len(answer.consumers) == 1_000

    def test_large_entries_are_not_all_read(self, start_server):
        server = start_server("redis-7.0")
        with server.client() as client:
            for _ in range(20):
                client.xadd("s", {"n": "x" * 3_000_000})
            client.xgroup_create("s", "g", "0")
            client.xreadgroup("g", "c", {"s": ">"}, count=20)
        answer = inquire(settings_of(server), b"s", b"g", 1)
        assert [one.is_held for one in answer.pending] == [True] * 3 + [None] * 17
        assert b"entries are large" in answer.refusal.detail


class TestPermission:
    @pytest.mark.parametrize(
        ("denied", "place"),
        [
            ("-xrange", "Whether they are still in the stream"),
            ("-xpending", "Oldest pending entries of plain"),
            ("-xinfo|consumers", "Consumers by idle time of plain"),
        ],
    )
    def test_what_is_not_permitted_is_said_in_its_place(self, server, tmp_path, denied, place):
        with server.client() as client:
            rights = [*RIGHTS.split(), denied]
            client.execute_command("ACL", "SETUSER", "reader", "reset", "on", ">pw", "~*", *rights)
        document = {
            "redis": {"name": "main", "url": server.url, "username": "reader", "password": "pw"},
            "streams": [{"match": "plain", "class": "hybrid"}],
        }
        flag = config(tmp_path, **document)
        found = report(flag, "--stream=plain", "--group=plain", "--output=json")
        told = json.loads(found.out)
        (key,) = (key for key, text in told["empty"].items() if "NOPERM" in text)
        assert key == {"W": "lookup", "O": "pending", "C": "consumers"}[place[0]]
        assert told["pending" if key == "consumers" else "consumers"]


class TestReport:
    def test_it_prints_the_same_and_writes_nothing(self, server, tmp_path):
        state = tmp_path / "state.json"
        flag = config(
            tmp_path,
            redis={"name": "main", "url": server.url},
            state_file=str(state),
            streams=[{"match": "plain", "class": "hybrid", "groups": [{"match": "absent"}]}],
        )
        found = report(flag, "--stream=plain")
        assert found.code == 2
        for words in ("group missing", "WHAT CHANGED", "COMMANDS", "XGROUP CREATE plain absent 0"):
            assert words in found.out
        one = report(flag, "--stream=plain", "--group=plain", "--output=json")
        told = json.loads(one.out)
        assert (one.code, told["group"], len(told["pending"])) == (told["exit_code"], "plain", 2)
        assert "payload" not in one.out
        assert "# " in report(flag, "--stream=plain", "--output=markdown").out
        assert not state.exists()

    def test_a_stream_that_is_not_there_is_no_verdict(self, server):
        found = report(f"--redis.url={server.url}", "--stream=none")
        assert (found.code, found.out) == (3, "")
        assert "no stream named 'none' is watched" in found.err
        assert report(f"--redis.url={server.url}", "--group=g").code == 3

    def test_any_bytes_can_be_asked_about(self, server):
        found = report(f"--redis.url={server.url}", "--stream", os.fsdecode(b"\xff\xfe"))
        assert found.code == 0, found.err
        assert r"\xff" in found.out


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """One that commands may change."""
    with RealServer("redis-7.0", tmp_path_factory.mktemp("server")) as server:
        fill(server)
        yield server


class TestCommands:
    """Pasted as they stand into a shell, they act on exactly the name."""

    @pytest.mark.parametrize("name", HOSTILE)
    def test_they_read_and_mend_exactly_that_stream(self, own_server, name):
        now = asked(own_server, name, name)
        assert [one.is_held for one in now.pending] == [False, True]
        state = GroupState.NOT_ACKNOWLEDGING
        found = advice(Situation(now.server, name, "", name, state, None, now))
        by_name: dict[str, Any] = {one.does.split()[0]: one for one in found}
        assert shell(by_name["counts"].line) == "2"
        assert "last-delivered-id" in shell(found[1].line)
        assert "pending" in shell(found[2].line)
        assert shell(by_name["takes"].line) == "1"
        assert "2-0" not in shell(by_name["gives"].line)  # it was touched a moment ago
        assert shell(by_name["says"].line) == "1"
        assert asked(own_server, name, name).pending == []

    @pytest.mark.parametrize("name", HOSTILE)
    def test_a_group_is_created_moved_and_moved_back(self, own_server, name):
        group = b"new " + name
        settings = settings_of(own_server)
        create, _ = (
            one
            for one in advice(Situation(settings, name, "", group, GroupState.MISSING))
            if not one.reads_only
        )
        assert shell(create.line) == "OK"
        now = asked(own_server, name, group)
        skip = advice(Situation(settings, name, "", group, GroupState.STALLED, None, now))[-1]
        assert shell(skip.line) == "OK"
        assert str(asked(own_server, name, group).last_delivered) == "3-0"
        back = skip.cannot_undo.partition("to go back: ")[2]
        assert shell(back) == "OK"
        assert str(asked(own_server, name, group).last_delivered) == "0-0"


def test_the_documents_of_the_house_are_not_served(process: ExporterProcess, tmp_path: Path):
    for path in ("/docs/", "/runbooks/"):
        listing = process.get(path)
        assert listing.status == 200
        assert "faults" not in listing.text
