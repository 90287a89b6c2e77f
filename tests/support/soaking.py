"""Scrapes in a row while nothing stays as it is: what a long life of an exporter looks like."""

import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import redis

from support.exporter import ExporterProcess
from support.faulty import Proxy
from support.polling import wait_for

LASTING = ("feed", "work")
RESIDENT = re.compile(r"^VmRSS:\s+(\d+) kB", re.MULTILINE)


class Usage(NamedTuple):
    """What a process holds: resident memory in KiB, threads, open files."""

    resident_kib: int
    threads: int
    files: int


def usage(pid: int) -> Usage:
    process = Path(f"/proc/{pid}")
    found = RESIDENT.search((process / "status").read_text())
    assert found
    return Usage(
        int(found[1]),
        len(list((process / "task").iterdir())),
        len(list((process / "fd").iterdir())),
    )


def configuration(url: str, turn: int = 0) -> dict[str, Any]:
    """Another one in every turn, though it means the same for the streams that last."""
    return {
        "redis": {"name": "main", "url": url, "timeout": "5s"},
        "discovery": {"match": ["*"], "interval": "100ms", "max_streams": 500 + turn % 2},
        "streams": [
            {"match": "feed", "class": "continuous", "quiet_limit": f"{30 + turn % 5}s"},
            {"match": "passing:*", "class": "event"},
        ],
    }


class Unrest:
    """Changes of a server in turns: names come and go forever, numbers stay about the same."""

    def __init__(self, client: redis.Redis):
        self._client = client

    def begin(self) -> None:
        for stream in LASTING:
            self._client.xadd(stream, {"n": 0}, id="1-1")
            self._client.xadd(stream, {"n": 0}, id="1-2")

    def change(self, turn: int) -> None:
        """One of each: a stream made, renamed and deleted, groups and consumers on all of them."""
        with self._client.pipeline(transaction=False) as pipe:
            new, old = f"passing:{turn}", f"passing:{turn - 10}"
            # IDs that are no times, whose ages an exporter has to remember.
            pipe.xadd(new, {"n": turn}, id=f"{turn + 1}-1")
            for stream in (new, *LASTING):
                pipe.xgroup_create(stream, f"group{turn}", id="0")
                pipe.xgroup_createconsumer(stream, f"group{turn}", f"consumer{turn}")
            pipe.xreadgroup(f"group{turn}", f"consumer{turn}", {new: ">"}, count=1)
            for stream in LASTING:
                pipe.xgroup_destroy(stream, f"group{turn - 5}")
            pipe.xadd("work", {"n": turn}, id=f"{turn + 2}-1", maxlen=50, approximate=False)
            pipe.delete(f"renamed:{turn - 20}")
            if turn >= 10:
                pipe.rename(old, f"renamed:{turn - 10}")
            pipe.execute(raise_on_error=False)


def soak(
    process: ExporterProcess, proxy: Proxy, client: redis.Redis, scrapes: int
) -> Iterator[Usage]:
    """Scrape so often, with unrest before each; yields what the process holds after each scrape.

    Now and then all connections break, the configuration is replaced, or is wrong for a while.
    """
    unrest = Unrest(client)
    unrest.begin()
    for turn in range(scrapes):
        unrest.change(turn)
        if turn % 97 == 50:
            proxy.drop()
        if turn % 61 == 30:
            reload(process, proxy.url, turn)
        process.get("/metrics", {"X-Prometheus-Scrape-Timeout-Seconds": "10"})
        if turn % 151 == 75:
            process.get("/")
        yield usage(process.pid)


def reload(process: ExporterProcess, url: str, turn: int) -> None:
    wrong = turn % 2 == 1
    config = configuration(url, turn)
    process.write_config(config | {"redis": {}} if wrong else config)
    before = process.log().count("reloaded")
    process.send(signal.SIGHUP)
    wait_for(lambda: process.log().count("reloaded") > before, "the exporter has read it again")
