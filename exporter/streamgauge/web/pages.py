"""The routes for people, and the same status as JSON."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from streamgauge.report.status import status_json
from streamgauge.verdict.seen import verdict_on
from streamgauge.watch import Watch
from streamgauge.watched import Seen, WatchedTarget
from streamgauge.web.answer import accepts_gzip, compressed
from streamgauge.web.assets import ASSET_HEADERS, PAGE_HEADERS, assets
from streamgauge.web.documents import documents
from streamgauge.web.overview import overview
from streamgauge.web.scrapes import Scrapes
from streamgauge.web.status import MOST_QUERY, document_page, documents_page, status_page
from streamgauge.web.threads import in_thread
from streamgauge.web.unknown_target import unknown_target

_JSON_HEADERS: Final = {
    "content-type": "application/json",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
}


class Pages:
    """What is shown of a watch; a page costs Redis one scrape, shared with whoever asks as well."""

    def __init__(self, watch: Watch, scrapes: Scrapes) -> None:
        self._watch = watch
        self._scrapes = scrapes

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/", self.status),
            Route("/api/v1/status", self.api),
            Route("/docs", self.documents),
            *(Route(f"/{path}", self.document) for path in documents()),
            *(Route(f"/static/{name}", self.asset) for name in assets()),
        ]

    async def status(self, request: Request) -> Response:
        """The status page; `q` narrows it to what mentions a text."""
        query = request.query_params.get("q", "")[:MOST_QUERY]
        seen = await self._see(list(self._watch.targets.values()))
        page = await in_thread(_written, seen, self._watch, query)
        headers = {**PAGE_HEADERS, "content-type": "text/html; charset=utf-8"}
        return await _answer(request, page, headers)

    async def api(self, request: Request) -> Response:
        """The JSON of the report, on every Redis or on the one of `target`."""
        targets = self._watch.targets
        name = request.query_params.get("target")
        if name is not None and name not in targets:
            return unknown_target("/api/v1/status", self._watch)
        seen = await self._see(list(targets.values()) if name is None else [targets[name]])
        body = await in_thread(_as_json, seen, self._watch)
        return await _answer(request, body, _JSON_HEADERS)

    async def asset(self, request: Request) -> Response:
        """A script, a style or a picture of the pages."""
        asset = assets()[request.url.path.removeprefix("/static/")]
        return Response(asset.body, headers={**ASSET_HEADERS, "content-type": asset.media_type})

    async def documents(self, _request: Request) -> Response:
        """The list of documents and runbooks."""
        return HTMLResponse(await in_thread(documents_page), headers=PAGE_HEADERS)

    async def document(self, request: Request) -> Response:
        """One of them."""
        document = documents()[request.url.path.removeprefix("/")]
        return HTMLResponse(await in_thread(document_page, document), headers=PAGE_HEADERS)

    async def _see(self, targets: Sequence[WatchedTarget]) -> list[Seen]:
        snapshots = await self._scrapes.of(targets, math.inf)
        return [target.seen(snapshot) for target, snapshot in zip(targets, snapshots, strict=True)]


async def _answer(request: Request, text: str, headers: Mapping[str, str]) -> Response:
    body = text.encode()
    sent = {**headers, "vary": "accept-encoding"}
    if accepts_gzip(request.headers.get("accept-encoding", "")):
        body = await in_thread(compressed, body)
        sent["content-encoding"] = "gzip"
    return Response(body, headers=sent)


def _written(seen: Sequence[Seen], watch: Watch, query: str) -> str:
    overviews = [overview(one, watch.policy, query) for one in seen]
    return status_page(overviews, query, watch.shard)


def _as_json(seen: Sequence[Seen], watch: Watch) -> str:
    verdicts = [verdict_on(one, watch.policy) for one in seen]
    return status_json(verdicts, time.time(), shard=watch.shard)
