"""The routes; everything that may block happens in threads beside the event loop."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from itertools import islice
from typing import Final

from streamgauge.config import ConfigError
from streamgauge.model.records import Snapshot
from streamgauge.source.target import Target
from streamgauge.target_manager import TargetManager
from streamgauge.web.answer import metrics_answer, process_registry
from streamgauge.web.http import (
    Application,
    Request,
    Response,
    not_allowed,
    text_response,
    unknown_target,
)
from streamgauge.web.large import large_body
from streamgauge.web.scrapes import Scrapes, scrape_budget
from streamgauge.web.threads import in_thread

_READY_SECONDS: Final = 1.0
"""What a readiness probe waits by default."""


def build_app(
    manager: TargetManager, scrapes: Scrapes, *, enable_lifecycle: bool = False
) -> Application:
    """Return the application in front of running targets."""
    machine = _Machine(manager, scrapes)
    routes = {
        "/metrics": machine.metrics,
        "/scrape": machine.scrape,
        "/-/healthy": machine.healthy,
        "/-/ready": machine.ready,
    }
    reload = machine.reload if enable_lifecycle else machine.no_reload
    pages: dict[str, Application] = {}

    async def app(request: Request) -> Response:
        if request.path == "/-/reload":
            return await reload(request)
        if request.path not in routes and not pages:
            pages.update(await in_thread(_pages, manager, scrapes))
        answer = routes.get(request.path) or pages.get(request.path)
        if answer is None:
            return text_response("not found\n", HTTPStatus.NOT_FOUND)
        if request.method not in ("GET", "HEAD"):
            return not_allowed("GET, HEAD")
        return await answer(request)

    return app


def _pages(manager: TargetManager, scrapes: Scrapes) -> Mapping[str, Application]:
    """What people ask for. Imported late: an exporter that is only scraped does without."""
    from streamgauge.web.pages import Pages  # noqa: PLC0415

    return Pages(manager, scrapes).routes()


class _Machine:
    """What programs ask for."""

    def __init__(self, manager: TargetManager, scrapes: Scrapes) -> None:
        self._manager = manager
        self._scrapes = scrapes
        self._registry = process_registry()
        self._look: asyncio.Future[None] | None = None
        self._looked_at: Mapping[str, Target] = {}

    async def metrics(self, request: Request) -> Response:
        return await self._answer(list(self._manager.targets.values()), request)

    async def scrape(self, request: Request) -> Response:
        """Sample one configured Redis, by its name and by nothing else: this is no open proxy."""
        target = self._manager.targets.get(request.query.get("target", ""))
        if target is None:
            return unknown_target("/scrape", self._manager.targets)
        return await self._answer([target], request)

    async def _answer(self, targets: list[Target], request: Request) -> Response:
        budget = scrape_budget(request.headers.get("x-prometheus-scrape-timeout-seconds"))
        instances = await self._scrapes.of(targets, budget)
        snapshot = Snapshot(instances, self._manager.process_state)
        pieces, headers = metrics_answer(snapshot, self._registry, request.headers)
        begun = await in_thread(_first_two, pieces)
        body = begun[0] if len(begun) == 1 else large_body(begun, pieces)
        return Response(body, headers=headers)

    async def healthy(self, _request: Request) -> Response:
        return text_response("streamgauge is healthy\n")

    async def ready(self, _request: Request) -> Response:
        if not self._manager.is_ready:  # nobody has asked yet, or Redis was away: look now
            await asyncio.wait([self._begun_look()], timeout=_READY_SECONDS)
        if self._manager.is_ready:
            return text_response("streamgauge is ready\n")
        return text_response("no redis has been read yet\n", HTTPStatus.SERVICE_UNAVAILABLE)

    def _begun_look(self) -> asyncio.Future[None]:
        """Sample every Redis with all of its time, however short the probe that began it waits.

        A scrape that asks meanwhile gets this sample, and a slow Redis is ready at a later probe.
        """
        targets = self._manager.targets
        if self._look is None or self._look.done() or self._looked_at is not targets:
            self._look = asyncio.ensure_future(self._look_at(targets.values()))
            self._looked_at = targets
        return self._look

    async def _look_at(self, targets: Iterable[Target]) -> None:
        """Sample them and keep nothing: a look that has ended must not hold its records."""
        await self._scrapes.of(targets, math.inf)

    async def no_reload(self, _request: Request) -> Response:
        return text_response(
            "reloading over HTTP is disabled; start with --web.enable-lifecycle\n",
            HTTPStatus.NOT_FOUND,
        )

    async def reload(self, request: Request) -> Response:
        if request.method != "POST":
            return not_allowed("POST")
        try:
            await in_thread(self._manager.reload)
        except ConfigError as error:
            return text_response(
                f"config not reloaded: {error}\n", HTTPStatus.INTERNAL_SERVER_ERROR
            )
        return text_response("config reloaded\n")


def _first_two(pieces: Iterator[bytes]) -> list[bytes]:
    return list(islice(pieces, 2))
