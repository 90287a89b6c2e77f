"""Who asks while others are answered: pages are written one at a time, probes cost no scrape."""

import asyncio
import threading
import weakref
from gzip import decompress
from types import SimpleNamespace
from urllib.parse import parse_qsl

import pytest

from streamgauge.model.looks import Seen
from streamgauge.model.memory import Changes
from streamgauge.shard import WHOLE
from streamgauge.web import pages
from streamgauge.web.app import build_app
from streamgauge.web.http import Request
from streamgauge.web.pages import Pages
from streamgauge.web.scrapes import Scrapes
from support.polling import until

SECONDS = 30.0


class Snapshot:
    """A sample of a Redis: the how manieth it is, and whether Redis was read."""

    def __init__(self, number: int, up: int = 1) -> None:
        self.number = number
        self.up = up


class Gate:
    """Where threads wait until they are let through; counts those that have come and are in."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._allowed = 0
        self.come = 0
        self.inside = 0
        self.most_inside = 0

    def let(self, count: int = 1) -> None:
        with self._condition:
            self._allowed += count
            self._condition.notify_all()

    def __call__(self) -> int:
        with self._condition:
            self.come += 1
            number = self.come
            self.inside += 1
            self.most_inside = max(self.most_inside, self.inside)
            assert self._condition.wait_for(lambda: self._allowed >= number, SECONDS)
            self.inside -= 1
            return number


class GatedTarget:
    """A Redis whose samples are numbered, and end when the test says so."""

    def __init__(self) -> None:
        self.redis = SimpleNamespace(timeout_seconds=SECONDS)
        self.gate = Gate()
        self.times: list[float] = []
        self.looked = 0
        self.is_ready = False

    def sample(self, seconds: float) -> Snapshot:
        self.times.append(seconds)
        number = self.gate()
        self.is_ready = True
        return Snapshot(number)

    def seen(self, snapshot: Snapshot) -> Seen:
        self.looked += 1
        return Seen(snapshot)  # type: ignore[arg-type]

    def changes(self) -> dict[bytes, Changes]:
        return {}

    def out_of_time(self) -> Snapshot:
        return Snapshot(0, up=0)

    give_up = out_of_time


class Watched:
    """Stands for the targets of one Redis."""

    def __init__(self, target: GatedTarget) -> None:
        self.targets = {"main": target}
        self.shard = WHOLE
        self.configuration = self.links = None

    @property
    def is_ready(self) -> bool:
        return any(target.is_ready for target in self.targets.values())


def request(path: str, query: str = "", encoding: str = "identity") -> Request:
    headers = {"host": "x", "accept-encoding": encoding}
    return Request(method="GET", path=path, query=dict(parse_qsl(query)), headers=headers)


class Site:
    """Pages that only name the sample they are of, and are written when the test says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.target = GatedTarget()
        self.gate = Gate()
        self.written: list[str] = []
        self._pages = Pages(Watched(self.target), Scrapes())  # type: ignore[arg-type]
        monkeypatch.setattr(pages, "overview", lambda verdict, query, _: (verdict, query))
        monkeypatch.setattr(pages, "status_page", self._page)
        monkeypatch.setattr(pages, "judge", lambda snapshot, _earlier: snapshot)
        monkeypatch.setattr(pages, "view", lambda seen: seen)
        monkeypatch.setattr(pages, "status_json", self._json)

    def _page(self, overviews: list[tuple[Snapshot, str]], query: str, *_: object) -> str:
        ((seen, _),) = overviews
        return self._text(f"page {query}".strip(), seen)

    def _json(self, verdicts: list[Snapshot], _now: float, **_: object) -> str:
        return self._text("json", verdicts[0])

    def _text(self, kind: str, seen: Snapshot) -> str:
        self.gate()
        text = f"{kind} of sample {seen.number}"
        self.written.append(text)
        return text

    def ask(self, path: str = "/", query: str = "", encoding: str = "identity") -> asyncio.Task:
        answer = self._pages.status if path == "/" else self._pages.api
        return asyncio.ensure_future(answer(request(path, query, encoding)))

    async def ask_and_see(self, *args: str) -> asyncio.Task:
        """Ask, and return when Redis was read for it and it waits to be written."""
        looked = self.target.looked
        asked = self.ask(*args)
        self.target.gate.let()
        await until(lambda: self.target.looked > looked, "a sample was taken")
        return asked


async def texts(*answers: asyncio.Task) -> list[str]:
    return [(await answer).body.decode() for answer in answers]


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Site:
    return Site(monkeypatch)


def test_pages_are_written_one_at_a_time_whatever_they_are_of(site: Site) -> None:
    async def test() -> None:
        asked = [
            await site.ask_and_see("/"),
            await site.ask_and_see("/", "q=a"),
            await site.ask_and_see("/api/v1/status"),
            await site.ask_and_see("/api/v1/status", "target=main"),
        ]
        site.gate.let(4)
        assert await texts(*asked) == [
            "page of sample 1", "page a of sample 2", "json of sample 3", "json of sample 4",
        ]  # fmt: skip

    asyncio.run(test())
    assert site.gate.most_inside == 1


def test_those_who_ask_at_once_share_what_is_written(site: Site) -> None:
    async def test() -> None:
        asked = [site.ask() for _ in range(20)]
        site.target.gate.let()
        site.gate.let(20)
        assert await texts(*asked) == ["page of sample 1"] * 20

    asyncio.run(test())
    assert site.written == ["page of sample 1"]


def test_those_who_wait_for_their_turn_share_the_latest_look(site: Site) -> None:
    async def test() -> None:
        first = await site.ask_and_see()
        await until(lambda: site.gate.come, "the first page is being written")
        later = [await site.ask_and_see() for _ in range(3)]
        site.gate.let(4)
        assert await texts(first, *later) == ["page of sample 1", *["page of sample 4"] * 3]

    asyncio.run(test())
    assert site.written == ["page of sample 1", "page of sample 4"]


def test_nobody_gets_what_was_seen_before_he_asked(site: Site) -> None:
    async def test() -> None:
        await site.ask_and_see()
        await until(lambda: site.gate.come, "the first page is being written")
        later = site.ask()
        site.gate.let(2)
        await until(lambda: site.written, "the first page is written")
        assert not later.done()
        site.target.gate.let()
        assert await texts(later) == ["page of sample 2"]

    asyncio.run(test())


def test_page_that_cannot_be_written_holds_up_no_other(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> str:
        site.gate()
        raise LookupError("x")

    monkeypatch.setattr(pages, "status_page", fail)

    async def test() -> None:
        failing = await site.ask_and_see("/")
        other = await site.ask_and_see("/api/v1/status")
        site.gate.let(2)
        with pytest.raises(LookupError):
            await failing
        assert await texts(other) == ["json of sample 2"]

    asyncio.run(test())


def test_who_leaves_takes_the_page_from_nobody(site: Site) -> None:
    async def test() -> None:
        leaving, staying = site.ask(), site.ask()
        site.target.gate.let()
        await until(lambda: site.gate.come, "the page is being written")
        leaving.cancel()
        site.gate.let(2)
        assert await texts(staying) == ["page of sample 1"]

    asyncio.run(test())


def test_page_is_compressed_for_those_who_accept_it_only(site: Site) -> None:
    async def test() -> None:
        plain, small = site.ask(), site.ask("/", "", "gzip")
        site.target.gate.let()
        site.gate.let(2)
        assert "content-encoding" not in (await plain).headers
        assert (await small).headers["content-encoding"] == "gzip"
        assert (await plain).body == decompress((await small).body)

    asyncio.run(test())


def test_nothing_is_kept_of_a_page_that_was_sent(site: Site) -> None:
    async def test() -> None:
        site.target.gate.let()
        site.gate.let()
        await site.ask()
        assert not site._pages._writings

    asyncio.run(test())


class Probed:
    """The application, of which readiness is asked by a probe that waits for nothing."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("streamgauge.web.app._READY_SECONDS", 0)
        self.target = GatedTarget()
        self.watch = Watched(self.target)
        self.scrapes = Scrapes()
        self.app = build_app(self.watch, self.scrapes)  # type: ignore[arg-type]

    async def probe(self) -> int:
        return (await self.app(request("/-/ready"))).status


@pytest.fixture
def probed(monkeypatch: pytest.MonkeyPatch) -> Probed:
    return Probed(monkeypatch)


def test_probe_that_cannot_wait_leaves_the_sample_all_its_time(probed: Probed) -> None:
    async def test() -> None:
        assert [await probed.probe() for _ in range(3)] == [503] * 3
        scrape = asyncio.ensure_future(probed.scrapes.of([probed.target], SECONDS))
        await until(lambda: probed.target.times, "a sample is under way")
        probed.target.gate.let()
        (snapshot,) = await scrape
        assert snapshot.up == 1
        assert await probed.probe() == 200

    asyncio.run(test())
    assert probed.target.times == [SECONDS]


def test_look_of_a_probe_leaves_no_records_in_memory(probed: Probed) -> None:
    async def test() -> None:
        assert await probed.probe() == 503
        scrapes = probed.scrapes
        scrape = asyncio.ensure_future(scrapes.of([probed.target], SECONDS))
        await until(lambda: probed.target.times, "a sample is under way")
        probed.target.gate.let()
        snapshot = weakref.ref((await scrape)[0])
        del scrape
        await until(lambda: snapshot() is None, "nobody holds it", seconds=SECONDS)

    asyncio.run(test())


def test_probe_after_a_reload_does_not_wait_for_a_redis_that_is_named_no_more(
    probed: Probed,
) -> None:
    async def test() -> None:
        assert await probed.probe() == 503
        other = GatedTarget()
        probed.watch.targets = {"other": other}
        assert await probed.probe() == 503
        await until(lambda: other.times, "the other is looked at")
        other.gate.let()
        await until(lambda: other.is_ready, "the other was read")
        assert await probed.probe() == 200
        probed.target.gate.let()

    asyncio.run(test())
