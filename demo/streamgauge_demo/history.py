"""What is in Redis before the actors start: past entries, groups, positions."""

from typing import Any

from redis.exceptions import ResponseError

from streamgauge_demo.catalogue import STREAMS, SYMBOLS, StreamSpec
from streamgauge_demo.control import POLICY_VERSION
from streamgauge_demo.positions import LEDGER_KEY, SNAPSHOT_KEY, position_record
from streamgauge_demo.world import World

# Between the entries of a stream that nothing writes any more.
_PAST_GAP_SECONDS = 300.0
_BATCH = 2_000


async def write_history(world: World, most_entries: int) -> None:
    """Write at most `most_entries` past entries to each stream, then create every group."""
    seconds, microseconds = await world.bus.client.time()
    now_ms = seconds * 1_000 + microseconds // 1_000
    for stream in STREAMS:
        await _write_stream(world, stream, now_ms, min(stream.history, most_entries))
        await _create_groups(world, stream)
        if not world.bus.can_block:
            await _create_empty(world, stream)
    # From before the first look, so that no symbol starts on hold.
    at = seconds + microseconds / 1e6
    flat = {symbol: position_record(0, at) for symbol in SYMBOLS}
    for name in (LEDGER_KEY, SNAPSHOT_KEY):
        await world.bus.write_hash(name, flat)


async def _write_stream(world: World, stream: StreamSpec, now_ms: int, count: int) -> None:
    times = past_times_ms(world, stream, now_ms, count)
    for first in range(0, len(times), _BATCH):
        async with world.bus.client.pipeline(transaction=False) as batch:
            for index, time_ms in enumerate(times[first : first + _BATCH], first):
                batch.xadd(
                    world.bus.owned_stream(stream.name),
                    _past_entry(stream, index),
                    id=f"{time_ms}-0",
                )
            await batch.execute()


def past_times_ms(world: World, stream: StreamSpec, now_ms: int, count: int) -> list[int]:
    """ID times of past entries, oldest first: even for a feed, scattered for the others."""
    mean_ms = 1_000 * (
        world.pace.seconds(stream.every_seconds) if stream.every_seconds else _PAST_GAP_SECONDS
    )
    scattered = stream.stream_class == "hybrid"
    at = float(now_ms) - 1_000 * stream.history_age_seconds
    times: list[int] = []
    for _ in range(count):
        at -= max(1.0, world.chance.expovariate(1 / mean_ms) if scattered else mean_ms)
        times.append(int(at))
    return times[::-1]


def _past_entry(stream: StreamSpec, index: int) -> dict[Any, Any]:
    if stream.name == "policy.update":
        return {"event": "policy.updated", "version": POLICY_VERSION}
    return {"symbol": SYMBOLS[index % len(SYMBOLS)]}


async def _create_empty(world: World, stream: StreamSpec) -> None:
    """Leave no stream missing: the stand-in hangs up on whoever asks for one that is."""
    key = world.bus.owned_stream(stream.name)
    if not await world.bus.client.exists(key):
        await world.bus.client.xgroup_create(key, "nobody", mkstream=True)
        await world.bus.client.xgroup_destroy(key, "nobody")


async def _create_groups(world: World, stream: StreamSpec) -> None:
    client = world.bus.client
    for group in stream.groups:
        key = world.bus.owned_stream(stream.name)
        read = 0 if group.start == "0" else await client.xlen(key)
        try:
            # Without its count a group's lag is unknown until it has once caught up.
            await client.xgroup_create(key, group.name, group.start, True, read)
        except ResponseError:  # before Redis 7
            await client.xgroup_create(key, group.name, group.start, mkstream=True)
        # Some servers list a consumer only once it was given something: this one waits in view.
        await client.xgroup_createconsumer(key, group.name, group.consumer)
