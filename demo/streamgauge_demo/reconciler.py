"""The reconcile engine and what surrounds it: snapshots, holds, repairs and corrections."""

import asyncio
import json
import time
from typing import cast

from streamgauge_demo.bus import Entry, follow
from streamgauge_demo.catalogue import APPLY_RECON, SYMBOLS, key_of
from streamgauge_demo.pace import Pace, every
from streamgauge_demo.positions import HOLD_KEY, LEDGER_KEY, SNAPSHOT_KEY, position_record
from streamgauge_demo.reconcile import Look, Memory, Rules, Verdict, judge
from streamgauge_demo.world import World

DRIFTING_SYMBOL = "SOLUSDT"
# More than may ever be held, so that the exchange is left with a position to close.
DRIFT_LOTS = 50
EVIDENCE_ENTRIES = 100

_LOOK_SECONDS = 1.0
_SHORTEST_LOOK_SECONDS = 0.25
_STALE_SECONDS = 10.0
_SHORTEST_STALE_SECONDS = 1.5
_STALL_SECONDS = 13.0
_SHORTEST_STALL_SECONDS = 2.0
_STALL_EVERY_SECONDS = 300.0
_SHORTEST_STALL_EVERY_SECONDS = 10.0
_HOLD_SECONDS = 300.0
_LEASE_SECONDS = 900.0
_SHORTEST_HOLD_SECONDS = 5.0
_COOLDOWN_SECONDS = 120.0
_SHORTEST_COOLDOWN_SECONDS = 5.0
_CLOSE_SECONDS = 5.0
_SHORTEST_CLOSE_SECONDS = 0.5


def rules_at(pace: Pace) -> Rules:
    """The engine's rules at a pace."""
    return Rules(
        stale_after_seconds=pace.seconds(_STALE_SECONDS, floor=_SHORTEST_STALE_SECONDS),
        cooldown_seconds=pace.seconds(_COOLDOWN_SECONDS, floor=_SHORTEST_COOLDOWN_SECONDS),
    )


async def exchange_snapshots(world: World) -> None:
    """Copy what the exchange holds into Redis; now and then one symbol's answer stays out."""
    clock = asyncio.get_running_loop().time
    stall = world.pace.seconds(_STALL_SECONDS, floor=_SHORTEST_STALL_SECONDS)
    between = world.pace.seconds(_STALL_EVERY_SECONDS, floor=_SHORTEST_STALL_EVERY_SECONDS)
    stalled, next_stall = "", clock() + between
    async for _ in every(world.pace.seconds(_LOOK_SECONDS, floor=_SHORTEST_LOOK_SECONDS)):
        if clock() >= next_stall:
            stalled, next_stall = world.chance.choice(SYMBOLS), clock() + between
        elif stalled and clock() >= next_stall - between + stall:
            stalled = ""
        now = time.time()
        await world.bus.write_hash(
            SNAPSHOT_KEY,
            {
                symbol: position_record(amount, now)
                for symbol, amount in world.positions.exchange.items()
                if symbol != stalled
            },
        )


async def reconcile_engine(world: World) -> None:
    """Compare every symbol's snapshot with the ledger, forever."""
    rules = rules_at(world.pace)
    memories = dict.fromkeys(SYMBOLS, Memory())
    held: set[str] = set()
    async for _ in every(world.pace.seconds(_LOOK_SECONDS, floor=_SHORTEST_LOOK_SECONDS)):
        for look in await _looks(world):
            verdict, memories[look.symbol] = judge(look, memories[look.symbol], time.time(), rules)
            await _act(world, look, verdict, held)


async def _looks(world: World) -> list[Look]:
    bus = world.bus
    async with bus.client.pipeline(transaction=True) as together:
        together.hgetall(bus.owned(SNAPSHOT_KEY))
        together.hgetall(bus.owned(LEDGER_KEY))
        snapshot, ledger = await together.execute()
    looks = []
    for symbol in SYMBOLS:
        # A symbol without a snapshot yet was last seen at the beginning of time: stale.
        exchange = json.loads(snapshot.get(symbol, '{"amount": 0, "at": 0}'))
        booked = json.loads(ledger.get(symbol, '{"amount": 0, "at": 0}'))
        differs = exchange["amount"] != booked["amount"]
        looks.append(
            Look(
                symbol=symbol,
                exchange_amount=exchange["amount"],
                snapshot_at=exchange["at"],
                ledger_amount=booked["amount"],
                ledger_at=booked["at"],
                evidence=differs and await _is_explained(world, symbol, exchange["amount"]),
            )
        )
    return looks


async def _is_explained(world: World, symbol: str, amount: int) -> bool:
    """Whether the symbol's latest fill among the recent results left just that amount."""
    rows = await world.bus.client.xrevrange(key_of("apply.result"), count=EVIDENCE_ENTRIES)
    for _, fields in cast("list[tuple[str, dict[str, str]]]", rows):
        if fields.get("symbol") == symbol and "position_after" in fields:
            return int(fields["position_after"]) == amount
    return False


async def _act(world: World, look: Look, verdict: Verdict, held: set[str]) -> None:
    match verdict:
        case Verdict.MATCH:
            if look.symbol in held:
                held.remove(look.symbol)
                await world.bus.client.delete(world.bus.owned(HOLD_KEY + look.symbol))
        case Verdict.REPAIR:
            await world.bus.write_hash(
                LEDGER_KEY, {look.symbol: position_record(look.exchange_amount, time.time())}
            )
        case Verdict.STALE:
            await _hold(world, look.symbol, "stale_exchange", _HOLD_SECONDS, held)
        case Verdict.PUBLISH | Verdict.SUSPECT | Verdict.COOLING | Verdict.NOTHING_TO_CLOSE:
            # Trading the symbol meanwhile would change what is to be corrected.
            await _hold(world, look.symbol, "drift", _LEASE_SECONDS, held)
            if verdict is Verdict.PUBLISH:
                await _order_correction(world, look)


async def _hold(world: World, symbol: str, reason: str, seconds: float, held: set[str]) -> None:
    """Set or renew a hold; should the engine die, the TTL lets trading go on."""
    lasting = world.pace.seconds(seconds, floor=_SHORTEST_HOLD_SECONDS)
    held.add(symbol)
    await world.bus.client.set(world.bus.owned(HOLD_KEY + symbol), reason, px=int(lasting * 1_000))


async def _order_correction(world: World, look: Look) -> None:
    await world.bus.append(
        "reconcile.close",
        {
            "symbol": look.symbol,
            "exchange_amount": look.exchange_amount,
            "ledger_amount": look.ledger_amount,
            "signature": look.signature,
        },
    )


async def apply_recon(world: World) -> None:
    """Carry out corrections: close the difference at the exchange."""

    async def handle(entries: list[Entry]) -> None:
        for one in entries:
            await asyncio.sleep(world.pace.seconds(_CLOSE_SECONDS, floor=_SHORTEST_CLOSE_SECONDS))
            world.positions.settle(one.fields["symbol"], int(one.fields["ledger_amount"]))

    await follow(world.reader("reconcile.close", APPLY_RECON), handle)


def cause_drift(world: World) -> None:
    """Let the exchange hold more than the system knows of, with no result to explain it."""
    world.positions.disturb(DRIFTING_SYMBOL, DRIFT_LOTS)
