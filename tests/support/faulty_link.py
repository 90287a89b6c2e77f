"""Commands and replies of Redis on their way through a proxy, byte for byte."""

import asyncio
import socket
import struct
from contextlib import suppress
from typing import NamedTuple

RESET_ON_CLOSE = struct.pack("ii", 1, 0)
CONTAINERS = (b"XINFO", b"XGROUP", b"CLIENT", b"CONFIG")


class Command(NamedTuple):
    """What a client sent: its words, the same as it was written, and over which connection."""

    words: tuple[bytes, ...]
    raw: bytes
    connection: int

    @property
    def name(self) -> str:
        """In capitals, with the subcommand where there is one: `TIME`, `XINFO STREAM`."""
        return b" ".join(self.words[: 1 + self._has_subcommand]).decode().upper()

    @property
    def verb(self) -> str:
        return self.words[0].decode().upper()

    @property
    def key(self) -> bytes | None:
        position = 1 + self._has_subcommand
        return self.words[position] if len(self.words) > position else None

    @property
    def _has_subcommand(self) -> bool:
        return self.words[0].upper() in CONTAINERS


class Hangup(Exception):  # noqa: N818 - a wish, not an error
    """Ends a connection; with `reset` by RST instead of FIN."""

    def __init__(self, *, reset: bool = False):
        self.reset = reset


class Link:
    """One client's connection, and the one to Redis that belongs to it."""

    def __init__(
        self,
        number: int,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        upstream: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ):
        self.commands: asyncio.Queue[Command] = asyncio.Queue()
        self._number = number
        self._reader, self._writer = client
        self._upstream_reader, self._upstream_writer = upstream

    async def read_commands(self, record: list[Command]) -> None:
        """Record and queue what the client sends, until it hangs up."""
        while True:
            head = await self._reader.readuntil(b"\r\n")
            raw, words = [head], []
            for _ in range(int(head[1:])):
                size = await self._reader.readuntil(b"\r\n")
                word = await self._reader.readexactly(int(size[1:]) + 2)
                raw += [size, word]
                words.append(word[:-2])
            record.append(Command(tuple(words), b"".join(raw), self._number))
            self.commands.put_nowait(record[-1])

    async def ask(self, command: Command) -> bytes:
        """Redis's whole reply to a command."""
        self._upstream_writer.write(command.raw)
        return await _read_reply(self._upstream_reader)

    async def reply(self, reply: bytes) -> None:
        self._writer.write(reply)
        await self._writer.drain()

    def end(self, *, reset: bool = False) -> None:
        """Close both; with `reset` the client's by RST, and what was not sent yet is lost."""
        self._upstream_writer.close()
        end_connection(self._writer, reset=reset)


def end_connection(writer: asyncio.StreamWriter, *, reset: bool) -> None:
    if not reset:
        writer.close()
        return
    with suppress(OSError):
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    writer.transport.abort()


async def _read_reply(reader: asyncio.StreamReader) -> bytes:
    """One whole reply of RESP 2, as bytes."""
    head = await reader.readuntil(b"\r\n")
    count = int(head[1:]) if head[:1] in b"$*" else -1
    if count < 0:
        return head
    if head[:1] == b"$":
        return head + await reader.readexactly(count + 2)
    return head + b"".join([await _read_reply(reader) for _ in range(count)])
