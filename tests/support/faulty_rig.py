"""A real Redis, a proxy that can break it, and an exporter behind that, watched as one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import redis

from support.exporter import ExporterProcess
from support.faulty import READ_COMMANDS, Proxy
from support.history import CLASSES
from support.metrics import STREAM_SERIES, Scrape
from support.servers import RealServer

REASONS = (
    "connection", "timeout", "noperm", "wrongtype", "replica", "cluster", "protocol", "other",
)  # fmt: skip
CLASS_OF = {"feed": "continuous", "work": "hybrid", "job": "event", "who": "unclassified"}
ONCE = {"match": ["*"], "interval": "1h"}
TIMEOUT = "20s"  # who answers is in time, however busy the machine is
BRIEF, BRIEF_SECONDS = "2s", 2.0  # for what never answers: a test waits as long


class Outcome(NamedTuple):
    """What a scrape says of its Redis as a whole: `errors` are the counts above zero."""

    up: float
    streams: set[str]
    errors: dict[tuple[str, str], float]


HEALTHY = Outcome(1, set(CLASS_OF), {})


def blind(reason: str, classes: tuple[str, ...] = CLASSES) -> Outcome:
    """The outcome when nothing can be read while one stream of each class is known."""
    return Outcome(0, set(), {(class_, reason): 1 for class_ in classes})


def without(stream: str, reason: str) -> Outcome:
    """The outcome when one stream cannot be read and the others can."""
    return Outcome(1, set(CLASS_OF) - {stream}, {(CLASS_OF[stream], reason): 1})


def outcome(scrape: Scrape, of: str = "main") -> Outcome:
    """What a scrape says of the Redis of this name, checked for what always holds."""
    counts = scrape.by("streamgauge_stream_errors", "redis", "class", "reason")
    errors = {(key[1], key[2]): count for key, count in counts.items() if key[0] == of}
    assert errors.keys() == {(class_, reason) for class_ in CLASSES for reason in REASONS}
    read = scrape.by("streamgauge_streams", "redis", "class")
    assert {key[1] for key in read if key[0] == of} == set(CLASSES)
    series = [
        key
        for name in STREAM_SERIES
        for key in scrape.by(name, "redis", "stream", "group", "consumer")
    ]
    streams = {key[1] for key in series if key[0] == of}
    return Outcome(
        scrape.by("redis_up", "redis")[of,],
        streams,
        {key: count for key, count in errors.items() if count},
    )


def configuration(url: str, timeout: str = TIMEOUT, **sections: Any) -> dict[str, Any]:
    """A configuration that classes streams by the names they begin with and declares none."""
    declared = [
        {"match": f"{stream}*", "class": class_}
        for stream, class_ in CLASS_OF.items()
        if class_ != "unclassified"
    ]
    return {
        "redis": {"name": "main", "url": url, "timeout": timeout},
        "discovery": {"match": ["*"], "interval": "100ms"},
        "streams": declared,
    } | sections


def fill(client: redis.Redis) -> None:
    """Empty a database, and make one stream of each class; nobody sees anything in between.

    The group of each has entries waiting, pending, and a consumer, so both rounds of a scrape have
    everything to ask about it.
    """
    with client.pipeline(transaction=True) as pipe:
        pipe.flushdb()
        for stream in CLASS_OF:
            for number in range(5):
                pipe.xadd(stream, {"n": number})
            pipe.xgroup_create(stream, "g", id="0")
            pipe.xreadgroup("g", "c", {stream: ">"}, count=2)
        pipe.execute()


class Rig(NamedTuple):
    """See the module."""

    server: RealServer
    proxy: Proxy
    exporter: ExporterProcess

    def outcome(self) -> Outcome:
        """That of a scrape made now."""
        return outcome(self.exporter.scrape())

    def heal(self) -> None:
        """Mend everything, so that the next test finds four healthy streams and nothing else."""
        self.proxy.heal()
        with self.server.client() as client:
            fill(client)
        self.exporter.scrape_until(
            lambda scrape: outcome(scrape) == HEALTHY, "all is well with the four streams"
        )


@contextmanager
def rig(server: RealServer, directory: Path, timeout: str = TIMEOUT) -> Iterator[Rig]:
    """A rig in front of a server that it empties first; its exporter looks for streams only once.

    At the end only read commands may have been sent.
    """
    server.flush()
    with server.client() as client:
        fill(client)
    with Proxy(server.port) as proxy:
        config = configuration(proxy.url, timeout, discovery=ONCE)
        with ExporterProcess(directory, config=config) as exporter:
            yield Rig(server, proxy, exporter)
    assert proxy.verbs() <= READ_COMMANDS
