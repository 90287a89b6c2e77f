"""Which of the found streams are exported when there are more than max_streams."""

from __future__ import annotations

from typing import Final

from streamgauge import globs
from streamgauge.policy import Policy, StreamClass, StreamPolicy

_RANK: Final = {stream_class: rank for rank, stream_class in enumerate(StreamClass)}


class Selection:
    """Keeps at most `max_streams` of the names added: declared ones first, then by class and name.

    The choice depends on the names alone, not on the order in which a walk finds them, so the same
    streams are exported after every walk. Of what is left out only a hash is kept: a keyspace can
    hold a million streams nobody asked for, and a walk may report one twice.
    """

    def __init__(self, policy: Policy, patterns: tuple[bytes, ...], max_streams: int) -> None:
        self._policy = policy
        self._patterns = [globs.compile_glob(pattern) for pattern in patterns]
        self._max_streams = max_streams
        self._ranked: dict[bytes, tuple[bool, int, bytes]] = {}
        self._left_out: set[int] = set()
        for name in policy.declared:
            self._keep(name, policy.resolve(name))

    def add(self, name: bytes) -> None:
        """Consider a stream found in the keyspace; one that is ignored or unmatched is no loss."""
        if name not in self._ranked and self.wants(name):
            self._keep(name, self._policy.resolve(name))

    def wants(self, name: bytes) -> bool:
        """Tell whether a discovery pattern matches the name."""
        return any(pattern.fullmatch(name) for pattern in self._patterns)

    def _keep(self, name: bytes, policy: StreamPolicy | None) -> None:
        if policy is None:
            return
        self._ranked[name] = (not policy.declared, _RANK[policy.stream_class], name)
        if len(self._ranked) > 2 * self._max_streams:
            self._trim()

    def _trim(self) -> None:
        """Leave out what is beyond the limit: rarely, so that a walk costs no sort per name."""
        for name in sorted(self._ranked, key=self._ranked.__getitem__)[self._max_streams :]:
            del self._ranked[name]
            self._left_out.add(hash(name))

    @property
    def names(self) -> frozenset[bytes]:
        """The streams to export."""
        if len(self._ranked) > self._max_streams:
            self._trim()
        return frozenset(self._ranked)

    @property
    def dropped(self) -> int:
        """How many streams were left out."""
        return len(self._left_out)
