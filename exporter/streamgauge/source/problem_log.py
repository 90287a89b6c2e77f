"""What went wrong, said in the log once per change and not once per scrape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from streamgauge.logs import EventLog
from streamgauge.source.errors import Unreadable
from streamgauge.source.keys import Unread
from streamgauge.source.topology import Outage

_log = EventLog("scrape")


class Reason(NamedTuple):
    """Why a stream or a key cannot be read."""

    reason: str
    detail: str


Kind = Literal["stream", "key"]


class ProblemLog:
    """Remembers what was said of one Redis, its streams and its state keys."""

    def __init__(self, redis: str) -> None:
        self._redis = redis
        self._server: str | None = None
        self._nodes: dict[str, str] = {}
        self._scripts_denied = False
        self._said: dict[Kind, dict[bytes, str]] = {"stream": {}, "key": {}}

    def server_unreadable(self, error: Unreadable) -> None:
        """Say that Redis as a whole cannot be read, unless that was said for the same reason."""
        if self._server != error.reason:
            self._server = error.reason
            _log.error("redis unreadable", redis=self._redis, reason=error.reason, detail=error)

    def server_readable(self) -> None:
        """Say that Redis can be read again, if it could not."""
        if self._server is not None:
            self._server = None
            _log.info("redis readable again", redis=self._redis)

    def nodes_unreadable(self, outages: Mapping[str, Outage]) -> None:
        """Name each node of a cluster that cannot be read, and each that can; not its streams."""
        reasons = {address: outage.error.reason for address, outage in outages.items()}
        for address, (error, names) in outages.items():
            if self._nodes.get(address) != error.reason:
                _log.error(
                    "node unreadable",
                    redis=self._redis,
                    address=address,
                    streams=len(names),
                    reason=error.reason,
                    detail=error,
                )
        for address in self._nodes.keys() - reasons.keys():
            _log.info("node readable again or gone", redis=self._redis, address=address)
        self._nodes = reasons

    def streams_unreadable(self, errors: Mapping[bytes, Unread]) -> None:
        """Name each stream that cannot be read, newly or for another reason, and each that can."""
        found = {name: Reason(error.reason, error.detail) for name, error in errors.items()}
        self._name("stream", found)

    def keys_unreadable(self, found: Mapping[bytes, Reason]) -> None:
        """Name each state key that cannot be read or has no deadline, and each that is right."""
        self._name("key", found)

    def scripts_denied(self, denial: str | None, streams: int) -> None:
        """Say that large entries are read whole, where a script would have left them out."""
        if denial is not None and not self._scripts_denied and streams:
            _log.warning(
                "large entries are read whole, since the server runs no read-only script",
                redis=self._redis,
                streams=streams,
                detail=denial,
            )
        if denial is None and self._scripts_denied:
            _log.info("large entries are left out by scripts again", redis=self._redis)
        self._scripts_denied = denial is not None

    def _name(self, kind: Kind, found: Mapping[bytes, Reason]) -> None:
        said = self._said[kind]
        for name, (reason, detail) in found.items():
            if said.get(name) != reason:
                fields = {kind: _printable(name), "reason": reason, "detail": detail}
                _log.warning(f"{kind} unreadable", redis=self._redis, **fields)
        for name in said.keys() - found.keys():
            fields = {kind: _printable(name)}
            _log.info(f"{kind} readable again or gone", redis=self._redis, **fields)
        self._said[kind] = {name: one.reason for name, one in found.items()}


def _printable(name: bytes) -> str:
    return name.decode("utf-8", "backslashreplace")
