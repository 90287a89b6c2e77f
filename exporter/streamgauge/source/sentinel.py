"""A primary that sentinels watch: whoever they name is followed, through every failover."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from streamgauge.config import RedisConfig, SentinelConfig
from streamgauge.logs import EventLog
from streamgauge.model.readings import StreamReading
from streamgauge.source import replies
from streamgauge.source.errors import Unreadable
from streamgauge.source.nodes import LastGoodFirst, Node, settings_at
from streamgauge.source.sample import Request
from streamgauge.source.session import Session
from streamgauge.source.topology import Sample
from streamgauge.source.wire import Deadline

_log = EventLog("sentinel")

_SENTINELS_SHARE: Final = 0.5
"""The part of its time that a scrape gives to sentinels when none of them answers."""


class Sentinels:
    """The sentinels of one service, asked over standing connections; for one thread at a time."""

    def __init__(self, redis: RedisConfig, sentinel: SentinelConfig) -> None:
        self._service = sentinel.service
        login = replace(redis, username=sentinel.username, password=sentinel.password, db=0)
        self._sessions = {
            node: Session(settings_at(login, node))
            for node in (Node(host, port) for host, port in sentinel.nodes)
        }
        self._in_turn = LastGoodFirst("sentinel")

    def primaries(self, deadline: Deadline) -> Iterator[Node]:
        """Yield the primary that each sentinel names; raises Unreadable when none names one."""
        return self._in_turn.answers(
            self._sessions, self._primary_by, deadline, of_time=_SENTINELS_SHARE
        )

    def close(self) -> None:
        """Hang up; never raises."""
        for session in self._sessions.values():
            session.close()

    def abort(self) -> None:
        """Make a read that another thread is waiting in fail at once."""
        for session in self._sessions.values():
            session.abort()

    def _primary_by(self, node: Node, deadline: Deadline) -> Node:
        try:
            reply = self._sessions[node].ask(
                (b"SENTINEL", b"get-master-addr-by-name", self._service.encode()), deadline
            )
            return self._address(reply)
        except replies.MALFORMED as error:
            raise Unreadable("protocol", "SENTINEL: not an address") from error

    def _address(self, reply: Any) -> Node:
        if reply is None:
            raise Unreadable("other", f"knows no service {self._service!r}")
        host, port = reply
        return Node(host.decode(), int(port))


class Sentinel:
    """Asks in every scrape who the primary is: one that was demoted would answer frozen data."""

    keys_move = False

    def __init__(self, redis: RedisConfig, sentinel: SentinelConfig) -> None:
        self._redis = redis
        self._sentinel = sentinel
        self._sentinels = Sentinels(redis, sentinel)
        self._primary: Node | None = None
        self._session: Session | None = None

    def readings(
        self, request: Request, deadline: Deadline
    ) -> Generator[StreamReading, None, Sample]:
        """Read every stream and key from the primary; raises Unreadable when there is none."""
        refusal: Unreadable | None = None
        for node in self._candidates(deadline):
            session = self._session_with(node)
            try:
                return Sample.of_one((yield from session.readings(request, deadline)))
            except Unreadable as error:
                refusal = Unreadable(error.reason, f"primary {node}: {error}")
        raise refusal or Unreadable("other", "no sentinel names a primary")

    def nodes(self, deadline: Deadline) -> Sequence[RedisConfig]:
        """Return the settings of the primary; raises Unreadable when no sentinel names one."""
        sentinels = Sentinels(self._redis, self._sentinel)
        try:
            primary = next(sentinels.primaries(deadline))
        finally:
            sentinels.close()
        return [settings_at(self._redis, primary)]

    def holder(self, _name: bytes) -> str | None:
        """Return the primary's address."""
        return str(self._primary) if self._primary else None

    def close(self) -> None:
        """Hang up; never raises."""
        if self._session is not None:
            self._session.close()
        self._sentinels.close()

    def abort(self) -> None:
        """Make a read that another thread is waiting in fail at once."""
        if self._session is not None:
            self._session.abort()
        self._sentinels.abort()

    def _candidates(self, deadline: Deadline) -> Iterator[Node]:
        """Yield each primary that is named, once; the last known one while no sentinel answers."""
        seen: set[Node] = set()
        try:
            for node in self._sentinels.primaries(deadline):
                if node not in seen:
                    seen.add(node)
                    yield node
        except Unreadable as error:
            deadline.remaining()
            if self._primary is None:
                raise
            _log.debug("no sentinel answers", redis=self._redis.name, detail=error)
            yield self._primary

    def _session_with(self, node: Node) -> Session:
        if self._session is None or node != self._primary:
            if self._session is not None:
                self._session.close()
            self._session = Session(settings_at(self._redis, node), primary=True)
            self._primary = node
            _log.info("primary found", redis=self._redis.name, address=node)
        return self._session
