"""What a proxy may do with a command instead of relaying it, and with which commands it does."""

import asyncio
import threading
from collections.abc import Awaitable, Callable

from support.faulty_link import Command, Hangup, Link

Action = Callable[[Link, Command], Awaitable[None]]
UNLIMITED = 2**30


async def forward(link: Link, command: Command) -> None:
    await link.reply(await link.ask(command))


def answer(reply: str | bytes) -> Action:
    """Send this in place of Redis's reply."""

    async def act(link: Link, _command: Command) -> None:
        await link.reply(reply.encode() if isinstance(reply, str) else reply)

    return act


async def hang(_link: Link, _command: Command) -> None:
    """Answer neither this command nor any that follows it on this connection."""
    await asyncio.Event().wait()


async def close(_link: Link, _command: Command) -> None:
    raise Hangup


async def reset(_link: Link, _command: Command) -> None:
    raise Hangup(reset=True)


async def cut(link: Link, command: Command) -> None:
    """Send half of the reply, then close."""
    reply = await link.ask(command)
    await link.reply(reply[: len(reply) // 2])
    raise Hangup


def drip(seconds: float) -> Action:
    """Send the reply byte by byte, with a pause after each."""

    async def act(link: Link, command: Command) -> None:
        for byte in await link.ask(command):
            await link.reply(bytes([byte]))
            await asyncio.sleep(seconds)

    return act


def after(deed: Callable[[], object]) -> Action:
    """Do something first, such as deleting a key through another client, and then forward."""

    async def act(link: Link, command: Command) -> None:
        deed()
        await forward(link, command)

    return act


def held_by(gate: threading.Event) -> Action:
    """Wait until the gate is set, ten seconds at most, and then forward."""

    async def act(link: Link, command: Command) -> None:
        await asyncio.to_thread(gate.wait, 10)
        await forward(link, command)

    return act


class Fault:
    """An action for the commands of one name, or verb, or for all ("*"), and of one key if given.

    The first `skip` of them are forwarded, and so are all that come after `times` were hit; those
    named `but` always are.
    """

    def __init__(
        self,
        name: str,
        action: Action,
        key: str | bytes | None = None,
        *,
        skip: int = 0,
        times: int = UNLIMITED,
        but: str = "",
    ):
        self.action = action
        self._name, self._but = name, but
        self._key = key.encode() if isinstance(key, str) else key
        self._turns = range(skip, skip + times)
        self._seen = 0

    def hits(self, command: Command) -> bool:
        """Whether this one is to be acted on; counts those of the name and key."""
        if self._name not in ("*", command.name, command.verb) or command.name == self._but:
            return False
        if self._key not in (None, command.key):
            return False
        self._seen += 1
        return self._seen - 1 in self._turns
