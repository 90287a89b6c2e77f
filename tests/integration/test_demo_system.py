"""The simulated system on a real server: at rest, in operation, and broken in one place each."""

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from functools import partial

import pytest
import redis

from streamgauge.demo import reconciler
from streamgauge.demo.bus import Bus
from streamgauge.demo.catalogue import DAY, MAXLEN, STREAMS, SYMBOLS, key_of
from streamgauge.demo.control import POLICY_VERSION, queue_retraining
from streamgauge.demo.errors import DemoError
from streamgauge.demo.feeds import TRIMMED_MAXLEN
from streamgauge.demo.incidents import INCIDENTS, parse_incident
from streamgauge.demo.pace import Pace, every
from streamgauge.demo.pipeline import SLOW_SHARE
from streamgauge.demo.positions import MOST_LOTS, position_record
from streamgauge.demo.server import embedded_server
from streamgauge.demo.system import System
from streamgauge.demo.tasks import end
from support.polling import wait_for
from support.servers import RealServer

SPEED = 60
EVENT_GROUPS = {
    "policy.updated": ("quantum:group:ai-engine:policy.updated", "ai-engine-1"),
    "model.retrain": ("retraining_workers", "retrain_worker"),
    "reconcile.close": ("apply_recon", "apply_recon-1"),
}
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


@pytest.fixture(scope="module")
def calm() -> Iterator[Running]:
    with running(history=MAXLEN + 8) as system:
        yield system


@pytest.fixture(scope="module")
def broken() -> Iterator[dict[str, Running]]:
    """One system per incident, all at the same time."""
    with contextlib.ExitStack() as stack:
        yield {name: stack.enter_context(running(f"{name}@0")) for name in INCIDENTS}


def test_every_feed_flows_and_every_live_group_reads(calm: Running):
    calm.wait_until_all_flow()
    for stream in STREAMS:
        for group in calm.client.xinfo_groups(stream.key) if stream.groups else ():
            assert group["consumers"] == 1, (stream.name, group)
    # Trimmed as the pipeline does: about its maximum, never much more.
    assert MAXLEN <= calm.length("apply.plan") <= MAXLEN + 200


@pytest.mark.parametrize("name", EVENT_GROUPS)
def test_event_streams_are_empty_with_a_group_and_its_consumer_ready(calm: Running, name: str):
    group, consumer = EVENT_GROUPS[name]
    assert calm.client.type(key_of(name)) == "stream"
    assert calm.length(name) == 0
    assert calm.last_id(name) == "0-0"
    found = calm.group(name, group)
    assert (found["consumers"], found["pending"], found["lag"]) == (1, 0, 0)
    consumers = calm.client.xinfo_consumers(key_of(name), group)
    assert [one["name"] for one in consumers] == [consumer]


def test_past_policy_changes_are_kept_and_nobody_reads_them(calm: Running):
    info = calm.client.xinfo_stream(key_of("policy.update"))
    assert (info["length"], info["groups"]) == (104, 0)
    newest_ms, _ = milliseconds_and_sequence(info["last-generated-id"])
    assert 9 * DAY <= time.time() - newest_ms / 1_000 <= 9 * DAY + 3_600
    assert info["last-entry"][1] == {"event": "policy.updated", "version": POLICY_VERSION}


@pytest.mark.parametrize(
    ("name", "length"), [("execution.result", 2_154), ("ai.decision.made", 10_002)]
)
def test_history(calm: Running, name: str, length: int):
    assert calm.length(name) >= length if "decision" in name else calm.length(name) == length
    first, last = (
        milliseconds_and_sequence(calm.client.xinfo_stream(key_of(name))[which][0])
        for which in ("first-entry", "last-entry")
    )
    assert first < last


def test_hybrids_and_the_unclassified_stream_are_written_now_and_then(calm: Running):
    for name in ("harvest.intent", "rl_rewards", "lab.experiment"):
        counted = calm.system.world.bus.appended
        wait_for(lambda name=name, counted=counted: counted[name], f"an entry in {name}")
    # Its mean is five minutes, so chance may leave it out here.
    assert calm.length("risk.events") >= 30


def test_policies_live_in_hashes(calm: Running):
    def current() -> dict[str, str]:
        return calm.client.hgetall("quantum:policy:current")

    first = wait_for(current, "a current policy")
    assert first["policy_version"] == POLICY_VERSION
    assert int(first["valid_until_epoch"]) > time.time()
    assert int(first["refreshed"]) <= time.time()

    def iterations() -> set[int]:
        hashes = (calm.client.hgetall(f"quantum:policy:{symbol}") for symbol in SYMBOLS)
        return {int(one.get("iteration", 0)) for one in hashes}

    start = min(iterations())
    wait_for(lambda: min(iterations()) > start, "all ten policies published again")


def test_a_change_of_policy_reaches_the_engine(calm: Running):
    entry = calm.client.xadd(key_of("policy.updated"), {"version": "2.0.0"})
    try:
        group = EVENT_GROUPS["policy.updated"][0]
        wait_for(
            lambda: (
                calm.group("policy.updated", group)["last-delivered-id"] == entry
                and calm.group("policy.updated", group)["pending"] == 0
            ),
            "the change of policy acknowledged",
        )
    finally:
        calm.client.xtrim(key_of("policy.updated"), 0)


def test_feed_quiet_stops_one_feed(broken: dict[str, Running]):
    system, name = broken["feed-quiet"], INCIDENTS["feed-quiet"].stream
    system.wait_until_all_flow(but=(name, ""))
    frozen = system.last_id(name)
    system.wait_until_all_flow(but=(name, ""))
    assert system.last_id(name) == frozen
    system.repair("feed-quiet")
    system.wait_until_all_flow()


def test_consumer_dead_freezes_one_cursor(broken: dict[str, Running]):
    system, kind = broken["consumer-dead"], INCIDENTS["consumer-dead"]
    wait_for(lambda: system.group(kind.stream, kind.group)["lag"] >= 2, "entries left waiting")
    dead = system.group(kind.stream, kind.group)
    assert dead["pending"] >= 1
    system.wait_until_all_flow(but=(kind.stream, kind.group))
    later = system.group(kind.stream, kind.group)
    assert later["last-delivered-id"] == dead["last-delivered-id"]
    assert later["lag"] > dead["lag"]
    system.repair("consumer-dead")
    system.wait_until_all_flow()
    wait_for(lambda: system.group(kind.stream, kind.group)["pending"] == 0, "its rest done")


def test_consumer_slow_reads_a_quarter(broken: dict[str, Running]):
    system, kind = broken["consumer-slow"], INCIDENTS["consumer-slow"]

    def counts() -> tuple[int, int]:
        group = system.group(kind.stream, kind.group)
        return group["entries-read"] or 0, group["lag"] or 0

    read, lag = wait_for(lambda: counts() if counts()[1] > 5 else None, "a lag")
    wait_for(lambda: counts()[1] >= lag + 16, "a growing lag")
    more_read, more_lag = counts()
    assert more_read > read
    share = (more_read - read) / (more_read - read + more_lag - lag)
    assert abs(share - SLOW_SHARE) < 0.15
    system.wait_until_all_flow(but=(kind.stream, kind.group))
    system.repair("consumer-slow")
    system.wait_until_all_flow()


def test_trim_loss_takes_entries_from_the_archive_alone(broken: dict[str, Running]):
    system, kind = broken["trim-loss"], INCIDENTS["trim-loss"]

    def lost(group: str) -> int:
        info = system.client.xinfo_stream(key_of(kind.stream))
        read = system.group(kind.stream, group)["entries-read"] or info["entries-added"]
        return info["entries-added"] - info["length"] - read

    first = wait_for(lambda: max(lost(kind.group), 0), "entries lost unread")
    assert system.length(kind.stream) == TRIMMED_MAXLEN
    wait_for(lambda: lost(kind.group) > first + 5, "more entries lost")
    assert lost("normalizer") < 0
    system.wait_until_all_flow()
    system.repair("trim-loss")
    wait_for(lambda: system.length(kind.stream) > 2 * TRIMMED_MAXLEN, "entries kept again")


def test_stream_deleted_removes_one_stream(broken: dict[str, Running]):
    system, kind = broken["stream-deleted"], INCIDENTS["stream-deleted"]
    wait_for(lambda: not system.client.exists(key_of(kind.stream)), "the stream gone")
    system.wait_until_all_flow()
    assert not system.client.exists(key_of(kind.stream))
    system.repair("stream-deleted")
    wait_for(lambda: system.client.exists(key_of(kind.stream)), "the stream back")
    wait_for(lambda: system.client.xinfo_groups(key_of(kind.stream)), "its group back")
    system.wait_until_all_flow()


def test_readers_come_back_to_a_deleted_stream_on_every_server(server: RealServer):
    """Servers differ in what they tell a reader who was waiting for entries."""
    kind = INCIDENTS["stream-deleted"]
    system = Running(server.url, ("stream-deleted@0",))
    try:
        wait_for(lambda: system.said, "the incident begun")
        wait_for(lambda: not system.client.exists(key_of(kind.stream)), "the stream gone")
        system.wait_until_all_flow()
        system.repair("stream-deleted")
        wait_for(lambda: system.client.exists(key_of(kind.stream)), "the stream back")
        system.wait_until_all_flow()
    finally:
        system.stop()


def test_drift_orders_one_correction_and_is_over(broken: dict[str, Running]):
    system = broken["drift"]
    orders = wait_for(lambda: system.client.xrange(key_of("reconcile.close")), "a correction")
    order = orders[0][1]
    assert order["signature"] == (
        f"SOLUSDT:LONG:{order['exchange_amount']}:{order['ledger_amount']}"
    )
    positions = system.system.world.positions
    wait_for(lambda: positions.exchange == positions.booked, "the correction made")
    wait_for(lambda: system.group("reconcile.close", "apply_recon")["pending"] == 0, "it is done")
    system.wait_until_all_flow()
    assert system.length("reconcile.close") == 1


def test_retrain_job_runs_and_publishes_its_result(broken: dict[str, Running]):
    system = broken["retrain-job"]
    wait_for(lambda: system.length("learning.retraining.completed") == 1, "a result")
    assert system.length("model.retrain") == system.length("learning.retraining.started") == 1
    assert not system.client.exists(key_of("learning.retraining.failed"))
    wait_for(
        lambda: system.group("model.retrain", "retraining_workers")["pending"] == 0, "it is done"
    )
    world = system.system.world
    system.do(lambda: asyncio.ensure_future(queue_retraining(world, "unheard-of")))
    wait_for(lambda: system.length("learning.retraining.failed") == 1, "a failure")
    assert system.length("learning.retraining.completed") == 1


def test_an_incident_with_a_duration_repairs_itself():
    with running("feed-quiet@0+0.3") as system:
        wait_for(lambda: len(system.said) == 2, "begun and repaired")
        assert system.said == [
            "incident feed-quiet: the candlestick feed stops; everything else flows on",
            "incident feed-quiet: repaired",
        ]
        system.wait_until_all_flow()


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
    monkeypatch.setattr("streamgauge.demo.system._PREPARE_SECONDS", 0.2)

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
        async with asyncio.timeout(10):
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
            pattern, holds = "quantum:reconcile:hold:*", []
            async with asyncio.timeout(10):
                async for _ in every(0.01):
                    if holds := await client.keys(pattern):
                        break
                reason, ttl_ms = await client.get(holds[0]), await client.pttl(holds[0])
                async for _ in every(0.01):
                    if not await client.exists(holds[0]):
                        break
            assert await client.xlen(key_of("reconcile.close")) == 0
            await end(actors)
            return str(reason), ttl_ms / 1_000

    with embedded_server() as server:
        reason, ttl_seconds = asyncio.run(story(server.url))
    assert reason == "stale_exchange"
    # The hold was lifted by the engine, well before it would have run out.
    assert 4 < ttl_seconds <= 5


def test_a_ledger_that_missed_a_fill_is_repaired_by_the_evidence(calm: Running):
    def latest_fill() -> dict[str, str] | None:
        rows = calm.client.xrevrange(key_of("apply.result"), count=5)
        return next((fields for _, fields in rows if fields.get("status") == "filled"), None)

    def ledger(symbol: str) -> int:
        return json.loads(calm.client.hget("quantum:positions:ledger", symbol))["amount"]

    fill = wait_for(latest_fill, "a fill")
    symbol, wrong = fill["symbol"], MOST_LOTS + 1
    calm.client.hset("quantum:positions:ledger", symbol, position_record(wrong, 0))
    wait_for(lambda: ledger(symbol) != wrong, "the ledger repaired")
    assert calm.length("reconcile.close") == 0


def test_a_calm_system_leaves_the_control_streams_alone(calm: Running):
    # Long enough for a fill that the ledger misses, and its repair.
    counted = calm.system.world.bus.appended
    wait_for(lambda: counted["apply.result"] >= 30, "thirty results")
    for name in EVENT_GROUPS:
        assert calm.length(name) == 0, name
