"""Hours in seconds: a real server and a real exporter whose clocks a test moves."""

import struct
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from support.clock_library import clock_library
from support.exporter import ExporterProcess
from support.metrics import Scrape
from support.real_time import RealTime
from support.servers import RealServer, missing


class MovedClock:
    """A clock that processes started with its `environment` read in place of the machine's."""

    def __init__(self, directory: Path):
        library = clock_library()
        if library is None:
            missing("a C compiler")
        self._offset_file = directory / "offset"
        self._offset_file.write_bytes(struct.pack("q", 0))
        self.environment = {"LD_PRELOAD": str(library), "MOVED_CLOCK": str(self._offset_file)}
        self.moved_seconds = 0.0

    def move(self, seconds: float) -> None:
        """Let so much time pass."""
        self._set(self.moved_seconds + seconds)

    def move_to(self, unix: float) -> None:
        """Let time pass until then; none, where it is later already."""
        self._set(max(self.moved_seconds, unix - time.time()))

    def _set(self, moved_seconds: float) -> None:
        self.moved_seconds = moved_seconds
        with self._offset_file.open("r+b") as file:
            file.write(struct.pack("q", int(self.moved_seconds * 1e9)))
        time.sleep(0.002)  # Valkey 9 reads the clock once a millisecond

    def now(self) -> float:
        """Unix time on this clock."""
        return time.time() + self.moved_seconds


class Life:
    """A real server with a real exporter beside it, and the time that passes for both."""

    def __init__(
        self,
        name: str,
        directory: Path,
        *streams: dict[str, Any],
        timeout: str = "30s",
        settings: dict[str, Any] | None = None,
    ):
        self._directory = directory
        self.clock = MovedClock(directory)
        self.server = RealServer(name, directory, environment=self.clock.environment)
        self._streams, self._timeout = streams, timeout
        self._settings = settings or {}
        self._exporters = 0
        self.about = RealTime().about

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self.server)
            self.redis = stack.enter_context(self.server.client())
            self.exporter = self._start_exporter()
            stack.callback(self._stop_exporter)
            self._ending = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.close()

    def _start_exporter(self) -> ExporterProcess:
        self._exporters += 1
        directory = self._directory / f"exporter{self._exporters}"
        directory.mkdir()
        config = {
            "redis": {"name": "main", "url": self.server.url, "timeout": self._timeout},
            "discovery": {"match": []},
            "streams": [*self._streams],
        } | self._settings
        environment = self.clock.environment
        return ExporterProcess(directory, config=config, environment=environment).start()

    def _stop_exporter(self) -> None:
        self.exporter.stop()

    def restart_exporter(self) -> None:
        self._stop_exporter()
        self.exporter = self._start_exporter()

    def after(self, seconds: float) -> Scrape:
        """Let time pass, and scrape."""
        self.clock.move(seconds)
        return self.exporter.scrape()

    def add(self, stream: str, count: int = 1, **options: Any) -> None:
        """Add entries with IDs of the server's own."""
        with self.redis.pipeline(transaction=False) as pipe:
            for _ in range(count):
                pipe.xadd(stream, {"n": 1}, **options)
            pipe.execute()

    def read(self, stream: str, count: int, group: str = "g", consumer: str = "c") -> int:
        """Have a consumer handed so many entries; returns how many it was."""
        found = self.redis.xreadgroup(group, consumer, {stream: ">"}, count=count)
        return len(found[0][1]) if found else 0
