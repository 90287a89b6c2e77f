"""Plays a world: a real server and real exporters under one clock, and what is scraped of them."""

from __future__ import annotations

import random
import signal
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import redis

from replay.actors import MINUTE, Actor, Moment
from replay.scenario import World
from streamgauge.bundled import bundle_path
from support.exporter import ExporterProcess
from support.moved_clock import MovedClock
from support.polling import wait_for
from support.promtool import Recording, Value
from support.servers import RealServer

STEP = 10.0
SCRAPE = 30
BEGINS_AT_EIGHT = 8
_RULES = "".join(file.read_text() for file in bundle_path("alerts").glob("*.rules.yml"))


def _next_friday() -> float:
    """Eight o'clock UTC on a Friday that is to come: a clock is moved forward only."""
    day = datetime.now(UTC).replace(hour=BEGINS_AT_EIGHT, minute=0, second=0, microsecond=0)
    day += timedelta(days=1)
    return (day + timedelta(days=(4 - day.weekday()) % 7)).timestamp()


BEGINS = _next_friday()


class Stage:
    """A world on one server: the server behind a socket that can be taken away, and exporters."""

    def __init__(self, world: World, server: str, directory: Path) -> None:
        self.world, self.name, self.directory = world, server, directory
        self.begins = BEGINS if world.begins is None else world.begins
        self.now = 0.0
        self.clock = MovedClock(directory)
        self.clock.move_to(self.begins)
        self.socket = directory / "redis.sock"
        self.servers: list[RealServer] = []
        self.exporters: dict[str, ExporterProcess] = {}
        self.unscraped: set[str] = set()
        self.series: dict[str, list[Value]] = {}
        self._present: dict[str, set[str]] = {}
        self._looks = 0
        self._ending = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.server = self.start_server()
            stack.callback(lambda: [server.stop() for server in self.servers])
            stack.callback(lambda: [one.stop() for one in self.exporters.values()])
            self.socket.symlink_to(self._socket_of(self.server))
            for instance in self.world.exporters:
                self.start_exporter(instance)
            self._ending = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.close()

    # What may happen to a world; `World.events` names these.

    def start_server(self, *options: str) -> RealServer:
        directory = self.directory / f"server{len(self.servers)}"
        directory.mkdir()
        options = ("--unixsocket", str(directory / "redis.sock"), *self.world.options, *options)
        server = RealServer(self.name, directory, *options, environment=self.clock.environment)
        self.servers.append(server)
        server.start()
        return server

    def start_exporter(self, instance: str) -> None:
        directory = self.directory / f"exporter-{instance}"
        directory.mkdir(exist_ok=True)
        process = ExporterProcess(
            directory, config=self._config(instance), environment=self.clock.environment
        )
        self.exporters[instance] = process.start()

    def stop_exporter(self, instance: str) -> None:
        self.exporters.pop(instance).stop()

    def lose_redis(self) -> None:
        """Let the exporters reach the server no more; it goes on."""
        self.socket.unlink()
        with self.server.client() as client:
            client.client_kill_filter(_type="normal", skipme=True)

    def find_redis(self) -> None:
        self.socket.symlink_to(self._socket_of(self.server))

    def add_replica(self) -> None:
        """Start a replica, and wait until it has all that the server has."""
        self.start_server("--replicaof", "127.0.0.1", str(self.server.port))
        with self.servers[-1].client() as replica:
            wait_for(
                lambda: replica.info("replication")["master_link_status"] == "up",
                "the replica follows",
            )

    def part_replica(self) -> None:
        """Let the replica hear no more of the server: what is written now will be lost."""
        with self.servers[-1].client() as replica:
            replica.replicaof("NO", "ONE")

    def fail_over(self) -> None:
        """Let the replica take the place of the server, under its name."""
        self.lose_redis()
        self.server.kill()
        self.server = self.servers[-1]
        self.find_redis()

    def reload(self, changed: dict[str, dict[str, Any]]) -> None:
        """Write other rules for some streams, and wait until every exporter has read them."""
        for instance, exporter in self.exporters.items():
            before = exporter.log().count("reloaded")
            exporter.write_config(self._config(instance, changed))
            exporter.send(signal.SIGHUP)
            wait_for(lambda e=exporter, n=before: e.log().count("reloaded") > n, "it is reloaded")

    def _socket_of(self, server: RealServer) -> Path:
        return server.directory / "redis.sock"

    def _config(
        self, instance: str, changed: dict[str, dict[str, Any]] | None = None
    ) -> dict[str, Any]:
        declared = {one.stream: one.declared for one in self.world.on(self.name)}
        rules = declared | (changed or {})
        config = {
            "redis": {"name": "main", "url": f"unix://{self.socket}", "timeout": "30s"},
            "discovery": {"match": []},
            "streams": [{"match": stream} | rule for stream, rule in rules.items()],
        }
        if self.world.keeps_state:
            config["state_file"] = str(self.directory / f"state-{instance}.json")
        return config | self.world.settings

    # What passes.

    def play(self) -> Recording:
        """Let the whole time of the world pass; returns what was scraped."""
        actors = [(one.stream, actor) for one in self.world.on(self.name) for actor in one.life()]
        order = random.Random(1)
        events = sorted(self.world.events, key=lambda event: event[0])
        end = self.world.minutes * MINUTE
        self._scrape()
        while self.now < end:
            self.now += STEP
            self.clock.move_to(self.begins + self.now)
            while events and events[0][0] * MINUTE <= self.now:
                events.pop(0)[1](self)
            # Now a producer comes first, now a consumer: a scrape sees groups in either moment.
            self._act(actors if order.random() < 0.5 else actors[::-1])
            if self.now % SCRAPE == 0:
                self._scrape()
        return Recording(self.series, SCRAPE, int(end))

    def _act(self, actors: Iterable[tuple[str, Actor]]) -> None:
        with self.server.client() as client, client.pipeline(transaction=False) as pipe:
            unix = self.begins + self.now
            for stream, actor in actors:
                actor(Moment(self.now - STEP, self.now, unix, stream, pipe, client))
            if not self.server.is_running:
                return
            for answer in pipe.execute(raise_on_error=False):
                if isinstance(answer, redis.RedisError):
                    assert str(answer).startswith(("NOGROUP", "BUSYGROUP")), answer

    def _scrape(self) -> None:
        for instance in self.world.exporters:
            target = f'job="streamgauge",instance="{instance}"'
            if instance in self.unscraped:
                continue
            exporter = self.exporters.get(instance)
            found = {} if exporter is None else self._samples(exporter, target)
            for gone in self._present.get(instance, set()) - found.keys():
                self._say(gone, "stale")
            self._present[instance] = {*found}
            self._say(f"up{{{target}}}", float(exporter is not None))
            for series, value in found.items():
                self._say(series, value)
        self._looks += 1
        for values in self.series.values():
            values.extend([None] * (self._looks - len(values)))

    def _say(self, series: str, value: Value) -> None:
        self.series.setdefault(series, [None] * self._looks).append(value)

    def _samples(self, exporter: ExporterProcess, target: str) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for line in exporter.get("/metrics").text.splitlines():
            series, _, text = line.rpartition(" ")
            name, _, labels = series.partition("{")
            if name not in _RULES or line.startswith("#"):
                continue
            value = float(text)
            if name.endswith("_timestamp_seconds"):
                value -= self.begins  # promtool's time begins at 0
            found[f"{name}{{{target},{labels}" if labels else f"{name}{{{target}}}"] = value
        return found


def between(start: float, end: float, *happens: Callable[[Stage], None]) -> list[Any]:
    """The two events of something that begins and ends, in minutes."""
    begins, ends = happens
    return [(start, begins), (end, ends)]
