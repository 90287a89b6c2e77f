"""The simulated system in a thread, and a look at it from outside."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from functools import partial

import redis

from streamgauge_demo.catalogue import STREAMS, key_of
from streamgauge_demo.incidents import parse_incident
from streamgauge_demo.pace import Pace
from streamgauge_demo.server import embedded_server
from streamgauge_demo.system import System
from support.polling import wait_for

SPEED = 60
# Groups that are behind in a calm system too: one reads once an hour, one never.
NOT_LIVE = {"hourly-archive", "old-dashboard"}


class Running:
    """A system in a thread of its own, and a plain client to look at it from outside."""

    def __init__(self, url: str, incidents: tuple[str, ...] = (), history: int = 20) -> None:
        self.client = redis.Redis.from_url(url, decode_responses=True)
        self.said: list[str] = []
        self._incidents = [parse_incident(text) for text in incidents]
        self._arguments = (url, Pace(SPEED))
        self._history = history
        self._prepared = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self._thread.start()
        assert self._prepared.wait(120)

    async def _run(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with System(*self._arguments, most_history=self._history) as self.system:
            await self.system.prepare()
            self._prepared.set()
            tasks = [
                asyncio.ensure_future(self.system.run()),
                asyncio.ensure_future(self.system.suffer(self._incidents, self.said.append)),
            ]
            await self._stop.wait()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def do(self, action) -> None:
        """Call something in the system's own loop."""
        self._loop.call_soon_threadsafe(action)

    def repair(self, incident: str) -> None:
        self.do(partial(self.system.world.breakages.repair, incident))

    def stop(self) -> None:
        self.do(self._stop.set)
        self._thread.join(60)
        self.client.close()

    def last_id(self, name: str) -> str:
        return self.client.xinfo_stream(key_of(name))["last-generated-id"]

    def length(self, name: str) -> int:
        return self.client.xlen(key_of(name))

    def group(self, name: str, group: str) -> dict:
        return next(one for one in self.client.xinfo_groups(key_of(name)) if one["name"] == group)

    def flows(self) -> dict[tuple[str, str], tuple[int, int]]:
        """How far every feed is written and every live group has read."""
        marks = {}
        for stream in STREAMS:
            if stream.stream_class == "continuous" and self.client.exists(stream.key):
                marks[stream.name, ""] = milliseconds_and_sequence(self.last_id(stream.name))
                for group in self.client.xinfo_groups(stream.key):
                    if group["name"] not in NOT_LIVE:
                        last = milliseconds_and_sequence(group["last-delivered-id"])
                        marks[stream.name, group["name"]] = last
        return marks

    def wait_until_all_flow(self, *, but: tuple[str, str] | None = None) -> None:
        """Every feed and live group gets past where every feed is now."""
        before = self.flows()
        live = {mark for mark in before if mark != but and (mark[0], "") != but}

        def moved() -> bool:
            now = self.flows()
            return all(now[mark] > before[mark[0], ""] for mark in live)

        wait_for(moved, f"everything flows but {but}")


def milliseconds_and_sequence(entry_id: str) -> tuple[int, int]:
    ms, seq = entry_id.split("-")
    return int(ms), int(seq)


@contextlib.contextmanager
def running(*incidents: str, history: int = 20) -> Iterator[Running]:
    with embedded_server() as server:
        system = Running(server.url, incidents, history)
        try:
            yield system
        finally:
            system.stop()
