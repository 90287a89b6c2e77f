"""Where there are more clients than there is room for, those who wait longest go first."""

import asyncio
import logging
from dataclasses import dataclass

import pytest

from streamgauge.web.connection import Phase
from streamgauge.web.connections import Connections
from streamgauge.web.limits import Limits
from streamgauge.web.server import HttpServer
from support.limited import GET, HALF, SECONDS, Served, run
from support.polling import until


def test_the_slow_go_before_the_idle_and_these_before_the_new(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(served: Served) -> None:
        idle = await served.connect()
        assert await idle.get() == 200
        monkeypatch.setattr("streamgauge.web.connections._LEAST_SECONDS", 0)
        monkeypatch.setattr("streamgauge.web.connections._SLOW_SECONDS", 0)
        first, second, _third = [await served.connect(HALF) for _ in range(3)]
        other = await served.connect()
        assert await other.get() == 200
        assert await first.end() == b""
        assert await idle.get() == 200
        monkeypatch.setattr("streamgauge.web.connections._SLOW_SECONDS", 60)
        for gone in (other, idle, second):
            await served.connect(HALF)
            assert await gone.end() == b""

    run(test, max_connections=4, request_seconds=60)
    warnings = [record.message for record in caplog.records if record.levelno >= logging.WARNING]
    assert warnings == ["too many open connections, those that wait longest are closed"]


def test_request_that_is_being_answered_is_never_cut_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("streamgauge.web.connections._LEAST_SECONDS", 0)

    async def test(served: Served) -> None:
        wait = GET.replace(b"/ ", b"/wait ", 1)
        busy = await served.connect(wait)
        await served.waiting.wait()
        others = [await served.connect(HALF) for _ in range(20)]
        await asyncio.gather(*(other.end() for other in others[:-1]))
        served.go.set()
        assert (await busy.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")

    run(test, max_connections=2, request_seconds=60)


def test_where_all_are_being_answered_another_one_waits_its_turn(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def test(served: Served) -> None:
        busy = await served.connect(GET.replace(b"/ ", b"/wait ", 1))
        await served.waiting.wait()
        other = asyncio.ensure_future((await served.connect()).get())
        await until(lambda: caplog.records, "it is said that they wait", seconds=SECONDS)
        served.go.set()
        assert (await busy.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        assert await other == 200

    run(test, max_connections=1, request_seconds=60)
    assert [record.message for record in caplog.records] == [
        "too many open connections, new ones wait"
    ]


def test_who_has_just_come_is_given_time_to_ask_however_many_follow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seconds = 0.3
    monkeypatch.setattr("streamgauge.web.connections._LEAST_SECONDS", seconds)

    async def test(served: Served) -> None:
        started = asyncio.get_running_loop().time()
        first = await served.connect()
        for _ in range(3):
            await served.connect()
        assert await first.end() == b""
        assert asyncio.get_running_loop().time() - started >= seconds

    run(test, max_connections=1, request_seconds=60)


@dataclass(eq=False)
class Slow:
    """A connection of a host that waits for its client since a time."""

    host: str
    since: float
    dropped: list[str]
    phase: Phase = Phase.RECEIVING

    def drop(self) -> None:
        self.dropped.append(self.host)


def test_the_client_with_most_connections_goes_first() -> None:
    async def test() -> None:
        now = asyncio.get_running_loop().time()
        dropped: list[str] = []
        connections = Connections(Limits(max_connections=5))
        for age, host in enumerate(["patient", "flood", "flood", "other", "flood"]):
            connections.add(Slow(host, now - 20 + age, dropped))
        for _ in range(3):
            assert connections.make_room()
            connections.add(Slow("other", now, dropped))
        assert dropped == ["flood", "flood", "other"]

    asyncio.run(test())


def test_files_that_run_out_are_a_pause_and_not_the_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Exhausted:
        """A listening socket whose first accept fails."""

        def __init__(self, real):
            self._real, self.failures = real, 1

        def __getattr__(self, name):
            return getattr(self._real, name)

        def accept(self):
            if self.failures:
                self.failures -= 1
                raise OSError(24, "Too many open files")
            return self._real.accept()

    async def test() -> None:
        served = Served()
        listener = served.listener._replace(socket=Exhausted(served.listener.socket))
        served.server = HttpServer(served.answer, [listener], Limits())
        task = asyncio.ensure_future(served.server.run())
        client = await served.connect()
        assert await client.get() == 200
        client.writer.close()
        served.server.end()
        await asyncio.wait_for(task, SECONDS)

    asyncio.run(test())
    assert [record.message for record in caplog.records] == ["no client can be accepted"]
