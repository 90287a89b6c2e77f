"""The routes; everything that may block happens in threads beside the event loop."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from streamgauge.config import ConfigError
from streamgauge.model.records import Snapshot
from streamgauge.source.target import Target
from streamgauge.watch import Watch
from streamgauge.web.answer import metrics_answer, process_registry
from streamgauge.web.large import LargeResponse
from streamgauge.web.scrapes import Scrapes, scrape_budget
from streamgauge.web.threads import in_thread
from streamgauge.web.unknown_target import unknown_target

_READY_SECONDS: Final = 1.0
"""What a readiness probe waits by default."""

_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def build_app(watch: Watch, *, enable_lifecycle: bool = False) -> Starlette:
    """Return the ASGI application in front of a running watch."""
    scrapes = Scrapes()
    machine = _Machine(watch, scrapes)
    routes = [
        Route("/metrics", machine.metrics),
        Route("/scrape", machine.scrape),
        Route("/-/healthy", machine.healthy),
        Route("/-/ready", machine.ready),
    ]
    if enable_lifecycle:
        routes.append(Route("/-/reload", machine.reload, methods=["POST"]))
    else:
        routes.append(Route("/-/reload", machine.no_reload, methods=_METHODS))
    app = Starlette(routes=routes)
    app.state.scrapes = scrapes
    app.router.redirect_slashes = False
    app.router.default = _LatePages(watch, scrapes)
    return app


class _LatePages:
    """What people ask for, imported when somebody does: an exporter that is only scraped needs it
    never, and it is a megabyte.
    """

    def __init__(self, watch: Watch, scrapes: Scrapes) -> None:
        self._watch = watch
        self._scrapes = scrapes
        self._router: Router | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._router is None:
            self._router = await in_thread(self._imported)
        await self._router(scope, receive, send)

    def _imported(self) -> Router:
        from streamgauge.web.pages import Pages  # noqa: PLC0415 - see above

        return Router(Pages(self._watch, self._scrapes).routes(), redirect_slashes=False)


class _Machine:
    """What programs ask for."""

    def __init__(self, watch: Watch, scrapes: Scrapes) -> None:
        self._watch = watch
        self._scrapes = scrapes
        self._registry = process_registry()
        self._look: asyncio.Future[None] | None = None
        self._looked_at: Mapping[str, Target] = {}

    async def metrics(self, request: Request) -> Response:
        return await self._answer(list(self._watch.targets.values()), request)

    async def scrape(self, request: Request) -> Response:
        """Sample one configured Redis, by its name and by nothing else: this is no open proxy."""
        name = request.query_params.get("target", "")
        target = self._watch.targets.get(name)
        if target is None:
            return unknown_target("/scrape", self._watch)
        return await self._answer([target], request)

    async def _answer(self, targets: list[Target], request: Request) -> Response:
        budget = scrape_budget(request.headers.get("x-prometheus-scrape-timeout-seconds"))
        instances = await self._scrapes.of(targets, budget)
        snapshot = Snapshot(instances, self._watch.process_state)
        pieces, headers = metrics_answer(snapshot, self._registry, request.headers)
        begun = await in_thread(_first_two, pieces)
        if len(begun) == 1:
            return Response(begun[0], headers=headers)
        return LargeResponse(begun, pieces, headers)

    async def healthy(self, _request: Request) -> Response:
        return PlainTextResponse("streamgauge is healthy\n")

    async def ready(self, _request: Request) -> Response:
        if not self._watch.is_ready:  # nobody has asked yet, or Redis was away: look now
            await asyncio.wait([self._begun_look()], timeout=_READY_SECONDS)
        if self._watch.is_ready:
            return PlainTextResponse("streamgauge is ready\n")
        return PlainTextResponse("no redis has been read yet\n", status_code=503)

    def _begun_look(self) -> asyncio.Future[None]:
        """Sample every Redis with all of its time, however short the probe that began it waits.

        A scrape that asks meanwhile gets this sample, and a slow Redis is ready at a later probe.
        """
        targets = self._watch.targets
        if self._look is None or self._look.done() or self._looked_at is not targets:
            self._look = asyncio.ensure_future(self._look_at(targets.values()))
            self._looked_at = targets
        return self._look

    async def _look_at(self, targets: Iterable[Target]) -> None:
        """Sample them and keep nothing: a look that has ended must not hold its records."""
        await self._scrapes.of(targets, math.inf)

    async def no_reload(self, _request: Request) -> Response:
        return PlainTextResponse(
            "reloading over HTTP is disabled; start with --web.enable-lifecycle\n", status_code=404
        )

    async def reload(self, _request: Request) -> Response:
        try:
            await in_thread(self._watch.reload)
        except ConfigError as error:
            return PlainTextResponse(f"config not reloaded: {error}\n", status_code=500)
        return PlainTextResponse("config reloaded\n")


def _first_two(pieces: Iterator[bytes]) -> list[bytes]:
    return list(islice(pieces, 2))
