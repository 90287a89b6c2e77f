"""One server's standing connection, and what it takes to sample over it."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any, NamedTuple

from streamgauge.config import RedisConfig
from streamgauge.model.readings import StreamReading
from streamgauge.source.brief import Brief
from streamgauge.source.commands import Command
from streamgauge.source.errors import ConnectionLostError, ErrorReply, Unreadable
from streamgauge.source.greeting import Greeting
from streamgauge.source.sample import NodeSample, Request, read_node
from streamgauge.source.second_round import Lookups
from streamgauge.source.wire import AskingWire, Deadline, Wire


class TimedSample(NamedTuple):
    """What a sample of one server brought, and how long its two stages took."""

    sample: NodeSample
    connect_seconds: float
    sample_seconds: float


class Session:
    """Connects when first used, and again after every failure; for one thread at a time.

    With `asking` every command is announced by ASKING. With `primary` a replica is not read.
    """

    def __init__(
        self, settings: RedisConfig, *, asking: bool = False, primary: bool = False
    ) -> None:
        self._wire = Wire(settings)
        self._asking = asking
        self._brief = Brief()
        self._greeting = Greeting(settings.mode, primary=primary)
        self._lookups = Lookups()

    def readings(
        self, request: Request, deadline: Deadline
    ) -> Generator[StreamReading, None, TimedSample]:
        """Read over the standing connection, or over a new one where that has broken since.

        A server that was restarted between two scrapes is readable, and this scrape must say so;
        then some streams are read twice.
        """
        was_open = self._wire.is_open
        try:
            return (yield from self._readings(request, deadline))
        except ConnectionLostError:
            self.close()
            if not was_open:
                raise
        except BaseException:
            self.close()
            raise
        return (yield from self.readings(request, deadline))

    def ask(self, command: Command, deadline: Deadline) -> Any:
        """Return the reply to one command; raises Unreadable, for an error reply too."""
        was_open = self._wire.is_open
        try:
            self._wire.open(deadline)
            self._wire.send([command], deadline)
            reply = self._wire.receive(1, deadline)[0]
        except ConnectionLostError:
            self.close()
            if not was_open:
                raise
            return self.ask(command, deadline)
        except BaseException:
            self.close()
            raise
        if isinstance(reply, ErrorReply):
            raise Unreadable(reply.reason, f"{command[0].decode()}: {reply}")
        return reply

    def close(self) -> None:
        """Hang up, if connected; never raises."""
        self._wire.close()

    def abort(self) -> None:
        """Make a read that another thread is waiting in fail at once."""
        self._wire.abort()

    def _readings(
        self, request: Request, deadline: Deadline
    ) -> Generator[StreamReading, None, TimedSample]:
        started = time.monotonic()
        if not self._wire.is_open:
            self._brief.forget_denial()  # it may be another server by now, or another login
            self._wire.open(deadline)
            self._greeting.meet(self._wire, deadline)
        connected = time.monotonic()
        wire = AskingWire(self._wire) if self._asking else self._wire
        sample = yield from read_node(
            wire,
            request,
            deadline=deadline,
            brief=self._brief,
            greeting=self._greeting,
            lookups=self._lookups,
        )
        return TimedSample(sample, connected - started, time.monotonic() - connected)
