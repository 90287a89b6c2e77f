"""A single server, primary or replica."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from streamgauge.config import RedisConfig
from streamgauge.model.readings import StreamReading
from streamgauge.source.deadline import Deadline
from streamgauge.source.keys import KeyFailure
from streamgauge.source.sample import Request
from streamgauge.source.session import Session
from streamgauge.source.stream_error import StreamError
from streamgauge.source.topology import Sample


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
        failed: list[StreamError | KeyFailure] = [*sample.errors, *sample.key_failures]
        if any(error.redirect for error in failed):
            return sample._replace(
                errors=[
                    error._replace(detail=_explained(error)) if error.redirect else error
                    for error in sample.errors
                ],
                key_failures=[
                    error._replace(detail=_explained(error)) if error.redirect else error
                    for error in sample.key_failures
                ],
            )
        return sample

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


def _explained(error: StreamError | KeyFailure) -> str:
    return (
        f"{error.detail}; the server is a node of a cluster: leave out mode, or write mode: cluster"
    )
