"""The status page and its JSON, of a real exporter in front of a real Redis."""

import gzip
import html
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from support.commands import run
from support.exporter import ExporterProcess
from support.faulty_endpoints import Refusing
from support.polling import wait_for
from support.servers import RealServer
from support.status_pages import configuration, fill, status, text_of


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    with RealServer("redis-7.0", tmp_path_factory.mktemp("server")) as server:
        with server.client() as client:
            fill(client)
        yield server


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


class TestPage:
    def test_every_stream_and_group_has_its_verdict(self, process: ExporterProcess) -> None:
        page = text_of(process)
        for words in (
            r"critical: quiet feed:quiet silent for 1\dm\d*s?; it may be silent for 5m",
            r"critical: stalled group slow-ones 1 entry waits, for [2-9]m",
            r"for [2-9]m\d*s? \(limit 1m\)",
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
        assert "could not be read: nothing is known about its streams connection:" in unread
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
        assert {"metrics", "api/v1/status", "docs/", "runbooks/RedisStreamQuiet"} <= found
        assert not [link for link in found if link.startswith(("http", "//"))]
        answers = {
            link: process.get(f"/{html.unescape(link).partition('#')[0].removeprefix('./')}").status
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
        ["/static/", "/static/status.py", "/static/../status.js", "/docs/README", "/docs/faults",
         "/docs/../../README.md", "/docs/..%2F..%2FREADME.md", "/docs/faults.md", "/runbooks/x",
         "/api", "/api/v1", "/api/v1/status/", "/api/v2/status", "/status"],
    )  # fmt: skip
    def test_anything_beside_is_404(self, process: ExporterProcess, path: str) -> None:
        assert [process.get(path, method=each).status for each in ("GET", "POST")] == [404] * 2


class TestJson:
    def test_it_is_the_json_of_the_report(
        self, process: ExporterProcess, server: RealServer
    ) -> None:
        done = run("report", "--format=json", f"--config.file={process.config_file}")
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
