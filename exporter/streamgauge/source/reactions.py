"""The declared reactions in one sample: what is asked of their streams, and what follows.

Both streams of a pair are read anyway. Only where a trigger came since the last look is one command
added to the second round: which entry was the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from streamgauge.model.ids import StreamId
from streamgauge.model.memory import Memory
from streamgauge.model.reaction import (
    ReactionMemory,
    Side,
    limited,
    looked_at,
    place_to_ask,
)
from streamgauge.model.readings import StreamReading
from streamgauge.model.records import Reaction
from streamgauge.policy import Reaction as Declared

_CLOCKS_DIFFER_US: Final = 5_000_000
"""By how much those of two nodes of a cluster may; beyond it RedisStreamsClockOffset tells."""


@dataclass(slots=True)
class Pair:
    """A declared reaction in one sample; `found` is the first entry behind the place asked for."""

    declared: Declared
    known: ReactionMemory | None
    found: StreamId | None = None


class Reactions:
    """All declared reactions in one sample; `keys_move` where two servers may hold a pair."""

    def __init__(self, declared: Sequence[Declared], memory: Memory, *, keys_move: bool) -> None:
        self._memory = memory
        self._slack_us = _CLOCKS_DIFFER_US if keys_move else 0
        self._pairs = [
            Pair(one, memory.reactions.get(one.expect, {}).get(one.after)) for one in declared
        ]
        self._names = {name for one in declared for name in (one.after, one.expect)}
        self._sides: dict[bytes, Side] = {}

    def read(self, readings: Iterable[StreamReading]) -> None:
        """Take note of what the first round brought."""
        if self._names:
            for one in readings:
                if one.name in self._names:
                    self._sides[one.name] = Side(one.now_us, one.last_generated, one.first_entry)

    def asked_of(self, name: bytes) -> list[tuple[Pair, StreamId]]:
        """List the pairs that this stream triggers and that need to know an entry behind an ID."""
        if name not in self._names:
            return []
        asked = []
        for pair in self._pairs:
            if pair.declared.after == name:
                expect = self._sides.get(pair.declared.expect)
                place = place_to_ask(pair.known, self._sides[name], expect, self._slack_us)
                if place is not None:
                    asked.append((pair, place))
        return asked

    def conclude(
        self,
        missing: Iterable[bytes],
        unread: Iterable[bytes],
        now_us: int,
        servers: frozenset[str],
    ) -> Mapping[bytes, tuple[Reaction, ...]]:
        """Return what is known of each stream that must answer, and remember it."""
        sides = self._sides | {name: Side(now_us) for name in missing}
        for name in unread:
            sides.pop(name, None)
        look, is_other = self._memory.look, self._memory.is_other_server(servers)
        kept: dict[bytes, dict[bytes, ReactionMemory]] = {}
        found: dict[bytes, tuple[Reaction, ...]] = {}
        for pair in self._pairs:
            after_name, expect_name, limit = pair.declared
            known, wait = pair.known, None
            after, expect = sides.get(after_name), sides.get(expect_name)
            if after is not None and expect is not None:
                is_disturbed = known is not None and (known.look != look - 1 or is_other)
                seen = looked_at(known, after, expect, pair.found, self._slack_us)
                wait = seen.wait_seconds
                known, limit = limited(seen, known, limit, look=look, is_disturbed=is_disturbed)
            if known is not None:
                kept.setdefault(expect_name, {})[after_name] = known
            found[expect_name] = (
                *found.get(expect_name, ()),
                Reaction(after_name, wait, limit),
            )
        self._memory.reactions = kept
        return found
