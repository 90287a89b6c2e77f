"""Fills a Redis with what is to be read: streams, groups, consumers, and keys that are no streams.

The streams are made by a script on the server, a thousand at a time: a hundred thousand streams
take seconds instead of minutes.
"""

from typing import NamedTuple, Self

import redis

from support.servers import RealServer

ENTRIES = 5
ENTRY_BYTES = 200
STREAMS_AT_ONCE = 1000
KEYS_AT_ONCE = 5000

MAKE_STREAMS = """
local first, last, groups, consumers = unpack(ARGV)
local value = string.rep('x', ARGV[6])
for number = first, last - 1 do
  local stream = 'bench:' .. number
  for _ = 1, ARGV[5] do redis.call('XADD', stream, '*', 'field', value) end
  for group = 0, groups - 1 do
    redis.call('XGROUP', 'CREATE', stream, 'group-' .. group, '0')
    for consumer = 0, consumers - 1 do
      redis.call('XREADGROUP', 'GROUP', 'group-' .. group, 'consumer-' .. consumer,
                 'COUNT', 1, 'STREAMS', stream, '>')
    end
  end
end
"""


class Shape(NamedTuple):
    """So many streams, with so many groups each, with so many consumers each."""

    streams: int
    groups: int
    consumers: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `10000x2x2`."""
        streams, groups, consumers = map(int, text.split("x"))
        return cls(streams, groups, consumers)

    def __str__(self) -> str:
        return f"{self.streams:,} x {self.groups} x {self.consumers}"


def add_streams(
    server: RealServer, shape: Shape, *, entries: int = ENTRIES, entry_bytes: int = ENTRY_BYTES
) -> None:
    """Make the streams of a shape, with so many entries of so many bytes each.

    Every consumer has one entry pending; what is left of the entries is undelivered.
    """
    with server.client() as client:
        make = client.register_script(MAKE_STREAMS)
        at_once = max(1, min(STREAMS_AT_ONCE, 100_000_000 // (entries * entry_bytes)))
        for start in range(0, shape.streams, at_once):
            end = min(start + at_once, shape.streams)
            make(args=[start, end, shape.groups, shape.consumers, entries, entry_bytes])


def add_other_keys(server: RealServer, count: int) -> None:
    """Make keys that are no streams."""
    with server.client(socket_timeout=None) as client:
        try:
            client.execute_command("DEBUG", "POPULATE", count, "other", 8)
        except redis.ResponseError:  # the server does not allow it
            for start in range(0, count, KEYS_AT_ONCE):
                numbers = range(start, min(start + KEYS_AT_ONCE, count))
                client.mset({f"other:{number}": "value" for number in numbers})
