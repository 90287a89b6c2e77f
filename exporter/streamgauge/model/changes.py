"""Changes of the state of a stream and of its groups, as they are remembered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

MOST_CHANGES: Final = 20
"""Kept of one stream and its groups."""


class Change(NamedTuple):
    """At a look at `at_us` the state was another; it is empty where there was no problem.

    `group` is None where the stream itself changed. `is_first` where nobody had looked before.
    """

    at_us: int
    group: bytes | None
    before: str
    after: str
    is_first: bool = False


@dataclass(frozen=True, slots=True)
class Changes:
    """The states that are problems now, by group, and the latest changes, the oldest first."""

    state: str = ""
    groups: dict[bytes, str] = field(default_factory=dict)
    latest: tuple[Change, ...] = ()


NO_CHANGES: Final = Changes()
