"""Scrapes of one or more targets: one sample at a time each, shared by all who ask meanwhile."""

from __future__ import annotations

import asyncio
import math
import weakref
from collections.abc import Iterable
from typing import Final

from streamgauge.model.records import RedisSnapshot
from streamgauge.source.target import Target
from streamgauge.web.threads import in_thread

_GRACE_SECONDS: Final = 0.1
"""A sample ends itself at its deadline; only one that cannot (DNS) is given up this much later."""

_ANSWER_SHARE: Final = 0.1
_ANSWER_SECONDS: Final = 0.5
"""What is kept back of Prometheus' scrape timeout for writing and sending the answer."""


class Scrapes:
    """Single flight: whoever asks while a sample is under way gets that sample."""

    def __init__(self) -> None:
        self._flights: weakref.WeakKeyDictionary[Target, asyncio.Task[RedisSnapshot]] = (
            weakref.WeakKeyDictionary()
        )

    async def of(self, targets: Iterable[Target], budget: float) -> list[RedisSnapshot]:
        """Sample all targets at once, each within its own timeout and within `budget` seconds."""
        return await asyncio.gather(*(self._one(target, budget) for target in targets))

    async def _one(self, target: Target, budget: float) -> RedisSnapshot:
        seconds = min(target.redis.timeout_seconds, budget)
        flight = self._flights.get(target)
        if flight is None or flight.done():
            flight = asyncio.ensure_future(in_thread(target.sample, seconds))
            self._flights[target] = flight
        try:
            return await asyncio.wait_for(asyncio.shield(flight), seconds + _GRACE_SECONDS)
        except TimeoutError:
            return target.give_up()


def scrape_budget(header: str | None) -> float:
    """Read X-Prometheus-Scrape-Timeout-Seconds as the seconds to work in; infinite without it."""
    try:
        seconds = float(header) if header else math.inf
    except ValueError:
        return math.inf
    if not seconds > 0:
        return math.inf
    return seconds - min(_ANSWER_SECONDS, seconds * _ANSWER_SHARE)
