"""Scrapes of one or more targets: one sample at a time each, shared by all who ask meanwhile."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable
from typing import Final, NamedTuple

from streamgauge.model.records import RedisSnapshot
from streamgauge.source.target import Target
from streamgauge.web.threads import in_thread

_GRACE_SHARE: Final = 0.05
"""A sample ends itself at its deadline; one that cannot (a name that is not resolved, a login that
drips in) is given up this much later."""

_ANSWER_SHARE: Final = 0.2
_ANSWER_SECONDS: Final = 0.5
"""What is kept back of Prometheus' scrape timeout for writing and sending the answer."""


class _Running(NamedTuple):
    """A sample under way, and when its time is over on the loop's clock."""

    sample: asyncio.Task[RedisSnapshot]
    ends: float


class Scrapes:
    """Single flight: whoever asks while a sample is under way gets that sample.

    Only if it fails, and another would have more time than that one had left, is another taken.
    """

    def __init__(self) -> None:
        self._flights: dict[Target, _Running] = {}

    @property
    def under_way(self) -> bool:
        """Tell whether a sample is being taken."""
        return bool(self._flights)

    async def of(self, targets: Iterable[Target], budget: float) -> list[RedisSnapshot]:
        """Sample all targets at once, each within its own timeout and within `budget` seconds."""
        return await asyncio.gather(*(self._one(target, budget) for target in targets))

    async def _one(self, target: Target, budget: float) -> RedisSnapshot:
        loop = asyncio.get_running_loop()
        now = loop.time()
        seconds = min(target.redis.timeout_seconds, budget)
        ends = now + seconds * (1 + _GRACE_SHARE)
        flight = self._flights.get(target)
        if flight is None:
            sample = asyncio.ensure_future(in_thread(target.sample, seconds))
            flight = self._flights[target] = _Running(sample, ends)
            sample.add_done_callback(lambda _: self._flights.pop(target))
        try:
            snapshot = await asyncio.wait_for(asyncio.shield(flight.sample), ends - now)
        except TimeoutError:
            is_over = loop.time() >= flight.ends
            return target.give_up() if is_over else target.out_of_time()
        left = now + seconds - loop.time()
        if snapshot.up or left <= flight.ends - now:
            return snapshot
        # It failed with less time than is left: whoever began it could not wait as long.
        return await self._one(target, left)


def scrape_budget(header: str | None) -> float:
    """Read X-Prometheus-Scrape-Timeout-Seconds as the seconds to work in; infinite without it."""
    try:
        seconds = float(header) if header else math.inf
    except ValueError:
        return math.inf
    if not seconds > 0:
        return math.inf
    return seconds - min(_ANSWER_SECONDS, seconds * _ANSWER_SHARE)
