"""Which of the found streams are exported when there are more than max_streams."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from streamgauge import globs
from streamgauge.policy import Policy, StreamClass

_RANK: Final = {stream_class: rank for rank, stream_class in enumerate(StreamClass)}
_WORTH_A_LOOK: Final = 1.01


class Patterns:
    """The discovery patterns; a name is of interest when one of them matches it."""

    def __init__(self, patterns: tuple[bytes, ...]) -> None:
        self._patterns = [globs.compile_glob(pattern) for pattern in patterns]

    def match(self, name: bytes) -> bool:
        """Tell whether a pattern matches the name."""
        return any(pattern.fullmatch(name) for pattern in self._patterns)


class Selection:
    """Keeps at most `max_streams` of the names added: declared ones first, then by class and name.

    The choice depends on the names alone, not on the order in which a walk finds them, so the same
    streams are exported after every walk. Of what is left out only a hash is kept: a keyspace can
    hold a million streams nobody asked for, and a walk may report one twice.
    """

    def __init__(self, policy: Policy, patterns: Patterns, max_streams: int) -> None:
        self._policy = policy
        self._patterns = patterns
        self._max_streams = max_streams
        self._ranked: dict[bytes, tuple[bool, int, bytes]] = {}
        self._left_out: set[int] = set()
        for name in policy.declared:
            self._keep(name)

    def add(self, name: bytes) -> None:
        """Consider a stream found in the keyspace; one that is ignored or unmatched is no loss."""
        if name not in self._ranked and self._patterns.match(name):
            self._keep(name)

    def has_outgrown(self, names: Collection[bytes]) -> bool:
        """Tell whether it is worth to look at the names again, for somebody who has seen these.

        To look whenever one is added would cost the square of their number.
        """
        return len(self._ranked) > len(names) * _WORTH_A_LOOK

    @property
    def names(self) -> frozenset[bytes]:
        """The streams to export."""
        self._trim()
        return frozenset(self._ranked)

    @property
    def dropped(self) -> int:
        """How many streams were left out."""
        self._trim()
        return len(self._left_out)

    def _keep(self, name: bytes) -> None:
        policy = self._policy.classify(name)
        if policy is None:
            return
        self._ranked[name] = (not policy.declared, _RANK[policy.stream_class], name)
        if len(self._ranked) > 2 * self._max_streams:  # rarely, so that no name costs a sort
            self._trim()

    def _trim(self) -> None:
        if len(self._ranked) <= self._max_streams:
            return
        for name in sorted(self._ranked, key=self._ranked.__getitem__)[self._max_streams :]:
            del self._ranked[name]
            self._left_out.add(hash(name))
