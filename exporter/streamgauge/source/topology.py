"""How a configured Redis is laid out: what every layout brings back, and what it must offer."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, Protocol

from streamgauge.config import RedisConfig
from streamgauge.model.readings import KeyReading, StreamReading
from streamgauge.source.errors import Unreadable
from streamgauge.source.keys import Unread
from streamgauge.source.sample import Request
from streamgauge.source.session import TimedSample
from streamgauge.source.wire import Deadline
from streamgauge.state_keys import StateKey


class Outage(NamedTuple):
    """A primary of a cluster that could not be read, and the streams it has."""

    error: Unreadable
    names: Sequence[bytes]


class Sample(NamedTuple):
    """What one scrape brought back of one configured Redis beside the readings of its streams.

    `outages` are by address, `key_outages` by the state keys that such a primary has. The clock is
    that of the server that is furthest from this machine's. `servers` names their processes.
    """

    now_us: int
    clock_offset_seconds: float
    roles: frozenset[str]
    errors: Sequence[Unread]
    outages: Mapping[str, Outage]
    connect_seconds: float
    sample_seconds: float
    key_readings: Sequence[KeyReading] = ()
    key_outages: Mapping[StateKey, Unreadable] = MappingProxyType({})
    read_whole: int = 0
    script_denial: str | None = None
    servers: frozenset[str] = frozenset()

    @property
    def stream_errors(self) -> dict[bytes, Unread]:
        """Why streams could not be read, each by itself."""
        return {one.subject: one for one in self.errors if isinstance(one.subject, bytes)}

    @property
    def key_errors(self) -> dict[StateKey, Unread]:
        """Why state keys could not be read, or only their field."""
        return {one.subject: one for one in self.errors if isinstance(one.subject, StateKey)}

    def unread(self) -> Iterator[bytes]:
        """The streams that could not be read, though some may have been read before that."""
        yield from self.stream_errors
        for outage in self.outages.values():
            yield from outage.names

    @classmethod
    def of_one(cls, visit: TimedSample) -> Sample:
        """The sample of a Redis that is one server."""
        sample = visit.sample
        return cls(
            now_us=sample.now_us,
            clock_offset_seconds=sample.clock_offset_seconds,
            roles=frozenset() if sample.role is None else frozenset((sample.role,)),
            servers=frozenset() if sample.server is None else frozenset((sample.server,)),
            errors=sample.errors,
            outages={},
            connect_seconds=visit.connect_seconds,
            sample_seconds=visit.sample_seconds,
            key_readings=sample.key_readings,
            read_whole=sample.read_whole,
            script_denial=sample.script_denial,
        )


class Readings:
    """The readings of one scrape as they come; when they have ended, `sample` is known too."""

    sample: Sample

    def __init__(self, readings: Generator[StreamReading, None, Sample]) -> None:
        self._readings = readings

    def __iter__(self) -> Iterator[StreamReading]:
        self.sample = yield from self._readings


class Topology(Protocol):
    """Knows which servers hold the streams of one configured Redis.

    `readings` is for one thread and `nodes` for another; neither waits for the other.
    """

    def readings(
        self, request: Request, deadline: Deadline
    ) -> Generator[StreamReading, None, Sample]:
        """Read every stream and key; raises Unreadable when no server can be read.

        No more readings are held than a few batches. A stream that was read twice counts as it was
        read last, and not at all where it is among the outages.
        """

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
