"""What opens every sample: the server's clock, and what it says of itself.

HELLO tells mode and role and names the connection; it needs no right. ROLE tells a replica's link,
INFO server which process answers, and CLIENT NO-TOUCH keeps a stream that is looked at from
counting as used. Each of these three needs a right, and one denied costs only what it serves.
"""

from __future__ import annotations

import time
from typing import Any, Final

from streamgauge.source import commands, replies
from streamgauge.source.commands import Packed
from streamgauge.source.errors import ConnectionLostError, ErrorReply, Unreadable
from streamgauge.source.wire import Deadline, Wire, clock_us

_FIRST_NO_TOUCH: Final = (7, 2)
_FIRST_XNACK: Final = (8, 8)
_ALONE: Final = (
    "a node of a cluster, asked as if it stood alone: it holds but a part of the streams; "
    "leave out mode, or write mode: cluster"
)
_SENTINEL: Final = "a sentinel, which holds no streams; name it in sentinel.nodes"


class Greeting:
    """What is known of the server behind one connection."""

    def __init__(self, mode: str, *, primary: bool = False) -> None:
        self._mode = mode
        self._wants_primary = primary
        self._run_id: str | None = None
        self._may_ask_role = True
        self.role: str | None = None
        self.counts_nacked = False

    @property
    def server(self) -> str | None:
        """The process that answers, in its role; None where it may not be asked."""
        return None if self._run_id is None else f"{self._run_id} {self.role}"

    def meet(self, wire: Wire, deadline: Deadline) -> None:
        """Ask what a new connection leads to; raises Unreadable when it leads nowhere."""
        self._may_ask_role, self.role = True, None
        wire.send_packed([commands.HELLO, commands.INFO_SERVER], deadline)
        hello, info = wire.receive(2, deadline)
        known = replies.hello(hello)
        self._run_id = replies.run_id(info)
        self.counts_nacked = known.server == "redis" and known.version >= _FIRST_XNACK
        if known.version >= _FIRST_NO_TOUCH:
            wire.send_packed([commands.NO_TOUCH], deadline)
            wire.receive(1, deadline)

    def commands(self) -> list[Packed]:
        """Return what opens a sample; the time comes first."""
        return [commands.TIME, commands.HELLO, *([commands.ROLE] if self._may_ask_role else [])]

    def take(self, sent: float, answers: list[Any]) -> tuple[int, float]:
        """Read the answers; returns the server's clock and how far it is ahead of this machine's.

        Raises Unreadable where the server must not be read: what it holds is old, or only a part.
        """
        # The first reply: half of its travel time is the error.
        now_us = clock_us(answers[0])
        offset_seconds = now_us / 1e6 - (sent + time.time()) / 2
        known = replies.hello(answers[1])
        if known.mode == "sentinel":
            raise Unreadable("other", _SENTINEL)
        if known.mode == "cluster" and self._mode in ("auto", "standalone"):
            raise Unreadable("cluster", _ALONE)
        if self.role == "master" and known.role == "slave":
            raise ConnectionLostError("the server turned into a replica")
        self.role = known.role
        if self._wants_primary and known.role == "slave":
            raise Unreadable("replica", "named as the primary, but is a replica")
        if self._may_ask_role:
            if isinstance(answers[2], ErrorReply):
                self._may_ask_role = False
            elif state := replies.broken_link(answers[2]):
                raise Unreadable("replica", f"its link to the primary is down ({state})")
        return now_us, offset_seconds
