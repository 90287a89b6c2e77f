"""The simulated services' way to Redis: append, read as a group, and remember what was written."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ResponseError

from streamgauge_demo.catalogue import MAXLEN, PREFIX, GroupSpec, key_of

BATCH = 500
# Long enough to be no load, short enough that an idle consumer is seen trying again and again.
_BLOCK_MS = 2_000
_ASK_AGAIN_SECONDS = 0.2
_GROUP_RETRY_SECONDS = 0.5
_DELETE_BATCH = 500
# What a reader is told whose stream is gone; the second, before Redis 7.2, while it was waiting.
_GONE = ("NOGROUP", "UNBLOCKED")


class Entry(NamedTuple):
    """One entry of a stream as a consumer sees it."""

    id: str
    fields: dict[str, str]


class Bus:
    """One client for all actors; counts what was appended and knows every key that was written.

    Where `can_block` is false, as with the stand-in that spends a core on blocked readers, readers
    ask again and again instead.
    """

    def __init__(self, redis_url: str, *, can_block: bool = True) -> None:
        self.can_block = can_block
        self.client: Redis = Redis.from_url(
            redis_url,
            decode_responses=True,
            protocol=2,
            # With a timeout the client sends under asyncio.wait_for, which before Python 3.12
            # swallows a cancellation that meets its end: an actor would never stop.
            socket_timeout=None,
            retry=Retry(NoBackoff(), 1),
        )
        self.appended: Counter[str] = Counter()
        self.written: set[str] = set()

    def owned(self, name: str) -> str:
        """The key of `name` under the prefix, remembered as the demo's own."""
        key = PREFIX + name
        self.written.add(key)
        return key

    def owned_stream(self, name: str) -> str:
        """The key of a stream of the catalogue, remembered as the demo's own."""
        key = key_of(name)
        self.written.add(key)
        return key

    async def append(
        self, name: str, fields: Mapping[str, object], *, maxlen: int = MAXLEN, exact: bool = False
    ) -> None:
        """Add one entry and trim the stream, as every producer of the system does."""
        values: dict[Any, Any] = dict(fields)
        await self.client.xadd(
            self.owned_stream(name), values, maxlen=maxlen, approximate=not exact
        )
        self.appended[name] += 1

    async def write_hash(self, name: str, fields: Mapping[str, object]) -> None:
        """Set fields of a hash under the prefix."""
        values: dict[Any, Any] = dict(fields)
        await self.client.hset(self.owned(name), mapping=values)

    async def is_occupied(self) -> bool:
        """Whether the database already holds any key under the prefix."""
        async for _ in self.client.scan_iter(match=f"{PREFIX}*", count=1_000):
            return True
        return False

    async def delete_written(self) -> None:
        """Delete every key that was written through this bus, and no other."""
        keys = sorted(self.written)
        for first in range(0, len(keys), _DELETE_BATCH):
            await self.client.delete(*keys[first : first + _DELETE_BATCH])

    async def close(self) -> None:
        """Close every connection."""
        await self.client.aclose()


class GroupReader:
    """The one consumer of a group."""

    def __init__(self, bus: Bus, name: str, group: GroupSpec) -> None:
        self._bus = bus
        self._key = key_of(name)
        self._group = group

    async def read(self, count: int = BATCH, *, block: bool = True) -> list[Entry]:
        """Entries not yet delivered to the group; empty when none came while it waited."""
        if self._bus.can_block:
            return await self._read(">", count, _BLOCK_MS if block else None)
        entries = await self._read(">", count, None)
        if block and not entries:
            await asyncio.sleep(_ASK_AGAIN_SECONDS)
        return entries

    async def unfinished(self) -> list[Entry]:
        """Entries delivered earlier to this consumer and never acknowledged."""
        return await self._read("0", BATCH, None)

    async def acknowledge(self, entries: list[Entry]) -> None:
        """Mark the entries as done."""
        if entries:
            await self._bus.client.xack(self._key, self._group.name, *[one.id for one in entries])

    async def _read(self, after: str, count: int, block_ms: int | None) -> list[Entry]:
        try:
            reply: Any = await self._bus.client.xreadgroup(
                self._group.name,
                self._group.consumer,
                {self._key: after},
                count=count,
                block=block_ms,
            )
        except ResponseError as error:
            if not str(error).startswith(_GONE):
                raise
            await self._join_again()
            return []
        return [Entry(entry_id, fields or {}) for _, rows in reply for entry_id, fields in rows]

    async def _join_again(self) -> None:
        """Create the group once its stream is back; a consumer must not bring the stream back."""
        try:
            await self._bus.client.xgroup_create(self._key, self._group.name, id="0")
        except ResponseError:
            await asyncio.sleep(_GROUP_RETRY_SECONDS)


async def follow(reader: GroupReader, handle: Callable[[list[Entry]], Awaitable[None]]) -> None:
    """Read, handle and acknowledge forever."""
    while True:
        entries = await reader.read()
        await handle(entries)
        await reader.acknowledge(entries)


async def ignore(entries: list[Entry]) -> None:
    """Handle entries whose effect is outside the simulated system."""
