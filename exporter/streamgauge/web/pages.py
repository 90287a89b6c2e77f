"""The routes for people, and the same status as JSON."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from itertools import count
from typing import Final
from weakref import WeakValueDictionary

from streamgauge.documents import documents
from streamgauge.model.looks import Seen
from streamgauge.report.incident import Asked, incident_of
from streamgauge.report.status import status_json
from streamgauge.report.view import view
from streamgauge.source.target import Target
from streamgauge.target_manager import TargetManager
from streamgauge.verdict.judge import judge
from streamgauge.web.answer import accepts_gzip, compressed
from streamgauge.web.assets import ASSET_HEADERS, PAGE_HEADERS, assets
from streamgauge.web.http import Application, Request, Response, text_response, unknown_target
from streamgauge.web.inquiries import Inquiries
from streamgauge.web.overview import overview
from streamgauge.web.scrapes import Scrapes
from streamgauge.web.status import (
    MOST_QUERY,
    document_page,
    documents_page,
    status_page,
    stream_page,
)
from streamgauge.web.threads import in_thread

_JSON_HEADERS: Final = {
    "content-type": "application/json",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
}

_HTML_HEADERS: Final = {**PAGE_HEADERS, "content-type": "text/html; charset=utf-8"}

_Key = tuple[str, str | None, bool]
"""What is asked for: the path, what it is narrowed to, and whether it is compressed."""


class Pages:
    """What is shown of all targets; a page costs Redis one scrape, shared with all who ask.

    Judging and writing ten thousand streams keeps the interpreter busy for seconds, in which it
    has little time for a scrape: that is done for one answer at a time, shared as well.
    """

    def __init__(self, manager: TargetManager, scrapes: Scrapes) -> None:
        self._manager = manager
        self._scrapes = scrapes
        self._inquiries = Inquiries()
        self._asked = count()
        self._turn = asyncio.Lock()
        self._writings: WeakValueDictionary[_Key, _Writing] = WeakValueDictionary()

    def routes(self) -> Mapping[str, Application]:
        """Return what answers each path."""
        return {
            "/": self.status,
            "/api/v1/status": self.api,
            "/stream": self.stream,
            **dict.fromkeys(("/docs/", "/runbooks/"), self.documents),
            **dict.fromkeys(("/docs", "/runbooks"), self.elsewhere),
            **{f"/{path}": self.document for path in documents()},
            **{f"/{path}.md": self.elsewhere for path in documents()},
            **{f"/static/{name}": self.asset for name in assets()},
        }

    async def status(self, request: Request) -> Response:
        """The status page; `q` narrows it to what mentions a text."""
        query = request.query.get("q", "")[:MOST_QUERY]

        targets = list(self._manager.targets.values())

        def write(seen: Sequence[Seen]) -> str:
            overviews = [
                overview(judge(*one), query, target.changes())
                for one, target in zip(seen, targets, strict=True)
            ]
            manager = self._manager
            return status_page(
                overviews, query, manager.shard, manager.configuration, manager.links
            )

        return await self._answer(request, targets, write, query, _HTML_HEADERS)

    async def api(self, request: Request) -> Response:
        """The JSON of the report, on every Redis or on the one of `target`."""
        targets = self._manager.targets
        name = request.query.get("target")
        if name is not None and name not in targets:
            return unknown_target("/api/v1/status", targets)

        def write(seen: Sequence[Seen]) -> str:
            views = [view(judge(*one)) for one in seen]
            return status_json(views, time.time(), shard=self._manager.shard)

        chosen = list(targets.values()) if name is None else [targets[name]]
        return await self._answer(request, chosen, write, name, _JSON_HEADERS)

    async def asset(self, request: Request) -> Response:
        """A script, a style or a picture of the pages."""
        asset = assets()[request.path.removeprefix("/static/")]
        return Response(asset.body, headers={**ASSET_HEADERS, "content-type": asset.media_type})

    async def stream(self, request: Request) -> Response:
        """The page about one stream: Redis is read, and asked about one group of it."""
        asked, targets = request.query, self._manager.targets
        target = targets.get(asked.get("redis", ""))
        if target is None and "redis" not in asked and len(targets) == 1:
            (target,) = targets.values()
        db = asked.get("db", "").removeprefix("db")
        if target is None or db not in ("", str(target.redis.db)):
            return unknown_target("/stream", targets)
        (seen,) = await self._see([target])
        page = await in_thread(
            self._stream_page, target, seen, asked.get("stream", ""), asked.get("group") or None
        )
        if page is None:
            return text_response("no stream of this name is watched\n", HTTPStatus.NOT_FOUND)
        return _html(page)

    def _stream_page(
        self, target: Target, seen: Seen, stream: str, group: str | None
    ) -> str | None:
        def ask(name: bytes, about: bytes, consumers: int | None) -> Asked:
            return self._inquiries.ask(
                target.redis.name, name, about, lambda: target.inquire(name, about, consumers)
            )

        found = incident_of(target, seen, stream, group, ask)
        return None if found is None else stream_page(found)

    async def elsewhere(self, request: Request) -> Response:
        """Lead from an address of before, with .md or without a slash, to that of now."""
        name = request.path.rpartition("/")[2]
        place = name.removesuffix(".md") if name.endswith(".md") else f"{name}/"
        return Response(b"", HTTPStatus.PERMANENT_REDIRECT, {"location": place})

    async def documents(self, _request: Request) -> Response:
        """The list of documents and runbooks."""
        return _html(await in_thread(documents_page))

    async def document(self, request: Request) -> Response:
        """One of them."""
        document = documents()[request.path.removeprefix("/")]
        return _html(await in_thread(document_page, document))

    async def _answer(
        self,
        request: Request,
        targets: Sequence[Target],
        write: Callable[[Sequence[Seen]], str],
        about: str | None,
        headers: Mapping[str, str],
    ) -> Response:
        """Answer with what is written of the targets, the same for all who ask `about` the same."""
        gzip = accepts_gzip(request.headers.get("accept-encoding", ""))

        def body(seen: Sequence[Seen]) -> bytes:
            text = write(seen).encode()
            return compressed(text) if gzip else text

        asked = next(self._asked)
        seen = await self._see(targets)
        key = (request.path, about, gzip)
        writing = self._writings.get(key)
        if writing is None or not writing.serves(asked, seen):
            writing = self._writings[key] = _Writing(asked, seen, body)
            writing.answer = asyncio.ensure_future(writing.write(self._turn))
        sent = {**headers, "vary": "accept-encoding"}
        if gzip:
            sent["content-encoding"] = "gzip"
        return Response(await asyncio.shield(writing.answer), headers=sent)

    async def _see(self, targets: Sequence[Target]) -> list[Seen]:
        snapshots = await self._scrapes.of(targets, math.inf)
        return [target.seen(snapshot) for target, snapshot in zip(targets, snapshots, strict=True)]


def _html(text: str) -> Response:
    return Response(text.encode(), headers=_HTML_HEADERS)


class _Writing:
    """An answer that is written or waits for its turn, for all whom it serves."""

    answer: asyncio.Future[bytes]

    def __init__(
        self, asked: int, seen: Sequence[Seen], body: Callable[[Sequence[Seen]], bytes]
    ) -> None:
        self._asked = asked
        self._seen = seen
        self._body = body
        self._is_begun = False

    def serves(self, asked: int, seen: Sequence[Seen]) -> bool:
        """Tell whether this is also the answer to a request, of which this was seen.

        Nobody gets what was seen before he asked. While an answer waits for its turn it becomes
        that to the latest request, which is good for the earlier ones as well.
        """
        if self._is_begun:
            return [id(one.snapshot) for one in seen] == [id(one.snapshot) for one in self._seen]
        if asked > self._asked:
            self._asked, self._seen = asked, seen
        return True

    async def write(self, turn: asyncio.Lock) -> bytes:
        """Write it once it is its turn."""
        async with turn:
            self._is_begun = True
            return await in_thread(self._body, self._seen)
