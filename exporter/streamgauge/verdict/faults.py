"""What one look could not read, as the verdicts say it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple


class Fault(NamedTuple):
    """Something that could not be read: one of ERROR_REASONS, and in words what went wrong.

    The words come from outside, so like a name they stay bytes until it is known where they are
    shown. `streams` are those that cannot be seen because of it, where that is known.
    """

    name: bytes
    reason: str
    detail: bytes
    streams: Sequence[bytes] = ()


class Faults(NamedTuple):
    """Redis as a whole, nodes of a cluster by their address, and single streams."""

    redis: Fault | None = None
    nodes: Sequence[Fault] = ()
    streams: Sequence[Fault] = ()


NO_FAULTS: Final = Faults()
