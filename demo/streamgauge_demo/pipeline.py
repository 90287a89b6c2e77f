"""The trading pipeline: from raw messages over signals, decisions and plans to results."""

import itertools
import time

from streamgauge_demo.bus import BATCH, Entry, follow
from streamgauge_demo.catalogue import (
    DECISION_ENGINE,
    EXECUTION_AUDIT,
    EXECUTOR,
    FEATURE_STORE,
    INTENT_BUILDER,
    MAXLEN,
    NORMALIZER,
    PLANNER,
    SIGNAL_ENGINE,
)
from streamgauge_demo.pace import every
from streamgauge_demo.positions import HOLD_KEY, LEDGER_KEY, position_record
from streamgauge_demo.world import World

MESSAGES_PER_SIGNAL = 4
DECISIONS_PER_INTENT = 2
SLOW_SHARE = 0.25
# One fill in so many never reaches the ledger, for the reconcile engine to find and repair.
_FILLS_PER_LOST_WRITE = 25
_FEATURE_SECONDS = 1.0
_SHORTEST_FEATURE_SECONDS = 0.25


async def normalizer(world: World) -> None:
    """Bring each raw message into one shape."""

    async def handle(entries: list[Entry]) -> None:
        for one in entries:
            await world.bus.append(
                "exchange.normalized", {"symbol": one.fields["s"], "price": one.fields["p"]}
            )

    await follow(world.reader("exchange.raw", NORMALIZER), handle)


async def signal_engine(world: World) -> None:
    """Give a signal for every fourth message."""
    counter = itertools.count(1)

    async def handle(entries: list[Entry]) -> None:
        for one in entries:
            if next(counter) % MESSAGES_PER_SIGNAL == 0:
                score = round(world.chance.uniform(-1, 1), 3)
                await world.bus.append("ai.signal_generated", {**one.fields, "score": score})

    await follow(world.reader("exchange.normalized", SIGNAL_ENGINE), handle)


async def decision_engine(world: World) -> None:
    """Decide on every signal."""

    async def handle(entries: list[Entry]) -> None:
        for one in entries:
            side = "BUY" if float(one.fields["score"]) > 0 else "SELL"
            await world.bus.append(
                "ai.decision.made", {"symbol": one.fields["symbol"], "side": side}
            )

    await follow(world.reader("ai.signal_generated", DECISION_ENGINE), handle)


async def intent_builder(world: World) -> None:
    """Turn every second decision into an intent to trade."""
    counter = itertools.count(1)

    async def handle(entries: list[Entry]) -> None:
        for one in entries:
            if next(counter) % DECISIONS_PER_INTENT == 0:
                await world.bus.append("trade.intent", one.fields)

    await follow(world.reader("ai.decision.made", INTENT_BUILDER), handle)


async def planner(world: World) -> None:
    """Plan an order for every intent."""

    async def handle(entries: list[Entry]) -> None:
        for one in entries:
            lots = world.chance.randint(1, 3)
            await world.bus.append("apply.plan", {**one.fields, "lots": lots})

    await follow(world.reader("trade.intent", PLANNER), handle)


async def executor(world: World) -> None:
    """Place every planned order, except for a symbol on hold, and publish what came of it."""
    fills = itertools.count(1)

    async def handle(entries: list[Entry]) -> None:
        for one in entries:
            symbol = one.fields["symbol"]
            if await world.bus.client.exists(world.bus.owned(HOLD_KEY + symbol)):
                await world.bus.append("apply.result", {"symbol": symbol, "status": "held"})
                continue
            sign = 1 if one.fields["side"] == "BUY" else -1
            booked = world.positions.fill(symbol, sign * int(one.fields["lots"]))
            lost = next(fills) % _FILLS_PER_LOST_WRITE == 0
            await _record_fill(world, symbol, booked, into_ledger=not lost)

    await follow(world.reader("apply.plan", EXECUTOR), handle)


async def _record_fill(world: World, symbol: str, booked: int, *, into_ledger: bool) -> None:
    """Publish a fill and write the ledger, both or neither as far as the reconciler can see."""
    bus = world.bus
    async with bus.client.pipeline(transaction=True) as together:
        together.xadd(
            bus.owned_stream("apply.result"),
            {"symbol": symbol, "status": "filled", "position_after": booked},
            maxlen=MAXLEN,
        )
        if into_ledger:
            together.hset(bus.owned(LEDGER_KEY), symbol, position_record(booked, time.time()))
        await together.execute()
    bus.appended["apply.result"] += 1


async def execution_audit(world: World) -> None:
    """Read every result; `consumer-dead` ends it between a delivery and its acknowledgement."""
    reader = world.reader("apply.result", EXECUTION_AUDIT)
    while True:
        await reader.acknowledge(await reader.unfinished())
        while True:
            entries = await reader.read()
            if world.breakages.on("consumer-dead"):
                break
            await reader.acknowledge(entries)
        await world.breakages.repaired("consumer-dead")


async def feature_store(world: World) -> None:
    """Read normalized messages in small batches; `consumer-slow` lets it take only a quarter."""
    name = "exchange.normalized"
    reader = world.reader(name, FEATURE_STORE)
    allowed, counted = 0.0, 0
    period = world.pace.seconds(_FEATURE_SECONDS, floor=_SHORTEST_FEATURE_SECONDS)
    async for _ in every(period):
        came, counted = world.bus.appended[name] - counted, world.bus.appended[name]
        if world.breakages.on("consumer-slow"):
            allowed += came * SLOW_SHARE
            whole = int(allowed)
            if whole:
                allowed -= whole
                await reader.acknowledge(await reader.read(whole, block=False))
            continue
        allowed = 0.0
        entries = await reader.read(block=False)
        while entries:
            await reader.acknowledge(entries)
            entries = await reader.read(block=False) if len(entries) == BATCH else []
