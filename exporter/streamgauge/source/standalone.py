"""A single server, primary or replica."""

from __future__ import annotations

from collections.abc import Sequence

from streamgauge.config import RedisConfig
from streamgauge.source.deadline import Deadline
from streamgauge.source.sample import StreamError
from streamgauge.source.session import Session
from streamgauge.source.topology import Sample


class Standalone:
    """The configured server itself."""

    keys_move = False

    def __init__(self, redis: RedisConfig) -> None:
        self._redis = redis
        self._session = Session(redis)

    def sample(self, names: Sequence[bytes], max_consumers: int, deadline: Deadline) -> Sample:
        """Read every named stream; raises Unreadable."""
        sample = Sample.of_one(self._session.sample(names, max_consumers, deadline))
        if any(error.redirect for error in sample.errors):
            return sample._replace(errors=[_explained(error) for error in sample.errors])
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


def _explained(error: StreamError) -> StreamError:
    if error.redirect is None:
        return error
    hint = "the server is a node of a cluster: write mode: cluster"
    return error._replace(detail=f"{error.detail}; {hint}")
