"""Stream entry IDs: exact order, and whether an ID tells a time."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Final, NamedTuple

EARLIEST_CLOCK_MS: Final = 1_262_304_000_000
"""2010-01-01 UTC: no Redis Stream is older, so an ID before it counts something else than time."""

FUTURE_TOLERANCE_MS: Final = 60_000
"""How far an ID may run ahead of the server's clock and still be read as a time."""

_READ_LATELY: Final = 1_024
"""A stream names the same few IDs several times: its ends, and where its groups are."""


class StreamId(NamedTuple):
    """An entry ID, ordered as Redis orders it: by milliseconds, then by sequence number."""

    ms: int
    seq: int

    @staticmethod
    @lru_cache(maxsize=_READ_LATELY)
    def parse(raw: bytes) -> StreamId:
        """Read `milliseconds-sequence`; raises ValueError for another text, TypeError or
        AttributeError for what is none.
        """
        try:
            ms, seq = raw.split(b"-")
            return _new_id((int(ms), int(seq)))
        except ValueError:
            raise ValueError(f"not a stream ID: {raw!r}") from None

    def is_clock(self, now_ms: int) -> bool:
        """Tell whether the ID is a point in time, seen from the server's clock in milliseconds."""
        return EARLIEST_CLOCK_MS <= self.ms <= now_ms + FUTURE_TOLERANCE_MS

    def __str__(self) -> str:
        return f"{self.ms}-{self.seq}"


_new_id: Final = partial(tuple.__new__, StreamId)
"""StreamId(...) of a pair, in half the time."""

NEVER: Final = StreamId(0, 0)
"""The ID of nothing: a stream that never held an entry, a group that never read one."""
