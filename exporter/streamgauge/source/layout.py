"""Which layout a configured Redis has, and the simplest: a single server, primary or replica."""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from typing import Final

from streamgauge.config import RedisConfig
from streamgauge.logs import EventLog
from streamgauge.model.readings import StreamReading
from streamgauge.source import replies
from streamgauge.source.cluster import Cluster
from streamgauge.source.errors import Unreadable
from streamgauge.source.sample import Request
from streamgauge.source.sentinel import Sentinel
from streamgauge.source.session import Session
from streamgauge.source.topology import Sample, Topology
from streamgauge.source.wire import Deadline

_log = EventLog("layout")
_NO_CLUSTER: Final = "cluster support disabled"
_WHY_ELSEWHERE: Final = "the server is a node of a cluster: leave out mode, or write mode: cluster"


class Standalone:
    """The configured server itself."""

    keys_move = False

    def __init__(self, redis: RedisConfig) -> None:
        self._redis = redis
        self._session = Session(redis)

    def readings(
        self, request: Request, deadline: Deadline
    ) -> Generator[StreamReading, None, Sample]:
        """Read every stream and key; raises Unreadable."""
        sample = Sample.of_one((yield from self._session.readings(request, deadline)))
        if not any(error.redirect for error in sample.errors):
            return sample
        explained = [
            error._replace(detail=f"{error.detail}; {_WHY_ELSEWHERE}") if error.redirect else error
            for error in sample.errors
        ]
        return sample._replace(errors=explained)

    def nodes(self, _deadline: Deadline) -> Sequence[RedisConfig]:
        """Return the settings of this server."""
        return [self._redis]

    def holder(self, _name: bytes) -> str | None:
        """Return this server's address."""
        return self._redis.address

    def close(self) -> None:
        """Hang up; never raises."""
        self._session.close()

    def abort(self) -> None:
        """Make a read that another thread is waiting in fail at once."""
        self._session.abort()


def topology_of(redis: RedisConfig) -> Topology:
    """Choose how to reach a Redis; nothing is connected yet."""
    if redis.sentinel is not None:
        return Sentinel(redis, redis.sentinel)
    if redis.mode == "auto" and redis.host is not None:
        return Auto(redis)
    return Cluster(redis) if redis.mode == "cluster" else Standalone(redis)


class Auto:
    """A server that says itself, by HELLO, whether it stands alone or is a node of a cluster."""

    def __init__(self, redis: RedisConfig) -> None:
        self._redis = redis
        self._alone = Standalone(redis)
        self._cluster: Cluster | None = None
        self._joining = threading.Lock()

    @property
    def keys_move(self) -> bool:
        """Tell whether a stream may move from one of several servers to another."""
        return self._found.keys_move

    def readings(
        self, request: Request, deadline: Deadline
    ) -> Generator[StreamReading, None, Sample]:
        """Read every stream and key; raises Unreadable."""
        cluster = self._cluster
        if cluster is None:
            try:
                return (yield from self._alone.readings(request, deadline))
            except Unreadable as error:
                if error.reason != "cluster":
                    raise
            cluster = self._join()
        try:
            return (yield from cluster.readings(request, deadline))
        except Unreadable as error:
            if _NO_CLUSTER in str(error):  # another server has taken its place
                cluster.close()
                self._cluster = None
            raise

    def nodes(self, deadline: Deadline) -> Sequence[RedisConfig]:
        """Return the settings of each server whose keyspace is to be walked; raises Unreadable."""
        if self._cluster is None and self._is_cluster(deadline):
            self._join()
        return self._found.nodes(deadline)

    def holder(self, name: bytes) -> str | None:
        """Return the address of the server that holds this stream, if that is known."""
        return self._found.holder(name)

    def close(self) -> None:
        """Hang up; never raises."""
        self._found.close()

    def abort(self) -> None:
        """Make a read that another thread is waiting in fail at once."""
        self._found.abort()

    @property
    def _found(self) -> Standalone | Cluster:
        return self._cluster or self._alone

    def _is_cluster(self, deadline: Deadline) -> bool:
        session = Session(self._redis)
        try:
            return replies.hello(session.ask((b"HELLO", b"2"), deadline)).mode == "cluster"
        except Unreadable as error:
            if error.reason in ("connection", "timeout"):
                raise
            return False  # whoever knows no HELLO is no cluster
        finally:
            session.close()

    def _join(self) -> Cluster:
        """Two threads may find out at once; whoever comes second changes nothing."""
        with self._joining:
            if self._cluster is None:
                _log.info("a cluster", redis=self._redis.name, address=self._redis.address)
                self._cluster = Cluster(self._redis)
            return self._cluster
