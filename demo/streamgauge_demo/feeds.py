"""The market's side: ticks, candlesticks and raw exchange messages, and who reads only those."""

import itertools
import time

from streamgauge_demo.bus import Entry, follow
from streamgauge_demo.catalogue import (
    BY_NAME,
    HOUR,
    HOURLY_ARCHIVE,
    MAXLEN,
    PRICE_CACHE,
    SYMBOLS,
)
from streamgauge_demo.pace import every
from streamgauge_demo.world import World

TRIMMED_MAXLEN = 20
# The archive is an hourly batch; compressed further than this it would be a live reader.
_SHORTEST_ARCHIVE_SECONDS = 2.0


def _period(world: World, stream: str) -> float:
    return world.pace.seconds(BY_NAME[stream].every_seconds)


async def tick_feed(world: World) -> None:
    """Write market.tick; `stream-deleted` removes the stream and stops the writing."""
    symbols = itertools.cycle(SYMBOLS)
    async for _ in every(_period(world, "market.tick")):
        if world.breakages.on("stream-deleted"):
            # The writer deletes it itself: no entry of its own can be on its way behind the DEL.
            await world.bus.client.delete(BY_NAME["market.tick"].key)
            await world.breakages.repaired("stream-deleted")
        symbol = next(symbols)
        await world.bus.append("market.tick", {"symbol": symbol, "price": world.walk(symbol)})


async def kline_feed(world: World) -> None:
    """Write market.klines; `feed-quiet` stops it."""
    symbols = itertools.cycle(SYMBOLS)
    async for _ in every(_period(world, "market.klines")):
        await world.breakages.repaired("feed-quiet")
        symbol = next(symbols)
        await world.bus.append(
            "market.klines", {"symbol": symbol, "interval": "1m", "close": world.prices[symbol]}
        )


async def raw_feed(world: World) -> None:
    """Write exchange.raw; `trim-loss` leaves only the last few entries in it."""
    symbols = itertools.cycle(SYMBOLS)
    async for _ in every(_period(world, "exchange.raw")):
        symbol = next(symbols)
        cut = world.breakages.on("trim-loss")
        await world.bus.append(
            "exchange.raw",
            {"s": symbol, "p": world.prices[symbol], "T": int(time.time() * 1_000)},
            maxlen=TRIMMED_MAXLEN if cut else MAXLEN,
            exact=cut,
        )


async def price_cache(world: World) -> None:
    """Keep the last price of each symbol in a hash."""

    async def handle(entries: list[Entry]) -> None:
        if entries:
            last = {one.fields["symbol"]: one.fields["price"] for one in entries}
            await world.bus.write_hash("prices", last)

    await follow(world.reader("market.tick", PRICE_CACHE), handle)


async def hourly_archive(world: World) -> None:
    """Read exchange.raw in one batch an hour, until nothing is left."""
    reader = world.reader("exchange.raw", HOURLY_ARCHIVE)
    async for _ in every(world.pace.seconds(HOUR, floor=_SHORTEST_ARCHIVE_SECONDS)):
        # The first read waits: a group that never read has no position to lose entries from.
        entries = await reader.read()
        while entries:
            await reader.acknowledge(entries)
            entries = await reader.read(block=False)
