"""The simulated system begins on an empty database, and ends when it cannot go on."""

import asyncio
import contextlib
import socket

import pytest
import redis

from streamgauge_demo import reconciler
from streamgauge_demo.bus import Bus
from streamgauge_demo.catalogue import key_of
from streamgauge_demo.errors import DemoError
from streamgauge_demo.pace import Pace, every
from streamgauge_demo.server import embedded_server
from streamgauge_demo.system import System
from streamgauge_demo.tasks import end
from support.demo_system import SPEED
from support.servers import RealServer


def test_a_database_in_use_is_refused_and_left_alone():
    async def prepare(url: str) -> None:
        async with System(url, Pace()) as system:
            try:
                await system.prepare()
            finally:
                await system.clear()

    with embedded_server() as server, redis.Redis.from_url(server.url) as client:
        client.set("quantum:mine", "1")
        with pytest.raises(DemoError, match="already holds keys under quantum:"):
            asyncio.run(prepare(server.url))
        assert client.keys() == [b"quantum:mine"]


def test_clearing_takes_every_key_of_the_demo_and_no_other():
    async def prepare_and_clear(url: str) -> None:
        async with System(url, Pace(), most_history=5) as system:
            await system.prepare()
            await system.clear()

    with embedded_server() as server, redis.Redis.from_url(server.url) as client:
        client.set("other", "1")
        asyncio.run(prepare_and_clear(server.url))
        assert client.keys() == [b"other"]


def test_a_server_that_never_answers_is_one_sentence(monkeypatch):
    monkeypatch.setattr("streamgauge_demo.system._PREPARE_SECONDS", 0.2)

    async def prepare(url: str) -> None:
        async with System(url, Pace()) as system:
            await system.prepare()

    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        url = f"redis://127.0.0.1:{deaf.getsockname()[1]}/0"
        with pytest.raises(DemoError, match=r"^that Redis does not answer$"):
            asyncio.run(prepare(url))


def test_an_address_of_no_redis_is_one_sentence():
    with pytest.raises(DemoError, match=r"^--redis\.url: "):
        System("http://127.0.0.1", Pace())


async def _shut_down(bus: Bus) -> None:
    with contextlib.suppress(redis.ConnectionError):
        await bus.client.shutdown(nosave=True)


async def _replace_a_stream(bus: Bus) -> None:
    await bus.client.set(key_of("market.tick"), "no stream")


async def _replace_a_read_stream(bus: Bus) -> None:
    await bus.client.set(key_of("harvest.intent"), "no stream")


@pytest.mark.parametrize("spoil", [_shut_down, _replace_a_stream, _replace_a_read_stream])
def test_a_lost_redis_ends_the_system(spoil):
    async def run(url: str) -> None:
        async with System(url, Pace(SPEED), most_history=5) as system:
            await system.prepare()
            running = asyncio.ensure_future(system.run())
            await spoil(system.world.bus)
            await running

    with embedded_server() as server, pytest.raises(DemoError, match=r"lost its Redis: "):
        asyncio.run(run(server.url))


async def until_it_decides(url: str, *, can_block: bool) -> None:
    async with System(url, Pace(SPEED), can_block=can_block, most_history=5) as system:
        await system.prepare()
        running = asyncio.ensure_future(system.run())
        async with asyncio.timeout(60):
            async for _ in every(0.01):
                if system.world.bus.appended["ai.decision.made"]:
                    break
        await end([running])


def test_without_blocking_reads_it_flows_too():
    """As on the stand-in, which would spend a core on them."""
    with embedded_server() as server:
        asyncio.run(until_it_decides(server.url, can_block=False))


def test_on_redis_6_which_keeps_no_counts_it_flows_too(redis62: RealServer):
    asyncio.run(until_it_decides(redis62.url, can_block=True))


def test_a_stale_snapshot_puts_a_symbol_on_hold_until_it_is_fresh(monkeypatch):
    for name, seconds in (("STALL_EVERY", 0.5), ("STALL", 0.4), ("STALE", 0.2), ("LOOK", 0.03)):
        monkeypatch.setattr(reconciler, f"_SHORTEST_{name}_SECONDS", seconds)

    async def story(url: str) -> tuple[str, float]:
        async with System(url, Pace(600), most_history=0) as system:
            await system.prepare()
            world, client = system.world, system.world.bus.client
            actors = [
                asyncio.ensure_future(actor(world))
                for actor in (reconciler.exchange_snapshots, reconciler.reconcile_engine)
            ]
            hold = "quantum:reconcile:hold:*"
            async with asyncio.timeout(60):
                async for _ in every(0.01):
                    if found := await client.keys(hold):
                        # At once, or it may be lifted in between.
                        reason, ttl_ms = (
                            await client.pipeline().get(found[0]).pttl(found[0]).execute()
                        )
                        if reason is not None:
                            break
                async for _ in every(0.01):
                    if not await client.exists(found[0]):
                        break
            assert await client.xlen(key_of("reconcile.close")) == 0
            await end(actors)
            return str(reason), ttl_ms / 1_000

    with embedded_server() as server:
        reason, ttl_seconds = asyncio.run(story(server.url))
    assert reason == "stale_exchange"
    # The hold was lifted by the engine, well before it would have run out.
    assert 4 < ttl_seconds <= 5
