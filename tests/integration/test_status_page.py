"""The status page and its JSON, of a real exporter in front of a real Redis."""

import gzip
import html
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis

from support.exporter import ExporterProcess
from support.faulty_endpoints import Refusing
from support.polling import wait_for
from support.servers import ROOT, RealServer

STREAMS = [
    {"match": "feed:typed", "class": "continuous"},
    {"match": "feed:*", "class": "continuous", "quiet_limit": "30s"},
    {"match": "work:*", "class": "hybrid", "lag_limit": "1m"},
    {"match": "job:typed", "class": "event"},
    {"match": "job:*", "class": "event"},
]


def configuration(*servers: dict[str, Any]) -> dict[str, Any]:
    return {
        "redis": list(servers),
        "discovery": {"match": ["*"], "interval": "100ms"},
        "streams": STREAMS,
    }


def fill(client: redis.Redis) -> None:
    """A quiet feed, a group past its limit, two keys that are no streams, and what is all right."""
    seconds, _ = client.time()
    client.xadd("feed:quiet", {"n": 1}, id=f"{(seconds - 600) * 1000}-0")
    client.xadd("feed:fine", {"n": 1})
    client.xadd("work:late", {"n": 1}, id=f"{(seconds - 120) * 1000}-0")
    client.xgroup_create("work:late", "slow-ones", "0")
    client.xgroup_create("job:ready", "workers", "0", mkstream=True)
    client.xadd("other", {"n": 1})
    client.set("feed:typed", "a string")
    client.set("job:typed", "a string")


@pytest.fixture(scope="module")
def server(session_server: Callable) -> RealServer:
    server: RealServer = session_server("redis-7.0")
    server.flush()
    with server.client() as client:
        fill(client)
    return server


@pytest.fixture(scope="module")
def process(
    server: RealServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ExporterProcess]:
    """An exporter for one Redis that is there, and one that is not."""
    with Refusing() as refusing:
        config = configuration(
            {"name": "main", "url": server.url}, {"name": "a/b c&d", "url": refusing.url}
        )
        with ExporterProcess(tmp_path_factory.mktemp("exporter"), config=config) as process:
            process.scrape_until_known("feed:quiet", "work:late", "job:ready", "other")
            yield process


def text_of(process: ExporterProcess, path: str = "/") -> str:
    """What a page says, without its markup."""
    answer = process.get(path)
    assert answer.status == 200
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))


def status(process: ExporterProcess, path: str = "/api/v1/status") -> Any:
    answer = process.get(path)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.headers["cache-control"] == "no-store"
    return json.loads(answer.body)


class TestPage:
    def test_every_stream_and_group_has_its_verdict(self, process: ExporterProcess) -> None:
        page = text_of(process)
        for words in (
            r"critical: quiet feed:quiet silent for 10m\d*s?; it may be silent for 30s",
            r"warning: no consumer while entries wait group slow-ones 1 entry waits, for 2m",
            r"for 2m\d*s? \(limit 1m\)",
            r"ok: flowing feed:fine",
            r"ok: empty by design job:ready event stream: empty is normal",
            r"unknown: unclassified other nobody has said what it is",
        ):
            assert re.search(words, page), words

    def test_keys_of_another_type_are_called_so(self, process: ExporterProcess) -> None:
        page = text_of(process)
        assert "critical: wrong type feed:typed the key of this name holds another type" in page
        assert "warning: wrong type job:typed the key of this name holds another type" in page
        assert "does not exist" not in page

    def test_a_redis_that_cannot_be_read_says_why(self, process: ExporterProcess) -> None:
        page = text_of(process)
        unread = page[page.index("a/b c&d db0") :]
        unread = unread[: unread.index("Runbook")]
        assert "could not be read: nothing is known about its streams other:" in unread
        assert "refused" in unread
        assert "No number is shown" in unread

    def test_growth_is_known_because_somebody_looked_before(
        self, process: ExporterProcess, server: RealServer
    ) -> None:
        process.scrape()
        with server.client() as client:
            client.xadd("other", {"n": 2})
        page = wait_for(
            lambda: "compared with" in (page := text_of(process)) and page,
            "the first look is long enough ago",
        )
        assert re.search(r"compared with a look [\d.]+s before", page)
        assert re.search(r"last entry [\d.]+s ago added in [\d.]+s 1", page)

    def test_it_leads_to_the_metrics_the_runbooks_and_the_documents(
        self, process: ExporterProcess
    ) -> None:
        found = set(re.findall(r'(?:href|src)="([^"]+)"', process.get("/").text))
        assert {"metrics", "api/v1/status", "docs", "runbooks/RedisStreamQuiet.md"} <= found
        assert not [link for link in found if link.startswith(("http", "//"))]
        answers = {
            link: process.get(f"/{link.partition('#')[0].removeprefix('./')}").status
            for link in found
        }
        assert set(answers.values()) == {200}

    def test_a_search_narrows_it_without_a_script(self, process: ExporterProcess) -> None:
        page = text_of(process, "/?q=SLOW")
        assert "1 of 7 streams match SLOW" in page
        assert "feed:fine" not in page

    def test_nothing_but_its_own_files_is_let_in(self, process: ExporterProcess) -> None:
        headers = process.get("/").headers
        rules = dict(
            rule.split(maxsplit=1) for rule in headers["content-security-policy"].split("; ")
        )
        assert rules["default-src"] == "'none'"
        assert {rules[each] for each in ("script-src", "style-src", "connect-src")} == {"'self'"}
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"

    @pytest.mark.parametrize(
        ("name", "media_type"),
        [
            ("status.css", "text/css"),
            ("status.js", "text/javascript"),
            ("favicon.svg", "image/"),
        ],
    )
    def test_its_files_say_what_they_are(
        self, process: ExporterProcess, name: str, media_type: str
    ) -> None:
        answer = process.get(f"/static/{name}")
        assert answer.status == 200
        assert answer.headers["content-type"].startswith(media_type)
        assert answer.headers["x-content-type-options"] == "nosniff"

    @pytest.mark.parametrize("path", ["/", "/api/v1/status"])
    def test_it_is_compressed_when_asked(self, process: ExporterProcess, path: str) -> None:
        answer = process.get(path, {"Accept-Encoding": "gzip"})
        assert answer.headers["content-encoding"] == "gzip"
        assert b"feed:quiet" in gzip.decompress(answer.body)
        assert answer.headers["vary"] == "accept-encoding"

    @pytest.mark.parametrize(
        "path",
        ["/static/", "/static/status.py", "/static/../status.js", "/docs/", "/docs/README.md",
         "/docs/../../README.md", "/docs/..%2F..%2FREADME.md", "/runbooks", "/runbooks/x.md",
         "/api", "/api/v1", "/api/v1/status/", "/api/v2/status", "/status"],
    )  # fmt: skip
    def test_anything_beside_is_404(self, process: ExporterProcess, path: str) -> None:
        assert [process.get(path, method=each).status for each in ("GET", "POST")] == [404] * 2


class TestJson:
    def test_it_is_the_json_of_the_report(
        self, process: ExporterProcess, server: RealServer
    ) -> None:
        command = [sys.executable, "-m", "streamgauge", "report", "--format=json"]
        command.append(f"--config.file={process.config_file}")
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        told, reported = status(process), json.loads(done.stdout)
        assert told["exit_code"] == reported["exit_code"] == done.returncode == 3
        assert shape(told) == shape(reported)
        for ours, theirs in zip(told["redis"], reported["redis"], strict=True):
            assert states(ours) == states(theirs)

    def test_one_redis_can_be_asked_for(self, process: ExporterProcess) -> None:
        assert [one["redis"] for one in status(process)["redis"]] == ["main", "a/b c&d"]
        (one,) = status(process, "/api/v1/status?target=a%2Fb+c%26d")["redis"]
        assert (one["redis"], one["up"]) == ("a/b c&d", False)

    @pytest.mark.parametrize("target", ["", "other", "redis://main"])
    def test_a_redis_that_is_not_configured_is_404(
        self, process: ExporterProcess, target: str
    ) -> None:
        answer = process.get(f"/api/v1/status?target={target}")
        assert answer.status == 404
        assert answer.text.endswith("write /api/v1/status?target=NAME with one of: main, a/b c&d\n")


def shape(value: Any) -> Any:
    """The keys of a structure, down to those of the first of each list."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    return [shape(each) for each in value[:1]] if isinstance(value, list) else None


def states(one: dict[str, Any]) -> set[tuple[str, str]]:
    """Each stream's and group's class of seriousness."""
    found = {(each["stream"], each["severity"]) for each in one["streams"]}
    return found | {(each["group"], each["severity"]) for each in one["groups"]}


@pytest.mark.parametrize("path", ["/", "/api/v1/status"])
def test_a_look_costs_redis_no_more_than_a_scrape(
    redis7: RealServer, exporter: Callable, path: str
) -> None:
    with redis7.client() as client:
        for number in range(20):
            client.xadd(f"s{number}", {"n": 1})
            client.xgroup_create(f"s{number}", "g", "0")
        config = configuration({"name": "main", "url": redis7.url})
        config["discovery"] = {"match": ["*"], "interval": "1h"}
        process = exporter(config=config)
        process.scrape_until_known("s19")

        def asked(of: str) -> int:
            before = commands(client)
            process.get(of)
            return commands(client) - before

        assert asked(path) == asked("/metrics") > 20


def commands(client: redis.Redis) -> int:
    """How many commands Redis was sent, but for this question and for discovery."""
    stats = client.info("commandstats")
    others = ("cmdstat_info", "cmdstat_scan")
    return sum(one["calls"] for name, one in stats.items() if name not in others)


def test_no_old_number_is_shown_when_redis_has_gone(
    start_server: Callable, exporter: Callable
) -> None:
    server = start_server("redis-7.0")
    with server.client() as client:
        client.xadd("feed:fine", {"n": 1})
    process = exporter(config=configuration({"name": "main", "url": server.url}))
    process.scrape_until_known("feed:fine")
    assert "flowing feed:fine" in text_of(process)
    server.kill()
    page = text_of(process)
    assert "could not be read" in page
    assert "refused" in page
    assert "flowing" not in page
    assert status(process)["redis"][0]["streams"] == []
    server.start()
    wait_for(lambda: "missing feed:fine" in text_of(process), "Redis is read again")


@pytest.mark.parametrize(
    ("login", "reason"),
    [({"password": "wr0ng"}, "refused the login"), ({}, "NOAUTH")],
)
def test_a_login_that_is_refused_is_the_reason_and_the_password_is_not_shown(
    start_server: Callable, exporter: Callable, login: dict[str, str], reason: str
) -> None:
    server = start_server("redis-7.0", "--requirepass", "s3cret", password="s3cret")
    config = configuration({"name": "main", "url": server.url} | login)
    page = text_of(exporter(config=config, until_ready=False))
    assert re.search(rf"noperm: .*{reason}", page)
    assert "wr0ng" not in page
    assert "s3cret" not in page


def test_the_least_privileged_user_sees_all_and_one_with_less_sees_what_it_may_not(
    redis7: RealServer, exporter: Callable
) -> None:
    documented = re.search(r"ACL SETUSER streamgauge (.+)", (ROOT / "docs/redis.md").read_text())
    assert documented
    words = [word for word in documented[1].split() if not word.startswith((">", "~"))]
    with redis7.client() as client:
        fill(client)
        for user, keys in (("all", "~*"), ("some", "~job:*")):
            client.execute_command("ACL", "SETUSER", user, "reset", *words, ">pw", keys)
        login = {"url": redis7.url, "password": "pw"}
        process = exporter(
            config=configuration(
                *({"name": user, "username": user, **login} for user in ("all", "some"))
            )
        )
        page = wait_for(
            lambda: (page := text_of(process)).count("feed:quiet") > 2 and page, "both see it"
        )
        for user in ("all", "some"):
            client.acl_deluser(user)
    one, other = sorted(page.split(" db0 ")[1:], key=lambda part: "NOPERM" in part)
    assert "quiet feed:quiet silent for" in one
    assert re.search(r"unreadable feed:quiet could not be read \(noperm\): .*NOPERM", other)
    assert "silent for" not in other
    assert "empty by design job:ready" in other
