"""How a configured Redis is laid out: what every layout brings back, and what it must offer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, Protocol

from streamgauge.config import RedisConfig
from streamgauge.model.readings import KeyReading
from streamgauge.model.records import Stream
from streamgauge.source.deadline import Deadline
from streamgauge.source.errors import Unreadable
from streamgauge.source.keys import KeyFailure, Subject
from streamgauge.source.sample import Terms
from streamgauge.source.session import Visit
from streamgauge.source.stream_error import StreamError
from streamgauge.state_keys import StateKey


class Outage(NamedTuple):
    """A primary of a cluster that could not be read, and the streams it has."""

    error: Unreadable
    names: Sequence[bytes]


class Sample(NamedTuple):
    """What one scrape brought back of one configured Redis, each subject from one server only.

    `outages` are by address, `key_outages` by the state keys that such a primary has. The clock is
    that of the server that is furthest from this machine's. `servers` names their processes.
    """

    now_us: int
    clock_offset_seconds: float
    roles: frozenset[str]
    streams: Sequence[Stream]
    errors: Sequence[StreamError]
    outages: Mapping[str, Outage]
    connect_seconds: float
    sample_seconds: float
    key_readings: Sequence[KeyReading] = ()
    key_failures: Sequence[KeyFailure] = ()
    key_outages: Mapping[StateKey, Unreadable] = MappingProxyType({})
    read_whole: int = 0
    script_denial: str | None = None
    servers: frozenset[str] = frozenset()

    @classmethod
    def of_one(cls, visit: Visit) -> Sample:
        """The sample of a Redis that is one server."""
        sample = visit.sample
        return cls(
            now_us=sample.now_us,
            clock_offset_seconds=sample.clock_offset_seconds,
            roles=frozenset() if sample.role is None else frozenset((sample.role,)),
            servers=frozenset() if sample.server is None else frozenset((sample.server,)),
            streams=sample.streams,
            errors=sample.errors,
            outages={},
            connect_seconds=visit.connect_seconds,
            sample_seconds=visit.sample_seconds,
            key_readings=sample.key_readings,
            key_failures=sample.key_failures,
            read_whole=sample.read_whole,
            script_denial=sample.script_denial,
        )


class Topology(Protocol):
    """Knows which servers hold the streams of one configured Redis.

    `sample` is for one thread and `nodes` for another; neither waits for the other.
    """

    def sample(self, subjects: Sequence[Subject], terms: Terms, deadline: Deadline) -> Sample:
        """Read every stream and key; raises Unreadable when no server can be read."""

    def nodes(self, deadline: Deadline) -> Sequence[RedisConfig]:
        """Return the settings of each server whose keyspace is to be walked; raises Unreadable."""

    def holder(self, name: bytes) -> str | None:
        """Return the address of the server that holds this stream, if that is known.

        Asked only where `keys_move`.
        """

    @property
    def keys_move(self) -> bool:
        """Tell whether a stream may move from one of several servers to another."""

    def close(self) -> None:
        """Hang up; never raises."""

    def abort(self) -> None:
        """Make a read that another thread is waiting in fail at once."""
